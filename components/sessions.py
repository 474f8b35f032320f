"""What each open browser tab holds. Nobody sees another's."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from components.drafts import Preview
from components.people import People, Person
from components.texts import Language, Text, error_text
from components.views.headline import Origin
from components.views.reading import Lens
from core.crossword import Puzzle
from core.driver import Driver
from core.engine import Engine
from core.errors import InvalidInput, ThoughtscopeError
from core.events import Event, Mapped
from core.line import Ticket
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
    pool: tuple[Mapped, Text, str] | None = None

    def show(self, trace: Trace, origin: Origin) -> None:
        """Another run, to be read as it was made."""
        self.trace, self.origin, self.notice = trace, origin, None
        self.lens = Lens(solving=self.lens.solving)


@dataclass(slots=True)
class Session:
    """A tab: its language, its run and its replay, and the person who opened it. `refused` is why
    an engine was not changed. `preview` is what the form came to when it was last looked at, `pool`
    what is to be said of the pool in it, and `pool_text` what a file has put there."""

    person: Person = ""
    language: Language = "en"
    explore: Screen = field(default_factory=Screen)
    replay: Screen = field(default_factory=Screen)
    prepared: Prepared | None = None
    last: Prepared | None = None
    driver: Driver | None = None
    ticket: Ticket | None = None
    waiting: "asyncio.Future[Engine] | None" = None
    engine: Engine | None = None
    running: bool = False
    last_seed: int | None = None
    made: tuple[Path | None, ...] = ()
    events: list[tuple[float, Event]] = field(default_factory=list)
    crosswords: tuple[Puzzle, ...] = ()
    preview: Preview = field(default_factory=Preview)
    pool: Callable[[Language], dict[str, Any]] = lambda _language: {"said": "", "wrong": False}
    pool_text: str | None = None
    playback: Playback | None = None
    position: float = 0.0
    playing: bool = False
    plays: int = 0
    rate: float = 1.0
    refused: Mapping[str, object] | None = None

    @property
    def idle(self) -> bool:
        """Whether it could be forgotten without ending anything."""
        return self.ticket is None and not self.playing

    async def stop(self) -> None:
        """End the run, whether it is about to begin, waits or is being made."""
        ticket = self.ticket
        if self.prepared is not None:  # it never began
            self.prepared, self.running = None, False
        if self.waiting is not None:
            self.waiting.cancel()
        if self.driver is not None:
            await self.driver.stop()
        if ticket is not None:  # room for the next, once the engine was let go
            ticket.leave()


class Sessions:
    """All open tabs, by Gradio's session hash, the one used last at the end.

    A hash is made up by the page at random and told to nobody else: who has it is the tab. Whoever
    sends made-up ones only pushes out tabs of their own: beyond what a person may have, and beyond
    what there may be in all, the tab that was not used for longest is forgotten.
    """

    def __init__(self, people: People) -> None:
        self._people = people
        self._open: dict[str, Session] = {}

    def of(self, request: gr.Request) -> Session:
        """The tab's session; made when it is first asked for.

        Raises InvalidInput if there are too many, and all have something going on.
        """
        key = request.session_hash or ""
        session = self._open.pop(key, None) or self._made(self._people.who(request))
        self._open[key] = session
        return session

    def _made(self, person: Person) -> Session:
        tabs = self._people.limits.tabs
        theirs = [key for key, session in self._open.items() if session.person == person]
        if tabs and len(theirs) >= tabs:
            self._forget_one(theirs)
        elif len(self._open) >= MAX_SESSIONS:
            self._forget_one(list(self._open))
        return Session(person)

    def _forget_one(self, keys: Sequence[str]) -> None:
        idle = next((key for key in keys if self._open[key].idle), None)
        if idle is None:
            raise InvalidInput("too_many_sessions", limit=len(keys))
        del self._open[idle]

    async def stop_all(self) -> None:
        """End all runs that are being made or wait, in order."""
        await asyncio.gather(*(session.stop() for session in self._open.values()))

    async def close(self, request: gr.Request) -> None:
        """The tab was closed: end its run and forget it."""
        session = self._open.pop(request.session_hash or "", None)
        if session is not None:
            session.playing = False
            await session.stop()
