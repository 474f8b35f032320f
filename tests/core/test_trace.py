"""A trace is what its events make it, and events that cannot follow are refused."""

import pytest

from core import recording
from core.answers import Extraction
from core.engine import Sampling
from core.errors import InvalidRecording
from core.events import (
    Answered,
    Closed,
    Composed,
    Delta,
    Demonstrated,
    Mapped,
    Marked,
    Noted,
    Opened,
    Part,
    Progressed,
    Prompted,
    PromptRead,
    Scored,
)
from core.exemplars import Exemplar, ExemplarSet
from core.trace import Trace
from core.votes import Ballot
from tests.core.builders import END, START, called, folded

PATH = (
    *called("0"),
    Delta("0", "Let's think.", 3, forced=True),
    Delta("0", " It", 1, -0.5),
    Delta("0", " is 4.", 2, -1.0),
    Closed("0", "stop", prompt_tokens=12, computed_tokens=10),
    Answered("0", Extraction("4", 6, 7, "first")),
)


def test_a_node_keeps_its_prompt_times_and_ending():
    node = folded(*PATH).nodes["0"]
    assert (node.prompt, node.sampling, node.finish) == ("Q:", Sampling(seed=100), "stop")
    assert (node.opened, node.first_token, node.closed) == (1.0, 4.0, 6.0)
    assert (node.prompt_tokens, node.computed_tokens) == (12, 10)


def test_forced_text_is_kept_apart_from_sampled_text():
    node = folded(*PATH).nodes["0"]
    pieces = [(piece.text, piece.forced) for piece in node.pieces]
    assert pieces == [("Let's think.", True), (" It is 4.", False)]
    assert (node.text, node.sampled) == ("Let's think. It is 4.", " It is 4.")
    assert (node.forced_tokens, node.tokens) == (3, 3)


def test_the_mean_log_probability_is_over_sampled_tokens_only():
    assert folded(*PATH).nodes["0"].mean_logprob == pytest.approx(-0.5)
    assert folded(*called("0")).nodes["0"].mean_logprob is None
    assert folded(*called("0"), Delta("0", "a", 1)).nodes["0"].mean_logprob is None


def test_a_prompt_is_being_read_until_text_is_sampled():
    reading = (*called("0"), PromptRead("0", 128, 400), PromptRead("0", 256, 400))
    assert folded(*called("0")).nodes["0"].prompt_read is None
    assert folded(*reading).nodes["0"].prompt_read == (256, 400)
    forced, sampled = Delta("0", "Wait", 1, forced=True), Delta("0", "", 1)
    assert folded(*reading, forced).nodes["0"].prompt_read == (256, 400)
    assert folded(*reading, sampled).nodes["0"].prompt_read is None
    assert folded(*reading, Closed("0", "aborted")).nodes["0"].prompt_read is None


def test_a_forced_wait_between_sampled_stretches_makes_three_pieces():
    wait = (Delta("0", "a", 1), Delta("0", "Wait", 1, forced=True), Delta("0", "b", 1))
    assert [(p.text, p.forced) for p in folded(*called("0"), *wait).nodes["0"].pieces] == [
        ("a", False),
        ("Wait", True),
        ("b", False),
    ]


def test_each_sample_has_a_seed_of_its_own():
    trace = folded(*called("0", 0, 2), *called("1", 1, 2), Opened("2", (), "path"))
    assert [node.seed for node in trace.nodes.values()] == [100, 101, None]


def test_scores_marks_notes_and_the_end_are_kept():
    scored = Scored("0", 2.5, (1.0, 1.5))
    trace = folded(*PATH, scored, Marked("0", "kept"), Noted("tie", {"a": 1}), END)
    node = trace.nodes["0"]
    assert (node.value, node.votes, node.status) == (2.5, (1.0, 1.5), "kept")
    assert (trace.notes, trace.ended, trace.started) == ([Noted("tie", {"a": 1})], END, START)


def test_the_version_and_the_seconds_grow_with_each_event():
    trace = Trace()
    for time, event in enumerate((START, *PATH)):
        trace.apply(time * 0.5, event)
        assert (trace.version, trace.seconds) == (time + 1, time * 0.5)


def test_ballots_come_from_read_paths_only_in_the_order_of_the_paths():
    trace = folded(
        *called("0"),
        *called("1"),
        *called("2"),
        Opened("3", (), "greedy"),
        Answered("3", Extraction("9", 0, 1, "first")),
        Answered("2", None),
        Delta("0", "4", 1, -0.25),
        Answered("0", Extraction("4", 0, 1, "first")),
    )
    assert trace.ballots() == [Ballot("0", "4", -0.25), Ballot("2", None)]


def test_where_there_is_text_there_are_tokens_and_a_count_of_none_is_no_count():
    begun = (*called("0"), Delta("0", "So", 0, forced=True), Delta("0", " it is", 0))
    assert folded(*begun).totals().uncounted == {"forced", "sampled"}
    told = (*begun, Delta("0", "", 2), Closed("0", "stop"))
    assert folded(*told).nodes["0"].uncounted == {"forced", "prompt"}
    counted = (*called("0"), Delta("0", "So", 1), Closed("0", "stop", 3))
    assert folded(*counted).totals().uncounted == frozenset()
    aborted = (*called("0"), Closed("0", "aborted"))
    assert folded(*aborted).totals().uncounted == frozenset()


def test_the_ledger_counts_each_sampled_text_as_a_call():
    trace = folded(
        *PATH,
        *called("1"),
        Delta("1", "x", 5),
        Closed("1", "length", prompt_tokens=12, computed_tokens=0),
        Opened("2", (), "group"),
    )
    totals = trace.totals()
    assert (totals.calls, totals.prompt, totals.computed) == (2, 24, 10)
    assert (totals.sampled, totals.forced, totals.seconds) == (8, 3, 12.0)
    assert totals.rate == pytest.approx(8 / 12)


def test_computed_tokens_are_unknown_where_no_engine_told():
    totals = folded(*called("0"), Closed("0", "stop", prompt_tokens=12)).totals()
    assert (totals.prompt, totals.computed) == (12, None)


def test_a_run_of_no_time_has_no_rate():
    assert folded().totals().rate == 0.0


def test_the_graph_has_an_edge_from_each_of_several_parents():
    trace = folded(
        *PATH,
        Opened("1", (), "thought", "left"),
        Opened("1.0", ("1", "0"), "join"),
        Scored("1", 0.5),
        Marked("1", "pruned"),
    )
    graph = trace.to_networkx()
    assert sorted(graph.edges) == [("0", "1.0"), ("1", "1.0")]
    assert graph.nodes["0"] == {
        "kind": "path",
        "label": "",
        "text": "Let's think. It is 4.",
        "tokens": 3,
        "answer": "4",
        "value": None,
        "status": "",
    }
    assert graph.nodes["1"]["value"] == 0.5
    assert graph.nodes["1"]["status"] == "pruned"
    assert graph.nodes["1"]["label"] == "left"


@pytest.mark.parametrize(
    "events",
    [
        (START,),
        (Delta("0", "a", 1),),
        (Opened("0", (), "a"), Opened("0", (), "a")),
        (Opened("0.0", ("0",), "a"),),
        (Opened("0", ("0",), "a"),),
        (END, Noted("late")),
        (END, END),
        (Opened("0", (), "a"), Prompted("1", "", Sampling())),
    ],
)
def test_events_that_cannot_follow_are_refused(events):
    with pytest.raises(ValueError, match=r"Started|Ended|node"):
        folded(*events)


def test_nothing_comes_before_started_and_time_does_not_run_back():
    with pytest.raises(ValueError, match="Started"):
        Trace().apply(0.0, Noted("early"))
    trace = folded(Noted("at one second"))
    with pytest.raises(ValueError, match="time"):
        trace.apply(0.5, Noted("before"))
    assert trace.version == 2


def test_tokens_of_unknown_probability_do_not_weigh_in_the_mean():
    trace = folded(
        *called("0"), Delta("0", "你", 1, -1.0), Delta("0", "", 3), Delta("0", "好", 1, -2.0)
    )
    assert trace.nodes["0"].tokens == 5
    assert trace.nodes["0"].mean_logprob == pytest.approx(-1.5)


def drawn(**changed):
    """A map of two questions in two clusters."""
    fields = {
        "questions": ("a", "b"),
        "points": ((0.0, 0.5), (1.0, 0.5)),
        "clusters": (0, 1),
        "centres": ((0.0, 0.5), (1.0, 0.5)),
        "asked": (0.5, 0.5),
        "by": "TF-IDF",
        "seed": 192,
    }
    return Mapped(**(fields | changed))


def test_the_last_progress_stands_until_the_map_is_there():
    steps = (Progressed("embedding", 0, 2), Progressed("clustering", 1, 2))
    trace = folded(*steps)
    assert (trace.progress, trace.map) == (steps[1], None)
    trace.apply(9.0, drawn())
    assert (trace.progress, trace.map) == (None, drawn())


def test_progress_does_not_outlive_the_run():
    trace = folded(Progressed("embedding", 0, 2), END)
    assert (trace.progress, trace.map) == (None, None)


def test_demonstrations_are_kept_and_the_last_ones_count():
    first = ExemplarSet("auto", exemplars=(Exemplar("Q", "R", "A"),))
    assert folded().demonstrations is None
    assert folded(Demonstrated(first)).demonstrations == first
    assert folded(Demonstrated(ExemplarSet()), Demonstrated(first)).demonstrations == first


def test_the_parts_of_a_prompt_belong_to_its_node():
    parts = (Part("frame", 0, 1, 1), Part("exemplar", 1, 5, None, "1", True))
    trace = folded(*called("0"), *called("1"), Composed("1", parts))
    assert [node.parts for node in trace.nodes.values()] == [(), parts]
    with pytest.raises(ValueError, match="node"):
        folded(Composed("0", parts))


BROKEN = [
    {"questions": ("a",)},
    {"points": ((0.0, 0.5),)},
    {"clusters": (0,)},
    {"clusters": (0, 2)},
    {"centres": ()},
]


@pytest.mark.parametrize("changed", BROKEN)
def test_a_map_that_does_not_hold_together_is_refused(changed):
    with pytest.raises(ValueError, match="map"):
        folded(drawn(**changed))


def test_a_map_without_the_question_asked_holds():
    assert folded(drawn(asked=None)).map == drawn(asked=None)


@pytest.mark.parametrize("changed", BROKEN)
def test_a_recording_with_such_a_map_is_refused_by_its_line(changed):
    timed = [(0.0, START), (1.0, drawn(**changed)), (2.0, END)]
    with pytest.raises(InvalidRecording) as refused:
        recording.read(recording.write(timed).encode())
    assert (refused.value.code, refused.value.fields["line"]) == ("recording_order", 3)


@pytest.mark.parametrize(
    "changed", [{"clusters": (0, -1)}, {"points": ((0.0,), (1.0, 0.5))}, {"asked": (1.0,)}]
)
def test_a_recording_with_a_map_of_another_form_is_refused_by_its_line(changed):
    timed = [(0.0, START), (1.0, drawn(**changed)), (2.0, END)]
    with pytest.raises(InvalidRecording) as refused:
        recording.read(recording.write(timed).encode())
    assert (refused.value.code, refused.value.fields["line"]) == ("recording_schema", 3)


def test_a_recording_with_all_of_a_selection_reads_back():
    events = (
        Progressed("embedding", 0, 2),
        drawn(),
        Demonstrated(ExemplarSet("auto", exemplars=(Exemplar("Q", "R", "A").sealed(),))),
        *called("0"),
        Composed("0", (Part("frame", 0, 2, 1), Part("exemplar", 2, 4, None, "1", True))),
        END,
    )
    timed = [(float(time), event) for time, event in enumerate((START, *events))]
    read = recording.read(recording.write(timed).encode())
    assert [event for _, event in read.events] == [START, *events]
