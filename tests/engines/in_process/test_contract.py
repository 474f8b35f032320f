"""transformers in process makes text as the contract says, on a real small model."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from core.engine import Sampling, Usage, asker
from core.errors import ContextOverflow, EngineDied, EngineError, EngineUnavailable
from engines.in_process.engine import InProcess
from tests.engines.in_process.conftest import engine_over
from tests.engines.texts import Sample, begun, gather, texts, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMOJI = "👩\u200d🚀你好，龘"


async def prompt_of(engine: InProcess, question: str) -> str:
    return await engine.render([{"role": "user", "content": question}])


@pytest_asyncio.fixture
async def own(loaded: Any) -> AsyncGenerator[InProcess, None]:
    """An engine that a test may close, and that has read nothing."""
    engine = await engine_over(loaded)
    yield engine
    await engine.close()


async def test_it_says_what_it_is(engine: InProcess) -> None:
    info = engine.info
    assert (info.model, info.engine, info.context) == ("SmolLM2", "transformers", 8192)
    assert info.device == "CPU · 1 thread"
    assert info.special_tokens == ("<|im_start|>", "<|im_end|>")
    assert info.cannot == {} and engine.alive and engine.log == ""


async def test_render_and_count(engine: InProcess) -> None:
    prompt = await engine.render([{"role": "user", "content": "Hi"}], prefill="Well,")
    assert prompt.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nWell,")
    assert await engine.count("<|im_start|>") == 1
    assert await engine.count("") == 0


async def test_tokens_and_readings_add_up(engine: InProcess) -> None:
    """6 samples, one reading; chunks, a token each, are the text."""
    prompt = await prompt_of(engine, "Tell a story about a lighthouse and a whale.")
    length = await engine.count(prompt)
    before = engine.meter.tokens
    sampling = Sampling(temperature=1.0, max_tokens=12, seed=1, reuse=False)
    samples = await gather(engine, prompt, sampling, 6)
    assert [sample.usage for sample in samples] == [Usage(length, length)] + [Usage(length, 0)] * 5
    assert sum(sample.tokens for sample in samples) == engine.meter.tokens - before
    assert all(sample.tokens == 12 for sample in samples if sample.finish == "length")
    assert all(sample.tokens == len(sample.pieces) == sample.known for sample in samples)
    assert all(sample.logprob < 0 for sample in samples)
    assert len({sample.text for sample in samples}) > 1


async def test_seeds_alone_decide(engine: InProcess) -> None:
    """Sample i of n is the text of seed + i: alone, in any n, and after other work."""
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    sampling = Sampling(temperature=1.0, max_tokens=8, seed=100, reuse=False)
    six = await texts(engine, prompt, sampling, 6)
    await texts(engine, await prompt_of(engine, "Count."), Sampling(max_tokens=2))
    for n in (1, 3, 6):
        assert await texts(engine, prompt, sampling, n) == six[:n]
    assert await texts(engine, prompt, replace(sampling, seed=104)) == [six[4]]
    assert len(set(six)) == 6


async def test_without_a_seed_texts_differ(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    sampling = Sampling(temperature=1.5, max_tokens=10)
    assert await texts(engine, prompt, sampling) != await texts(engine, prompt, sampling)


async def test_greedy_repeats(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "What is 2+3?")
    sampling = Sampling(max_tokens=10, reuse=False)
    first, second = [await texts(engine, prompt, sampling, 2) for _ in range(2)]
    assert first == second and first[0] == first[1] == "2 + 3 = 5"


async def test_top_k_and_top_p_act(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a story.")
    greedy = await texts(engine, prompt, Sampling(max_tokens=6))
    one = Sampling(temperature=1.5, max_tokens=6, top_k=1, seed=5)
    nucleus = Sampling(temperature=1.5, max_tokens=6, top_p=0.0001, seed=5)
    wide = Sampling(temperature=1.5, max_tokens=6, seed=5)
    assert await texts(engine, prompt, one) == await texts(engine, prompt, nucleus) == greedy
    assert await texts(engine, prompt, wide) != greedy


async def test_stop_strings_are_not_text(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    (whole,) = await texts(engine, prompt, Sampling(max_tokens=16))
    stop = whole[11:20]
    (cut,) = await gather(engine, prompt, Sampling(max_tokens=16, stop=("never", stop)))
    assert cut.text == whole[: whole.index(stop)] and cut.finish == "stop"
    assert 0 < cut.tokens < 16 and cut.known == cut.tokens


async def test_what_might_have_become_a_stop_string_is_kept(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    (whole,) = await texts(engine, prompt, Sampling(max_tokens=5))
    (sample,) = await gather(engine, prompt, Sampling(max_tokens=5, stop=(whole[-4:] + "§",)))
    assert (sample.text, sample.tokens, sample.finish) == (whole, 5, "length")


async def test_a_control_token_is_text_only_where_a_stop_string_names_it(
    engine: InProcess,
) -> None:
    prompt = "<|im_start|>user\nWhat is 2+3?<|im_end|>\n"
    (whole,) = await texts(engine, prompt, Sampling(max_tokens=6))
    assert whole.startswith("assistant\n")
    (other,) = await texts(engine, prompt, Sampling(max_tokens=6, stop=("<|im_start|>answer",)))
    assert other.startswith("<|im_start|>assistant\n")
    stop = "<|im_start|>assistant"
    (sample,) = await gather(engine, prompt, Sampling(max_tokens=6, stop=(stop,)))
    assert (sample.text, sample.finish) == ("", "stop")
    assert sample.tokens == await engine.count(stop)


async def test_a_least_length_is_kept_to(engine: InProcess) -> None:
    """Neither the end of the text nor a stop string comes before."""
    prompt = await prompt_of(engine, "What is 2+3?")
    (short,) = await gather(engine, prompt, Sampling(max_tokens=24))
    assert short.finish == "stop" and short.tokens < 12
    (long,) = await gather(engine, prompt, Sampling(max_tokens=24, min_tokens=14))
    assert long.tokens >= 14 and long.text.startswith(short.text)
    (late,) = await gather(engine, prompt, Sampling(max_tokens=24, min_tokens=5, stop=(" ",)))
    assert late.text.startswith("2 + 3") and late.tokens >= 5


async def test_choices_are_kept_to(engine: InProcess) -> None:
    choices = ("sure", 'a "quoted" \\ one', "two\nlines\u2028", EMOJI, "1", "10")
    prompt = await prompt_of(engine, "Choose.")
    sampling = Sampling(temperature=2.0, max_tokens=64, seed=0, choices=choices)
    samples = await gather(engine, prompt, sampling, 12)
    assert {sample.text for sample in samples} <= set(choices)
    assert len({sample.text for sample in samples}) > 2
    assert all(sample.finish == "stop" for sample in samples)
    for choice in choices:
        only = Sampling(max_tokens=64, choices=(choice,))
        assert await texts(engine, prompt, only) == [choice]


async def test_choices_are_weighed_as_the_model_would_choose(engine: InProcess) -> None:
    """Whatever was sampled, and at any temperature."""
    prompt = await prompt_of(engine, "Is water wet? Say yes or no.")
    weights = []
    for temperature, seed in ((0.0, 0), (2.0, 1)):
        sampling = Sampling(temperature, max_tokens=8, seed=seed, choices=("Yes", "No"))
        weights += [sample.weights for sample in await gather(engine, prompt, sampling, 3)]
    assert all(one is not None and sum(one.values()) == pytest.approx(1) for one in weights)
    assert all(one == pytest.approx(weights[0], abs=0.001) for one in weights)
    assert weights[0] is not None and weights[0]["Yes"] > 0.2
    without = Sampling(max_tokens=8, choices=("Yes", "No"), logprobs=False)
    assert (await gather(engine, prompt, without))[0].weights is None
    assert (await gather(engine, prompt, Sampling(max_tokens=3)))[0].weights is None


async def test_logprobs(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a story about a fox.")
    (greedy,) = await gather(engine, prompt, Sampling(max_tokens=6))
    (without,) = await gather(engine, prompt, Sampling(max_tokens=6, logprobs=False))
    assert greedy.text == without.text and greedy.tokens == without.tokens == 6
    assert greedy.known == 6 and -20 < greedy.logprob < 0 and without.known == 0
    (forced,) = await gather(engine, prompt, Sampling(max_tokens=6, choices=("qxz",)))
    assert forced.logprob < greedy.logprob, "they are those before the constraint"
    (hot,) = await gather(engine, prompt, Sampling(9.0, top_k=1, max_tokens=6))
    assert hot.logprob == pytest.approx(greedy.logprob, abs=0.01), "and before the temperature"


async def test_no_character_is_ever_broken(engine: InProcess) -> None:
    """Also where the length ends in the middle of one."""
    prompt = await prompt_of(engine, "Say it.")
    for limit in (1, 2, 4, 7, 10, 40):
        (sample,) = await gather(engine, prompt, Sampling(max_tokens=limit, choices=(EMOJI,)))
        assert EMOJI.startswith(sample.text) and "\ufffd" not in "".join(sample.pieces)
        assert sample.finish == "stop" or sample.tokens == limit
    assert sample.text == EMOJI


async def test_hostile_prompts(engine: InProcess) -> None:
    for text in ("a\0b", "\u202eright to left\u202c שלום", "lone \ud800 surrogate", "\ufffe"):
        prompt = await prompt_of(engine, text)
        assert await engine.count(text) > 0
        (sample,) = await gather(engine, prompt + text, Sampling(max_tokens=2, stop=("\ud800",)))
        assert sample.tokens > 0 and "\ufffd" not in sample.text
    with pytest.raises(EngineError, match="prompt_empty"):
        await gather(engine, "", Sampling(max_tokens=3))


async def test_a_prompt_that_does_not_fit_is_refused(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "wörd " * 5_000)
    tokens = await engine.count(prompt)
    with pytest.raises(ContextOverflow) as caught:
        await gather(engine, prompt, Sampling(max_tokens=256), 8)
    assert caught.value.fields == {"tokens": tokens, "limit": 8192 - 256}


async def test_what_was_read_is_not_read_again(own: InProcess) -> None:
    """A prefix, and the text that one sample wrote; only where that is allowed."""
    prompt = await prompt_of(own, "Tell a story about a fox.")
    length = await own.count(prompt)
    greedy = Sampling(max_tokens=6)
    assert await computed(own, prompt, greedy) == (length, length)
    assert await computed(own, prompt, greedy) == (length, 1)
    assert await computed(own, prompt, replace(greedy, reuse=False)) == (length, length)
    (text,) = await texts(own, prompt, greedy)
    further = prompt + text + " Wait"
    total = await own.count(further)
    assert await computed(own, further, greedy) == (total, total - length - 5)
    assert (await computed(own, prompt, greedy, 3))[1] == 1
    other = await prompt_of(own, "Tell a story about a bear.")
    assert 0 < (await computed(own, other, greedy))[1] < 20


async def computed(
    engine: InProcess, prompt: str, sampling: Sampling, n: int = 1
) -> tuple[int, int | None]:
    usage = (await gather(engine, prompt, sampling, n))[0].usage
    assert usage is not None
    return usage.prompt, usage.computed


async def test_what_was_read_before_gives_the_same_text(own: InProcess) -> None:
    prompt = await prompt_of(own, "What is 2+3?")
    anew = await texts(own, prompt, Sampling(max_tokens=8, reuse=False), 2)
    assert await texts(own, prompt, Sampling(max_tokens=8), 2) == anew


async def test_closing_the_stream_frees_the_engine(engine: InProcess) -> None:
    """Within a token; half a second at most."""
    prompt = await prompt_of(engine, "Tell a very long story.")
    chunks = engine.stream(prompt, Sampling(temperature=1.0, max_tokens=900), 4)
    await anext(chunks)
    assert engine.meter.active == 4
    async with asyncio.timeout(0.5):
        await chunks.aclose()
        assert engine.meter.active == 0
        assert await engine._worker.call(lambda: "free") == "free"


async def test_cancelling_the_reader_frees_the_engine(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a very long story.")
    samples: list[Sample] = []
    sampling = Sampling(temperature=1.0, max_tokens=900)
    reading = asyncio.ensure_future(gather(engine, prompt, sampling, 4, into=samples))
    await until(begun(samples))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert engine.meter.active == 0 == len(engine._turns)
    assert len(await texts(engine, prompt, Sampling(max_tokens=2))) == 1


async def test_who_waits_and_gives_up_leaves_the_line(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a very long story.")
    async with aclosing(engine.stream(prompt, Sampling(1.0, max_tokens=900))) as first:
        await anext(first)
        waiting = asyncio.ensure_future(gather(engine, prompt, Sampling(max_tokens=2)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await anext(first)
    assert len(engine._turns) == 0


async def test_64_streams_neither_mix_nor_starve(engine: InProcess) -> None:
    words = [f"{number}{'ab'[number % 2]}" for number in range(64)]

    async def ask(word: str) -> str:
        sampling = Sampling(max_tokens=8, choices=(word,), logprobs=False)
        return (await texts(engine, "Say:", sampling))[0]

    assert await asyncio.gather(*map(ask, words)) == words


async def test_askers_take_turns(engine: InProcess) -> None:
    finished: list[str] = []

    async def ask(who: str) -> None:
        asker.set(who)
        await gather(engine, "Say:", Sampling(max_tokens=1))
        finished.append(who)

    first = [asyncio.create_task(ask("first")) for _ in range(8)]
    await until(lambda: bool(finished))
    await asyncio.create_task(ask("second"))
    assert len(finished) < 6
    await asyncio.gather(*first)


async def test_the_event_loop_goes_on_meanwhile(engine: InProcess) -> None:
    prompt = await prompt_of(engine, "Tell a very long story. " * 20)
    made = asyncio.ensure_future(gather(engine, prompt, Sampling(max_tokens=4, reuse=False), 2))
    beats = 0
    while not made.done():
        await asyncio.sleep(0.01)
        beats += 1
    assert beats > 5


async def test_closing_the_engine_ends_its_streams(own: InProcess) -> None:
    made = asyncio.ensure_future(gather(own, "A story:", Sampling(1.0, max_tokens=900), 2))
    waiting = asyncio.ensure_future(gather(own, "A story:", Sampling(max_tokens=2)))
    await until(lambda: own.meter.tokens > 0)
    await own.close()
    with pytest.raises(EngineDied):
        await made
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await waiting
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await gather(own, "A story:", Sampling(max_tokens=2))
    await own.ended()
