"""Tabs are their own, and a flood of made-up ones pushes out nobody else's."""

import pytest

from components import sessions as module
from components.people import People
from components.sessions import Sessions
from core.allowance import Limits
from core.errors import InvalidInput
from tests.components.asking import request

HERE, THERE = "203.0.113.1", "203.0.113.2"


def made(tabs=3):
    return Sessions(People(Limits(tabs=tabs)))


async def test_a_tab_keeps_its_session_and_no_other_has_it():
    sessions = made()
    first = sessions.of(request(HERE, "a"))
    assert sessions.of(request(HERE, "a")) is first
    assert sessions.of(request(HERE, "b")) is not first
    await sessions.close(request(HERE, "a"))
    assert sessions.of(request(HERE, "a")) is not first


def test_a_person_with_too_many_tabs_loses_the_one_not_used_for_longest():
    sessions = made()
    a, b, c = (sessions.of(request(HERE, tab)) for tab in "abc")
    assert sessions.of(request(HERE, "a")) is a
    sessions.of(request(HERE, "d"))
    assert sessions.of(request(HERE, "a")) is a and sessions.of(request(HERE, "c")) is c
    assert sessions.of(request(HERE, "b")) is not b


def test_a_flood_of_tabs_spares_the_tabs_of_others():
    sessions = made()
    mine = sessions.of(request(THERE, "mine"))
    for number in range(5_000):
        sessions.of(request(HERE, str(number)))
    assert sessions.of(request(THERE, "mine")) is mine
    assert len(sessions._open) == 4


def test_where_something_goes_on_nothing_is_forgotten():
    sessions = made(tabs=2)
    busy, playing = (sessions.of(request(HERE, tab)) for tab in "ab")
    busy.ticket, playing.playing = People().line.join("x"), True
    with pytest.raises(InvalidInput, match="too_many_sessions: limit=2"):
        sessions.of(request(HERE, "c"))
    assert sessions.of(request(HERE, "a")) is busy
    playing.playing = False
    sessions.of(request(HERE, "c"))
    assert sessions.of(request(HERE, "a")) is busy


def test_also_many_people_cannot_shut_out_the_next_one(monkeypatch):
    monkeypatch.setattr(module, "MAX_SESSIONS", 10)
    sessions = made(tabs=0)
    for number in range(50):
        sessions.of(request(f"203.0.113.{number}", f"{number}"))
    assert len(sessions._open) == 10
