"""Client of a completions server in the manner of OpenAI's.

What all such servers share is here: groups, seeds, admission. What differs from one to the next,
its dialect, is in a subclass: see `engines.llamacpp_dialect`.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import replace
from typing import Protocol

from core.engine import Chunk, EngineInfo, Feature, Message, Sampling
from core.errors import ContextOverflow, EngineDied, EngineError
from engines.admission import Admission
from engines.connection import Connection
from engines.meter import Meter
from engines.sse import Object

SEEDS = 2**31


class Reader(Protocol):
    """Turns the events of one request into chunks."""

    async def take(self, event: Object) -> list[Chunk]: ...


class ServerEngine(ABC):
    """An engine behind HTTP. Close it with `close`."""

    def __init__(self, connection: Connection, info: EngineInfo, admission: Admission) -> None:
        self.info = info
        self.meter = Meter()
        self._connection = connection
        self._admission = admission

    @abstractmethod
    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        """The model's own chat template, open at the assistant's turn, then `prefill`."""

    @abstractmethod
    async def count(self, text: str) -> int:
        """The number of tokens of `text`, special tokens read as such."""

    @abstractmethod
    async def _prompt_tokens(self, prompt: str) -> list[int]:
        """The ids of the tokens that the model is to read, with its BOS, once, if it wants one."""

    @abstractmethod
    def _body(self, prompt: list[int], sampling: Sampling, n: int) -> Object:
        """The request in this server's dialect."""

    @abstractmethod
    def _reader(self, sampling: Sampling, first: int, n: int) -> Reader:
        """Reads the answer to a request for samples `first` to `first + n - 1`."""

    def _turn(
        self, prompt: list[int], sampling: Sampling, n: int
    ) -> AbstractAsyncContextManager[None]:
        """What a request waits for before it asks to be admitted. Here: nothing."""
        return nullcontext()

    async def close(self) -> None:
        """Let go of the server."""
        await self._connection.close()

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        """Continue `prompt` n times. As core.engine.Engine.stream, and:

        More samples than the engine takes at once are made in groups, one after the other; the
        seeds are those of the samples, so that the groups change no text. Raises EngineError
        ("engine_cannot") for a feature that `info.cannot` names, and as Connection does.
        """
        self._check(sampling, n)
        if sampling.seed is None:
            sampling = replace(sampling, seed=secrets.randbelow(SEEDS))
        tokens = await self._prompt_tokens(prompt)
        limit = max(0, self.info.context - sampling.max_tokens)
        if len(tokens) > limit:
            raise ContextOverflow(len(tokens), limit)
        size = self._admission.largest_group(len(tokens), sampling.max_tokens)
        for first in range(0, n, size):
            group = self._group(tokens, sampling, first, min(size, n - first))
            async with aclosing(group) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _check(self, sampling: Sampling, n: int) -> None:
        """Raises EngineError for what this engine cannot do, ValueError for what none can."""
        if n < 1 or sampling.max_tokens < 1 or "" in sampling.stop:
            raise ValueError(f"n={n}, max_tokens={sampling.max_tokens}, stop={sampling.stop}")
        asked: dict[Feature, bool] = {
            "min_tokens": sampling.min_tokens > 0,
            "choices": bool(sampling.choices),
        }
        for feature, wanted in asked.items():
            if wanted and feature in self.info.cannot:
                raise EngineError("engine_cannot", feature=feature)

    async def _group(
        self, prompt: list[int], sampling: Sampling, first: int, n: int
    ) -> AsyncGenerator[Chunk, None]:
        """Samples `first` to `first + n - 1`, in one request."""
        body = self._body(prompt, replace(sampling, seed=(sampling.seed or 0) + first), n)
        reader = self._reader(sampling, first, n)
        running = n
        cells = len(prompt) + n * sampling.max_tokens
        async with self._turn(prompt, sampling, n), self._admission.hold(n, cells):
            self.meter.begin(n)
            try:
                async with aclosing(self._connection.events("/v1/completions", body)) as events:
                    async for event in events:
                        for chunk in await reader.take(event):
                            running -= self._metered(chunk)
                            yield chunk
            finally:
                self.meter.end(running)
        if running:
            raise EngineDied("the server ended its answer before the text was finished")

    def _metered(self, chunk: Chunk) -> int:
        """Meter a chunk. Returns 1 if it is its sample's last, else 0."""
        if chunk.tokens:
            self.meter.sampled(chunk.tokens)
        if chunk.finish is None:
            return 0
        self.meter.end()
        return 1
