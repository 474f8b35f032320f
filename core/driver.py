"""Runs a strategy and hands out frames: the only generator between a strategy and a page."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable
from typing import Any

from core.errors import InvalidInput, ThoughtscopeError
from core.events import Closed, Delta, Ended, Event, Prompted, Started
from core.params import recorded
from core.question import Question
from core.run import Run
from core.strategy import Edit, Strategy
from core.trace import Trace

# Drawing takes from the two cores that the model needs; 7 frames a second still look like a flow,
# and half as many where in each of them only some of the paths would have moved.
FRAME_SECONDS = 0.15
SPARSE_FRAME_SECONDS = 0.3
HEARTBEAT_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Driver:
    """One run being made. `stop()` ends it from anywhere; the run then still emits Ended."""

    def __init__(
        self,
        run: Run,
        strategy: Strategy,
        question: Question,
        params: Any,
        reference: str = "",
        edit: Edit | None = None,
    ) -> None:
        """With an `edit`, `run` continues a history. Raises InvalidInput if it is refused, or if
        the engine lacks what the strategy needs."""
        if reason := strategy.lacks(run.engine_info.cannot, params):
            raise InvalidInput("strategy_cannot", name=strategy.name, reason_code=reason)
        self.run = run
        self._strategy = strategy
        self._question = question
        self._params = params
        self._reference = reference
        self._extending = self._extended(edit) if edit else None
        self._task: asyncio.Future[str | None] | None = None
        self._stopped = False
        self._changed = asyncio.Event()
        self._worth = asyncio.Event()
        self._writing = self._fresh = 0
        run.listen(self._heard)

    async def frames(self) -> AsyncGenerator[Trace, None]:
        """The trace, again and again: at most 7 times a second, at least once a second.

        The last frame is the ended run's. Closing the generator stops the run.
        """
        solving = self._extending
        if solving is None:
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
                self._worth.clear()
                self._fresh = 0
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
        """Until something is worth a frame, and no sooner than a frame after the last."""
        await _first(task, self._changed, HEARTBEAT_SECONDS)
        rest = FRAME_SECONDS - (time.monotonic() - drawn)
        if rest > 0 and not task.done():
            await asyncio.wait({task}, timeout=rest)
        await _first(task, self._worth, SPARSE_FRAME_SECONDS - (time.monotonic() - drawn))

    def _heard(self, _time: float, event: Event) -> None:
        """Text is worth a frame once there is a piece for every path that is being written; all
        else is at once."""
        match event:
            case Delta(forced=False):
                self._fresh += 1
            case Prompted():
                self._writing += 1
            case Closed():
                self._writing -= 1
        self._changed.set()
        if not isinstance(event, Delta) or self._fresh >= self._writing:
            self._worth.set()

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

    def _extended(self, edit: Edit) -> Awaitable[str | None]:
        if self._strategy.extend is None:
            raise InvalidInput("cannot_extend", name=self._strategy.name)
        return self._strategy.extend(self.run, self._question, self._params, edit)

    def _started(self) -> Started:
        info = self.run.engine_info
        return Started(
            strategy=self._strategy.name,
            question=self._question.text,
            kind=self._question.kind,
            language=self._question.language,
            params=recorded(self._params),
            seed=self.run.seed,
            model=info.model,
            engine=info.engine,
            device=info.device,
            context=info.context,
            reference=self._reference,
            special_tokens=info.special_tokens,
        )


async def _first(task: "asyncio.Future[str | None]", event: asyncio.Event, seconds: float) -> None:
    """Wait for `task` or `event`, whichever comes first, and at most so many seconds."""
    if seconds <= 0 or task.done() or event.is_set():
        return
    waiting = asyncio.ensure_future(event.wait())
    awaited: set[asyncio.Future[Any]] = {waiting, task}
    try:
        await asyncio.wait(awaited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
