"""The Game of 24 benchmark: which puzzles, what counts as right, and what was sent."""

from itertools import pairwise

from benchmarks.game24 import easy, is_right, judged, requests
from core.arithmetic import puzzles
from core.driver import Driver
from core.params import build
from core.question import Question
from core.run import Run
from engines.scripted import ScriptedEngine
from strategies.tree_of_thoughts import STRATEGY, Params
from tests.browser.scripted_tree import tree_reply


def test_the_puzzles_lie_evenly_over_the_easier_half():
    places = [puzzles().index(puzzle) for puzzle in easy(10)]
    assert places[0] == 0
    assert {after - before for before, after in pairwise(places)} <= {68, 69}
    assert places[-1] < len(puzzles()) / 2


def test_an_answer_is_right_in_whatever_form_it_is_given():
    puzzle = (4, 9, 10, 13)
    assert is_right("First 13 - 9 = 4. So (13 - 9) * (10 - 4) = 24, done.", puzzle)
    assert is_right("`(10-4)*(13-9)`", puzzle)
    assert not is_right("13 + 9 + 4 - 10 = 16", puzzle)
    assert not is_right("24", puzzle)


async def test_a_request_counts_its_prompt_once_and_the_judge_is_held_against_the_solver():
    engine = ScriptedEngine(lambda prompt, *_: tree_reply(prompt) or "")
    run = Run(engine, 7)
    question = Question("4 9 10 13", "text", "en")
    async for _ in Driver(run, STRATEGY, question, build(Params, {})).frames():
        pass
    sent, computed = requests(run.trace)
    counted = [await engine.count(call.prompt) for call in engine.calls]
    assert any(call.n > 1 for call in engine.calls)
    assert sent == computed == sum(counted)
    counts = judged(run.trace)
    assert counts[False, True] == 0  # this judge keeps nothing that is lost
    assert counts[True, True] and counts[False, False]
