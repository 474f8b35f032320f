"""Several streams as one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def merged(streams: Sequence[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    """The items of all `streams`, as they come. The first error ends the others, and is raised.

    Not a task group: what is yielded inside one would be cancelled by it at the wrong place.
    """
    came: asyncio.Queue[T | asyncio.Task[None]] = asyncio.Queue()
    tasks = [asyncio.create_task(_pump(stream, came)) for stream in streams]
    for task in tasks:
        task.add_done_callback(came.put_nowait)
    try:
        running = len(tasks)
        while running:
            item = await came.get()
            if isinstance(item, asyncio.Task):
                item.result()
                running -= 1
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(
    stream: AsyncGenerator[T, None], came: "asyncio.Queue[T | asyncio.Task[None]]"
) -> None:
    async with aclosing(stream) as items:
        async for item in items:
            came.put_nowait(item)
