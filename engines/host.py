"""Keeps one local engine alive: fetches its model, starts it, starts it again when it dies."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from core.engine import Engine, EngineStatus, Feature, Phase
from core.errors import EngineUnavailable, ThoughtscopeError
from engines.meter import Clock, Meter, Rate

_log = logging.getLogger(__name__)

DEATHS = 3
DEATHS_SECONDS = 60.0


class Progress(Protocol):
    """How far a model's file has come: `done` of `total` bytes, from the host `source`."""

    @property
    def phase(self) -> Literal["fetching", "verifying"]: ...
    @property
    def source(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class LocalEngine(Engine, Protocol):
    """An engine whose process can end."""

    @property
    def meter(self) -> Meter: ...
    @property
    def alive(self) -> bool: ...
    @property
    def log(self) -> str: ...
    @property
    def memory(self) -> int: ...
    async def ended(self) -> None: ...
    async def close(self) -> None: ...


class Tell(Protocol):
    """As `LocalHost.tell`: for whoever starts an engine."""

    def __call__(self, *, detail: str, device: str, context: int, log: str) -> None: ...


Fetch = Callable[[Callable[[Progress], None], threading.Event], Path]
"""`fetch(progress, cancelled)`, called in a thread: the model's file. Ends soon, with an error,
once `cancelled` is set. Raises ModelError."""

Start = Callable[[Path], Awaitable[LocalEngine]]
"""`start(path)`: a running engine. Raises EngineUnavailable."""


class LocalHost:
    """A `core.engine.EngineHost`. To be used from one event loop; `close` leaves nothing behind.

    An engine that dies is started again, unless it has died more than 3 times in a minute. With
    `lists` its status names what it cannot do: where each server is another, that is news.
    """

    def __init__(
        self,
        model: str,
        fetch: Fetch,
        start: Start,
        *,
        engine: str = "llama.cpp",
        cannot: Mapping[Feature, str] | None = None,
        lists: bool = False,
        clock: Clock = time.monotonic,
    ) -> None:
        self._shown = EngineStatus("starting", model, engine)
        self._cannot = {} if cannot is None else cannot  # this very one: it may change
        self._lists = lists
        self._fetch = fetch
        self._start = start
        self._clock = clock
        self._rate = Rate(clock)
        self._engine: LocalEngine | None = None
        self._settled = asyncio.Event()  # An engine runs, or there will be none.
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def begin(self) -> "asyncio.Task[None]":
        """Start in the background, or try again after a failure. Without effect while at work.

        Raises EngineUnavailable ("engine_closed") after `close`.
        """
        if self._closed:
            raise EngineUnavailable("engine_closed")
        if self._task is None or self._task.done():
            self._show("starting")
            self._settled.clear()
            self._task = asyncio.ensure_future(self._live())
            self._task.add_done_callback(self._ended)
        return self._task

    retry = begin

    @property
    def cannot(self) -> Mapping[Feature, str]:
        """What this kind of engine cannot do; known before it runs."""
        return self._cannot

    @property
    def status(self) -> EngineStatus:
        """What is going on now."""
        engine = self._engine
        if engine is None or not engine.alive:
            return self._shown
        info, meter = engine.info, engine.meter
        ready = EngineStatus("ready", info.model, info.engine, info.device)
        cannot = info.cannot if self._lists else {}
        return replace(
            ready,
            rate=meter.rate,
            active=meter.active,
            memory=engine.memory,
            cannot=cannot,
            context=self._shown.context,
            log=engine.log,
        )

    def tell(self, *, detail: str, device: str, context: int, log: str) -> None:
        """How far the start of the engine is, as in EngineStatus; for whoever starts it."""
        self._shown = replace(self._shown, detail=detail, device=device, context=context, log=log)

    async def ready(self) -> Engine:
        """The running engine; begins, or tries again, if need be.

        Raises ModelError or EngineUnavailable when it cannot be had.
        """
        task = self.begin()
        while True:
            await self._settled.wait()
            engine = self._engine
            if engine is not None and engine.alive:
                return engine
            if engine is not None:  # Dead, and `_serve` is about to be told.
                await engine.ended()
                await asyncio.sleep(0)
            elif task.cancelled():
                raise EngineUnavailable("engine_closed")
            elif task.done():
                task.result()

    async def close(self) -> None:
        """End everything: the fetching, the engine, the task. May be called twice."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _live(self) -> None:
        path = await self._fetched()
        deaths: deque[float] = deque(maxlen=DEATHS + 1)
        while True:
            await self._serve(path)
            deaths.append(self._clock())
            if len(deaths) > DEATHS and deaths[-1] - deaths[0] <= DEATHS_SECONDS:
                raise EngineUnavailable("engine_crashing", deaths=len(deaths))

    async def _fetched(self) -> Path:
        """The model's file. Does not return before the thread that fetches has ended."""
        cancelled = threading.Event()
        fetching = asyncio.to_thread(self._fetch, self._progress, cancelled)
        thread = asyncio.ensure_future(fetching)
        try:
            return await asyncio.shield(thread)
        finally:
            cancelled.set()
            await asyncio.wait({thread})
            thread.exception()  # Looked at, so that asyncio does not complain of it.

    async def _serve(self, path: Path) -> None:
        """Run one engine, from its start until it dies."""
        self._show("loading")
        engine = await self._start(path)
        self._engine = engine
        self._settled.set()
        try:
            await engine.ended()
        finally:
            self._engine = None
            self._settled.clear()
            self._shown = replace(self._shown, log=engine.log)
            await engine.close()

    def _progress(self, progress: Progress) -> None:
        """Called in the thread that fetches: one assignment shows the whole of it."""
        if (progress.phase, progress.source) != (self._shown.phase, self._shown.source):
            self._rate.restart()
        self._rate.reach(progress.done)
        self._shown = replace(
            self._shown,
            phase=progress.phase,
            source=progress.source,
            done=progress.done,
            total=progress.total,
            rate=self._rate.value,
        )

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Show how it came that there is no engine, and let those who wait for it know."""
        self._settled.set()
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, ThoughtscopeError):
            log = self._shown.log or str(error.fields.get("reason", ""))
            self._show("failed", error=error.as_dict(), log=log)
        else:  # A fault of ours: `ready` raises it, and the log has the rest.
            _log.error("the engine's host failed", exc_info=error)
            self._show("failed", error={"code": "internal", "fields": {}})

    def _show(
        self, phase: Phase, *, error: Mapping[str, object] | None = None, log: str = ""
    ) -> None:
        shown = self._shown
        self._shown = EngineStatus(phase, shown.model, shown.engine, error=error, log=log)
