"""Short requests that share a prefix read it once, whoever asks for how many, on a real model."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from core.engine import Sampling, Usage, asker
from engines.llamacpp.engine import LlamaCpp
from tests.engines.texts import Sample, gather, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

VERDICTS = ("sure", "likely", "impossible")
JUDGING = Sampling(temperature=0.7, max_tokens=8, seed=1, choices=VERDICTS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncGenerator[LlamaCpp, None]:
    engine = await LlamaCpp.start(smollm2, "SmolLM2")
    yield engine
    await engine.close()


def examples(title: str) -> str:
    """A long prefix of its own for each title."""
    lines = [f"{a} {b}: {a} + {b} = {a + b}, sure" for a in range(1, 4) for b in range(4)]
    return title + "\n" + "\n".join(lines) + "\n"


def judgements(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number} {7 * number % 13} 4:" for number in range(count)]


async def judged(engine: LlamaCpp, prompts: list[str], n: int) -> list[Sample]:
    """The first samples of all prompts, asked at once."""
    asked = [gather(engine, prompt, JUDGING, n) for prompt in prompts]
    return [samples[0] for samples in await asyncio.gather(*asked)]


def usages(samples: list[Sample]) -> list[Usage]:
    return [sample.usage for sample in samples if sample.usage]


@pytest.mark.parametrize("n", [1, 3])
async def test_a_shared_prefix_is_read_once(engine: LlamaCpp, n: int) -> None:
    """By what the samples say, and by the server's own count."""
    prompts = judgements(examples(f"Judge {n}."), 12)
    own = [await engine.count(prompt) for prompt in prompts]
    before = await engine.metrics()
    used = usages(await judged(engine, prompts, n))
    computed = sum(usage.computed or 0 for usage in used)
    after = await engine.metrics()
    assert [usage.prompt for usage in used] == own
    assert computed == after["prompt_tokens_total"] - before["prompt_tokens_total"]
    assert computed < max(own) + 12 * 12, f"{computed} of {sum(own)}"


async def test_a_prefix_outlives_other_work(engine: LlamaCpp) -> None:
    """Also where so many other texts are made that its slot is needed."""
    prompts = judgements(examples("Remember."), 12)
    await judged(engine, prompts[:4], 3)
    for number in range(3):
        story = f"Tell story number {number}. " * 20
        await gather(engine, story, Sampling(1.0, max_tokens=4, seed=1), 8)
    used = usages(await judged(engine, prompts[4:], 3))
    assert all(usage.computed is not None and usage.computed <= 12 for usage in used)


async def test_long_texts_with_one_prefix_are_made_side_by_side(engine: LlamaCpp) -> None:
    one, other = judgements(examples("Propose."), 2)
    sampling = Sampling(temperature=1.0, max_tokens=400, seed=3)
    first, second = engine.stream(one, sampling), engine.stream(other, sampling)
    async with asyncio.timeout(60), aclosing(first), aclosing(second):
        for _ in range(3):
            await anext(first)
            await anext(second)
        assert await engine.active_slots() == 2


async def test_what_is_to_be_read_anew_is_and_waits_for_nobody(engine: LlamaCpp) -> None:
    prompts = judgements(examples("Anew."), 3)
    length = await engine.count(prompts[0])
    anew = replace(JUDGING, reuse=False)
    before = await gather(engine, prompts[0], anew)
    await judged(engine, prompts, 1)
    after = await gather(engine, prompts[0], anew)
    assert [sample.text for sample in before] == [sample.text for sample in after]
    assert usages(before + after) == [Usage(length, length)] * 2
    streams = [engine.stream(prompt, anew) for prompt in prompts]
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        for stream in streams:
            await stack.enter_async_context(aclosing(stream))
            await anext(stream)  # begins while those before it have not been read to their end
        assert len(engine._lanes) == 0


async def test_another_person_does_not_wait_for_the_whole_line(engine: LlamaCpp) -> None:
    prompts = judgements(examples("Two people."), 21)
    finished: list[str] = []

    async def ask(who: str, prompt: str) -> None:
        asker.set(who)
        await gather(engine, prompt, JUDGING)
        finished.append(who)

    first = [asyncio.create_task(ask("first", prompt)) for prompt in prompts[:20]]
    await until(lambda: bool(finished))
    await asyncio.create_task(ask("second", prompts[20]))
    assert len(finished) < 10
    await asyncio.gather(*first)


async def test_stopping_frees_line_and_engine_at_once(engine: LlamaCpp) -> None:
    prompts = judgements(examples("Stop."), 20)
    asked = [asyncio.create_task(gather(engine, prompt, JUDGING, 3)) for prompt in prompts]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    for task in asked:
        task.cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in done) > 10
    assert len(engine._lanes) == engine.meter.active == 0

    async def quiet() -> bool:
        return await engine.active_slots() == 0

    await until(quiet, 0.5)
    before = await engine.metrics()
    (sample,) = await gather(engine, prompts[-1], JUDGING)
    after = await engine.metrics()
    assert sample.usage and sample.usage.computed is not None
    assert sample.usage.computed == after["prompt_tokens_total"] - before["prompt_tokens_total"]
    assert sample.usage.computed <= 12
