"""Who is let in, when, and what place those who wait are told."""

import asyncio

import pytest

from core.line import Line, Ticket


def places(*tickets: Ticket) -> list[int]:
    return [ticket.place for ticket in tickets]


async def test_so_many_go_and_the_others_wait_in_the_order_of_coming() -> None:
    line = Line(2)
    a, b, c, d = (line.join(person) for person in "abcd")
    assert [ticket.state for ticket in (a, b, c, d)] == ["going", "going", "waiting", "waiting"]
    assert places(a, b, c, d) == [0, 0, 1, 2]
    assert line.waiting == 2
    b.leave()
    assert places(c, d) == [0, 1] and c.state == "going"
    a.leave()
    assert d.state == "going" and line.waiting == 0


async def test_without_a_limit_nobody_waits() -> None:
    line = Line()
    assert {line.join("a").state for _ in range(50)} == {"going"}


async def test_nobody_is_let_in_again_before_others_have_been_once() -> None:
    line = Line(1)
    going = line.join("a")
    second, third = line.join("a"), line.join("a")
    other = line.join("b")
    assert places(other, second, third) == [1, 2, 3]
    going.leave()
    assert other.state == "going"
    assert places(second, third) == [1, 2]
    late, later = line.join("c"), line.join("b")
    # "b" has one going; "c" has none, and comes before all seconds.
    assert places(late, second, later, third) == [1, 2, 3, 4]


async def test_who_has_nothing_in_the_line_any_more_comes_as_anybody_else() -> None:
    line = Line(1)
    first, other = line.join("a"), line.join("b")
    first.leave()
    again = line.join("a")
    newcomer = line.join("c")
    assert other.state == "going"
    assert places(again, newcomer) == [1, 2], "no stream of new people can hold one back for ever"


async def test_forty_runs_of_one_person_keep_another_waiting_for_one_only() -> None:
    line = Line(1)
    first = line.join("a")
    rest = [line.join("a") for _ in range(39)]
    other = line.join("b")
    first.leave()
    assert other.state == "going"
    assert {ticket.state for ticket in rest} == {"waiting"}


async def test_who_leaves_while_waiting_moves_the_others_up() -> None:
    line = Line(1)
    _going, leaving, staying = (line.join(person) for person in "abc")
    leaving.leave()
    assert (leaving.state, leaving.place, staying.place) == ("gone", 0, 1)
    leaving.leave()  # a second time changes nothing
    assert line.waiting == 1 and staying.state == "waiting"


async def test_leaving_twice_makes_room_once() -> None:
    line = Line(1)
    going, second, third = (line.join(person) for person in "abc")
    going.leave()
    going.leave()
    assert (second.state, third.state) == ("going", "waiting")


async def test_those_who_wait_hear_that_the_line_has_moved() -> None:
    line = Line(1)
    _going, leaving, staying = (line.join(person) for person in "abc")
    await staying.moved(0)  # what has moved so far
    heard = asyncio.ensure_future(staying.moved(60))
    await asyncio.sleep(0)
    assert not heard.done()
    leaving.leave()
    await asyncio.wait_for(heard, 5)
    assert staying.place == 1


@pytest.mark.parametrize("how", ["let in", "left"])
async def test_who_waits_no_more_hears_it(how: str) -> None:
    line = Line(1)
    going, waiting = line.join("a"), line.join("b")
    await waiting.moved(0)
    heard = asyncio.ensure_future(waiting.moved(60))
    await asyncio.sleep(0)
    (going if how == "let in" else waiting).leave()
    await asyncio.wait_for(heard, 5)
    assert waiting.state == ("going" if how == "let in" else "gone")


async def test_the_runs_of_a_person_are_counted_going_or_waiting() -> None:
    line = Line(1)
    first, _second = line.join("a"), line.join("a")
    line.join("b")
    assert (line.of("a"), line.of("b"), line.of("c")) == (2, 1, 0)
    first.leave()
    assert line.of("a") == 1
