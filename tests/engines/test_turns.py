"""One at a time, and askers in turn."""

import asyncio

import pytest

from engines.in_process.turns import Turns


async def test_one_at_a_time_in_the_order_of_asking() -> None:
    turns, seen = Turns(), []

    async def ask(name: str, asker: str) -> None:
        async with turns.turn(asker):
            seen.append(name)
            await asyncio.sleep(0)
            seen.append(name)

    async with asyncio.TaskGroup() as group:
        for name, asker in (("1", "a"), ("2", "a"), ("3", "a"), ("4", "b"), ("5", "c")):
            group.create_task(ask(name, asker))
    assert seen[::2] == seen[1::2], "they do not overlap"
    assert seen[::2] == ["1", "4", "5", "2", "3"]
    assert len(turns) == 0


async def test_who_gives_up_leaves_the_line() -> None:
    turns = Turns()
    async with turns.turn("a"):
        waiting = asyncio.ensure_future(turns.turn("b").__aenter__())
        await asyncio.sleep(0)
        assert len(turns) == 2
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(turns) == 1
    async with turns.turn("c"):
        assert len(turns) == 1
