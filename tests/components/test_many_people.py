"""Runs of several people, from Run to the end, without a browser: the line and the limits."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from components.page import Page
from components.people import People
from components.texts import texts
from core.allowance import Limits
from core.recording import read
from engines.scripted import ScriptedEngine, ScriptedHost
from strategies import REGISTRY
from tests.components.asking import request

EN, ZH = texts("en"), texts("zh")
TEXT = " We count them all, one after the other. The answer is 15."
NEXT = EN("explore.line.next")


def place(number):
    return EN("explore.line", place=number, before=number - 1)


class Desk:
    """A page on an engine that makes a word whenever it is told to; `limits` as on a host."""

    def __init__(self, **limits):
        self.told = asyncio.Event()
        self.engine = ScriptedEngine(lambda *_: TEXT, gate=self._gate)
        self.there = asyncio.Event()
        self.there.set()
        self.people = People(Limits(**limits))
        host = ScriptedHost(self.engine, waiting=self.there)
        self.page = Page(REGISTRY, host, self.people)
        self.explore = self.page.explore

    def _gate(self):
        return asyncio.ensure_future(self.told.wait())

    def form(self, question):
        values = [component.value for component in self.explore.form._inputs]
        return [question, *values[1:]]


class Tab:
    """One tab of a person; `person` is the last part of an address."""

    def __init__(self, desk, person, name="tab"):
        self._explore = desk.explore
        self._desk = desk
        self._request = request(f"203.0.113.{person}", f"{person}/{name}")
        self._heard = asyncio.Event()
        self.said = []

    @property
    def session(self):
        return self._desk.page._sessions.of(self._request)

    async def run(self, question="How many pens?"):
        """Press Run, and stream until the end; what the headline says is in `said`."""
        begun = await self._explore._begin_new(self._request, self._desk.form(question))
        self._hear(begun[0])
        async for frame in self._explore._stream(self._request):
            self._hear(frame[0])
        return self

    async def stop(self):
        await self._explore._stop(self._request)

    async def close(self):
        await self._desk.page._sessions.close(self._request)

    def _hear(self, frame):
        status = (json.loads(frame["parts"]["headline"]) or {}).get("status", "")
        if not self.said or self.said[-1] != status:
            self.said.append(status)
            self._heard.set()

    async def hears(self, words):
        """Wait until the headline says so."""
        async with asyncio.timeout(10):
            while not (self.said and words in self.said[-1]):
                self._heard.clear()
                await self._heard.wait()

    async def goes(self):
        await self.hears(EN("headline.running"))


@asynccontextmanager
async def desk(**limits) -> AsyncIterator[Desk]:
    made = Desk(**limits)
    async with asyncio.timeout(60):
        yield made
    made.page.close()


async def test_who_waits_is_told_the_place_and_is_let_in_in_turn():
    async with desk(at_once=1) as one, asyncio.TaskGroup() as group:
        tabs = [Tab(one, person) for person in range(3)]
        for tab in tabs:
            group.create_task(tab.run())
            await asyncio.sleep(0)
        await tabs[0].goes()
        await tabs[1].hears(NEXT)
        await tabs[2].hears(place(2))
        assert one.people.line.waiting == 2
        await tabs[0].stop()
        await tabs[1].goes()
        await tabs[2].hears(NEXT)
        one.told.set()
    assert one.people.line.waiting == 0
    assert "stopped" in tabs[0].said[-1]
    assert tabs[2].said[-3:-1] == [NEXT, EN("headline.running")]
    assert all("finished" in tab.said[-1] for tab in tabs[1:])


async def test_stop_leaves_the_line_and_the_engine_is_never_asked():
    async with desk(at_once=1) as one, asyncio.TaskGroup() as group:
        going, leaving, staying = (Tab(one, person) for person in range(3))
        for tab in (going, leaving, staying):
            group.create_task(tab.run())
            await asyncio.sleep(0)
        await leaving.hears(NEXT)
        await leaving.stop()
        await staying.hears(NEXT)
        await leaving.hears(EN("headline.stopped"))
        assert not leaving.session.running
        one.told.set()
    assert len(one.engine.calls) == 2


@pytest.mark.parametrize("going", [True, False])
async def test_a_closed_tab_frees_its_place_at_once(going):
    async with desk(at_once=1) as one, asyncio.TaskGroup() as group:
        tabs = [Tab(one, person) for person in range(3)]
        for tab in tabs:
            group.create_task(tab.run())
            await asyncio.sleep(0)
        await tabs[0].goes()
        await tabs[2].hears(place(2))
        await tabs[0 if going else 1].close()
        await tabs[2].hears(NEXT)
        assert one.people.line.waiting == 1
        one.told.set()


async def test_a_run_that_ends_badly_makes_room_too():
    async with desk(at_once=1) as one:
        one.told.set()
        await Tab(one, 1).run("pens " * 3_000)
        assert "finished" in (await Tab(one, 2).run()).said[-1]


async def test_who_waits_for_the_engine_lets_others_do_so_and_leaves_on_stop():
    async with desk(at_once=2) as one, asyncio.TaskGroup() as group:
        one.there.clear()
        one.told.set()
        tabs = [Tab(one, person) for person in range(3)]
        for tab in tabs:
            group.create_task(tab.run())
            await asyncio.sleep(0)
        await tabs[0].hears(EN("explore.waiting"))
        await tabs[1].hears(EN("explore.waiting"))
        await tabs[2].hears(NEXT)
        await tabs[0].stop()
        await tabs[2].hears(EN("explore.waiting"))
        one.there.set()
    assert "finished" in tabs[2].said[-1] and "stopped" in tabs[0].said[-1]


async def test_a_second_run_of_a_person_is_refused_and_others_are_not():
    async with desk(runs=1) as one, asyncio.TaskGroup() as group:
        first = Tab(one, 1)
        group.create_task(first.run())
        await first.goes()
        second = await Tab(one, 1, "another").run()
        assert second.said == [EN("error.limit_runs", limit=1)]
        assert not second.session.running and second.session.prepared is None
        other = Tab(one, 2)
        group.create_task(other.run())
        await other.goes()
        one.told.set()


async def test_beginning_in_two_tabs_and_streaming_later_does_not_help():
    async with desk(runs=1) as one:
        one.told.set()
        tabs = [Tab(one, 1, name) for name in "ab"]
        for tab in tabs:
            await one.explore._begin_new(tab._request, one.form("How many?"))
        streams = [one.explore._stream(tab._request) for tab in tabs]
        frames = [await anext(stream) for stream in streams]
        tabs[1]._hear(frames[1][0])
        assert tabs[1].said == [EN("error.limit_runs", limit=1)]
        for stream in streams:
            await stream.aclose()


async def test_a_run_that_has_had_its_tokens_ends_in_order_and_can_be_downloaded():
    async with desk(run_tokens=30) as one:
        one.told.set()
        tab = await Tab(one, 1).run()
        words = EN("error.limit_run_tokens", limit=30, made=30)
        assert tab.said[-1] == EN("headline.failed", reason=words)
        file = tab.session.made[0]
        assert file is not None
        trace = read(file.read_bytes()).trace()
        assert trace.totals().sampled == 30
        assert trace.ended.error == {
            "code": "limit_run_tokens",
            "fields": {"limit": 30, "made": 30},
        }
        assert one.engine.calls[-1].closed


async def test_an_hours_tokens_end_the_run_and_refuse_the_next_in_the_readers_language():
    async with desk(hour_tokens=50) as one:
        one.told.set()
        tab = await Tab(one, 1).run()
        assert EN("error.limit_hour_tokens", limit=50) in tab.said[-1]
        again = Tab(one, 1, "another")
        again.session.language = "zh"
        await again.run()
        assert again.said == [ZH("error.limit_hour", limit=50, minutes=61)]
        other = await Tab(one, 2).run()
        assert EN("error.limit_hour_tokens", limit=50) in other.said[-1], (
            "each has an hour of one's own"
        )


async def test_nothing_that_names_a_person_is_recorded():
    async with desk(at_once=1, runs=1, run_tokens=10_000) as one:
        one.told.set()
        tab = await Tab(one, 1).run()
        recorded = tab.session.made[0].read_text(encoding="utf-8")
        assert "203.0.113" not in recorded
        assert one.people.who(tab._request) not in recorded


async def test_files_to_download_have_names_that_nobody_can_guess():
    async with desk() as one:
        one.told.set()
        tab = Tab(one, 1)
        names = [(await tab.run()).session.made[0].name for _ in range(2)]
        assert names[0] != names[1]
        assert all(len(name.removesuffix(".jsonl").split("-")[-1]) == 16 for name in names)


async def test_a_host_does_not_fill_its_disk_with_runs():
    async with desk() as one:
        one.told.set()
        tab = Tab(one, 1)
        old, new = [(await tab.run()).session.made[0] for _ in range(2)]
        os.utime(old, (0, 0))
        await tab.run()
        assert (old.exists(), new.exists()) == (False, True)
