"""The search of the Tree of Thoughts: what is asked, kept, pruned, gone back from, and ended."""

import asyncio
import time

import pytest

from core.errors import ContextOverflow, EngineDied, InvalidInput
from core.events import Closed, Ended, Marked, Prompted, Scored
from core.params import build, specs
from core.strategy import Edit
from strategies.tasks import TASKS
from strategies.tree_of_thoughts import STRATEGY, Params, paper_settings
from tests.core.builders import Gate
from tests.strategies.trees import (
    Letters,
    asked_for,
    driver_of,
    notes,
    says,
    searched,
    state,
    states,
    values,
    wish,
)

# Two levels: b and c are sure, d below b and e below c too.
TREE = {
    "after": "a b c",
    "after a": "x",
    "after b": "d f",
    "after c": "e",
    "judge b": "sure",
    "judge c": "sure",
    "judge bd": "sure",
    "judge ce": "sure",
}
FOUR = "4 9 10 13"


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    monkeypatch.setitem(TASKS, "letters", Letters)


def marked(run, status):
    """The states in the order in which they got a mark."""
    ids = [e.node for _, e in run.run.events if isinstance(e, Marked) and e.status == status]
    names = {n.id: name for n, name in zip(run.trace.of_kind("state"), states(run), strict=True)}
    return [names[node] for node in ids]


def rounds(run):
    """What was asked at the same time: a round ends when everything asked for has come."""
    found, waiting = [], 0
    for _, event in run.run.events:
        if isinstance(event, Prompted):
            if not waiting:
                found.append([])
            waiting += 1
            found[-1].append(wish(event.prompt))
        waiting -= isinstance(event, Closed)
    return found


# Breadth-first


async def test_breadth_first_keeps_the_b_best_of_each_depth():
    run = await searched(TREE, breadth=2, judgements=1)
    assert values(run) == {"a": 1, "b": 20, "c": 20, "bd": 20, "bf": 1, "ce": 20}
    assert marked(run, "kept") == ["b", "c", "bd", "ce"]
    assert states(run, "pruned") == ["a", "bf"]
    assert "after a" not in asked_for(run)


async def test_all_last_states_that_are_kept_are_final_and_the_best_one_is_the_answer():
    run = await searched({**TREE, "judge bd": "likely"}, breadth=2, judgements=1)
    assert (run.status, run.answer) == ("answered", "ce")
    assert marked(run, "final") == ["ce", "bd"]
    assert states(run, "winner") == ["ce"]


async def test_equal_values_keep_the_order_in_which_they_were_proposed():
    told = {"after": "c a b", "after a": "z y", "after c": "z"}
    run = await searched(told, breadth=2, judgements=2)
    assert states(run, "kept") == ["c", "a", "cz", "az"]
    assert run.answer == "cz"


async def test_the_proposals_of_a_depth_are_asked_together_and_then_all_its_judgements():
    run = await searched(TREE, breadth=2, judgements=1)
    assert rounds(run) == [
        ["after"],
        ["judge a", "judge b", "judge c"],
        ["after b", "after c"],
        ["judge bd", "judge bf", "judge ce"],
    ]


async def test_each_prompt_is_one_call_with_all_its_samples():
    run = await searched(TREE, breadth=1, proposals=4, judgements=3)
    counts = {wish(call.prompt): call.n for call in run.calls}
    assert len(counts) == len(run.calls)
    assert (counts["after"], counts["judge a"]) == (4, 3)
    sampled = await searched({"one after": ["a", "b", "c"]}, generation="sample", thoughts=3)
    assert [call.n for call in sampled.calls if wish(call.prompt) == "one after"] == [3]


async def test_each_sample_is_a_thought_where_thoughts_are_sampled():
    told = {"one after": ["a", "b", "c"], "one after b": ["d", "e", "f"], "judge b": "sure"}
    run = await searched(told, generation="sample", thoughts=3, breadth=1, judgements=1)
    assert states(run) == ["", "a", "b", "c", "bd", "be", "bf"]
    assert state(run, "b").text == "Letter:b"
    assert run.answer == "bd"


async def test_proposals_have_a_node_of_their_own_from_which_their_states_come():
    run = await searched(TREE, proposals=2, breadth=1)
    proposals = list(run.trace.of_kind("proposal"))
    assert [node.parents for node in proposals[:2]] == [("0",), ("0",)]
    assert state(run, "b").parents == ("0", proposals[0].id)


async def test_the_temperature_is_that_of_the_settings():
    run = await searched(TREE, temperature=0.35)
    assert {call.sampling.temperature for call in run.calls} == {0.35}


async def test_the_same_seed_asks_the_same_whatever_comes_first():
    runs = [await searched(TREE, breadth=2) for _ in range(2)]
    seeds = [[(c.prompt, c.sampling.seed) for c in run.calls] for run in runs]
    assert seeds[0] == seeds[1]
    assert len({seed for _, seed in seeds[0]}) == len(seeds[0])


# Equal, duplicate and invalid thoughts


async def test_states_with_equal_prompts_are_judged_once_and_have_the_same_value():
    told = {"after": "a b", "after a": "b", "after b": "a", "judge ab": ["sure", "likely"]}
    run = await searched(told, breadth=2, judgements=2)
    assert asked_for(run, "judge ab") == ["judge ab"]
    assert (values(run)["ab"], values(run)["ba"]) == (21, 21)
    assert states(run, "equal") == ["ba"]
    first, second = state(run, "ab"), state(run, "ba")
    assert first.by == second.by
    assert run.trace.nodes[first.by[0]].parents == (first.id, second.id)


async def test_a_prompt_that_was_judged_before_is_not_judged_again():
    told = {"after": "a b", "judge a": "sure", "judge b": "sure", "after a": "b", "after b": "a"}
    run = await searched(told, search="dfs", judgements=1, depth=3)
    assert values(run)["ba"] == values(run)["ab"] == 1
    assert asked_for(run, "judge") == ["judge a", "judge b", "judge ab"]


async def test_of_equal_thoughts_the_first_is_judged_and_the_others_are_worth_nothing():
    run = await searched({"after": "a a b", "after a": "c", "after b": "c"}, breadth=2)
    assert asked_for(run, "judge")[:2] == ["judge a", "judge b"]
    assert states(run, "duplicate") == ["a"]
    assert [n.value for n in run.trace.of_kind("state") if n.label == "a"] == [3, 0]
    assert states(run, "pruned") == ["a"]


@pytest.mark.parametrize("generation", ["propose", "sample"])
async def test_an_invalid_thought_is_drawn_with_its_reason_and_leads_nowhere(generation):
    told = {"after": "a B", "one after": ["a", "B"], "after a": "c", "one after a": ["c", "d"]}
    run = await searched(told, generation=generation, thoughts=2, breadth=5)
    invalid = state(run, "B")
    assert invalid.marks == {"invalid": "capital"}
    assert invalid.value is None
    assert not [wish for wish in asked_for(run) if "B" in wish]
    assert run.answer == "ac"


async def test_where_nothing_follows_the_depth_at_which_it_ends_is_noted():
    run = await searched({"after": "a b"}, breadth=2)
    assert (run.status, run.answer) == ("no_answer", None)
    assert notes(run) == [("frontier_empty", {"depth": 2})]
    assert states(run, "winner") == []


async def test_where_every_first_thought_is_invalid_there_is_no_frontier_at_all():
    run = await searched({"after": "A B"})
    assert notes(run) == [("frontier_empty", {"depth": 1})]
    assert asked_for(run) == ["after"]


# Depth-first


async def test_depth_first_visits_the_best_child_first_and_goes_back_from_dead_ends():
    told = {"after": "a b c", "judge b": "sure", "judge c": ["sure", "likely"]}
    run = await searched(told, search="dfs", breadth=3, judgements=2)
    assert marked(run, "kept") == ["b", "c", "a"]
    assert marked(run, "backtracked") == ["b", "c", "a"]
    assert asked_for(run, "after") == ["after", "after b", "after c", "after a"]


async def test_depth_first_stops_at_its_first_last_state():
    run = await searched(TREE, search="dfs", breadth=3, judgements=1)
    assert (run.status, run.answer) == ("answered", "bd")
    assert asked_for(run, "after") == ["after", "after b"]
    assert states(run, "final") == states(run, "winner") == ["bd"]
    assert notes(run) == []


async def test_depth_first_turns_back_from_states_that_are_not_worth_more_than_the_threshold():
    told = {"after": "a b", "judge a": "likely", "judge b": "sure", "after b": "d"}
    run = await searched(told, search="dfs", breadth=3, judgements=1, depth=3)
    assert states(run, "pruned") == ["a", "bd"]
    assert asked_for(run, "after") == ["after", "after b"]


async def test_depth_first_tries_the_first_b_children_and_prunes_the_others_unseen():
    run = await searched({**TREE, "after": "a c b"}, search="dfs", breadth=2, judgements=1)
    assert asked_for(run, "judge") == ["judge a", "judge c", "judge ce"]
    assert states(run, "pruned") == ["a", "b"]


async def test_an_exhausted_search_results_in_the_first_of_the_deepest_states():
    sure = ("a", "b", "c", "bd", "bf", "ce")
    told = {**TREE, **{f"judge {name}": "sure" for name in sure}, "after a": ""}
    run = await searched(told, search="dfs", breadth=3, judgements=1, depth=3)
    assert marked(run, "kept") == ["a", "b", "bd", "bf", "c", "ce"]
    assert marked(run, "backtracked") == ["a", "bd", "bf", "b", "ce", "c"]
    assert (run.status, run.answer) == ("answered", "bd")
    assert states(run, "winner") == ["bd"]
    assert notes(run) == [("search_exhausted", {})]


async def test_a_path_of_a_thousand_states_does_not_recurse(monkeypatch):
    monkeypatch.setattr(Letters, "depth", 999)

    def reply(prompt, sampling, sample):
        return " sure" if sampling.choices else "a"

    run = await searched(reply, search="dfs", judgements=1, max_states=1000, max_tokens=100_000)
    assert (run.status, run.answer) == ("answered", "a" * 999)


async def test_a_thousand_states_ten_deep_are_searched_in_seconds(monkeypatch):
    monkeypatch.setattr(Letters, "depth", 11)

    def reply(prompt, sampling, sample):
        deep = len(wish(prompt).removeprefix("judge ")) > 9
        return (" impossible" if deep else " sure") if sampling.choices else "a b c"

    began = time.monotonic()
    run = await searched(
        reply, search="dfs", breadth=3, depth=10, judgements=1, max_states=1000, max_tokens=100_000
    )
    assert len(states(run)) > 1000
    assert notes(run) == [("limit_states", {"limit": 1000})]
    assert len(run.answer) == 9
    assert time.monotonic() - began < 20


# Limits


async def test_the_limit_of_states_is_named_and_nothing_is_asked_after_it():
    run = await searched({"after": "a b c"}, max_states=2)
    assert notes(run) == [("limit_states", {"limit": 2})]
    assert asked_for(run) == ["after"]
    assert (run.status, run.answer) == ("no_answer", None)


async def test_invalid_thoughts_are_not_among_the_states_of_the_limit():
    run = await searched({"after": "a X Y Z", "after a": "b"}, max_states=3)
    assert (run.answer, notes(run)) == ("ab", [])


async def test_the_limit_of_tokens_counts_what_the_model_has_written():
    run = await searched({"after": "a " * 100}, max_tokens=100, max_states=1000)
    assert notes(run) == [("limit_tokens", {"limit": 100})]
    assert run.status == "no_answer"
    assert asked_for(run) == ["after"]
    below = {"after": "a " * 90, "after a": "b"}
    run = await searched(below, max_tokens=100, max_states=1000, judgements=1)
    assert (run.answer, notes(run)) == ("ab", [])


async def test_the_limit_of_seconds_is_that_of_the_runs_own_clock():
    now = [50.0]

    def reply(prompt, sampling, sample):
        now[0] += 4
        return says(TREE)(prompt, sampling, sample)

    run = await searched(reply, max_seconds=10, judgements=1, clock=lambda: now[0])
    assert notes(run) == [("limit_seconds", {"limit": 10})]
    assert asked_for(run) == ["after", "judge a", "judge b", "judge c"]
    assert run.status == "no_answer"


async def test_depth_first_ends_at_a_limit_with_the_deepest_state_and_goes_back_from_none():
    told = {"after": "a b", "judge a": "sure", "judge b": "sure", "after a": "c d e"}
    run = await searched(told, search="dfs", breadth=3, judgements=1, max_states=3, depth=3)
    assert notes(run) == [("limit_states", {"limit": 3})]
    assert (run.status, run.answer) == ("answered", "a")
    assert states(run, "backtracked") == []
    assert states(run, "kept") == states(run, "winner") == ["a"]


async def test_a_limit_that_is_reached_by_the_last_judgement_costs_nothing():
    now = [0.0]

    def reply(prompt, sampling, sample):
        now[0] += 20 if wish(prompt) == "judge ce" else 0
        return says(TREE)(prompt, sampling, sample)

    run = await searched(reply, max_seconds=10, breadth=2, judgements=1, clock=lambda: now[0])
    assert (run.answer, notes(run)) == ("bd", [])


# Stop and faults


def is_over(run, engine):
    """Whether everything is let go: each call closed, each text ended, Ended last and once."""
    events = [event for _, event in run.events]
    called = [node for node in run.trace.nodes.values() if node.calls]
    return (
        all(call.closed for call in engine.calls)
        and all(node.finish for node in called)
        and [isinstance(event, Ended) for event in events].index(True) == len(events) - 1
    )


@pytest.mark.parametrize("search", ["bfs", "dfs"])
@pytest.mark.parametrize("words", range(0, 20, 3))
async def test_stop_is_heard_wherever_the_search_is(search, words):
    gate = Gate(words)
    driver, engine = driver_of(TREE, search=search, breadth=2, judgements=2, gate=gate)
    frames = asyncio.ensure_future(anext(driver.frames()))
    await frames
    await asyncio.wait_for(gate.reached.wait(), 5)
    asked = len(engine.calls)
    await driver.stop()
    assert driver.run.trace.ended == Ended("stopped")
    assert is_over(driver.run, engine)
    assert len(engine.calls) == asked


@pytest.mark.parametrize("kind", [Scored, Marked])
async def test_stop_between_two_requests_asks_nothing_more(kind):
    driver, engine = driver_of(TREE, breadth=2, judgements=1)
    stopping = []

    def heard(_time, event):
        if isinstance(event, kind) and not stopping:
            stopping.append(asyncio.ensure_future(driver.stop()))

    driver.run.listen(heard)
    async for _ in driver.frames():
        pass
    await stopping[0]
    assert driver.run.trace.ended == Ended("stopped")
    assert is_over(driver.run, engine)
    assert not [call for call in engine.calls if len(wish(call.prompt)) > len("judge a")]


@pytest.mark.parametrize("at", ["after", "judge b", "after b"])
@pytest.mark.parametrize("error", [EngineDied("killed"), ContextOverflow(9, 8)])
async def test_a_fault_of_the_engine_ends_the_run_with_its_own_name(at, error):
    def reply(prompt, sampling, sample):
        return error if wish(prompt) == at else says(TREE)(prompt, sampling, sample)

    driver, engine = driver_of(reply, breadth=2)
    async for _ in driver.frames():
        pass
    assert driver.run.trace.ended == Ended("failed", error=error.as_dict())
    assert is_over(driver.run, engine)


# Edits


async def edited(old, node, text, told=(), below=False, **settings):
    """The run that continues `old` from an edit of the state `node`."""
    node = state(old, node).id if node is not None else "9.9"
    return await searched({**TREE, **dict(told)}, old=old, edit=Edit(node, text, below), **settings)


async def test_an_edit_stands_beside_the_thought_it_replaces_and_is_searched_on_from():
    old = await searched(TREE, judgements=1)
    run = await edited(old, "b", "z", {"after z": "d e", "judge ez": "sure"}, judgements=1)
    assert (run.status, run.answer) == ("answered", "ze")
    assert states(run, "edited") == ["z"]
    assert state(run, "z").parents == ("0",)
    assert states(run)[-3:] == ["z", "zd", "ze"]
    assert asked_for(run) == ["after z", "judge dz", "judge ez"]


async def test_an_edit_can_go_below_a_thought():
    old = await searched(TREE, judgements=1, depth=2)
    run = await edited(old, "a", "z", {"after az": "q"}, below=True, judgements=1, depth=3)
    assert run.answer == "azq"
    assert state(run, "az").parents == (state(run, "a").id,)


async def test_an_edit_can_be_a_first_thought_of_the_problem():
    old = await searched(TREE, judgements=1)
    run = await edited(old, "", "z", {"after z": "q"}, below=True, judgements=1)
    assert run.answer == "zq"


@pytest.mark.parametrize("search", ["bfs", "dfs"])
async def test_an_edit_that_is_a_last_state_is_the_answer_at_once(search):
    old = await searched(TREE, judgements=1)
    run = await edited(old, "bd", "z", search=search, judgements=1)
    assert (run.answer, run.calls) == ("bz", [])
    assert list(state(run, "bz").marks) == ["edited", "final", "winner"]


async def test_an_invalid_thought_can_be_replaced():
    old = await searched({**TREE, "after": "a B"})
    run = await edited(old, "B", "z", {"after z": "q"})
    assert (run.answer, states(run, "invalid")) == ("zq", ["B"])


async def test_a_sampled_thought_is_continued_from_its_own_words():
    settings = {"generation": "sample", "thoughts": 2, "judgements": 1}
    old = await searched({"one after": ["a", "b"], "one after a": ["c", "d"]}, **settings)
    told = {"one after az": ["q", "r"]}
    run = await edited(old, "a", "z", told, below=True, depth=3, **settings)
    assert run.answer == "azq"


async def test_depth_first_goes_on_from_an_edit_too():
    old = await searched(TREE, search="dfs", judgements=1)
    told = {"after z": "x y", "judge yz": "sure"}
    run = await edited(old, "c", "z", told, search="dfs", judgements=1)
    assert (run.answer, asked_for(run)) == ("zy", ["after z", "judge xz", "judge yz"])


async def test_the_old_run_stands_untouched_at_the_front_of_the_new_one():
    old = await searched(TREE, judgements=1)
    before = list(old.run.events)
    run = await edited(old, "b", "z", {"after z": "d"}, judgements=1)
    assert old.run.events == before
    assert run.run.events[: len(before) - 1] == before[:-1]
    assert [isinstance(event, Ended) for _, event in run.run.events].count(True) == 1
    assert states(run)[: len(states(old))] == states(old)
    moments = [moment for moment, _ in run.run.events]
    assert moments == sorted(moments)


async def test_an_edit_has_limits_of_its_own():
    old = await searched({"after": "a b c"}, max_states=3, judgements=1)
    assert notes(old) == [("limit_states", {"limit": 3})]
    run = await edited(old, "b", "z", {"after z": "d"}, max_states=3, judgements=1)
    assert (run.answer, notes(run)) == ("zd", notes(old))
    run = await edited(old, "b", "z", {"after z": "d e f g"}, max_states=3, judgements=1)
    assert notes(run) == notes(old) * 2


async def test_an_edited_run_can_be_edited_again():
    old = await searched(TREE, judgements=1)
    second = await edited(old, "b", "y", {"after y": "q"}, judgements=1)
    third = await edited(second, "y", "z", {"after z": "q"}, judgements=1)
    assert (third.answer, states(third, "edited")) == ("zq", ["y", "z"])


@pytest.mark.parametrize(
    ("node", "text", "below", "code"),
    [
        (None, "z", False, "edit_unknown"),
        ("", "z", False, "edit_root"),
        ("B", "z", True, "edit_below"),
        ("ac", "z", True, "edit_below"),
        ("a", "Z", False, "edit_invalid"),
        ("a", " ", True, "edit_invalid"),
    ],
)
async def test_an_edit_that_is_none_is_refused_before_anything_runs(node, text, below, code):
    old = await searched({"after": "a B", "after a": "c"})
    before = list(old.run.events)
    with pytest.raises(InvalidInput) as refused:
        await edited(old, node, text, below=below)
    assert refused.value.code == code
    assert old.run.events == before


async def test_a_judgement_is_nothing_to_edit():
    old = await searched(TREE)
    judgement = next(iter(old.trace.of_kind("judgement")))
    with pytest.raises(InvalidInput, match="edit_unknown"):
        driver_of(TREE, old=old, edit=Edit(judgement.id, "z"))


async def test_the_refusal_of_an_edit_names_what_was_written_and_why():
    old = await searched(TREE)
    with pytest.raises(InvalidInput) as refused:
        await edited(old, "a", "Z" * 500)
    assert refused.value.fields == {"given": "Z" * 200, "reason_code": "capital"}


# Settings


@pytest.mark.parametrize("task", TASKS)
def test_the_papers_settings_are_known_and_allowed(task):
    settings = paper_settings({"task": task})
    known = {spec.name for spec in specs(Params)}
    assert set(settings) <= known - {"task"}
    build(Params, {"task": task, **settings})


def test_the_papers_settings_are_the_papers():
    papers = {
        "game24": {"breadth": 5, "judgements": 3, "judge": "written"},
        "writing": {"thoughts": 5, "judgements": 5, "breadth": 1},
        "crossword": {"breadth": 3, "proposals": 8, "max_states": 100},
    }
    for task, values_of in papers.items():
        settings = paper_settings({"task": task})
        assert values_of.items() <= settings.items()
        assert settings["temperature"] == 0.7
    assert STRATEGY.presets is paper_settings


@pytest.mark.parametrize(
    ("task", "text", "name", "given"),
    [
        ("game24", FOUR, "generation", "sample"),
        ("game24", FOUR, "evaluation", "vote"),
        ("writing", "a\nb\nc\nd", "evaluation", "value"),
        ("writing", "a\nb\nc\nd", "generation", "propose"),
        ("crossword", "clue\n" * 10, "evaluation", "vote"),
    ],
)
async def test_what_a_task_cannot_do_is_refused_by_name(task, text, name, given):
    run = await searched("", task, text, **{name: given})
    fields = {"task": task, "name": name, "given": given}
    assert (run.status, run.error) == ("failed", {"code": "task_cannot", "fields": fields})
    assert run.calls == []
