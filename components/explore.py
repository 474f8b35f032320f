"""Explore: ask a question, choose a strategy, watch it think."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from components.form import DETECT, Asked, Form
from components.headline import Origin
from components.listening import LIVE, QUIET
from components.localize import Localizer
from components.reading import Lens
from components.sessions import Notice, Session, Sessions, Words
from components.stage import AS_RUN, Stage
from components.texts import error_text, texts
from core import recording
from core.driver import HEARTBEAT_SECONDS, Driver
from core.engine import Engine, EngineHost
from core.errors import EngineUnavailable, InvalidInput, ThoughtscopeError
from core.params import build
from core.question import KINDS, LANGUAGES, ask, is_encodable
from core.run import Run
from core.strategy import Strategy

_log = logging.getLogger(__name__)

MAX_SEED = 2**31 - 1
MAX_REFERENCE = 300

# On a narrow screen the picture is below the form: bring it into view.
_TO_STAGE = """() => {
  if (innerWidth < 900) document.querySelector('.stage').scrollIntoView();
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
    ) -> None:
        self._sessions = sessions
        self._strategies = strategies
        self._host = host
        self._folder = folder
        with gr.Row(elem_classes=["desk"]):
            with gr.Column(scale=0, min_width=340, elem_classes=["side"]):
                self._form = Form(localizer, strategies, host.cannot)
            with gr.Column(scale=1, min_width=320, elem_classes=["stage"]):
                self.stage = Stage(localizer, sessions, "explore")
                self._download = localizer.make(
                    gr.DownloadButton,
                    lambda t: {"label": t("explore.download")},
                    interactive=False,
                    size="sm",
                    elem_id="download",
                )
        self._bind()

    def _bind(self) -> None:
        """A run is three events: begin, stream, settle. What streams touches the picture alone."""
        form, drawn = self._form, self.stage.outputs
        buttons = [form.run, form.stop, form.again]
        begin: dict[str, Any] = {
            "inputs": form.inputs,
            "outputs": [*drawn, *self.stage.lenses, *buttons],
            "trigger_mode": "once",
            **LIVE,
        }
        form.run.click(None, None, None, js=_TO_STAGE)
        begun = (
            gr.on([form.run.click, form.question.submit], self._begin_new, **begin),
            form.again.click(self._begin_again, **begin),
        )
        for event in begun:
            streamed = event.then(self._stream, None, drawn, **LIVE)
            streamed.then(self._settle, None, [*buttons, self._download], **QUIET)
        form.stop.click(self._stop, None, None, **QUIET)

    async def _stop(self, request: gr.Request) -> None:
        await self._sessions.of(request).stop()

    async def _begin_new(self, request: gr.Request, *values: Any) -> list[Any]:
        return self._begin(self._sessions.of(request), self._form.read(values))

    async def _begin_again(self, request: gr.Request, *values: Any) -> list[Any]:
        session = self._sessions.of(request)
        return self._begin(session, self._form.read(values), session.last_seed)

    def _begin(self, session: Session, asked: Asked, seed: int | None = None) -> list[Any]:
        """Check what was asked. What is wrong with it is said; nothing typed is lost."""
        lenses = [gr.skip()] * len(self.stage.lenses)
        try:
            if session.running:
                raise InvalidInput("already_running")
            session.prepared = self._checked(asked, seed)
        except InvalidInput as error:
            drawn = self._say(session, _sentence(error), "error")
        else:
            session.running, session.explore.notice = True, None
            session.explore.lens = Lens()
            lenses = [AS_RUN] * len(self.stage.lenses)
            drawn = self.stage.render(session.explore, session.language)
        return [*drawn, *lenses, *self._buttons(session)]

    async def _stream(self, request: gr.Request) -> Frames:
        """Wait for the engine, then run. Whatever happens is shown."""
        session = self._sessions.of(request)
        prepared, session.prepared = session.prepared, None
        if prepared is None:
            return
        try:
            async for frame in self._wait_for_engine(session):
                yield frame
            if session.engine is not None:
                async for frame in self._drive(session, prepared(session.engine)):
                    yield frame
        except ThoughtscopeError as error:
            yield self._say(session, _sentence(error), "error")
        finally:
            session.running = False
            session.driver = session.waiting = session.engine = None

    async def _settle(self, request: gr.Request) -> list[Any]:
        """The buttons as they are between runs, and the file of the last run."""
        session = self._sessions.of(request)
        made, session.made = session.made, None
        file = gr.update(value=str(made), interactive=True) if made else gr.skip()
        return [*self._buttons(session), file]

    def _checked(self, asked: Asked, seed: int | None) -> Callable[[Engine], Driver]:
        """How to make the driver once there is an engine. Raises InvalidInput now."""
        if asked.strategy not in self._strategies:
            raise InvalidInput("strategy_unknown", name=str(asked.strategy)[:80])
        strategy = self._strategies[asked.strategy]
        kind = _one_of("kind", asked.kind, KINDS)
        question = ask(asked.question, kind, _one_of("language", asked.language, LANGUAGES))
        params: Any = build(strategy.params, asked.params)
        seed = _seed(asked.seed) if seed is None else seed
        if not is_encodable(asked.reference):
            raise InvalidInput("question_encoding")
        reference = asked.reference[:MAX_REFERENCE]
        return lambda engine: Driver(Run(engine, seed), strategy, question, params, reference)

    async def _wait_for_engine(self, session: Session) -> Frames:
        """Frames until `session.engine` is there; it stays None if the wait was stopped."""
        session.waiting = waiting = asyncio.ensure_future(self._host.ready())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        if not done:
            yield self._say(session, _key("explore.waiting"), "wait")
        while not done:
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
            yield [gr.skip()] * len(self.stage.outputs)
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
                session.made = self._file(driver)
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

    def _file(self, driver: Driver) -> Path:
        """The run as a file to download, also of a run that was stopped or failed."""
        path = self._folder / f"thoughtscope-{driver.run.seed}-{secrets.token_hex(4)}.jsonl"
        path.write_text(recording.write(driver.run.events), encoding="utf-8")
        return path


def _sentence(error: ThoughtscopeError) -> Words:
    return partial(error_text, error.as_dict())


def _key(key: str) -> Words:
    return lambda language: texts(language)(key)


def _one_of(name: str, given: str, allowed: tuple[Any, ...]) -> Any:
    """`given`, or None where it is to be found out. Raises InvalidInput."""
    if given == DETECT:
        return None
    if given not in allowed:
        listed = ", ".join(allowed)
        raise InvalidInput("param_choice", name=name, given=str(given)[:80], allowed=listed)
    return given


def _seed(given: Any) -> int:
    """The seed that was written, or a new one. Raises InvalidInput."""
    if given is None or given == "":
        return secrets.randbelow(1_000_000)
    whole = isinstance(given, int | float) and float(given).is_integer()
    if not whole or not 0 <= given <= MAX_SEED:
        limits = {"low": "0", "high": str(MAX_SEED)}
        raise InvalidInput("param_whole", name="seed", given=str(given)[:80], **limits)
    return int(given)
