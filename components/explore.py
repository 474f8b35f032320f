"""Explore: ask a question, choose a strategy, watch it think."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from components.asking.byhand import BELOW, ByHand
from components.asking.composing import Composer
from components.asking.editors import changed
from components.asking.form import Asked, Form
from components.drafts import Preview
from components.listening import LIVE, QUIET
from components.localize import Localizer
from components.people import People
from components.sessions import Notice, Prepared, Session, Sessions, Words, sentence
from components.stage import AS_RUN, Stage
from components.texts import texts
from components.views import state_sheet
from components.views.headline import Origin
from components.views.reading import Lens
from core import export, recording
from core.driver import HEARTBEAT_SECONDS, Driver
from core.engine import EngineHost
from core.errors import EngineUnavailable, InvalidInput, LimitReached, ThoughtscopeError
from core.events import Ended
from core.line import Ticket
from core.params import MAX_TEXT, build
from core.question import is_encodable
from core.strategy import Edit, Strategy

_log = logging.getLogger(__name__)

MAX_SEED = 2**31 - 1
MAX_REFERENCE = 300
KEPT_SECONDS = 3600.0
SETTLE_SECONDS = 0.15

# The picture may be below the form (on a narrow screen), or above (one scrolled down to Run).
_TO_STAGE = """() => {
  const stage = document.querySelector('.stage');
  if (innerWidth < 900 || stage.getBoundingClientRect().top < 0) stage.scrollIntoView();
}"""

Frames = AsyncGenerator[list[Any], None]


class Explore:
    """The form at the left, the stage at the right, and the run between them."""

    def __init__(
        self,
        localizer: Localizer,
        sessions: Sessions,
        strategies: Mapping[str, Strategy],
        host: EngineHost,
        folder: Path,
        people: People,
    ) -> None:
        self._sessions = sessions
        self._people = people
        self._strategies = strategies
        self._host = host
        self._folder = folder
        self._composer = Composer(host)
        with gr.Row(elem_classes=["desk"]):
            with gr.Column(scale=0, min_width=340, elem_classes=["side"]):
                self.form = Form(localizer, strategies, host.cannot)
            with gr.Column(scale=1, min_width=320, elem_classes=["stage"]):
                self.stage = Stage(localizer, sessions, "explore")
                self._by_hand = ByHand(localizer)
                self._build_downloads(localizer)
        self._bind()

    def _build_downloads(self, localizer: Localizer) -> None:
        def button(key: str, elem_id: str) -> Any:
            return localizer.make(
                gr.DownloadButton,
                lambda t: {"label": t(key)},
                interactive=False,
                size="sm",
                elem_id=elem_id,
            )

        with gr.Row(elem_classes=["downloads"]):
            self._download = button("explore.download", "download")
            with gr.Row(elem_classes=["graphs"]):
                self._graph_json = button("explore.graph_json", "graph-json")
                self._graphml = button("explore.graphml", "graphml")

    def _bind(self) -> None:
        """A run is three events: begin, stream, settle. What streams touches the picture alone."""
        form, drawn = self.form, self.stage.outputs
        buttons = [form.run, form.stop, form.again]
        # Gradio's page tells all inputs and outputs of all events so far how each event fares, at
        # every message of a stream: so a run has one input, and tells one component.
        told: dict[str, Any] = {"show_progress_on": self.stage.frame}
        begin: dict[str, Any] = {"outputs": [*drawn, *self.stage.lenses, *buttons], **told, **LIVE}
        form.run.click(None, None, None, js=_TO_STAGE)
        asked = gr.on([form.run.click, form.question.submit], **form.gather)
        asked_again = form.again.click(**form.gather)
        begun = (
            asked.then(self._begin_new, form.asked, **begin),
            asked_again.then(self._begin_again, form.asked, **begin),
            self._by_hand.go.click(self._begin_edit, self._by_hand.inputs, **begin),
        )
        files = [self._download, self._graph_json, self._graphml]
        for event in begun:
            streamed = event.then(self._stream, None, drawn, **told, **LIVE)
            settled = [*buttons, *files, form.editors.sets["demonstrations"]]
            streamed.then(self._settle, None, settled, **told, **QUIET)
        self.stage.tree.node_select(self._take_thought, None, self._by_hand.thought, **QUIET)
        form.puzzles.bind([form.question, form.reference, form.task], self.stage, self._sessions)
        form.stop.click(self._stop, None, None, **QUIET)
        self._bind_editors()

    def _bind_editors(self) -> None:
        """Whatever changes the prompt has it looked at, once at a time, and the last of all."""
        form, edited = self.form, self.form.editors
        edited.bind(self.stage, self._sessions)
        latest: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
        gather = form.gather | {"outputs": form.composed}
        for gathered in (gr.on(form.changes, **gather), edited.prompt.recount(**gather)):
            gathered.then(self._look, form.composed, edited.frame, **latest)

    async def _look(self, asked: Any, request: gr.Request) -> Any:
        """The prompt of the form as it stands, and what is wrong with it; nothing is run."""
        session = self._sessions.of(request)
        await asyncio.sleep(
            SETTLE_SECONDS
        )  # somebody types: what comes meanwhile is looked at once
        try:
            form = self.form.read(asked)
        except InvalidInput as error:
            session.preview = Preview(error=error.as_dict())
            return self.form.editors.render(session)
        strategy, sets = (
            self._strategies.get(str(form.strategy)),
            self.form.editors.of(form.strategy),
        )
        if strategy is None or not sets:
            return gr.skip()
        session.preview = await self._composer.preview(form, strategy, sets, session.language)
        return self.form.editors.render(session)

    async def _stop(self, request: gr.Request) -> None:
        await self._sessions.of(request).stop()

    async def _begin_new(self, request: gr.Request, asked: Any) -> list[Any]:
        return self._begin(request, lambda _: self._checked(self.form.read(asked)))

    async def _begin_again(self, request: gr.Request, asked: Any) -> list[Any]:
        return self._begin(
            request, lambda session: self._checked(self.form.read(asked), session.last_seed)
        )

    async def _begin_edit(self, request: gr.Request, thought: str, where: str) -> list[Any]:
        return self._begin(request, lambda session: self._edited(session, thought or "", where))

    async def _take_thought(self, request: gr.Request, event: gr.EventData) -> Any:
        """The thought of the state that was selected, to be edited."""
        trace = self._sessions.of(request).explore.trace
        chosen = event._data.get("id") if isinstance(event._data, dict) else None
        return state_sheet.thought(trace.nodes[chosen]) if chosen in trace.nodes else gr.skip()

    def _begin(self, request: gr.Request, prepare: Callable[[Session], Prepared]) -> list[Any]:
        """Check what was asked. What is wrong with it is said; nothing typed is lost."""
        session = self._sessions.of(request)
        lenses = [gr.skip()] * len(self.stage.lenses)
        try:
            if session.running:
                raise InvalidInput("already_running")
            prepared = prepare(session)
            self._people.check(self._people.who(request))
        except (InvalidInput, LimitReached) as error:
            drawn = self._say(session, sentence(error), "error")
        else:
            session.prepared, session.running, session.explore.notice = prepared, True, None
            session.explore.lens = Lens(solving=session.explore.lens.solving)
            lenses = [AS_RUN] * len(self.stage.lenses)
            drawn = self.stage.render(session.explore, session.language)
        return [*drawn, *lenses, *self._buttons(session)]

    async def _stream(self, request: gr.Request) -> Frames:
        """Wait in the line and for the engine, then run. Whatever happens is shown."""
        session = self._sessions.of(request)
        prepared, session.prepared = session.prepared, None
        if prepared is None:  # it was refused, or stopped; the picture stays as it is
            yield self.stage.render(session.explore, session.language)
            return
        person = self._people.who(request)
        try:
            session.ticket = ticket = self._people.join(person)
            async for frame in self._wait_in_line(session, ticket):
                yield frame
            if ticket.state == "going":
                async for frame in self._wait_for_engine(session):
                    yield frame
            if session.engine is not None:
                driver = prepared.driver(self._people.rationed(session.engine, person))
                session.last = prepared
                async for frame in self._drive(session, driver):
                    yield frame
        except ThoughtscopeError as error:
            yield self._say(session, sentence(error), "error")
        finally:
            if session.ticket is not None:
                session.ticket.leave()
            session.running = False
            session.driver = session.waiting = session.engine = session.ticket = None

    async def _settle(self, request: gr.Request) -> list[Any]:
        """The buttons as they are between runs, and the file of the last run."""
        session = self._sessions.of(request)
        made, session.made = session.made, ()
        files = [_file(path) for path in made] or [gr.skip()] * 3  # none where no run ended
        shown = self._demonstrated(session) if made else gr.skip()
        return [*self._buttons(session), *files, shown]

    def _demonstrated(self, session: Session) -> Any:
        """What puts the demonstrations that a run came to into their editor, if they are new."""
        if session.last is None:
            return gr.skip()
        name = self.form.editors.of(session.last.strategy.name).get("demonstrations", "")
        edited = getattr(session.last.params, name, None) if name else None
        return changed(session.explore.trace.demonstrations, edited)

    def _edited(self, session: Session, thought: str, where: str) -> Prepared:
        """The last run, to be continued from a thought written by hand. Raises InvalidInput."""
        node = session.explore.lens.selected
        if session.last is None or node is None or not session.events:
            raise InvalidInput("edit_unknown")
        if len(thought) > MAX_TEXT or not is_encodable(thought):
            raise InvalidInput("param_text", name="thought", limit=MAX_TEXT)
        history = tuple(one for one in session.events if not isinstance(one[1], Ended))
        edit = Edit(node, thought, below=where == BELOW)
        return replace(session.last, history=history, edit=edit)

    def _checked(self, asked: Asked, seed: int | None = None) -> Prepared:
        """What was asked, checked. Raises InvalidInput."""
        strategy = self._strategies.get(str(asked.strategy))
        if strategy is None:
            raise InvalidInput("strategy_unknown", name=str(asked.strategy)[:80])
        question = asked.asks()
        params: Any = build(strategy.params, asked.params)
        if strategy.check is not None:
            strategy.check(question, params)
        seed = _seed(asked.seed) if seed is None else seed
        if not is_encodable(asked.reference):
            raise InvalidInput("question_encoding")
        reference = asked.reference[:MAX_REFERENCE]
        return Prepared(strategy, question, params, reference, seed)

    async def _wait_in_line(self, session: Session, ticket: Ticket) -> Frames:
        """Frames that tell the place, until it is this run's turn or it has left the line."""
        while ticket.state == "waiting":
            yield self._say(session, _place(ticket.place), "wait")
            await ticket.moved(HEARTBEAT_SECONDS)
        if ticket.state == "gone":
            yield self._say(session, _key("headline.stopped"), "quiet")

    async def _wait_for_engine(self, session: Session) -> Frames:
        """Frames until `session.engine` is there; it stays None if the wait was stopped."""
        session.waiting = waiting = asyncio.ensure_future(self._host.ready())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        if not done:
            yield self._say(session, _key("explore.waiting"), "wait")
        while not done:
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
            yield self.stage.render(session.explore, session.language)
        if waiting.cancelled():
            yield self._say(session, _key("headline.stopped"), "quiet")
        elif (error := waiting.exception()) is None or isinstance(error, ThoughtscopeError):
            session.engine = waiting.result()
        else:
            # A fault of ours while the engine was made ready; the log has the rest.
            _log.error("the engine could not be made ready", exc_info=error)
            raise EngineUnavailable("internal") from error

    async def _drive(self, session: Session, driver: Driver) -> Frames:
        session.driver, session.last_seed = driver, driver.run.seed
        session.explore.show(driver.run.trace, Origin())
        async for trace in driver.frames():
            if trace.ended is not None:
                session.explore.notice = None  # what was refused meanwhile gives way to the result
                session.events = driver.run.events
                # A long run takes a second to write, which others would have to wait for.
                session.made = await asyncio.to_thread(self._files, driver)
            yield self.stage.render(session.explore, session.language)

    def _say(self, session: Session, words: Words, tone: str) -> list[Any]:
        """A frame that says one thing above the picture and leaves the picture alone."""
        session.explore.notice = Notice(words, tone)
        return self.stage.render(session.explore, session.language)

    def _buttons(self, session: Session) -> list[Any]:
        running = session.running
        return [
            gr.update(interactive=not running),
            gr.update(interactive=running),
            gr.update(interactive=not running and session.last_seed is not None),
        ]

    def _files(self, driver: Driver) -> tuple[Path | None, ...]:
        """The run to download, also one that was stopped or failed; of a tree also its graph."""
        _tidy(self._folder)
        run = driver.run
        stem = self._folder / f"thoughtscope-{run.seed}-{secrets.token_hex(8)}"
        kept = {".jsonl": recording.write(run.events)}
        if any(run.trace.of_kind("state")):
            graph = run.trace.to_networkx()
            kept |= {".json": export.node_link(graph), ".graphml": export.graphml(graph)}
        for suffix, text in kept.items():
            stem.with_suffix(suffix).write_text(text, encoding="utf-8")
        return tuple(
            stem.with_suffix(suffix) if suffix in kept else None
            for suffix in (".jsonl", ".json", ".graphml")
        )


def _tidy(folder: Path) -> None:
    """Drop old files: Gradio made a copy of each, which it keeps for a day (`delete_cache`)."""
    for file in folder.iterdir():
        if time.time() - file.stat().st_mtime > KEPT_SECONDS:
            file.unlink()


def _file(path: Path | None) -> Any:
    return gr.update(value=str(path) if path else None, interactive=path is not None)


def _key(key: str) -> Words:
    return lambda language: texts(language)(key)


def _place(place: int) -> Words:
    """Where in the line a run stands."""
    if place == 1:
        return _key("explore.line.next")
    return lambda language: texts(language)("explore.line", place=place, before=place - 1)


def _seed(given: Any) -> int:
    """The seed that was written, or a new one. Raises InvalidInput."""
    if given is None or given == "":
        return secrets.randbelow(1_000_000)
    whole = isinstance(given, int | float) and float(given).is_integer()
    if not whole or not 0 <= given <= MAX_SEED:
        limits = {"low": "0", "high": str(MAX_SEED)}
        raise InvalidInput("param_whole", name="seed", given=str(given)[:80], **limits)
    return int(given)
