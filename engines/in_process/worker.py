"""One thread for work that would block the event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Does one thing after another, in the order of asking. To be used from one event loop."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._stops: dict[asyncio.Future[None], threading.Event] = {}

    async def call(self, function: Callable[[], T]) -> T:
        """What `function()` returns. It goes on to its end also where this is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def iterate(
        self, make: Callable[[], Generator[T, None, None]]
    ) -> AsyncGenerator[T, None]:
        """What the generator `make()` yields, as it comes, in the caller's context.

        The generator is closed after its present step once this one is; that is waited for. It also
        ends early when the worker is closed.
        """
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
        stop = threading.Event()

        def work() -> None:
            with closing(make()) as steps:
                while not stop.is_set() and (item := next(steps, None)) is not None:
                    loop.call_soon_threadsafe(items.put_nowait, (item,))

        done = loop.run_in_executor(self._thread, copy_context().run, work)
        done.add_done_callback(lambda _: items.put_nowait(None))
        self._stops[done] = stop
        try:
            while item := await items.get():
                yield item[0]
            await done
        finally:
            stop.set()
            await asyncio.wait({done})
            del self._stops[done]
            done.exception()  # Looked at, so that asyncio does not complain of it.

    async def close(self) -> None:
        """End what is iterated over, and wait for it. A call that goes on is not waited for."""
        for stop in self._stops.values():
            stop.set()
        if self._stops:
            await asyncio.wait(set(self._stops))
        self._thread.shutdown(wait=False, cancel_futures=True)
