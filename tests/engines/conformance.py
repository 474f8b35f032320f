"""What `core.engine.Engine` promises, one function a promise, for every engine there is.

A promise that an engine does not make stands in its `info.cannot`: then the suite sees to it that
asking for it is refused, or that nothing is invented.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import pytest

from components.texts import table
from core.engine import Engine, Sampling
from core.errors import ContextOverflow, EngineError
from tests.engines.texts import Sample, begun, gather, texts, until

EMOJI = "👩\u200d🚀你好，龘"
HOT = Sampling(temperature=1.0, max_tokens=16, seed=100, reuse=False)
GREEDY = Sampling(max_tokens=16, reuse=False)
LONG = Sampling(temperature=1.0, max_tokens=3000)
FREED_SECONDS = 0.5


@dataclass(frozen=True)
class Subject:
    """An engine, and its server's own account: `working()` is how many texts it makes now, `read()`
    how many tokens of prompts it has computed so far. `exact`: texts made side by side are those
    made alone, to the last bit. `block`: samples share a prompt in whole blocks of so many tokens,
    and its last token never; 0: all of it."""

    engine: Engine
    working: Callable[[], Awaitable[int]]
    read: Callable[[], Awaitable[int]]
    exact: bool = False
    block: int = 0

    def can(self, feature: str) -> bool:
        return feature not in self.engine.info.cannot

    async def prompt(self, question: str = "Tell a story about a lighthouse.") -> str:
        return await self.engine.render([{"role": "user", "content": question}])

    async def idle(self) -> None:
        """Wait until the server itself says that it makes nothing."""

        async def quiet() -> bool:
            return await self.working() == 0

        await until(quiet, FREED_SECONDS)


async def every_reason_has_a_sentence(subject: Subject) -> None:
    info = subject.engine.info
    assert info.model and info.engine and info.device
    assert all(reason in table("en") for reason in info.cannot.values())


async def chunks_add_up_to_the_text(subject: Subject) -> None:
    """In pieces, each sample whole, with one end each; `gather` looks at the ends."""
    samples = await gather(subject.engine, await subject.prompt(), HOT, 3)
    assert all(sample.finish in ("stop", "length") for sample in samples)
    assert all(sample.text and len(sample.pieces) > 2 for sample in samples)
    again = await gather(subject.engine, await subject.prompt(), GREEDY, 1)
    assert (
        "".join(again[0].pieces) == (await texts(subject.engine, await subject.prompt(), GREEDY))[0]
    )


async def tokens_add_up(subject: Subject) -> None:
    """They are counted, or else not invented; the prompt's, too."""
    prompt = await subject.prompt()
    samples = await gather(subject.engine, prompt, HOT, 5)
    for sample in samples:
        if not subject.can("usage"):
            assert sample.tokens == 0
        elif sample.finish == "length":
            assert sample.tokens == HOT.max_tokens
        else:
            assert 0 < sample.tokens <= HOT.max_tokens
    prompts = {sample.usage.prompt for sample in samples if sample.usage}
    if subject.can("count"):
        assert prompts == {await subject.engine.count(prompt)}
    else:
        with pytest.raises(EngineError, match="engine_cannot"):
            await subject.engine.count(prompt)
        assert len(prompts) == 1


async def a_reading_is_told_in_order(subject: Subject) -> None:
    """Where it is told: in rising figures, below the prompt's own, to all who share it."""
    prompt = await subject.prompt("Sum this up: " + "The keeper lit the lamp at dusk. " * 80)
    samples = await gather(subject.engine, prompt, HOT, 2)
    for sample in samples:
        done = [done for done, _ in sample.read]
        assert done == sorted(done) and sample.read == samples[0].read
        assert all(0 <= done < total for done, total in sample.read)
        assert sample.usage
        assert {total for _, total in sample.read} <= {sample.usage.prompt}


async def stop_strings_are_not_text(subject: Subject) -> None:
    prompt = await subject.prompt()
    (whole,) = await texts(subject.engine, prompt, GREEDY)
    stop = whole[4:8]
    asked = replace(GREEDY, stop=("never§", stop))
    if not subject.can("stop"):
        return await _refused(subject, asked, "stop")
    (cut,) = await gather(subject.engine, prompt, asked)
    assert (cut.text, cut.finish) == (whole[: whole.index(stop)], "stop")
    for limit in range(3, 7):  # What might have become a stop string is kept.
        (whole,) = await texts(subject.engine, prompt, replace(GREEDY, max_tokens=limit))
        almost = replace(GREEDY, max_tokens=limit, stop=(whole[-4:] + "§",))
        assert await texts(subject.engine, prompt, almost) == [whole]
    return None


async def n_samples_differ_and_share_one_reading(subject: Subject) -> None:
    prompt = await subject.prompt("Tell a story about a whale and a lighthouse.")
    before = await subject.read()
    samples = await gather(subject.engine, prompt, HOT, 8)
    read = await subject.read() - before
    assert len({sample.text for sample in samples}) > 1
    usages = [sample.usage for sample in samples if sample.usage]
    computed = [usage.computed for usage in usages if usage.computed is not None]
    assert not computed or sum(computed) == read
    if subject.can("n"):
        count = await subject.engine.count(prompt) if subject.can("count") else 0
        read -= 7 * (count - (count - 1) // subject.block * subject.block if subject.block else 0)
        assert not subject.can("count") or read == count
        alone = await subject.read()
        await gather(subject.engine, prompt, HOT, 1)
        assert read == await subject.read() - alone


async def the_same_seed_gives_the_same_text(subject: Subject) -> None:
    """Sample i of n is the text of seed + i: alone, in any n, and after other work."""
    prompt = await subject.prompt("Tell a story about a fox.")
    twenty = await texts(subject.engine, prompt, HOT, 20)
    assert len(set(twenty)) > 10
    if not subject.can("seed"):
        return
    await texts(subject.engine, await subject.prompt("Count."), replace(GREEDY, max_tokens=4))
    for n in (1, 3, 8):
        assert await texts(subject.engine, prompt, HOT, n) == twenty[:n]
    assert await texts(subject.engine, prompt, replace(HOT, seed=111)) == [twenty[11]]


async def without_a_seed_texts_differ(subject: Subject) -> None:
    prompt = await subject.prompt()
    asked = replace(HOT, temperature=1.5, seed=None)
    assert await texts(subject.engine, prompt, asked) != await texts(subject.engine, prompt, asked)


async def greedy_repeats(subject: Subject) -> None:
    prompt = await subject.prompt("What is 2+3?")
    first, second = [await texts(subject.engine, prompt, GREEDY, 2) for _ in range(2)]
    assert first == second and first[0] == first[1]


async def the_first_of_one_is_the_greedy_text(subject: Subject) -> None:
    asked = replace(HOT, temperature=1.5, top_k=1)
    if not subject.can("top_k"):
        return await _refused(subject, asked, "top_k")
    prompt = await subject.prompt()
    assert await texts(subject.engine, prompt, asked) == await texts(subject.engine, prompt, GREEDY)
    return None


async def choices_only_yield_choices(subject: Subject) -> None:
    choices = ("sure", 'a "quoted" \\ one', "two\nlines\u2028", EMOJI)
    asked = Sampling(temperature=2.0, max_tokens=64, seed=0, choices=choices)
    if not subject.can("choices"):
        return await _refused(subject, asked, "choices")
    prompt = await subject.prompt("Choose.")
    samples = await gather(subject.engine, prompt, asked, 16)
    assert {sample.text for sample in samples} <= set(choices)
    assert all(sample.finish == "stop" for sample in samples)
    for choice in choices:
        only = Sampling(max_tokens=64, choices=(choice,))
        assert await texts(subject.engine, prompt, only) == [choice]
    return None


async def weights_add_up(subject: Subject) -> None:
    if not (subject.can("choices") and subject.can("logprobs")):
        return
    asked = Sampling(temperature=2.0, max_tokens=8, seed=1, choices=("Yes", "No"))
    prompt = await subject.prompt("Is water wet? Say yes or no.")
    for sample in await gather(subject.engine, prompt, asked, 3):
        assert sample.weights is not None and set(sample.weights) == {"Yes", "No"}
        assert sum(sample.weights.values()) == pytest.approx(1.0)
    without = replace(asked, logprobs=False)
    assert (await gather(subject.engine, prompt, without))[0].weights is None


async def logprobs_are_sane(subject: Subject) -> None:
    """Those of all tokens, none above 0; those before a constraint, or none."""
    prompt = await subject.prompt()
    (sample,) = await gather(subject.engine, prompt, GREEDY)
    (without,) = await gather(subject.engine, prompt, replace(GREEDY, logprobs=False))
    assert without.known == 0 and without.text == sample.text
    if not subject.can("logprobs"):
        assert sample.known == 0
        return
    assert sample.known == sample.tokens and -20 * sample.known < sample.logprob < 0
    if subject.can("choices"):
        forced = Sampling(max_tokens=20, choices=("qxz",))
        (told,) = await gather(subject.engine, prompt, forced)
        assert not told.known or told.logprob / told.known < -0.1


async def no_character_is_ever_broken(subject: Subject) -> None:
    """Also where the length ends in the middle of one."""
    prompt = await subject.prompt("Say it.")
    for limit in (1, 2, 3, 4, 7, 9, 10, 12, 24):
        asked = Sampling(max_tokens=limit)
        if subject.can("choices"):
            asked = replace(asked, choices=(EMOJI,))
        (sample,) = await gather(subject.engine, prompt, asked)
        assert "\ufffd" not in sample.text
        assert not asked.choices or EMOJI.startswith(sample.text)


async def closing_the_stream_frees_the_work(subject: Subject) -> None:
    chunks = subject.engine.stream(await subject.prompt(), LONG, 8)
    async with aclosing(chunks):
        await anext(chunks)
        assert 0 < await subject.working() <= 8
        async with asyncio.timeout(FREED_SECONDS):
            await chunks.aclose()
            await subject.idle()


async def cancelling_the_reader_frees_the_work(subject: Subject) -> None:
    samples: list[Sample] = []
    prompt = await subject.prompt()
    reading = asyncio.ensure_future(gather(subject.engine, prompt, LONG, 8, into=samples))
    await until(begun(samples))
    reading.cancel()
    async with asyncio.timeout(FREED_SECONDS):
        await asyncio.wait({reading})
        await subject.idle()
    assert reading.cancelled()


async def overflow_tells_both_counts(subject: Subject) -> None:
    prompt = await subject.prompt("wörd " * 10_000)
    with pytest.raises(ContextOverflow) as caught:
        await gather(subject.engine, prompt, Sampling(max_tokens=256), 8)
    tokens, limit = (caught.value.fields[name] for name in ("tokens", "limit"))
    assert isinstance(limit, int) and isinstance(tokens, int) and limit < tokens
    if subject.can("count"):
        assert tokens == await subject.engine.count(prompt)
    if subject.engine.info.context:
        assert limit == subject.engine.info.context - 256


async def streams_neither_mix_nor_starve(subject: Subject) -> None:
    """64 at once: each has its own text, and each comes to its end."""
    numbers = range(64)
    prompts = [await subject.prompt(f"Say {number}.") for number in numbers]
    if subject.can("choices"):
        expected = [[f"item {number}"] for number in numbers]
        asked = [Sampling(max_tokens=16, choices=(text,), reuse=False) for (text,) in expected]
    else:
        assert subject.exact, "texts can be told apart"
        asked = [replace(GREEDY, max_tokens=8)] * 64
        expected = [await texts(subject.engine, p, asked[0]) for p in prompts]
    async with asyncio.timeout(120):
        made = await asyncio.gather(
            *(texts(subject.engine, *each) for each in zip(prompts, asked, strict=True))
        )
    assert made == expected
    await subject.idle()


async def text_is_continued_exactly(subject: Subject) -> None:
    """What is put into the model's mouth ends the prompt, or else is refused."""
    chat = [{"role": "user", "content": "Hi"}]
    if subject.can("continue"):
        plain = await subject.engine.render(chat)  # type: ignore[arg-type]
        assert await subject.engine.render(chat, "Well,") == plain + "Well,"  # type: ignore[arg-type]
        assert await texts(subject.engine, plain + "Well,", replace(GREEDY, max_tokens=4)) != [""]
        return
    with pytest.raises(EngineError, match="engine_cannot"):
        await subject.engine.render(chat, "Well,")  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="engine_cannot"):
        await texts(subject.engine, await subject.prompt() + "Well,", GREEDY)


async def a_least_length_is_kept(subject: Subject) -> None:
    prompt = await subject.prompt()
    (whole,) = await texts(subject.engine, prompt, GREEDY)
    asked = replace(GREEDY, min_tokens=12, stop=(whole.strip()[0],))
    if not subject.can("min_tokens"):
        return await _refused(subject, asked, "min_tokens")
    (sample,) = await gather(subject.engine, prompt, asked)
    assert len(sample.text) > 3 and (not subject.can("usage") or sample.tokens >= 12)
    return None


async def hostile_prompts_are_read(subject: Subject) -> None:
    for text in ("a\0b", "\u202eright to left\u202c שלום", "lone \ud800 surrogate", "🧪" * 99):
        prompt = await subject.prompt(text)
        (sample,) = await gather(subject.engine, prompt, Sampling(max_tokens=8))
        assert sample.finish and "\ufffd" not in sample.text


async def _refused(subject: Subject, sampling: Sampling, feature: str) -> None:
    with pytest.raises(EngineError) as caught:
        await texts(subject.engine, await subject.prompt(), sampling)
    assert (caught.value.code, caught.value.fields["feature"]) == ("engine_cannot", feature)


PROMISES = (
    every_reason_has_a_sentence,
    chunks_add_up_to_the_text,
    tokens_add_up,
    a_reading_is_told_in_order,
    stop_strings_are_not_text,
    n_samples_differ_and_share_one_reading,
    the_same_seed_gives_the_same_text,
    without_a_seed_texts_differ,
    greedy_repeats,
    the_first_of_one_is_the_greedy_text,
    choices_only_yield_choices,
    weights_add_up,
    logprobs_are_sane,
    no_character_is_ever_broken,
    closing_the_stream_frees_the_work,
    cancelling_the_reader_frees_the_work,
    overflow_tells_both_counts,
    streams_neither_mix_nor_starve,
    text_is_continued_exactly,
    a_least_length_is_kept,
    hostile_prompts_are_read,
)
every_promise = pytest.mark.parametrize("promise", PROMISES, ids=lambda kept: kept.__name__)
