"""What each open browser tab holds. Nobody sees another's."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from components.headline import Origin
from components.reading import Lens
from components.texts import Language
from core.driver import Driver
from core.engine import Engine
from core.errors import InvalidInput
from core.recording import Playback
from core.trace import Trace

MAX_SESSIONS = 1_000


Words = Callable[[Language], str]
"""A sentence, once the language is known."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be said above the picture, in whatever language. `tone`: error, wait, quiet."""

    words: Words
    tone: str


@dataclass(slots=True)
class Screen:
    """One stage: a trace, how it is read, and what the page already has of it."""

    trace: Trace = field(default_factory=Trace)
    lens: Lens = field(default_factory=Lens)
    origin: Origin = field(default_factory=Origin)
    notice: Notice | None = None
    votes: tuple[object, str] | None = None
    sent: dict[str, object] = field(default_factory=dict)

    def show(self, trace: Trace, origin: Origin) -> None:
        """Another run, to be read as it was made."""
        self.trace, self.origin, self.lens, self.notice = trace, origin, Lens(), None


@dataclass(slots=True)
class Session:
    """A tab: its language, its run and its replay."""

    language: Language = "en"
    explore: Screen = field(default_factory=Screen)
    replay: Screen = field(default_factory=Screen)
    prepared: Callable[[Engine], Driver] | None = None
    driver: Driver | None = None
    waiting: "asyncio.Future[Engine] | None" = None
    engine: Engine | None = None
    running: bool = False
    last_seed: int | None = None
    made: Path | None = None
    playback: Playback | None = None
    position: float = 0.0
    playing: bool = False
    plays: int = 0
    rate: float = 1.0

    async def stop(self) -> None:
        """End the run, whether it is about to begin, waits for the engine or is being made."""
        self.prepared = None
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

    async def close(self, request: gr.Request) -> None:
        """The tab was closed: end its run and forget it."""
        session = self._open.pop(request.session_hash or "", None)
        if session is not None:
            session.playing = False
            await session.stop()
