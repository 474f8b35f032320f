"""From the trace of a search to its outcome, the table of the judge, and the sheet of a state."""

from dataclasses import replace

import pytest

from components.texts import texts
from components.views import outcome, state_sheet
from core.driver import Driver
from core.engine import Sampling
from core.events import Answered, Ended, Marked, Opened, Scored
from core.params import build
from core.question import Question
from core.run import Run
from core.trace import Trace
from engines.scripted import ScriptedEngine
from strategies.tree_of_thoughts import STRATEGY, Params
from tests.browser.scripted_tree import NOT_LEFT, tree_reply
from tests.components.runs import STARTED

EN = texts("en")
PUZZLE = "4 9 10 13"
SOLUTION = "APPLE relax, ERASE NICER ALERT"


def reply(prompt: str, sampling: Sampling, sample: int) -> str:
    return tree_reply(prompt) or ""


@pytest.fixture
async def searched() -> Trace:
    """A search by a judge that is always right."""
    run = Run(ScriptedEngine(reply), 7)
    driver = Driver(run, STRATEGY, Question(PUZZLE, "text", "en"), build(Params, {}))
    async for _ in driver.frames():
        pass
    return run.trace


def state(trace, words):
    return next(node for node in trace.of_kind("state") if node.label.startswith(words))


def tree_of(*events, task="crossword", reference=""):
    trace = Trace()
    trace.apply(0.0, replace(STARTED, params={"task": task}, reference=reference))
    for event in (Opened("0", (), "state", "5 × 5"), *events):
        trace.apply(1.0, event)
    return trace


async def test_the_top_state_and_any_state_are_told_apart(searched):
    made = outcome.outcome(searched, {}, False, EN)
    assert made["summary"].startswith("The top state is right. Of the ")
    assert made["finals"][0]["name"] == "Top state"
    assert made["finals"][0]["check"] == "right"
    assert made["finals"][0]["answer"].endswith("= 24")


async def test_a_wrong_top_state_is_not_called_right_because_another_one_is():
    marks = [Marked("0.0", "final"), Marked("0.0", "wrong"), Marked("0.0", "winner")]
    other = [Marked("0.1", "final"), Marked("0.1", "right")]
    opened = [Opened(f"0.{n}", ("0",), "state", f"Answer: {n}") for n in range(2)]
    made = outcome.outcome(tree_of(*opened, *marks, *other, Ended("answered", "0")), {}, False, EN)
    assert made["summary"] == "The top state is not right. Of the 2 last states 1 are right."
    assert [final["check"] for final in made["finals"]] == ["wrong", "right"]


async def test_the_solver_says_of_every_valid_state_whether_24_can_still_be_reached(searched):
    alive = outcome.solved(searched)
    assert alive["0"]
    assert alive[state(searched, "13 - 9 = 4 (left: 4 4 10)").id]
    assert not alive[state(searched, "13 * 10").id]
    assert state(searched, NOT_LEFT[:9]).id not in alive


async def test_the_table_counts_what_the_judge_kept_and_pruned(searched):
    alive = outcome.solved(searched)
    assert outcome.outcome(searched, alive, False, EN)["table"] is None
    rows = outcome.outcome(searched, alive, True, EN)["table"]["rows"]
    kept = [n for n in searched.of_kind("state") if "kept" in n.marks]
    pruned = [n for n in searched.of_kind("state") if "pruned" in n.marks]
    assert sum(int(row[1]) for row in rows) == len(kept)
    assert sum(int(row[2]) for row in rows) == len(pruned)
    assert rows[1][1] == "0"  # this judge keeps nothing dead


def test_a_crossword_is_scored_in_letters_words_and_game():
    board = "A P P L E\nR E L A X\n_ _ _ _ _\n_ _ _ _ _\n_ _ _ _ _"
    trace = tree_of(
        Opened("0.0", ("0",), "state", "h2. RELAX"),
        Marked("0.0", "final"),
        Marked("0.0", "winner"),
        Ended("answered", board),
        reference=SOLUTION,
    )
    final = outcome.outcome(trace, {}, False, EN)["finals"][0]
    assert final["score"] == "10 of 25 letters, 2 of 10 words, game wrong"
    assert final["answer"] == board


def test_there_is_no_outcome_without_a_tree():
    trace = Trace()
    trace.apply(0.0, STARTED)
    trace.apply(0.0, Opened("0", (), "path"))
    trace.apply(0.0, Answered("0", None))
    assert outcome.outcome(trace, {}, True, EN) is None


async def test_a_sheet_has_the_path_the_call_and_how_the_judgements_add_up(searched):
    node = state(searched, "13 - 9 = 4 (left: 4 4 10)")
    panes = {pane["label"]: pane["parts"] for pane in state_sheet.state_panes(searched, node, EN)}
    assert panes["The path so far"] == [["text", f"{PUZZLE}\n1. 13 - 9 = 4 (left: 4 4 10)"]]
    assert NOT_LEFT in panes["What the model wrote"][0][1]
    assert panes["Every judgement, and the sum"][0][1].endswith("\n20 + 20 + 20 = 60")
    asked = "".join(words for _kind, words in panes["Prompt of the judge"])
    assert asked.endswith("4 4 10\n<|assistant|>Judgement:")


async def test_a_refused_thought_tells_its_reason(searched):
    facts = dict(state_sheet.state_facts(state(searched, NOT_LEFT[:9]), EN))
    assert facts["standing"] == "not allowed: it uses a number that is not left"


def test_a_mark_or_a_judge_that_is_not_known_does_no_harm():
    trace = tree_of(Scored("0", 2.5, (2.5,), ("9",)), Marked("0", "<b>", "<i>"))
    node = trace.nodes["0"]
    assert dict(state_sheet.state_facts(node, EN)) == {"value": "2.5", "standing": "<b>"}
    assert len(state_sheet.state_panes(trace, node, EN)) == 1
