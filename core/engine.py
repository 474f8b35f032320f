"""What an engine is: something that continues a text, and says what it cannot do."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypedDict

Finish = Literal["stop", "length", "aborted"]
Feature = Literal[
    "logprobs",
    "choices",
    "seed",
    "min_tokens",
    "continue",  # text that the model is made to begin with, or any prompt that is no whole chat
    "n",  # several samples of one reading; without it each sample is a request of its own
    "stop",
    "top_k",
    "count",  # the number of tokens of a text that was not sampled
    "usage",  # the number of tokens of a text that was
]

asker: ContextVar[Hashable] = ContextVar("asker", default=None)
"""On whose behalf `Engine.stream` is called: where requests wait, askers take turns."""


class Message(TypedDict):
    """One turn of a chat, before the model's template is applied."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a text is to be continued.

    `temperature` 0 is greedy. `top_k` 0 and `top_p` 1 are off. `choices` constrains the text to
    one of the given strings. `seed` None leaves the seed to the engine; sample i of n uses
    `seed + i`. With `reuse` False the engine reads the whole prompt anew: then, where it promises
    seeds, the text depends on prompt and seed alone and not on what was asked before.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 256
    min_tokens: int = 0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: tuple[str, ...] = ()
    logprobs: bool = True
    reuse: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """Prompt tokens of one sample: all of them, and those that were computed for it.

    Of n samples that share one reading of the prompt, one carries the whole cost and the others
    0. Either is None where the engine does not tell.
    """

    prompt: int | None
    computed: int | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of sample `index`. `tokens` is 0 for text that nobody has counted (yet).

    `logprob` is the sum of the natural log-probabilities of its `tokens` tokens, before any
    constraint, or None where the engine gives none. `finish` is set on the sample's last chunk
    only, together with `usage`. Stop strings are not part of the text. Where `choices` constrained
    the sample and log-probabilities were asked for, its last chunk has `weights`: how probable each
    choice was before the constraint, going by the first token in which it differs from the others;
    they add up to 1. A choice that begins with none of the likeliest tokens (some hundreds) has 0.
    None where the engine cannot tell: where no choice begins with one of them, or where choices
    begin with the same token ("1", "10") and another choice was sampled. `read`, where the engine
    tells: how many tokens of a long prompt have been read, and how many it has; before the text.
    """

    index: int
    text: str = ""
    tokens: int = 0
    logprob: float | None = None
    finish: Finish | None = None
    usage: Usage | None = None
    weights: Mapping[str, float] | None = None
    read: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is running, and what it can do.

    `context` is the most tokens that a prompt and its continuation may have together; 0 where
    the engine does not tell.
    `thinking` are the model's own delimiters of thought, or None where it has none.
    `cannot` maps a missing feature to the key of the reason in the string tables.
    """

    model: str
    engine: str
    device: str
    context: int
    thinking: tuple[str, str] | None = None
    cannot: Mapping[Feature, str] = field(default_factory=dict)
    special_tokens: tuple[str, ...] = ()


class Engine(Protocol):
    """Continues text. Errors are those of `core.errors`: EngineError and its kin."""

    @property
    def info(self) -> EngineInfo: ...

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        """The model's own chat template, open at the assistant's turn, then `prefill`.

        Where `info.cannot` has "continue" it is the chat itself, written out: nothing can follow
        it, and a `prefill` raises EngineError.
        """
        ...

    async def count(self, text: str) -> int:
        """The number of tokens of `text`, special tokens read as such.

        Raises EngineError where `info.cannot` has "count".
        """
        ...

    def stream(self, prompt: str, sampling: Sampling, n: int = 1) -> AsyncGenerator[Chunk, None]:
        """Continue `prompt` n times at once, reading it once where the engine can.

        Closing the generator ends the work in the engine. Raises ContextOverflow before the first
        chunk, EngineUnavailable, EngineDied, or EngineError when a feature named in
        `info.cannot` is asked for.
        """
        ...


Phase = Literal["starting", "fetching", "verifying", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the engine badge shows.

    While fetching: `source` (host name), `done` and `total` bytes, `rate` in bytes a second.
    While loading: `detail`, the key of a sentence that says what exactly goes on. When ready:
    `rate` in sampled tokens a second over the last seconds of work, `active` samples being made
    now, `cannot` as in EngineInfo, to be listed, `memory` in bytes that the engine holds, 0 where
    it does not tell. When failed: `error` as in ThoughtscopeError.as_dict(). Always: `why`, the key
    of the reason for which this engine was chosen; `context`, the length of a text with its prompt,
    in tokens, where that was chosen for this machine; `log`, the last lines of the engine's log,
    where it has one.
    """

    phase: Phase
    model: str = ""
    engine: str = ""
    device: str = ""
    source: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    active: int = 0
    memory: int = 0
    error: Mapping[str, object] | None = None
    log: str = ""
    cannot: Mapping[Feature, str] = field(default_factory=dict)
    detail: str = ""
    context: int = 0
    why: str = ""


class EngineHost(Protocol):
    """Keeps one engine alive: fetches its model, starts it, restarts it when it dies."""

    @property
    def status(self) -> EngineStatus: ...

    @property
    def cannot(self) -> Mapping[Feature, str]:
        """What this engine cannot do, as far as it is known before it runs; as in EngineInfo.

        Where that is found out only by asking it, this same mapping changes when it is known.
        """
        ...

    async def ready(self) -> Engine:
        """The running engine; waits while it is being made ready.

        Raises ModelError or EngineUnavailable when it cannot be had; calling again tries again.
        """
        ...

    async def close(self) -> None:
        """End the engine and everything that was started for it."""
        ...


@dataclass(frozen=True, slots=True)
class EngineOption:
    """A kind of engine, by the name that `--engine` takes; URL for a server at an address.

    `models` are names that it knows, the one that it takes by itself first; others may be given
    where `open` is set. `missing` is why it cannot be had here, as ThoughtscopeError.as_dict().
    """

    kind: str
    models: tuple[str, ...] = ()
    open: bool = True
    missing: Mapping[str, object] | None = None


URL = "url"


class EngineSwitch(EngineHost, Protocol):
    """A host whose engine can be changed for another."""

    @property
    def kind(self) -> str:
        """That of the engine in use."""
        ...

    @property
    def model(self) -> str:
        """Its model, by the name that it was asked for; "" for what it takes by itself."""
        ...

    def options(self) -> tuple[EngineOption, ...]:
        """All kinds there are, and what of each is missing."""
        ...

    async def change(
        self, kind: str, model: str, address: str, leave: Callable[[], Awaitable[None]]
    ) -> None:
        """Use another engine, or another model.

        `leave` is awaited when all that can be checked was checked, and before the engine in use is
        closed. Raises InvalidInput, ModelError or EngineError before that: then nothing changes.
        What goes wrong later is in `status`.
        """
        ...
