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
from components.localize import Localizer
from components.sessions import Notice, Session, Sessions, Words
from components.stage import Stage
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

    @property
    def _outputs(self) -> list[Any]:
        form = self._form
        return [*self.stage.outputs, form.run, form.stop, form.again, self._download]

    def _bind(self) -> None:
        form = self._form
        live: dict[str, Any] = {
            "inputs": form.inputs,
            "outputs": self._outputs,
            "show_progress": "hidden",
            "concurrency_limit": None,
            "trigger_mode": "once",
            "api_visibility": "private",
        }
        form.run.click(None, None, None, js=_TO_STAGE)
        gr.on([form.run.click, form.question.submit], self._run_new, **live)
        form.again.click(self._run_again, **live)
        form.stop.click(self._stop, None, None, queue=False, api_visibility="private")

    async def _stop(self, request: gr.Request) -> None:
        await self._sessions.of(request).stop()

    async def _run_new(self, request: gr.Request, *values: Any) -> Frames:
        async for frame in self._run(self._sessions.of(request), self._form.read(values)):
            yield frame

    async def _run_again(self, request: gr.Request, *values: Any) -> Frames:
        session = self._sessions.of(request)
        async for frame in self._run(session, self._form.read(values), session.last_seed):
            yield frame

    async def _run(self, session: Session, asked: Asked, seed: int | None = None) -> Frames:
        """Check, wait for the engine, run. Whatever happens is shown; nothing typed is lost."""
        if session.running:
            error = InvalidInput("already_running")
            yield self._say(session, _sentence(error), "error", running=True)
            return
        session.running = True
        try:
            make_driver = self._checked(asked, seed)
            async for frame in self._wait_for_engine(session):
                yield frame
            if session.engine is not None:
                async for frame in self._drive(session, make_driver(session.engine)):
                    yield frame
        except ThoughtscopeError as error:
            yield self._say(session, _sentence(error), "error")
        finally:
            session.running = False
            session.driver = session.waiting = session.engine = None

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
            yield self._say(session, _key("explore.waiting"), "wait", running=True)
        while not done:
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
            yield [gr.skip()] * len(self._outputs)
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
        buttons = self._buttons(session, running=True)
        async for trace in driver.frames():
            ended = trace.ended is not None
            if ended:
                buttons = self._buttons(session, running=False)
            drawn = self.stage.render(session.explore, session.language)
            yield [*drawn, *buttons, self._file(driver) if ended else gr.skip()]
            buttons = [gr.skip()] * 3

    def _say(
        self, session: Session, words: Words, tone: str, *, running: bool = False
    ) -> list[Any]:
        """A frame that says one thing above the picture and leaves the picture alone."""
        session.explore.notice = Notice(words, tone)
        drawn = self.stage.render(session.explore, session.language)
        return [*drawn, *self._buttons(session, running=running), gr.skip()]

    def _buttons(self, session: Session, *, running: bool) -> list[Any]:
        return [
            gr.update(interactive=not running),
            gr.update(interactive=running),
            gr.update(interactive=not running and session.last_seed is not None),
        ]

    def _file(self, driver: Driver) -> Any:
        """The run as a file to download, also of a run that was stopped or failed."""
        path = self._folder / f"thoughtscope-{driver.run.seed}-{secrets.token_hex(4)}.jsonl"
        path.write_text(recording.write(driver.run.events), encoding="utf-8")
        return gr.update(value=str(path), interactive=True)


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
