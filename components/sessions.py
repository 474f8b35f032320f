"""What each open browser tab holds. Nobody sees another's."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from components.headline import Origin
from components.reading import Lens
from components.texts import Language, error_text
from core.crossword import Puzzle
from core.driver import Driver
from core.engine import Engine
from core.errors import InvalidInput, ThoughtscopeError
from core.events import Event
from core.question import Question
from core.recording import Playback
from core.run import Run
from core.strategy import Edit, Strategy
from core.trace import Trace

MAX_SESSIONS = 1_000


Words = Callable[[Language], str]
"""A sentence, once the language is known."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be said above the picture, in whatever language. `tone`: error, wait, quiet."""

    words: Words
    tone: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that was checked, and can be made as soon as there is an engine. With an `edit` it
    goes on from the events of another one."""

    strategy: Strategy
    question: Question
    params: Any
    reference: str
    seed: int
    history: tuple[tuple[float, Event], ...] = ()
    edit: Edit | None = None

    def driver(self, engine: Engine) -> Driver:
        """Raises InvalidInput if the edit is refused."""
        run = Run(engine, self.seed, history=self.history)
        return Driver(run, self.strategy, self.question, self.params, self.reference, self.edit)


def sentence(error: ThoughtscopeError) -> Words:
    """What an error says, in whatever language."""
    return partial(error_text, error.as_dict())


@dataclass(slots=True)
class Screen:
    """One stage: a trace, how it is read, and what was made or sent of it and need not be again."""

    trace: Trace = field(default_factory=Trace)
    lens: Lens = field(default_factory=Lens)
    origin: Origin = field(default_factory=Origin)
    notice: Notice | None = None
    votes: tuple[object, dict[str, Any] | None] | None = None
    first: tuple[int, int] | None = None

    def show(self, trace: Trace, origin: Origin) -> None:
        """Another run, to be read as it was made."""
        self.trace, self.origin, self.notice = trace, origin, None
        self.lens = Lens(solving=self.lens.solving)


@dataclass(slots=True)
class Session:
    """A tab: its language, its run and its replay; `refused` is why an engine was not changed."""

    language: Language = "en"
    explore: Screen = field(default_factory=Screen)
    replay: Screen = field(default_factory=Screen)
    prepared: Prepared | None = None
    last: Prepared | None = None
    driver: Driver | None = None
    waiting: "asyncio.Future[Engine] | None" = None
    engine: Engine | None = None
    running: bool = False
    last_seed: int | None = None
    made: tuple[Path | None, ...] = ()
    events: list[tuple[float, Event]] = field(default_factory=list)
    crosswords: tuple[Puzzle, ...] = ()
    playback: Playback | None = None
    position: float = 0.0
    playing: bool = False
    plays: int = 0
    rate: float = 1.0
    refused: Mapping[str, object] | None = None

    async def stop(self) -> None:
        """End the run, whether it is about to begin, waits for the engine or is being made."""
        if self.prepared is not None:  # it never began
            self.prepared, self.running = None, False
        if self.waiting is not None:
            self.waiting.cancel()
        if self.driver is not None:
            await self.driver.stop()


class Sessions:
    """All open tabs, by Gradio's session hash."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def of(self, request: gr.Request) -> Session:
        """The tab's session; made when it is first asked for."""
        key = request.session_hash or ""
        if key not in self._open:
            if len(self._open) >= MAX_SESSIONS:
                raise InvalidInput("too_many_sessions", limit=MAX_SESSIONS)
            self._open[key] = Session()
        return self._open[key]

    async def stop_all(self) -> None:
        """End all runs that are being made or wait, in order."""
        await asyncio.gather(*(session.stop() for session in self._open.values()))

    async def close(self, request: gr.Request) -> None:
        """The tab was closed: end its run and forget it."""
        session = self._open.pop(request.session_hash or "", None)
        if session is not None:
            session.playing = False
            await session.stop()
