"""Short requests with one prefix enter one at a time and in turn; all others enter at once."""

import asyncio
from collections.abc import Hashable, Sequence

import pytest

from engines.llamacpp.lanes import LONG, Lanes, common

PREFIX = tuple(range(200))


class Asking:
    """Requests that hold their turn until they are told to leave; `log` tells who came in."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.log: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._leave: dict[str, asyncio.Event] = {}

    async def ask(
        self, name: str, prompt: Sequence[int], writes: int = 8, asker: Hashable = None
    ) -> None:
        """A request; it is in, or waits, when this returns."""
        self._leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, prompt, writes, asker))
        await settle()

    async def _hold(self, name: str, prompt: Sequence[int], writes: int, asker: Hashable) -> None:
        async with self.lanes.turn(prompt, writes, asker):
            self.log.append(name)
            await self._leave[name].wait()

    async def leave(self, name: str) -> None:
        assert name in self.log, f"{name} is not in; {self.log} were"
        self._leave[name].set()
        await self.tasks[name]
        await settle()

    async def end(self) -> None:
        """Let everybody through; nobody may be left behind."""
        for leave in self._leave.values():
            leave.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        assert len(self.lanes) == 0


async def settle() -> None:
    """Let every task run that can."""
    for _ in range(8):
        await asyncio.sleep(0)


async def test_one_prefix_one_at_a_time_in_the_order_of_asking() -> None:
    asking = Asking()
    for number in range(4):
        await asking.ask(str(number), (*PREFIX, 1000 + number))
    for number in range(4):
        assert asking.log == [str(earlier) for earlier in range(number + 1)]
        await asking.leave(str(number))
    await asking.end()


@pytest.mark.parametrize(
    "other",
    [
        tuple(range(500, 700)),
        (*PREFIX[: LONG - 1], 1000),
        (*PREFIX[: LONG + 10], *range(500, 700)),
    ],
    ids=["another prefix", "a short prefix", "less than half of the prompt"],
)
async def test_who_shares_too_little_enters_at_once(other: Sequence[int]) -> None:
    asking = Asking()
    await asking.ask("one", (*PREFIX, 1))
    await asking.ask("other", other)
    assert asking.log == ["one", "other"] and len(asking.lanes) == 2
    await asking.end()


async def test_who_may_write_much_neither_waits_nor_is_waited_for() -> None:
    asking = Asking()
    await asking.ask("long", PREFIX, 101)
    await asking.ask("short", PREFIX, 100)
    await asking.ask("long too", PREFIX, 101)
    await asking.ask("short too", PREFIX, 1)
    assert asking.log == ["long", "short", "long too"]
    await asking.end()


async def test_who_joins_a_lane_may_make_it_too_long_to_wait_for() -> None:
    asking = Asking()
    await asking.ask("one", PREFIX, 1)
    await asking.ask("two", PREFIX, 90)
    await asking.ask("shares too little", (*PREFIX[:170], *range(500, 600)), 1)
    assert asking.log == ["one", "shares too little"]
    await asking.ask("shares enough", (*PREFIX[:190], *range(500, 600)), 1)
    assert asking.log == ["one", "shares too little"]
    await asking.end()


async def test_the_longest_common_prefix_decides_whom_to_wait_for() -> None:
    asking = Asking()
    near = (*PREFIX[:150], *range(500, 700))
    await asking.ask("far", PREFIX)
    await asking.ask("near", near)
    await asking.ask("last", (*near[:160], 1000))
    assert asking.log == ["far", "near"]
    await asking.leave("far")
    assert asking.log == ["far", "near"]
    await asking.leave("near")
    assert asking.log == ["far", "near", "last"]
    await asking.end()


async def test_askers_take_turns() -> None:
    """However many stand in line for one person, the next one's waits for one of them."""
    asking = Asking()
    for number in range(5):
        await asking.ask(f"a{number}", PREFIX, asker="a")
    for number in range(2):
        await asking.ask(f"b{number}", PREFIX, asker="b")
    expected = ["a0", "b0", "a1", "b1", "a2", "a3", "a4"]
    for name in expected:
        await asking.leave(name)
    assert asking.log == expected
    await asking.end()


async def test_who_is_cancelled_leaves_the_line() -> None:
    asking = Asking()
    for name in ("one", "two", "three"):
        await asking.ask(name, PREFIX)
    asking.tasks["two"].cancel()
    await settle()
    await asking.leave("one")
    assert asking.log == ["one", "three"]
    await asking.end()


async def test_cancelled_in_the_moment_of_entering_lets_the_next_one_in() -> None:
    asking = Asking()
    async with asking.lanes.turn(PREFIX, 1):
        await asking.ask("two", PREFIX)
        await asking.ask("three", PREFIX)
    asking.tasks["two"].cancel()  # Its turn came at the end of the block, and it has not run since.
    await settle()
    assert asking.log == ["three"]
    await asking.end()


async def test_when_all_are_cancelled_none_enters_and_nothing_is_kept() -> None:
    asking = Asking()
    for number in range(40):
        await asking.ask(str(number), PREFIX, asker=number % 2)
    for task in asking.tasks.values():
        task.cancel()
    await asyncio.wait(asking.tasks.values())
    assert asking.log == ["0"] and len(asking.lanes) == 0


async def test_an_error_inside_gives_the_turn_on() -> None:
    lanes = Lanes()
    with pytest.raises(RuntimeError):
        async with lanes.turn(PREFIX, 1):
            raise RuntimeError
    assert len(lanes) == 0
    async with lanes.turn(PREFIX, 1):
        assert len(lanes) == 1


def test_common() -> None:
    assert common((1, 2, 3), (1, 2, 4)) == 2
    assert common((1, 2), (1, 2, 4)) == 2
    assert common((), (1,)) == common((2,), (1,)) == 0
