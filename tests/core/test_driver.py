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
from core.errors import EngineDied, InvalidInput
from core.events import Closed, Delta, Ended, Prompted, Started
from core.params import param
from core.question import Question
from core.run import Run
from core.strategy import Edit, Strategy
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


class Words:
    """Nodes that are being written, a word at a time, by hand; solves until `done`."""

    def __init__(self, *names):
        self.names = names
        self.done = asyncio.Event()

    async def __call__(self, run, question, params):
        self.run = run
        for name in self.names:
            run.open("path")
            run.emit(Prompted(name, "Q", Sampling()))
        await self.done.wait()

    def word(self, name, **forced):
        self.run.emit(Delta(name, " word", 1, **forced))


async def written(monkeypatch, *names):
    """A driver whose nodes are being written and have just been drawn. Sparse frames are far."""
    monkeypatch.setattr("core.driver.FRAME_SECONDS", 0.0)
    monkeypatch.setattr("core.driver.HEARTBEAT_SECONDS", 600.0)
    monkeypatch.setattr("core.driver.SPARSE_FRAME_SECONDS", 300.0)
    words = Words(*names)
    driver, _ = driver_of(solve=words)
    frames = await first_frame(driver)
    frame = await asyncio.wait_for(anext(frames), 5)
    assert list(frame.nodes) == list(names)
    return driver, frames, words


async def turned():
    """Let whoever can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_text_is_worth_a_frame_once_every_path_that_is_written_has_a_piece(monkeypatch):
    driver, frames, words = await written(monkeypatch, "0", "1")
    frame = asyncio.ensure_future(anext(frames))
    words.word("0")
    await turned()
    assert not frame.done()
    words.word("1")
    assert (await asyncio.wait_for(frame, 5)).nodes["1"].tokens == 1
    await driver.stop()


async def test_pieces_that_were_drawn_are_not_counted_again(monkeypatch):
    driver, frames, words = await written(monkeypatch, "0", "1")
    for name in ("0", "1"):
        words.word(name)
    await asyncio.wait_for(anext(frames), 5)
    frame = asyncio.ensure_future(anext(frames))
    words.word("0")
    await turned()
    assert not frame.done()
    await driver.stop()
    assert (await asyncio.wait_for(frame, 5)).ended == Ended("stopped")


async def test_a_path_that_is_whole_is_not_waited_for(monkeypatch):
    driver, frames, words = await written(monkeypatch, "0", "1")
    words.run.emit(Closed("1", "stop"))
    await asyncio.wait_for(anext(frames), 5)
    words.word("0")
    assert (await asyncio.wait_for(anext(frames), 5)).nodes["0"].tokens == 1
    await driver.stop()


async def test_text_that_is_forced_is_no_piece_and_all_else_is_worth_a_frame(monkeypatch):
    driver, frames, words = await written(monkeypatch, "0", "1")
    frame = asyncio.ensure_future(anext(frames))
    for name in ("0", "1", "0", "1"):
        words.word(name, forced=True)
    await turned()
    assert not frame.done()
    words.run.note("tie")
    assert (await asyncio.wait_for(frame, 5)).notes
    await driver.stop()


async def test_a_piece_of_some_paths_only_is_drawn_after_the_sparse_time(monkeypatch):
    driver, frames, words = await written(monkeypatch, "0", "1")
    monkeypatch.setattr("core.driver.SPARSE_FRAME_SECONDS", 0.2)
    began = time.monotonic()
    frame = asyncio.ensure_future(anext(frames))
    words.word("0")
    assert (await asyncio.wait_for(frame, 5)).nodes["0"].tokens == 1
    assert time.monotonic() - began > 0.15
    await driver.stop()


# Edits


def extending(extend):
    """A strategy that can go on from an edit."""
    return Strategy("thinking", think, Params, "none", extend=extend)


async def old_run():
    driver, _ = driver_of()
    await frames_of(driver)
    return driver.run.events


async def test_an_edit_goes_on_with_the_history_instead_of_starting_anew():
    events = await old_run()
    engine = ScriptedEngine(lambda *_: "It is 5.")
    run = Run(engine, 7, history=events[:-1])

    def extend(run, question, params, edit):
        assert (run.node(edit.node).sampled, edit.text) == ("It is 4.", "more")
        return think(run, question, params)

    edit = Edit("0", "more")
    driver = Driver(run, extending(extend), QUESTION, Params(), edit=edit)
    assert run.events == events[:-1]
    await frames_of(driver)
    assert run.events[: len(events) - 1] == events[:-1]
    assert [isinstance(event, Started) for _, event in run.events].count(True) == 1
    assert ends(driver) == [Ended("answered", "5")]
    assert list(run.trace.nodes) == ["0", "1"]


async def test_an_edit_that_is_refused_makes_no_driver():
    def refuse(run, question, params, edit):
        raise InvalidInput("edit_root")

    run = Run(ScriptedEngine(lambda *_: ""), 7, history=(await old_run())[:-1])
    with pytest.raises(InvalidInput, match="edit_root"):
        Driver(run, extending(refuse), QUESTION, Params(), edit=Edit("0", "x"))


async def test_a_strategy_that_cannot_go_on_from_an_edit_says_so():
    run = Run(ScriptedEngine(lambda *_: ""), 7, history=(await old_run())[:-1])
    with pytest.raises(InvalidInput) as refused:
        Driver(run, extending(None), QUESTION, Params(), edit=Edit("0", "x"))
    assert (refused.value.code, refused.value.fields) == ("cannot_extend", {"name": "thinking"})


async def test_an_extended_run_can_be_stopped_and_fails_like_any_other():
    gate = Gate(words=1)
    history = (await old_run())[:-1]

    def extend(run, question, params, edit):
        return think(run, question, params)

    engine = ScriptedEngine(lambda *_: "It is 5.", gate=gate)
    run = Run(engine, 7, history=history)
    driver = Driver(run, extending(extend), QUESTION, Params(), edit=Edit("0", "x"))
    frames = await first_frame(driver)
    await asyncio.wait_for(gate.reached.wait(), 5)
    await frames.aclose()
    assert (ends(driver), engine.calls[0].closed) == ([Ended("stopped")], True)
    dead = Run(ScriptedEngine(lambda *_: EngineDied("killed")), 7, history=history)
    driver = Driver(dead, extending(extend), QUESTION, Params(), edit=Edit("0", "x"))
    await frames_of(driver)
    assert ends(driver)[0].error["code"] == "engine_died"
