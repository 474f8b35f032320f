"""Client of a completions server in the manner of OpenAI's.

What all such servers share is here: groups, seeds, admission. What differs from one to the next,
its dialect, is in a subclass: see `engines.llamacpp.dialect`.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import replace
from typing import Protocol

from core.engine import Chunk, EngineInfo, Feature, Message, Sampling, asker
from core.errors import ContextOverflow, EngineDied, EngineError
from engines.meter import Meter
from engines.server.admission import Admission
from engines.server.connection import Connection
from engines.server.merge import merged
from engines.server.sse import Object

SEEDS = 2**31

Prompt = list[int] | str
"""What the server is to read: ids of tokens, or text where it does not tell them."""


class Reader(Protocol):
    """Turns the events of one request into chunks."""

    async def take(self, event: Object) -> list[Chunk]: ...

    def end(self) -> list[Chunk]:
        """What was held back until the stream is over."""
        ...


class ServerEngine(ABC):
    """An engine behind HTTP. Close it with `close`."""

    _path = "/v1/completions"

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
    async def _prompt_tokens(self, prompt: str) -> Prompt:
        """The ids of the tokens that the model is to read, with its BOS, once, if it wants one."""

    @abstractmethod
    def _body(self, prompt: Prompt, sampling: Sampling, n: int) -> Object:
        """The request in this server's dialect."""

    @abstractmethod
    def _reader(self, prompt: Prompt, sampling: Sampling, first: int, n: int) -> Reader:
        """Reads the answer to a request for samples `first` to `first + n - 1`."""

    def _turn(
        self, prompt: Prompt, sampling: Sampling, n: int
    ) -> AbstractAsyncContextManager[None]:
        """What a request waits for before it asks to be admitted. Here: nothing."""
        return nullcontext()

    def _one_each(self, sampling: Sampling) -> bool:
        """Whether each sample has to be a request of its own."""
        return "n" in self.info.cannot

    async def close(self) -> None:
        """Let go of the server."""
        await self._connection.close()

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        """Continue `prompt` n times. As core.engine.Engine.stream, and:

        More samples than the engine takes at once are made in groups, one after the other; where
        it takes one only, side by side. The seeds are those of the samples, so that the groups
        change no text. Raises EngineError ("engine_cannot") for a feature that `info.cannot` names,
        and as Connection does.
        """
        self._check(sampling, n)
        if sampling.seed is None:
            sampling = replace(sampling, seed=secrets.randbelow(SEEDS))
        if "logprobs" in self.info.cannot:
            sampling = replace(sampling, logprobs=False)
        tokens = await self._prompt_tokens(prompt)
        self._check_room(tokens, sampling.max_tokens)
        if self._one_each(sampling):
            groups = [merged([self._group(tokens, sampling, first, 1) for first in range(n)])]
        else:
            size = self._admission.largest_group(known(tokens), sampling.max_tokens)
            groups = [
                self._group(tokens, sampling, first, min(size, n - first))
                for first in range(0, n, size)
            ]
        for group in groups:
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
            "stop": bool(sampling.stop),
            "top_k": sampling.top_k > 0,
        }
        for feature, wanted in asked.items():
            if wanted and feature in self.info.cannot:
                raise EngineError("engine_cannot", feature=feature)

    def _check_room(self, prompt: Prompt, max_tokens: int) -> None:
        """Raises ContextOverflow where it is known that the prompt does not fit."""
        limit = max(0, self.info.context - max_tokens)
        if self.info.context and known(prompt) > limit:
            raise ContextOverflow(known(prompt), limit)

    async def _group(
        self, prompt: Prompt, sampling: Sampling, first: int, n: int
    ) -> AsyncGenerator[Chunk, None]:
        """Samples `first` to `first + n - 1`, in one request."""
        body = self._body(prompt, replace(sampling, seed=(sampling.seed or 0) + first), n)
        reader = self._reader(prompt, sampling, first, n)
        running = n
        cells = known(prompt) + n * sampling.max_tokens
        admitted = self._admission.hold(n, cells, asker.get())
        async with self._turn(prompt, sampling, n), admitted:
            self.meter.begin(n)
            try:
                async with aclosing(self._connection.events(self._path, body)) as events:
                    async for event in events:
                        for chunk in await reader.take(event):
                            running -= self._metered(chunk)
                            yield chunk
                for chunk in reader.end():
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


def known(prompt: Prompt) -> int:
    """The number of tokens of a prompt, as far as it is known; otherwise 0."""
    return 0 if isinstance(prompt, str) else len(prompt)
