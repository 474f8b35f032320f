"""Who is a person, and what a person may have."""

import re

import pytest

from components.people import People, client_address, household
from core.allowance import Limits
from core.engine import Sampling
from core.errors import LimitReached
from engines.scripted import ScriptedEngine
from tests.components.asking import request


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ((), 0, "10.0.0.1"),
        (("1.1.1.1",), 0, "10.0.0.1"),  # nobody is trusted to tell
        (("1.1.1.1",), 1, "1.1.1.1"),
        (("9.9.9.9, 1.1.1.1",), 1, "1.1.1.1"),  # what stands before came from the client
        (("9.9.9.9", "1.1.1.1"), 1, "1.1.1.1"),  # the same in two headers
        (("9.9.9.9, 1.1.1.1, 10.0.0.9",), 2, "1.1.1.1"),
        (("1.1.1.1",), 2, "10.0.0.1"),  # it did not come through both
        ((), 1, "10.0.0.1"),
        (("9.9.9.9, 1.1.1.1, 10.0.0.9, 10.0.0.8",), "space", "1.1.1.1"),
        (("1.1.1.1",), "space", "1.1.1.1"),
        (("10.0.0.9",), "space", "10.0.0.1"),
        (("8.8.8.8 or so, 1.1.1.1",), "space", "1.1.1.1"),
        ((), "space", "10.0.0.1"),
    ],
)
def test_only_what_trusted_proxies_wrote_tells_who_asks(forwarded, proxies, address):
    assert client_address("10.0.0.1", forwarded, proxies) == address


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.2.3.4", "1.2.3.4:5678", True),
        ("1.2.3.4", "::ffff:1.2.3.4", True),
        ("1.2.3.4", "1.2.3.5", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "[2001:db8:1:2::7]:443", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("no address", "no address", True),
        ("no address", "another", False),
    ],
)
def test_what_one_person_can_change_at_will_makes_no_other_person(one, other, same):
    assert (household(one) == household(other)) is same


def test_all_tabs_of_an_address_are_one_person_and_tabs_of_others_are_not():
    people = People()
    who = people.who(request("1.2.3.4", tab="a"))
    assert people.who(request("1.2.3.4", tab="b")) == who
    assert people.who(request("1.2.3.5", tab="a")) != who
    assert people.who(request("")) != who  # nobody knows from where


def test_a_header_sent_by_a_client_makes_nobody_another_person():
    people = People()
    who = people.who(request("1.2.3.4"))
    assert people.who(request("1.2.3.4", forwarded=("5.6.7.8",))) == who
    behind = People(proxies=1)
    one, other = (behind.who(request("10.0.0.1", forwarded=(f"{n}, 1.1.1.1",))) for n in (1, 2))
    assert one == other


def test_a_person_cannot_be_told_from_the_name_that_is_kept():
    one, other = (People().who(request("1.2.3.4")) for _ in range(2))
    assert one != other, "each process has a key of its own"
    assert re.fullmatch("[0-9a-f]{128}", one)


async def test_a_person_may_have_so_many_runs_going_or_waiting():
    people = People(Limits(at_once=1, runs=2))
    first, _second = people.join("a"), people.join("a")
    with pytest.raises(LimitReached) as refused:
        people.join("a")
    assert (refused.value.code, refused.value.fields) == ("limit_runs", {"limit": 2})
    people.join("b")
    first.leave()
    people.check("a")


async def test_who_has_had_an_hours_tokens_is_told_when_there_are_more():
    now = [0.0]
    people = People(Limits(hour_tokens=10), clock=lambda: now[0])
    engine = people.rationed(ScriptedEngine(lambda *_: " a b c d e f g h i j"), "a")
    async for _chunk in engine.stream("p", Sampling()):
        pass
    now[0] = 60.0
    with pytest.raises(LimitReached) as refused:
        people.join("a")
    assert refused.value.code == "limit_hour"
    assert refused.value.fields == {"limit": 10, "minutes": 60}
    people.join("b")
    now[0] = 3_660.0
    people.join("a")


async def test_without_limits_nobody_is_refused():
    people = People()
    assert {people.join("a").state for _ in range(100)} == {"going"}
