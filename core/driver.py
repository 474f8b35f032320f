"""Runs a strategy and hands out frames: the only generator between a strategy and a page."""

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncGenerator
from typing import Any

from core.errors import ThoughtscopeError
from core.events import Ended, Started
from core.question import Question
from core.run import Run
from core.strategy import Strategy
from core.trace import Trace

# Drawing takes from the two cores that the model needs; 7 frames a second still look like a flow.
FRAME_SECONDS = 0.15
HEARTBEAT_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Driver:
    """One run being made. `stop()` ends it from anywhere; the run then still emits Ended."""

    def __init__(
        self, run: Run, strategy: Strategy, question: Question, params: Any, reference: str = ""
    ) -> None:
        self.run = run
        self._strategy = strategy
        self._question = question
        self._params = params
        self._reference = reference
        self._task: asyncio.Future[str | None] | None = None
        self._stopped = False
        self._changed = asyncio.Event()
        run.listen(lambda _time, _event: self._changed.set())

    async def frames(self) -> AsyncGenerator[Trace, None]:
        """The trace, again and again: at most 10 times a second, at least once a second.

        The last frame is the ended run's. Closing the generator stops the run.
        """
        self.run.emit(self._started())
        solving = self._strategy.solve(self.run, self._question, self._params)
        self._task = task = asyncio.ensure_future(solving)
        # Whoever is cancelled while waiting for it, Ended is emitted.
        task.add_done_callback(self._end)
        if self._stopped:
            task.cancel()
        try:
            while not task.done():
                drawn = time.monotonic()
                self._changed.clear()
                yield self.run.trace
                await self._wait(task, drawn)
            self._end(task)
            yield self.run.trace
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Cancel the strategy, wait until it has let go of the engine, and emit Ended.

        Before the first frame: the run will end as soon as it begins.
        """
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._end(self._task)

    async def _wait(self, task: "asyncio.Future[str | None]", drawn: float) -> None:
        """Until something changed, but no sooner than a frame after the last."""
        changed = asyncio.ensure_future(self._changed.wait())
        awaited: set[asyncio.Future[Any]] = {changed, task}
        try:
            await asyncio.wait(
                awaited, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            changed.cancel()
        rest = FRAME_SECONDS - (time.monotonic() - drawn)
        if rest > 0 and not task.done():
            await asyncio.wait({task}, timeout=rest)

    def _end(self, task: "asyncio.Future[str | None]") -> None:
        """Emit Ended, once, from the way in which the strategy ended."""
        if self.run.trace.ended is not None:
            return
        if task.cancelled():
            self.run.emit(Ended("stopped"))
        elif (error := task.exception()) is None:
            answer = task.result()
            self.run.emit(Ended("no_answer" if answer is None else "answered", answer))
        elif isinstance(error, ThoughtscopeError):
            self.run.emit(Ended("failed", error=error.as_dict()))
        else:
            # A fault of ours: what was made is kept and the page says so; the log has the rest.
            _log.error("strategy %s failed", self._strategy.name, exc_info=error)
            self.run.emit(Ended("failed", error={"code": "internal", "fields": {}}))

    def _started(self) -> Started:
        info = self.run.engine_info
        return Started(
            strategy=self._strategy.name,
            question=self._question.text,
            kind=self._question.kind,
            language=self._question.language,
            params=dataclasses.asdict(self._params),
            seed=self.run.seed,
            model=info.model,
            engine=info.engine,
            device=info.device,
            context=info.context,
            reference=self._reference,
            special_tokens=info.special_tokens,
        )
