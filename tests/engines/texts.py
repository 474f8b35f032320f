"""Gathers what an engine streams, and waits for what a test expects."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from core.engine import Engine, Finish, Sampling, Usage


@dataclass
class Sample:
    """One sample, added up from its chunks."""

    text: str = ""
    tokens: int = 0
    known: int = 0
    logprob: float = 0.0
    pieces: list[str] = field(default_factory=list)
    finish: Finish | None = None
    usage: Usage | None = None
    weights: Mapping[str, float] | None = None
    read: list[tuple[int, int]] = field(default_factory=list)


async def gather(
    engine: Engine, prompt: str, sampling: Sampling, n: int = 1, into: list[Sample] | None = None
) -> list[Sample]:
    """The samples; they are in `into` also when the stream breaks off."""
    samples = [Sample() for _ in range(n)]
    if into is not None:
        into += samples
    async with aclosing(engine.stream(prompt, sampling, n)) as chunks:
        async for chunk in chunks:
            sample = samples[chunk.index]
            assert sample.finish is None, "nothing follows the last chunk"
            assert (chunk.finish is None) == (chunk.usage is None)
            if chunk.read:
                assert not sample.pieces, "a prompt is read before the text"
                sample.read.append(chunk.read)
                continue
            sample.text += chunk.text
            sample.pieces.append(chunk.text)
            sample.tokens += chunk.tokens
            if chunk.logprob is not None:
                sample.known += chunk.tokens
                sample.logprob += chunk.logprob
            assert chunk.finish or not chunk.weights
            sample.finish, sample.usage = chunk.finish, chunk.usage
            sample.weights = chunk.weights
    return samples


async def texts(engine: Engine, prompt: str, sampling: Sampling, n: int = 1) -> list[str]:
    """The texts alone."""
    return [sample.text for sample in await gather(engine, prompt, sampling, n)]


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait until `condition()` holds, of a process or a server that cannot tell us by itself."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.005)


def begun(samples: list[Sample]) -> Callable[[], bool]:
    """Whether any text has come."""
    return lambda: any(sample.text for sample in samples)
