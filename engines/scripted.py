"""An engine that is a function of the prompt: for tests, exact and without a model."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.engine import (
    Chunk,
    Engine,
    EngineInfo,
    EngineStatus,
    Feature,
    Finish,
    Message,
    Sampling,
    Usage,
)
from core.errors import ContextOverflow, ThoughtscopeError

Reply = Callable[[str, Sampling, int], str | ThoughtscopeError]
"""`reply(prompt, sampling, sample)`: the text to make, or an error to raise instead.

Where there are choices and the text is none of them, the first one is made.
"""

Weigh = Callable[[str, Sampling], Mapping[str, float]]
"""`weigh(prompt, sampling)`: how probable each of the choices is."""

INFO = EngineInfo(
    model="scripted",
    engine="scripted",
    device="none",
    context=2048,
    special_tokens=("<|user|>", "<|assistant|>"),
)


@dataclass(slots=True)
class Call:
    """What was asked of the engine, for tests to look at."""

    prompt: str
    sampling: Sampling
    n: int
    closed: bool = False


@dataclass(slots=True)
class ScriptedEngine:
    """A token is a word with the space before it; its log-probability is `logprob`.

    Samples advance in turn, a word each. `gate`, where given, is awaited before each word, so that
    a test decides when text appears. Choices have weights where `weigh` is given. With a `stride`,
    a prompt is read so many words at a time, which is told.
    """

    reply: Reply
    info: EngineInfo = INFO
    logprob: float = -0.5
    gate: Callable[[], "asyncio.Future[None]"] | None = None
    calls: list[Call] = field(default_factory=list)
    weigh: Weigh | None = None
    stride: int = 0

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        turns = "".join(f"<|{m['role']}|>{m['content']}\n" for m in messages)
        return f"{turns}<|assistant|>{prefill}"

    async def count(self, text: str) -> int:
        return len(_words(text))

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        call = Call(prompt, sampling, n)
        self.calls.append(call)
        tokens = len(_words(prompt))
        if tokens + sampling.max_tokens > self.info.context:
            raise ContextOverflow(tokens, self.info.context - sampling.max_tokens)
        try:
            for done in range(self.stride, tokens, self.stride) if self.stride else ():
                await (self.gate() if self.gate else asyncio.sleep(0))
                for index in range(n):
                    yield Chunk(index, read=(done, tokens))
            queues = [self._texts(prompt, sampling, index) for index in range(n)]
            while any(queues):
                for index, queue in enumerate(queues):
                    if queue:
                        await (self.gate() if self.gate else asyncio.sleep(0))
                        chunk = self._next(index, queue, tokens)
                        weights = self._weights(prompt, sampling) if chunk.finish else None
                        yield replace(chunk, weights=weights)
        finally:
            call.closed = True

    def _texts(self, prompt: str, sampling: Sampling, index: int) -> list[str | Finish]:
        """The words of a sample and then, as its last element, why it ends."""
        text = self.reply(prompt, sampling, index)
        if isinstance(text, ThoughtscopeError):
            raise text
        if sampling.choices and text not in sampling.choices:
            text = sampling.choices[0]
        cuts = [text.index(stop) for stop in sampling.stop if stop and stop in text]
        words = _words(text[: min(cuts)] if cuts else text)
        if len(words) > sampling.max_tokens:
            return [*words[: sampling.max_tokens], "length"]
        return [*words, "stop"]

    def _weights(self, prompt: str, sampling: Sampling) -> Mapping[str, float] | None:
        if self.weigh is None or not sampling.choices or not sampling.logprobs:
            return None
        return self.weigh(prompt, sampling)

    def _next(self, index: int, queue: list[str | Finish], tokens: int) -> Chunk:
        text = queue.pop(0)
        if queue:
            return Chunk(index, str(text), 1, self.logprob)
        finish: Finish = "length" if text == "length" else "stop"
        return Chunk(index, finish=finish, usage=Usage(tokens, tokens if index == 0 else 0))


@dataclass(slots=True)
class ScriptedHost:
    """A host whose engine is there at once, or when `waiting` is set."""

    engine: Engine
    waiting: asyncio.Event | None = None
    log: str = ""

    @property
    def status(self) -> EngineStatus:
        info = self.engine.info
        phase = "ready" if self.waiting is None or self.waiting.is_set() else "loading"
        return EngineStatus(phase, info.model, info.engine, info.device, log=self.log)  # type: ignore[arg-type]

    @property
    def cannot(self) -> Mapping[Feature, str]:
        return self.engine.info.cannot

    def begin(self) -> None:
        pass

    async def ready(self) -> Engine:
        if self.waiting is not None:
            await self.waiting.wait()
        return self.engine

    async def close(self) -> None:
        pass


def _words(text: str) -> list[str]:
    """Words with the white space before them; together they are the text."""
    words: list[str] = []
    for piece in text.replace("\n", "\n\x00").replace(" ", "\x00 ").split("\x00"):
        if piece:
            words.append(piece)
    return words
