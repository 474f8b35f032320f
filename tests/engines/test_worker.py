"""Work in a thread ends with those who wanted it."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import aclosing
from contextvars import ContextVar

import pytest

from engines.in_process.worker import Worker
from tests.engines.texts import until

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def test_what_is_yielded_comes_in_order_and_in_the_callers_context() -> None:
    worker = Worker("test")
    WHO.set("me")

    def steps() -> Generator[object, None, None]:
        yield threading.current_thread().name.startswith("test")
        yield WHO.get()
        yield 3

    async with aclosing(worker.iterate(steps)) as items:
        assert [item async for item in items] == [True, "me", 3]
    await worker.close()


async def test_an_error_is_raised_after_what_came_before_and_work_goes_on() -> None:
    worker = Worker("test")

    def steps() -> Generator[int, None, None]:
        yield 1
        raise KeyError("ours")

    seen = []
    with pytest.raises(KeyError):
        async for item in worker.iterate(steps):
            seen.append(item)
    assert seen == [1]
    assert await worker.call(lambda: 7) == 7
    await worker.close()


async def test_closing_closes_the_generator_in_the_thread() -> None:
    worker = Worker("test")
    entered, resume, closed = threading.Event(), threading.Event(), threading.Event()

    def steps() -> Generator[int, None, None]:
        try:
            yield 1
            entered.set()
            resume.wait(10)
            yield 2
        finally:
            closed.set()

    items = worker.iterate(steps)
    assert await anext(items) == 1
    await until(entered.is_set)
    closing = asyncio.ensure_future(items.aclose())
    await asyncio.sleep(0.01)
    assert not closing.done(), "its present step is waited for"
    resume.set()
    await closing
    assert closed.is_set()
    await worker.close()


async def test_closing_the_worker_ends_what_is_iterated_over() -> None:
    worker = Worker("test")

    def steps() -> Generator[int, None, None]:
        while True:
            yield 1

    items = worker.iterate(steps)
    await anext(items)
    await worker.close()
    async with aclosing(items), asyncio.timeout(5):
        async for _ in items:
            pass
    with pytest.raises(RuntimeError):
        await worker.call(lambda: 7)
