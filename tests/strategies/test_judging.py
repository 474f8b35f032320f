"""The judge: a word that is constrained, weighed or written, and votes by whole numbers."""

import math

import pytest

from strategies.tasks import TASKS
from tests.strategies.trees import (
    Letters,
    asked_for,
    notes,
    searched,
    state,
    states,
    values,
)

LABELS = (" sure", " likely", " impossible")
CANDIDATES = "a b c d e f g h i j k l"


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    monkeypatch.setitem(TASKS, "letters", Letters)


async def judged(told, proposed="a", **settings):
    """A run that ends after its first judgements."""
    told = told if callable(told) else {"after": proposed, **told}
    return await searched(told, depth=1, **settings)


def calls(run, what):
    return [c for c, asked in zip(run.calls, asked_for(run), strict=True) if asked.startswith(what)]


# Values


async def test_a_chosen_word_is_constrained_and_follows_the_forced_label():
    run = await judged({"judge a": "sure"}, judgements=3, temperature=0.9)
    (call,) = calls(run, "judge")
    assert (call.n, call.sampling.choices, call.sampling.temperature) == (3, LABELS, 0.9)
    assert call.prompt.endswith("<|assistant|>Verdict:")


async def test_a_value_is_the_sum_of_its_judgements_and_names_who_gave_them():
    run = await judged({"judge a": ["sure", "impossible", "likely"]}, judgements=3)
    node = state(run, "a")
    assert (node.value, node.votes) == (21.001, (20, 0.001, 1))
    assert [run.trace.nodes[by].sampled for by in node.by] == [" sure", " impossible", " likely"]
    assert {run.trace.nodes[by].kind for by in node.by} == {"judgement"}
    assert {run.trace.nodes[by].parents for by in node.by} == {(node.id,)}


async def test_equal_judgements_in_another_order_tie_exactly():
    orders = (["impossible", "impossible", "sure"], ["sure", "impossible", "impossible"])
    assert 0.001 + 0.001 + 20 != 20 + 0.001 + 0.001
    run = await judged({"judge a": orders[0], "judge b": orders[1]}, "a b", judgements=3)
    assert values(run)["a"] == values(run)["b"]
    for order in (orders, orders[::-1]):
        run = await judged(dict(zip(["judge a", "judge b"], order, strict=True)), "a b")
        assert run.answer == "a"


def weights(*shares):
    """An engine that gives each label its share."""
    return lambda prompt, sampling: dict(zip(sampling.choices, shares, strict=True))


async def test_an_expected_value_takes_one_greedy_call_and_weighs_every_word():
    run = await judged({}, judge="expected", judgements=5, weigh=weights(0.5, 0.25, 0.25))
    (call,) = calls(run, "judge")
    assert (call.n, call.sampling.choices, call.sampling.temperature) == (1, LABELS, 0.0)
    assert state(run, "a").value == pytest.approx(0.5 * 20 + 0.25 * 1 + 0.25 * 0.001, abs=1e-12)
    assert len(state(run, "a").by) == 1
    assert notes(run) == []


async def test_where_the_engine_tells_no_weights_the_word_itself_counts():
    run = await judged({"judge a": "sure"}, judge="expected")
    assert (state(run, "a").value, notes(run)) == (20, [])


async def test_a_written_judgement_is_free_and_its_last_line_is_read():
    run = await judged({"judge a": "It is likely at first.\nsure"}, judge="written", judgements=2)
    (call,) = calls(run, "judge")
    assert (call.n, call.sampling.choices, call.sampling.temperature) == (2, (), 0.7)
    assert call.prompt.endswith("<|assistant|>")
    assert state(run, "a").value == 40


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sure", 20),
        ("Sure.", 20),
        ("So: likely", 1),
        ("判断：sure。", 20),
        ("我认为是sure", 20),
        ("Yes.\nimpossible\n\n", 0.001),
        ("I am unsure", 0),
        ("sure or likely", 0),
        ("sure\nor so", 0),
        ("", 0),
    ],
)
async def test_what_a_written_judgement_says(text, value):
    run = await judged({"judge a": text}, judge="written", judgements=1)
    assert state(run, "a").value == value


async def test_judgements_that_cannot_be_read_are_marked_and_counted():
    run = await judged({"judge a": ["sure", "hm", "well"]}, judge="written", judgements=3)
    assert (state(run, "a").value, state(run, "a").votes) == (20, (20, 0, 0))
    unread = [node for node in run.trace.of_kind("judgement") if "unread" in node.marks]
    assert [node.sampled for node in unread] == ["hm", "well"]
    assert notes(run) == [("judge_unread", {"unread": 2, "all": 3})]


# Votes


async def vote(told, proposed="a b c", **settings):
    key = f"vote {proposed}"
    return await judged({key: told}, proposed, evaluation="vote", **settings)


async def test_all_states_are_voted_on_in_one_call_and_the_votes_are_counted():
    run = await vote(["2", "3", "2", "1", "2"], judgements=5, breadth=2)
    (call,) = calls(run, "vote")
    assert (call.n, call.sampling.choices) == (5, (" 1", " 2", " 3"))
    assert call.prompt.endswith("<|assistant|>Number")
    assert values(run) == {"a": 1, "b": 3, "c": 1}
    assert (run.answer, states(run, "kept")) == ("b", ["a", "b"])


async def test_a_vote_hangs_below_all_that_it_was_cast_on():
    run = await vote("2", judgements=1)
    (node,) = run.trace.of_kind("judgement")
    assert node.parents == tuple(state(run, name).id for name in "abc")
    assert [state(run, name).by for name in "abc"] == [(node.id,)] * 3


@pytest.mark.parametrize("judge", ["choice", "written"])
async def test_the_whole_number_of_a_vote_counts(judge):
    told = {"choice": "10", "written": "1 is weak.\nThe best one is number 10."}[judge]
    run = await vote(told, CANDIDATES, judge=judge, judgements=2)
    assert (values(run)["a"], values(run)["j"]) == (0, 2)
    assert run.answer == "j"


@pytest.mark.parametrize("text", ["number 13", "number 0", "none of them", "10\nis it"])
async def test_a_vote_for_no_candidate_is_not_counted(text):
    run = await vote([text, "2"], CANDIDATES, judge="written", judgements=2)
    assert (sum(values(run).values()), run.answer) == (1, "b")
    assert notes(run) == [("judge_unread", {"unread": 1, "all": 2})]


async def test_an_expected_vote_is_shared_among_the_candidates():
    run = await vote("1", judge="expected", judgements=5, weigh=weights(0.25, 0.125, 0.625))
    assert [call.n for call in calls(run, "vote")] == [1]
    assert values(run) == {"a": 0.25, "b": 0.125, "c": 0.625}
    assert math.fsum(values(run).values()) == 1
    assert run.answer == "c"


@pytest.mark.parametrize("judge", ["choice", "expected"])
async def test_where_the_engine_cannot_constrain_the_judge_writes_and_that_is_said(judge):
    told = {"after": "a b", "judge a": "Well.\nsure", "judge b": "Well.\nimpossible"}
    run = await searched(told, judge=judge, judgements=1, depth=1, cannot=("choices",))
    assert [note.code for note in run.trace.notes] == ["judge_written"]
    assert not any(call.sampling.choices for call in run.calls)
    assert values(run) == {"a": 20.0, "b": 0.001}


async def test_where_the_engine_tells_no_probabilities_the_words_are_sampled_and_that_is_said():
    told = {"after": "a", "judge a": "sure"}
    run = await searched(told, judge="expected", judgements=2, depth=1, cannot=("logprobs",))
    assert [note.code for note in run.trace.notes] == ["judge_sampled"]
    assert len(list(run.trace.of_kind("judgement"))) == 2
