"""From a trace to the tree that the page draws: places, marks, values, words and bounds."""

import json
import re

import pytest

from components.texts import table, texts
from components.view import ASSETS, as_json
from components.views.reading import Lens
from components.views.tree import MAX_DEPTH, MAX_LABEL, MAX_STATES, figure, tree
from core.engine import Sampling
from core.events import Closed, Delta, Ended, Event, Marked, Opened, Prompted, Scored
from tests.components.runs import trace_of

EN = texts("en")
ROOT = Opened("0", (), "state", "4 9 10 13")
ENDED = Ended("answered", "24")


def state(node: str, label: str = "13 - 9 = 4", parents: tuple[str, ...] = ("0",)) -> Opened:
    return Opened(node, parents, "state", label)


def call(node: str, kind: str, *parents: str, tokens: int = 3) -> list[Event]:
    """A call to the model that is still being written."""
    prompted = Prompted(node, "…", Sampling(0.7))
    return [Opened(node, parents, kind), prompted, Delta(node, "words", tokens)]


def drawn(*events: Event, lens=None, language="en", alive=None):
    return tree(trace_of(*events), lens or Lens(), texts(language), alive)


def nodes(*events: Event, **options):
    return {node["i"]: node for node in drawn(*events, **options)["nodes"]}


# What is drawn


def test_without_a_state_nothing_is_drawn():
    assert tree(trace_of(), Lens(), EN) is None
    assert tree(trace_of(Opened("0", (), "path", "1")), Lens(), EN) is None


def test_states_are_drawn_in_order_below_their_first_parent():
    shown = nodes(
        ROOT,
        *call("0.0", "proposal", "0"),
        state("0.1", "13 - 9 = 4", ("0", "0.0")),
        *call("0.1.0", "judgement", "0.1"),
        state("0.1.1", "10 - 4 = 6", ("0.1",)),
    )
    assert list(shown) == ["0", "0.1", "0.1.1"]
    assert [node.get("p") for node in shown.values()] == [None, "0", "0.1"]
    assert [node["t"] for node in shown.values()] == ["4 9 10 13", "13 - 9 = 4", "10 - 4 = 6"]


def test_a_record_holds_only_what_it_has_to_say():
    assert nodes(ROOT, ENDED)["0"] == {"i": "0", "t": "4 9 10 13"}


def test_a_sampled_thought_is_its_own_text_on_one_line():
    text = "  First\n  a handstand, " + "then more " * 20
    shown = nodes(ROOT, state("0.0", ""), Delta("0.0", text[:9], 2), Delta("0.0", text[9:], 40))
    assert shown["0.0"]["t"].startswith("First a handstand, then more")
    assert shown["0.0"]["t"].endswith("…") and len(shown["0.0"]["t"]) == MAX_LABEL


def test_a_very_long_text_is_not_read_to_its_end():
    trace = trace_of(ROOT, state("0.0", ""), *(Delta("0.0", "x" * 100, 1) for _ in range(9)))
    trace.nodes["0.0"].pieces[0].chunks[5] = None  # type: ignore[call-overload]
    assert tree(trace, Lens(), EN)["nodes"][1]["t"] == "x" * (MAX_LABEL - 1) + "…"


def test_more_states_than_the_page_draws_are_told():
    many = [state(f"0.{i}", str(i)) for i in range(MAX_STATES)]
    shown = drawn(ROOT, *many)
    assert len(shown["nodes"]) == MAX_STATES
    assert shown["more"].startswith(
        f"The first {MAX_STATES:,} of {MAX_STATES + 1:,} states are drawn."
    )
    assert drawn(ROOT, *many[:-1])["more"] == ""


def test_a_very_deep_tree_is_cut_and_says_so():
    ids = ["0", *(f"{i}" for i in range(1, 1_500))]
    chain = [state(ids[i], "on", (ids[i - 1],)) for i in range(1, len(ids))]
    shown = drawn(ROOT, *chain)
    assert len(shown["nodes"]) == len(shown["levels"]) == MAX_DEPTH + 1
    assert "of 1,500 states" in shown["more"]


def test_a_state_below_one_that_is_not_drawn_is_not_drawn():
    odd = Opened("1", (), "path", "1")
    shown = drawn(ROOT, odd, state("1.0", "lost", ("1",)), state("1.0.0", "too", ("1.0",)))
    assert [node["i"] for node in shown["nodes"]] == ["0"]
    assert shown["more"]


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "${alert(1)}", "{{value}}", "x" * 200, "مرحبا", "\u202egpj.exe"],
)
def test_hostile_labels_are_data_and_bounded(hostile):
    value = as_json(tree(trace_of(ROOT, state("0.0", hostile)), Lens(), EN))
    assert "<" not in value
    label = json.loads(value)["nodes"][1]["t"]
    assert label == (hostile if len(hostile) <= MAX_LABEL else hostile[: MAX_LABEL - 1] + "…")


# Marks


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ((), ""),
        (("kept", "pruned"), "pruned"),
        (("kept", "visited", "backtracked"), "backtracked"),
        (("pruned", "kept", "final"), "kept final"),
        (("duplicate", "pruned"), "pruned duplicate"),
        (("right", "final", "pruned", "edited"), "pruned edited final right"),
        (("equal", "made up", "pruned"), "pruned equal"),
    ],
)
def test_the_last_standing_holds_and_facts_stay(said, shown):
    events = [ROOT, state("0.0"), *(Marked("0.0", mark) for mark in said)]
    assert nodes(*events)["0.0"].get("m", "") == shown


def frontier(*events: Event) -> list[str]:
    marks = {i: node.get("m", "").split() for i, node in nodes(*events).items()}
    return [i for i, said in marks.items() if "frontier" in said]


def test_the_frontier_is_what_a_search_begins_with_or_has_kept_until_something_comes_of_it():
    assert frontier(ROOT) == ["0"]
    proposed = [ROOT, *call("0.0", "proposal", "0")]
    assert frontier(*proposed) == ["0"]
    assert frontier(*proposed, Closed("0.0", "stop")) == []
    judged = [ROOT, state("0.1"), state("0.2"), state("0.3")]
    assert frontier(*judged) == []
    kept = [*judged, Marked("0.1", "kept"), Marked("0.2", "pruned"), Marked("0.3", "kept")]
    assert frontier(*kept) == ["0.1", "0.3"]
    assert frontier(*kept, state("0.1.0", "10 - 4 = 6", ("0.1",))) == ["0.3"]
    assert frontier(*kept, Marked("0.1", "backtracked"), Marked("0.3", "final")) == []
    assert frontier(*kept, ENDED) == []


def test_what_a_person_wrote_or_a_search_says_is_on_the_frontier():
    events = [ROOT, state("0.1"), state("0.2")]
    assert frontier(*events, Marked("0.1", "edited"), Marked("0.2", "frontier")) == ["0.1", "0.2"]
    assert frontier(*events, Marked("0.1", "edited"), Marked("0.1", "pruned")) == []


def test_the_path_to_the_winner_is_marked_to_the_root():
    shown = nodes(
        ROOT,
        state("0.0"),
        state("0.1"),
        state("0.0.0", "10 - 4 = 6", ("0.0",)),
        Marked("0.0.0", "right"),
        Marked("0.0.0", "winner"),
    )
    assert {i for i, node in shown.items() if "winner" in node.get("m", "").split()} == {
        "0",
        "0.0",
        "0.0.0",
    }
    assert shown["0.0.0"]["m"] == "right winner"


def test_a_reason_is_said_once_in_words():
    odd = "never heard of"
    shown = drawn(
        ROOT,
        state("0.0"),
        state("0.1"),
        Marked("0.0", "invalid", odd),
        Marked("0.1", "pruned", "y" * 300),
    )
    assert [node.get("r") for node in shown["nodes"]] == [None, odd, "y" * 80]
    assert shown["reasons"][odd] == EN("unknown", code=odd)


def test_the_reason_of_a_mark_that_no_longer_holds_is_not_given():
    events = [ROOT, Marked("0", "pruned", "old"), Marked("0", "kept")]
    assert "r" not in nodes(*events)["0"]


def test_a_solver_tells_of_the_states_that_it_knows():
    events = [ROOT, state("0.0"), state("0.1")]
    shown = nodes(*events, alive={"0": True, "0.0": False, "elsewhere": True})
    assert [node.get("a") for node in shown.values()] == [1, 0, None]


# Values


def test_a_value_is_shown_with_its_share_of_the_best():
    scores = [60.0, 21.0, 0.003, 0.0, -1.0]
    states = [state(f"0.{i}") for i in range(len(scores))]
    events = [Scored(f"0.{i}", score) for i, score in enumerate(scores)]
    shown = list(nodes(ROOT, *states, *events).values())
    assert [node.get("v") for node in shown] == [None, "60", "21", "0.003", "0", "-1"]
    assert [node.get("b") for node in shown] == [None, 1.0, 0.35, 0.0, 0.0, 0.0]


def test_where_all_values_are_nothing_there_are_no_bars():
    shown = nodes(ROOT, state("0.0"), Scored("0.0", 0.0))
    assert shown["0.0"]["v"] == "0" and "b" not in shown["0.0"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_no_value_breaks_the_page(value):
    shown = nodes(ROOT, state("0.0"), Scored("0.0", value), Scored("0", 2.0))
    assert len(shown["0.0"]["v"]) < 10
    assert 0 <= shown["0.0"]["b"] <= 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (60.001, "60"),
        (20.7, "20.7"),
        (123.4, "123"),
        (1e7, "1e+07"),
        (0.5, "0.5"),
        (1 / 3, "0.333"),
    ],
)
def test_a_figure_is_short(value, shown):
    assert figure(value) == shown


# What goes on


def test_a_state_whose_thoughts_are_being_written_counts_their_tokens():
    events = [
        ROOT,
        *call("0.0", "proposal", "0", tokens=30),
        *call("0.1", "proposal", "0", tokens=4),
    ]
    assert nodes(*events)["0"]["w"] == 34
    assert nodes(*events, Closed("0.0", "stop"), Closed("0.1", "stop"))["0"].keys() == {"i", "t"}
    assert "w" not in nodes(*events, Ended("stopped"))["0"]


def test_a_call_that_waits_for_the_engine_counts_already():
    assert nodes(ROOT, Opened("0.0", ("0",), "proposal"))["0"]["w"] == 0


def test_a_thought_that_is_sampled_counts_its_own_tokens():
    events = [ROOT, *call("0.0", "state", "0", tokens=12)]
    assert nodes(*events)["0.0"]["o"] == 12
    assert "o" not in nodes(*events, Closed("0.0", "stop"))["0.0"]
    assert "o" not in nodes(*events, Ended("stopped"))["0.0"]
    assert nodes(ROOT, state("0.0", ""))["0.0"]["o"] == 0
    assert (
        "o" not in nodes(ROOT, *call("0.0", "proposal", "0"), state("0.1", "", ("0", "0.0")))["0.1"]
    )


def test_all_states_of_an_open_judgement_are_being_judged():
    events = [ROOT, state("0.0"), state("0.1"), *call("1", "judgement", "0.0", "0.1")]
    assert [node.get("j") for node in nodes(*events).values()] == [None, 1, 1]
    closed = [*events, Closed("1", "stop")]
    assert [node.get("j") for node in nodes(*closed).values()] == [None, 1, 1]
    assert [node.get("j") for node in nodes(*closed, Scored("0.0", 1)).values()] == [None, None, 1]
    assert [node.get("j") for node in nodes(*events, Ended("failed")).values()] == [None] * 3


# Around the tree


def test_each_step_has_a_heading_that_counts():
    events = [ROOT, state("0.0"), state("0.1"), state("0.0.0", "10 - 4 = 6", ("0.0",))]
    assert drawn(*events, Marked("0.0", "kept"))["levels"] == [
        ["Start", "1 state"],
        ["Step 1", "1 of 2 kept"],
        ["Step 2", "1 state"],
    ]


def test_the_selected_state_is_named_and_another_node_is_not():
    assert drawn(ROOT, lens=Lens(selected="0"))["selected"] == "0"
    assert drawn(ROOT, lens=Lens(selected="1"))["selected"] == ""
    assert drawn(ROOT)["selected"] == ""


def test_a_run_can_be_told_from_another():
    one, two = (trace_of(ROOT, seed=seed) for seed in (1, 2))
    first, second = (tree(trace, Lens(), EN)["run"] for trace in (one, two))
    assert first != second
    assert first == tree(trace_of(ROOT, ENDED, seed=1), Lens(), EN)["run"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_a_word_for_all_that_it_shows(language):
    script = (ASSETS / "js" / "tree.js").read_text("utf-8")
    shown = drawn(ROOT, language=language)
    (listed,) = re.findall(r"const LEGEND = \[(.+?)\]", script, re.DOTALL)
    used = set(re.findall(r"'(\w+)'", listed)) | set(re.findall(r"words\.(\w+)", script))
    assert len(used) > 20
    assert used - shown["words"].keys() == set()
    assert shown["label"] == texts(language)("tree.label", states=texts(language)("tree.state"))


def test_words_are_sent_once_and_blanks_are_left_to_the_page():
    assert drawn(ROOT)["words"]["writing"] == table("en")["tree.writing"]


def test_a_large_tree_is_a_small_value():
    events = [event for i in range(999) for event in (state(f"0.{i}"), Scored(f"0.{i}", 21.0))]
    assert len(as_json(tree(trace_of(ROOT, *events), Lens(), EN))) < 100_000
