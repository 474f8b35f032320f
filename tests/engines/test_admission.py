"""Requests enter in order, never more than fit, and give back what they held."""

import asyncio

import pytest

from engines.server.admission import Admission


async def enter(
    admission: Admission, slots: int, cells: int, log: list[str], name: str
) -> "tuple[asyncio.Task[None], asyncio.Event]":
    """A task that holds until the event is set; `log` tells when it came in."""
    leave = asyncio.Event()

    async def hold() -> None:
        async with admission.hold(slots, cells):
            log.append(name)
            await leave.wait()

    task = asyncio.ensure_future(hold())
    await settle()
    return task, leave


async def settle() -> None:
    """Let every task run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_fits_enters_at_once() -> None:
    admission, log = Admission(16, 100), list[str]()
    first = await enter(admission, 8, 50, log, "a")
    second = await enter(admission, 8, 50, log, "b")
    assert log == ["a", "b"] and (admission.free_slots, admission.free_cells) == (0, 0)
    for task, leave in (first, second):
        leave.set()
        await task
    assert (admission.free_slots, admission.free_cells) == (16, 100)


@pytest.mark.parametrize(("slots", "cells"), [(9, 1), (1, 60)])
async def test_what_does_not_fit_waits_and_is_not_overtaken(slots: int, cells: int) -> None:
    admission, log = Admission(16, 100), list[str]()
    first, leave = await enter(admission, 8, 50, log, "first")
    large, leave_large = await enter(admission, slots, cells, log, "large")
    small, leave_small = await enter(admission, 1, 1, log, "small")
    assert log == ["first"]
    leave.set()
    await first
    await settle()
    assert log == ["first", "large", "small"]
    leave_large.set()
    leave_small.set()
    await asyncio.gather(large, small)
    assert (admission.free_slots, admission.free_cells) == (16, 100)


async def test_who_stops_waiting_lets_the_next_one_in() -> None:
    admission, log = Admission(16, 100), list[str]()
    first, leave = await enter(admission, 10, 10, log, "first")
    large, _ = await enter(admission, 10, 10, log, "large")
    small, leave_small = await enter(admission, 1, 1, log, "small")
    large.cancel()
    await settle()
    assert log == ["first", "small"]
    leave.set()
    leave_small.set()
    await asyncio.gather(first, small)
    assert admission.free_slots == 16


async def test_cancelled_in_the_moment_of_entering_gives_back() -> None:
    admission, log = Admission(1, 1), list[str]()
    async with admission.hold(1, 1):
        second, _ = await enter(admission, 1, 1, log, "second")
    second.cancel()  # It was let in at the end of the block, and has not run since.
    await asyncio.gather(second, return_exceptions=True)
    assert log == []
    assert (admission.free_slots, admission.free_cells) == (1, 1)


async def test_an_error_inside_gives_back() -> None:
    admission = Admission(1, 1)
    with pytest.raises(RuntimeError):
        async with admission.hold(1, 1):
            raise RuntimeError
    assert (admission.free_slots, admission.free_cells) == (1, 1)


async def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the engine has"):
        async with Admission(4, 10).hold(1, 11):
            pass


@pytest.mark.parametrize(
    ("prompt", "max_tokens", "size"),
    [(100, 100, 8), (1000, 1000, 7), (4000, 3000, 1), (8000, 192, 1), (7000, 9000, 1)],
)
def test_a_group_takes_half_of_the_engine_at_most(prompt: int, max_tokens: int, size: int) -> None:
    assert Admission(16, 16384).largest_group(prompt, max_tokens) == size


async def line_up(admission: Admission, asked: str) -> str:
    """Requests for everything there is, by their askers, behind one that holds it; who came in."""
    log: list[str] = []

    async def hold(asker: str) -> None:
        async with admission.hold(1, 1, asker):
            log.append(asker)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group, admission.hold(1, 1, "first"):
        for asker in asked:
            group.create_task(hold(asker))
        await settle()
        assert not log
    return "".join(log)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("aaa", "aaa"),
        ("aaaab", "abaaa"),
        ("aaabbc", "abcaba"),
        ("abab", "abab"),
    ],
)
async def test_askers_take_turns(asked: str, served: str) -> None:
    assert await line_up(Admission(1, 1), asked) == served


async def test_one_text_of_another_does_not_wait_for_all_forty() -> None:
    served = await line_up(Admission(1, 1), "a" * 40 + "b")
    assert served.index("b") == 1


async def test_a_large_request_is_not_overtaken_by_another_asker() -> None:
    admission, log = Admission(16, 100), list[str]()
    tasks = []
    async with admission.hold(10, 10, "going"):
        for slots, asker in ((10, "large"), (1, "small")):

            async def hold(slots: int = slots, asker: str = asker) -> None:
                async with admission.hold(slots, slots, asker):
                    log.append(asker)

            tasks.append(asyncio.ensure_future(hold()))
            await settle()
        assert log == []
    await asyncio.gather(*tasks)
    assert log == ["large", "small"]


async def test_who_is_cancelled_leaves_its_line_and_the_turn_to_the_next() -> None:
    admission, log = Admission(1, 1), list[str]()

    async def hold(asker: str) -> None:
        async with admission.hold(1, 1, asker):
            log.append(asker)

    async with admission.hold(1, 1, "going"):
        waiting = {asker: asyncio.ensure_future(hold(asker)) for asker in "ab"}
        await settle()
        waiting["a"].cancel()
        await asyncio.gather(waiting["a"], return_exceptions=True)
    await waiting["b"]
    assert log == ["b"] and not admission._lines
