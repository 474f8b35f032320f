"""The driver hands out frames, and ends every run: answered, stopped or failed."""

import asyncio
import logging
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from itertools import pairwise

import pytest

from core.driver import Driver
from core.engine import Sampling
from core.errors import EngineDied
from core.events import Ended, Started
from core.params import param
from core.question import Question
from core.run import Run
from core.strategy import Strategy
from engines.scripted import ScriptedEngine
from tests.core.builders import Gate, pausing

QUESTION = Question("2 + 2?", "number", "en")


@dataclass(frozen=True, slots=True)
class Params:
    tokens: int = param(1000)


async def think(run, question, params):
    node = run.open("answer")
    await node.generate(question.text, Sampling(max_tokens=params.tokens))
    return node.read(question)


def driver_of(text="It is 4.", solve=think, question=QUESTION, **engine):
    scripted = ScriptedEngine(lambda prompt, sampling, sample: text, **engine)
    strategy = Strategy("thinking", solve, Params, "none")
    return Driver(Run(scripted, 7), strategy, question, Params(), reference="4"), scripted


async def frames_of(driver):
    """When each frame came, and the trace's version in it."""
    async with aclosing(driver.frames()) as frames:
        return [(time.monotonic(), frame.version) async for frame in frames]


async def first_frame(driver):
    """The driver's frames, once the run has begun and the first one was seen."""
    frames = driver.frames()
    await anext(frames)
    return frames


def ends(driver):
    return [event for _, event in driver.run.events if isinstance(event, Ended)]


async def test_a_run_begins_with_what_was_asked_and_ends_with_its_answer():
    driver, _ = driver_of()
    await frames_of(driver)
    assert driver.run.events[0][1] == Started(
        strategy="thinking",
        question="2 + 2?",
        kind="number",
        language="en",
        params={"tokens": 1000},
        seed=7,
        model="scripted",
        engine="scripted",
        device="none",
        context=2048,
        reference="4",
        special_tokens=("<|user|>", "<|assistant|>"),
    )
    assert driver.run.events[-1][1] == Ended("answered", "4")


async def test_a_run_without_an_answer_says_so():
    driver, _ = driver_of("I cannot tell.")
    await frames_of(driver)
    assert ends(driver) == [Ended("no_answer")]


async def test_the_first_frame_comes_at_once_and_the_last_is_the_ended_run():
    driver, _ = driver_of()
    async with aclosing(driver.frames()) as frames:
        first = await anext(frames)
        assert (first.version, first.ended) == (1, None)
        rest = [frame.ended async for frame in frames]
    assert rest[-1] == Ended("answered", "4")


async def test_a_burst_is_drawn_at_most_ten_times_a_second():
    driver, _ = driver_of("word " * 150, gate=pausing(0.004))
    came = await frames_of(driver)
    events = len(driver.run.events)
    assert events > 150
    assert came[-1][1] == events
    between = [later - earlier for (earlier, _), (later, _) in pairwise(came[:-1])]
    assert min(between) > 0.095
    seconds = came[-1][0] - came[0][0]
    assert 4 <= len(came) <= 10 * seconds + 2


async def test_a_blocked_engine_is_still_drawn_once_a_second():
    gate = Gate(words=0)
    driver, _ = driver_of(gate=gate)
    frames = await first_frame(driver)
    await asyncio.wait_for(anext(frames), 0.5)  # the opened node and its prompt
    assert gate.reached.is_set()
    began, version = time.monotonic(), driver.run.trace.version
    frame = await asyncio.wait_for(anext(frames), 1.5)
    assert time.monotonic() - began > 0.5
    assert frame.version == version
    gate.open()
    assert [frame.ended async for frame in frames][-1] == Ended("answered", "4")


async def test_stop_lets_go_of_the_engine_keeps_the_text_and_ends_as_stopped():
    gate = Gate(words=2)
    driver, engine = driver_of(gate=gate)
    frames = await first_frame(driver)
    await gate.reached.wait()
    await driver.stop()
    assert engine.calls[0].closed
    assert ends(driver) == [Ended("stopped")]
    assert driver.run.trace.nodes["0"].sampled == "It is"
    last = [frame async for frame in frames][-1]
    assert last.ended == Ended("stopped")


async def test_closing_the_frames_stops_the_run():
    gate = Gate(words=1)
    driver, engine = driver_of(gate=gate)
    frames = await first_frame(driver)
    await gate.reached.wait()
    await frames.aclose()
    assert engine.calls[0].closed
    assert ends(driver) == [Ended("stopped")]


async def test_cancelling_the_reader_of_the_frames_stops_the_run():
    gate = Gate(words=1)
    driver, engine = driver_of(gate=gate)
    reader = asyncio.create_task(frames_of(driver))
    await gate.reached.wait()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    assert engine.calls[0].closed
    assert ends(driver) == [Ended("stopped")]


async def test_stopping_twice_or_after_the_end_ends_the_run_once():
    driver, _ = driver_of()
    await frames_of(driver)
    await driver.stop()
    await driver.stop()
    assert ends(driver) == [Ended("answered", "4")]


async def test_an_engine_that_dies_ends_the_run_as_failed_and_keeps_what_was_made():
    driver, engine = driver_of(gate=Gate(words=2, raises=EngineDied("killed")))
    await frames_of(driver)
    error = {"code": "engine_died", "fields": {"reason": "killed"}}
    assert ends(driver) == [Ended("failed", error=error)]
    assert driver.run.trace.nodes["0"].sampled == "It is"
    assert engine.calls[0].closed


async def test_a_prompt_too_long_ends_the_run_with_both_counts():
    driver, _ = driver_of(question=Question("word " * 3000, "number", "en"))
    await frames_of(driver)
    (end,) = ends(driver)
    assert end.error == {"code": "context_overflow", "fields": {"tokens": 3001, "limit": 1048}}


async def test_a_fault_of_ours_ends_the_run_as_internal_and_is_logged(caplog):
    async def stumble(run, question, params):
        run.open("answer")
        raise ZeroDivisionError("a secret detail")

    driver, _ = driver_of(solve=stumble)
    with caplog.at_level(logging.ERROR):
        await frames_of(driver)
    assert ends(driver) == [Ended("failed", error={"code": "internal", "fields": {}})]
    assert "0" in driver.run.trace.nodes
    assert "a secret detail" in caplog.text


async def test_two_runs_at_once_both_progress_and_do_not_mix():
    def reply(prompt, sampling, sample):
        return f"{prompt} says" + " word" * 20

    engine = ScriptedEngine(reply, gate=pausing(0.001))
    strategy = Strategy("thinking", think, Params, "none")
    drivers = [
        Driver(Run(engine, seed), strategy, Question(name, "text", "en"), Params())
        for seed, name in enumerate(["left", "right"])
    ]
    order = []
    for driver in drivers:
        driver.run.listen(lambda _time, _event, name=driver: order.append(name))
    await asyncio.gather(*(frames_of(driver) for driver in drivers))
    switches = sum(a is not b for a, b in pairwise(order))
    assert switches > 10
    for driver, own, other in zip(drivers, ("left", "right"), ("right", "left"), strict=True):
        text = driver.run.trace.nodes["0"].sampled
        assert text.startswith(f"{own} says")
        assert other not in text
        assert driver.run.trace.nodes["0"].tokens == 22


async def test_stopping_one_run_leaves_the_other_alone():
    gates = {"left": Gate(words=1), "right": Gate(words=1)}
    pairs = {name: driver_of(f"{name} is 4.", gate=gate) for name, gate in gates.items()}
    readers = {n: asyncio.create_task(frames_of(driver)) for n, (driver, _) in pairs.items()}
    for gate in gates.values():
        await gate.reached.wait()
    await pairs["left"][0].stop()
    gates["right"].open()
    await asyncio.gather(*readers.values())
    assert ends(pairs["left"][0]) == [Ended("stopped")]
    assert ends(pairs["right"][0]) == [Ended("answered", "4")]


@pytest.mark.parametrize("error", [asyncio.CancelledError, KeyError])
async def test_frames_end_by_themselves_whatever_the_strategy_does(error):
    async def leave(run, question, params):
        raise error

    driver, _ = driver_of(solve=leave)
    await asyncio.wait_for(frames_of(driver), 5)
    assert len(ends(driver)) == 1


async def test_a_run_stopped_before_its_first_frame_never_starts():
    driver, engine = driver_of()
    await driver.stop()
    await frames_of(driver)
    assert driver.run.trace.ended.status == "stopped"
    assert engine.calls == []


async def test_ended_is_emitted_though_the_one_who_stops_is_cancelled_too():
    gate = Gate(words=1)
    driver, _engine = driver_of(gate=gate)
    frames = asyncio.create_task(frames_of(driver))
    await gate.reached.wait()
    stopping = asyncio.create_task(driver.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    await frames
    assert driver.run.trace.ended.status == "stopped"
