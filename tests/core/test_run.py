"""Run and Node: what is asked of the engine, and what the history says of it."""

import asyncio
import hashlib
import time
from contextlib import aclosing

import pytest

from core.answers import Extraction
from core.engine import Sampling
from core.errors import ContextOverflow
from core.events import (
    Answered,
    Closed,
    Delta,
    Marked,
    Noted,
    Opened,
    Prompted,
    PromptRead,
    Scored,
    Weighed,
)
from core.question import Question
from core.run import Run, derive_seed
from engines.scripted import ScriptedEngine
from tests.core.builders import END, START, Gate


def run_of(reply=lambda prompt, sampling, sample: "It is 4.", seed=7, **engine):
    """A run that has started, over a scripted engine."""
    run = Run(ScriptedEngine(reply, **engine), seed)
    run.emit(START)
    return run, run._engine


def history(run):
    return [event for _, event in run.events[1:]]


def test_a_seed_comes_from_the_run_seed_and_the_node_id_alone():
    digest = hashlib.sha256(b"7/0.2.1").digest()
    assert derive_seed(7, "0.2.1") == int.from_bytes(digest[:4], "big") % 2**31
    seeds = {derive_seed(seed, node) for seed in (7, 8) for node in ("0", "1", "0.0", "0.0.0")}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**31 for seed in seeds)


async def test_seeds_do_not_depend_on_which_node_asks_first():
    async def seeds(order):
        run, engine = run_of(lambda prompt, sampling, sample: prompt)
        nodes = [run.open("path") for _ in range(4)]
        tasks = [nodes[i].generate(f"Q{i}", Sampling(temperature=1)) for i in order]
        await asyncio.gather(*tasks)
        return {call.prompt: call.sampling.seed for call in engine.calls}

    first, second = await seeds([0, 1, 2, 3]), await seeds([3, 1, 0, 2])
    assert first == second
    assert first["Q2"] == derive_seed(7, "2")
    assert len(set(first.values())) == 4


async def test_a_seed_that_was_given_is_kept():
    run, engine = run_of()
    await run.open("a").generate("Q", Sampling(seed=5))
    assert engine.calls[0].sampling.seed == 5


def test_an_id_is_the_path_to_the_node_below_its_first_parent():
    run, _ = run_of()
    first, second = run.open("a"), run.open("b", "label")
    child = first.child("c")
    join = run.open("d", parents=[first, second])
    deep = child.child("e")
    assert [n.id for n in (first, second, child, join, deep)] == ["0", "1", "0.0", "0.1", "0.0.0"]
    assert history(run)[1] == Opened("1", (), "b", "label")
    assert history(run)[3] == Opened("0.1", ("0", "1"), "d", "")


async def test_one_generation_is_told_whole_in_the_history():
    run, engine = run_of(seed=3)
    text = await run.open("answer").generate("Q: 2 + 2?", Sampling(max_tokens=9), forced=" So:")
    sampling = Sampling(max_tokens=9, seed=derive_seed(3, "0"))
    assert history(run) == [
        Opened("0", (), "answer"),
        Prompted("0", "Q: 2 + 2? So:", sampling),
        Delta("0", " So:", 1, forced=True),
        Delta("0", "It", 1, -0.5),
        Delta("0", " is", 1, -0.5),
        Delta("0", " 4.", 1, -0.5),
        Closed("0", "stop", 5, 5),
    ]
    assert text == "It is 4."
    (call,) = engine.calls
    assert (call.prompt, call.sampling, call.n) == ("Q: 2 + 2? So:", sampling, 1)


async def test_a_node_tells_its_prompt_its_text_and_what_the_model_made_itself():
    run, _ = run_of()
    node = run.open("answer")
    await node.generate("Q:", Sampling(), forced=" So:")
    assert (node.prompt, node.text, node.sampled) == ("Q: So:", " So:It is 4.", "It is 4.")


async def test_samples_of_one_prompt_are_one_call_and_each_node_comes_when_it_is_whole():
    texts = ["one two three", "one", "one two"]
    run, engine = run_of(lambda prompt, sampling, sample: texts[sample])
    nodes = [run.open("path") for _ in texts]
    came = []
    async with aclosing(run.sample(nodes, "Q", Sampling())) as finished:
        async for node in finished:
            came.append((node.id, node.sampled, run.trace.nodes["0"].finish))
    assert came == [("1", "one", None), ("2", "one two", None), ("0", "one two three", "stop")]
    assert [call.n for call in engine.calls] == [3]
    places = [(e.sample, e.of) for e in history(run) if isinstance(e, Prompted)]
    assert places == [(0, 3), (1, 3), (2, 3)]
    assert [run.trace.nodes[n.id].seed for n in nodes] == [
        derive_seed(7, "0") + i for i in (0, 1, 2)
    ]


async def test_how_far_a_prompt_is_read_is_told_for_each_node_before_its_text():
    run, _ = run_of(stride=3)
    nodes = [run.open("path"), run.open("path")]
    async with aclosing(run.sample(nodes, "a b c d e f g", Sampling())) as finished:
        assert [node.id async for node in finished] == ["0", "1"]
    read = [PromptRead(node, done, 7) for done in (3, 6) for node in ("0", "1")]
    begun = next(i for i, event in enumerate(history(run)) if isinstance(event, Delta))
    assert history(run)[begun - 4 : begun] == read
    assert not any(isinstance(event, PromptRead) for event in history(run)[begun:])


async def test_leaving_a_sample_early_closes_the_engine_call():
    run, engine = run_of(lambda prompt, sampling, sample: ["a", "b c d e"][sample])
    async with aclosing(run.sample([run.open("x"), run.open("x")], "Q", Sampling())) as finished:
        async for node in finished:
            assert node.id == "0"
            break
    assert engine.calls[0].closed
    assert run.trace.nodes["1"].finish == "aborted"


async def test_a_cancelled_generation_closes_the_engine_call_and_keeps_its_text():
    gate = Gate(words=2)
    run, engine = run_of(gate=gate)
    task = asyncio.create_task(run.open("a").generate("Q", Sampling()))
    await gate.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.calls[0].closed
    assert run.trace.nodes["0"].sampled == "It is"


async def test_a_prompt_that_does_not_fit_is_refused_with_both_counts():
    run, _ = run_of()
    with pytest.raises(ContextOverflow) as overflow:
        await run.open("a").generate("word " * 50_000, Sampling(max_tokens=48))
    assert overflow.value.fields == {"tokens": 50_001, "limit": 2000}


async def test_reading_an_answer_records_it_or_the_abstention():
    run, _ = run_of()
    node = run.open("answer")
    await node.generate("Q", Sampling(), forced="The answer is 9, no:")
    assert node.read(Question("2 + 2?", "number", "en")) == "4"
    assert history(run)[-1] == Answered("0", Extraction("4", 6, 7, "last"))
    assert node.read(Question("2 + 2?", "number", "en"), "marker_only") is None
    assert history(run)[-1] == Answered("0", None)


async def test_a_choice_is_read_within_the_letters_of_its_question():
    run, _ = run_of(lambda prompt, sampling, sample: "E or B")
    node = run.open("answer")
    await node.generate("Q", Sampling())
    assert node.read(Question("(A) x (B) y (C) z", "choice", "en"), "first") == "B"
    assert node.read(Question("Which?", "choice", "en"), "first") == "E"


def test_scores_marks_and_notes_are_events():
    run, _ = run_of()
    node = run.open("thought")
    judges = [run.open("judgement"), run.open("judgement")]
    node.score(1.5, [1.0, 0.5], judges)
    node.mark("kept")
    node.mark("invalid", "conflict")
    run.note("tie", answer="4")
    assert history(run)[3:] == [
        Scored("0", 1.5, (1.0, 0.5), ("1", "2")),
        Marked("0", "kept"),
        Marked("0", "invalid", "conflict"),
        Noted("tie", {"answer": "4"}),
    ]


def test_events_carry_seconds_since_the_run_began_and_reach_every_listener():
    ticks = iter([100.0, 100.0, 100.12345, 102.5])
    run = Run(ScriptedEngine(lambda *_: ""), 7, clock=lambda: next(ticks))
    run.emit(START)
    heard = []
    run.listen(lambda time, event: heard.append((time, event)))
    run.open("a")
    run.note("tie")
    assert heard == [(0.1235, Opened("0", (), "a")), (2.5, Noted("tie"))]
    assert run.events[1:] == heard


async def test_control_tokens_written_in_a_question_are_noted_once():
    run, _ = run_of()
    await run.render([{"role": "user", "content": "2 + 2?"}])
    assert run.trace.notes == []
    for _ in range(2):
        await run.render([{"role": "user", "content": "2 <|assistant|> 2?"}])
    assert run.trace.notes == [Noted("control_tokens", {"tokens": "<|assistant|>"})]


async def test_the_run_renders_with_the_engine_and_says_what_the_engine_is():
    run, engine = run_of()
    rendered = await run.render([{"role": "user", "content": "2 + 2?"}], "So")
    assert rendered == "<|user|>2 + 2?\n<|assistant|>So"
    assert run.engine_info is engine.info


async def continued(clock=time.monotonic):
    """A run of two nodes and a child that has ended at 4 seconds, and one that goes on from it."""
    ticks = iter([0.0, 0.0, 1.0, 2.0, *[3.0] * 6, 4.0])
    old = Run(ScriptedEngine(lambda *_: "It is 4."), 7, clock=lambda: next(ticks))
    old.emit(START)
    old.open("state").child("state")
    await old.open("path").generate("Q", Sampling())
    old.emit(END)
    return old, Run(ScriptedEngine(lambda *_: "It is 5."), 7, clock, history=old.events[:-1])


async def test_a_continued_run_has_the_history_of_the_old_one_in_front():
    old, run = await continued()
    assert run.events == old.events[:-1]
    assert run.trace.ended is None
    assert run.trace.nodes["1"].sampled == "It is 4."
    run.note("tie")
    assert run.events[:-1] == old.events[:-1]
    assert old.events[-1][1] == END


async def test_nodes_of_a_continued_run_come_after_those_that_are_there():
    _, run = await continued()
    assert (run.open("state").id, run.node("0").child("state").id) == ("2", "0.1")
    assert run.node("0.0").child("state").id == "0.0.0"


async def test_the_time_of_a_continued_run_goes_on_from_its_last_event():
    now = [100.0]
    _, run = await continued(clock=lambda: now[0])
    assert run.seconds == 3.0
    now[0] = 101.5
    run.note("tie")
    assert (run.seconds, run.events[-1][0]) == (4.5, 4.5)


async def test_what_is_continued_is_told_to_nobody_anew():
    _, run = await continued()
    heard = []
    run.listen(lambda _time, event: heard.append(event))
    assert heard == []
    run.note("tie")
    assert heard == [Noted("tie")]


async def test_a_node_is_found_by_its_id_and_can_be_continued():
    _, run = await continued()
    node = run.node("1")
    assert (node.id, node.prompt, node.sampled) == ("1", "Q", "It is 4.")
    child = node.child("answer")
    assert await child.generate("Q2", Sampling()) == "It is 5."
    with pytest.raises(KeyError):
        run.node("7")


def test_the_seconds_of_a_run_are_those_of_its_clock():
    now = [50.0]
    run = Run(ScriptedEngine(lambda *_: ""), 7, clock=lambda: now[0])
    assert run.seconds == 0
    now[0] = 52.25
    assert run.seconds == 2.25


async def test_how_probable_each_choice_was_is_part_of_the_history():
    run, _ = run_of(lambda *_: " b", weigh=lambda prompt, sampling: {" a": 0.25, " b": 0.75})
    node = run.open("judgement")
    assert await node.generate("Q", Sampling(choices=(" a", " b"))) == " b"
    assert Weighed("0", {" a": 0.25, " b": 0.75}) in history(run)
    assert node.weights == {" a": 0.25, " b": 0.75}
    assert run.open("answer").weights == {}
