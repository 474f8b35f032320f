"""What is the embedded engine's own, on a real small model.

What every engine promises is in `tests.engines.conformance`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from core.engine import Sampling, Usage
from core.errors import EngineError
from engines.llamacpp.child import BATCH
from engines.llamacpp.engine import LlamaCpp
from engines.llamacpp.reader import LONG_READING
from tests.engines.texts import gather, texts, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMOJI = "👩\u200d🚀你好，龘"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncGenerator[LlamaCpp, None]:
    engine = await LlamaCpp.start(smollm2, "SmolLM2")
    yield engine
    await engine.close()


async def prompt_of(engine: LlamaCpp, question: str) -> str:
    return await engine.render([{"role": "user", "content": question}])


async def idle(engine: LlamaCpp) -> None:
    """Wait until the server itself says that it makes nothing; half a second at most."""

    async def quiet() -> bool:
        return await engine.active_slots() == 0

    await until(quiet, 0.5)


async def test_it_says_what_it_is(engine: LlamaCpp) -> None:
    info = engine.info
    assert (info.model, info.engine, info.context) == ("SmolLM2", "llama.cpp", 8192)
    assert info.device.startswith("CPU · ") and "thread" in info.device
    assert info.special_tokens == ("<|im_start|>", "<|im_end|>")
    assert info.cannot == {"min_tokens": "cannot.min_tokens"}


async def test_render_and_count(engine: LlamaCpp) -> None:
    prompt = await engine.render([{"role": "user", "content": "Hi"}], prefill="Well,")
    assert prompt.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nWell,")
    assert await engine.count("<|im_start|>") == 1
    assert await engine.count("") == 0


async def test_tokens_and_readings_add_up(engine: LlamaCpp) -> None:
    """8 samples, one reading: in the usage, and by the server's own counters."""
    prompt = await prompt_of(engine, "Tell a story about a lighthouse and a whale.")
    length = await engine.count(prompt)
    before = await engine.metrics()
    sampling = Sampling(temperature=1.0, max_tokens=20, seed=1, reuse=False)
    samples = await gather(engine, prompt, sampling, 8)
    after = await engine.metrics()
    assert [sample.usage for sample in samples] == [Usage(length, length)] + [Usage(length, 0)] * 7
    assert after["prompt_tokens_total"] - before["prompt_tokens_total"] == length
    made = after["tokens_predicted_total"] - before["tokens_predicted_total"]
    assert sum(sample.tokens for sample in samples) == made
    assert all(sample.tokens == 20 for sample in samples if sample.finish == "length")
    assert all(sample.known == sample.tokens and sample.logprob < 0 for sample in samples)
    assert len({sample.text for sample in samples}) > 1


async def test_a_long_prompt_is_told_as_it_is_read_and_a_short_or_known_one_is_not(
    engine: LlamaCpp,
) -> None:
    """In steps of at most a batch, so that a person sees that something goes on."""
    long = await prompt_of(engine, "Sum this up: " + "The keeper lit the lamp at dusk. " * 80)
    length = await engine.count(long)
    sampling = Sampling(temperature=1.0, max_tokens=4, seed=1)
    first = await gather(engine, long, sampling, 3)
    assert all(sample.read == first[0].read for sample in first)
    steps = [0, *(done for done, _ in first[0].read), length]
    assert {total for _, total in first[0].read} == {length}
    assert all(0 <= after - before <= BATCH for before, after in pairwise(steps))
    (again,) = await gather(engine, long, sampling)
    (short,) = await gather(engine, await prompt_of(engine, "Hi"), sampling)
    assert again.usage and again.usage.computed and again.usage.computed < LONG_READING
    assert again.read == short.read == []


@pytest.mark.parametrize("logprobs", [True, False])
async def test_what_might_have_become_a_stop_string_is_kept(
    engine: LlamaCpp, logprobs: bool
) -> None:
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    for limit in range(3, 7):
        (whole,) = await texts(engine, prompt, Sampling(max_tokens=limit))
        sampling = Sampling(max_tokens=limit, stop=(whole[-4:] + "§",), logprobs=logprobs)
        (sample,) = await gather(engine, prompt, sampling)
        assert (sample.text, sample.tokens, sample.finish) == (whole, limit, "length")
        assert sample.known == (limit if logprobs else 0)


async def test_no_character_is_ever_broken(engine: LlamaCpp) -> None:
    """Also where the length ends in the middle of one. Tokens without log-probability are told."""
    prompt = await prompt_of(engine, "Say it.")
    for limit in (1, 2, 3, 4, 7, 9, 10, 12, 24):
        sampling = Sampling(max_tokens=limit, choices=(EMOJI,))
        (sample,) = await gather(engine, prompt, sampling)
        assert EMOJI.startswith(sample.text)
        assert sample.finish == "stop" or sample.tokens == limit
        assert 0 <= sample.known < max(sample.tokens, 2)
    assert sample.text == EMOJI


async def test_logprobs(engine: LlamaCpp) -> None:
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    (greedy,) = await gather(engine, prompt, Sampling(max_tokens=10, reuse=False))
    (without,) = await gather(engine, prompt, Sampling(max_tokens=10, reuse=False, logprobs=False))
    assert greedy.text == without.text and greedy.tokens == without.tokens == 10
    assert greedy.known == 10 and -20 < greedy.logprob < 0
    assert without.known == 0
    (forced,) = await gather(engine, prompt, Sampling(max_tokens=10, choices=("qxz",)))
    assert forced.logprob < greedy.logprob, "they are those before the constraint"


async def test_top_k_and_top_p_act(engine: LlamaCpp) -> None:
    prompt = await prompt_of(engine, "Tell a story.")
    greedy = await texts(engine, prompt, Sampling(max_tokens=8, reuse=False))
    one = Sampling(temperature=1.5, max_tokens=8, top_k=1, seed=5, reuse=False)
    nucleus = Sampling(temperature=1.5, max_tokens=8, top_p=0.0001, seed=5, reuse=False)
    wide = Sampling(temperature=1.5, max_tokens=8, seed=5, reuse=False)
    assert await texts(engine, prompt, one) == await texts(engine, prompt, nucleus) == greedy
    assert await texts(engine, prompt, wide) != greedy


async def test_hostile_prompts(engine: LlamaCpp) -> None:
    for text in (
        "a\0b",
        "\u202eright to left\u202c שלום",
        "lone \ud800 surrogate",
        "\ufffe",
        "🧪" * 99,
    ):
        prompt = await prompt_of(engine, text)
        assert await engine.count(text) > 0
        (sample,) = await gather(engine, prompt + text, Sampling(max_tokens=3, stop=("\ud800",)))
        assert sample.tokens > 0 and "\ufffd" not in sample.text
    with pytest.raises(EngineError, match="engine_refused"):
        await gather(engine, "", Sampling(max_tokens=3))


async def test_closing_the_stream_frees_the_engine(engine: LlamaCpp) -> None:
    prompt = await prompt_of(engine, "Tell a very long story.")
    chunks = engine.stream(prompt, Sampling(temperature=1.0, max_tokens=900), 8)
    async with aclosing(chunks):
        await anext(chunks)
        assert await engine.active_slots() == 8 and engine.meter.active == 8
    assert engine.meter.active == 0
    await idle(engine)


async def test_two_people_progress_together(engine: LlamaCpp) -> None:
    """The second one's text begins, and ends, while the first one's is being made."""
    prompt = await prompt_of(engine, "Tell a very long story.")
    async with aclosing(engine.stream(prompt, Sampling(1.0, max_tokens=900), 40)) as first:
        await anext(first)
        second = asyncio.ensure_future(gather(engine, prompt, Sampling(max_tokens=8), 8))
        while not second.done():
            chunk = await anext(first)
            assert chunk.index < 8
        assert all(sample.tokens == 8 for sample in second.result())
        assert engine.meter.rate > 0
    await idle(engine)
