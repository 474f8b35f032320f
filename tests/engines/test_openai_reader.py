"""Whatever events a server sends, they become sound chunks, or an error that says what is wrong."""

import json
from typing import Any

import pytest

from core.engine import Chunk, Sampling, Usage
from core.errors import EngineDied
from engines.server.sse import Object
from engines.url.reader import OpenAIReader, Telling

HOT = Sampling(0.7)


def said(text: str, finish: str | None = None, index: int = 0, **more: Any) -> Object:
    return {"choices": [{"text": text, "index": index, "finish_reason": finish} | more]}


def logs(*values: Any, **more: Any) -> Object:
    return {"tokens": ["a"] * len(values), "token_logprobs": list(values)} | more


async def read(*events: Object, n: int = 1, **telling: Any) -> list[Chunk]:
    """All chunks, those at the end too."""
    reader = OpenAIReader(HOT, 0, n, Telling(**telling))
    chunks = [chunk for event in events for chunk in await reader.take(event)]
    return chunks + reader.end()


RUBBISH: list[Any] = [
    {"choices": 7},
    {"choices": [7]},
    {"choices": [{"index": 0, "text": None}]},
    said("x", index=1),
    said("x", index=-1),
    said("x", finish="because"),
    said("x", logprobs=logs("high")),
    said("x", logprobs=logs(float("inf"))),
    said("x", logprobs=logs(-0.5, tokens=[])),
    said("x", logprobs=logs(-0.5, tokens=7)),
    said("x", logprobs=logs(-0.5, top_logprobs=7)),
    said("x", logprobs=logs(-0.5, top_logprobs=[7])),
    said("x", logprobs={"content": 7}),
    said("x", logprobs={"content": [7]}),
    said("x", logprobs={"content": [{"token": "a", "logprob": -1, "top_logprobs": [7]}]}),
]


@pytest.mark.parametrize("rubbish", RUBBISH, ids=range(len(RUBBISH)))
async def test_rubbish_is_refused(rubbish: Any) -> None:
    with pytest.raises(EngineDied) as caught:
        await read(rubbish)
    assert len(str(caught.value)) < 500


async def test_a_message_without_content_is_no_text_and_other_content_is_refused() -> None:
    role: Object = {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}
    assert await read(role, chat=True) == []
    with pytest.raises(EngineDied):
        await read({"choices": [{"index": 0, "delta": {"content": 7}}]}, chat=True)


async def test_text_after_the_end_of_a_sample_is_refused() -> None:
    with pytest.raises(EngineDied):
        await read(said("", "stop"), said("more"), n=2)


async def test_a_half_character_at_the_end_of_a_text_is_left_out() -> None:
    chunks = await read(said("x\ufffd"), said("", "length"))
    assert "".join(chunk.text for chunk in chunks) == "x"


async def test_a_probability_above_1_is_1_and_that_of_0_is_not_known() -> None:
    rounded, zero = await read(
        said("a", logprobs=logs(1e-7)), said("b", logprobs=logs(-9999.0)), raw=True
    )
    assert (rounded.logprob, zero.logprob) == (0.0, None)
    assert rounded.tokens == zero.tokens == 1


async def test_ends_wait_for_what_only_the_last_event_tells() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4}
    usage["prompt_tokens_details"] = {"cached_tokens": 5}  # type: ignore[assignment]
    last: Object = {"choices": [], "usage": usage}
    reader = OpenAIReader(HOT, 3, 2, Telling(usage=True))
    assert await reader.take(said("", "stop")) == await reader.take(said("", "stop", 1)) == []
    first, second = await reader.take(json.loads(json.dumps(last)))
    assert (first.index, first.usage) == (3, Usage(9, 4))
    assert (second.index, second.usage) == (4, Usage(9, 0))
    assert reader.end() == []


async def test_an_end_of_which_all_is_known_does_not_wait() -> None:
    reader = OpenAIReader(HOT, 0, 2, Telling(prompt=9, usage=True))
    (first,) = await reader.take(said("", "stop"))
    assert first.usage == Usage(9, None)
    assert await reader.take(said("", "stop", 1)) == []
    (second,) = reader.end()  # The server ended without telling what it was asked to.
    assert second.usage == Usage(9, None)


async def test_one_text_is_counted_by_the_sum_of_all_and_several_are_not() -> None:
    last: Object = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}
    alone = await read(said("four"), said("", "stop"), last, usage=True)
    assert [chunk.tokens for chunk in alone] == [0, 4]
    both = await read(said("", "stop"), said("", "stop", 1), last, n=2, usage=True)
    assert [chunk.tokens for chunk in both] == [0, 0]


@pytest.mark.parametrize(
    ("n", "block", "details", "computed"),
    [
        (1, 16, {"cached_tokens": 32}, 15),
        (3, 16, {"cached_tokens": 32}, 15 + 2 * 15),
        (3, 16, {"cached_tokens": 0}, 47 + 2 * 15),
        (3, 16, None, 47 + 2 * 15),
        (3, 0, {"cached_tokens": 32}, 15),
    ],
)
async def test_samples_that_share_whole_blocks_compute_the_rest_each(
    n: int, block: int, details: Object | None, computed: int
) -> None:
    """One chunk carries all of it."""
    usage = {"prompt_tokens": 47, "completion_tokens": n, "prompt_tokens_details": details}
    ends = [said("x", "stop", i, token_ids=[1]) for i in range(n)]
    last: Object = {"choices": [], "usage": usage}
    chunks = await read(*ends, last, n=n, prompt=47, usage=True, block=block, cached=True)
    told = [chunk.usage.computed for chunk in chunks if chunk.usage]
    assert sum(c for c in told if c is not None) == computed
    without = await read(*ends, {**last, "usage": usage | {"prompt_tokens_details": None}}, n=n)
    assert all(chunk.usage.computed is None for chunk in without if chunk.usage)
