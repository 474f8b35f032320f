"""The walks as cards, the demonstrations they came to, and what the headline says meanwhile."""

import json

import pytest

from components.texts import texts
from components.view import as_json
from components.views import (
    candidate_sheet,
    demonstrations,
    headline,
    inspector,
    paths,
    selecting,
    walks,
)
from components.views.headline import Origin
from components.views.palette import looks
from components.views.reading import Lens, read
from core.events import Answered, Closed, Delta, Demonstrated, Ended, Marked, Opened, Progressed
from core.exemplars import ExemplarSet
from tests.components.selections import (
    LONG,
    PARAMS,
    TRIGGER,
    asked,
    final,
    made,
    mapped,
    passed,
    pool,
    rejected,
    taken,
    trace_of,
    walk,
    whole,
)
from tests.components.selections import (
    read as answered,
)

EN = texts("en")


def drawn(trace, selected=None, text=EN):
    return walks.cards(trace, Lens(selected=selected), selecting.walks(trace), text)


def card(trace, place=0):
    return drawn(trace)["cards"][place]


def words(trace, row):
    return "".join(drawn(trace)["texts"][place] for _, place in row["parts"])


def status(trace):
    readings = read(trace, Lens())
    return headline.headline(trace, Lens(), readings, Origin(), EN, "en")["status"]


# Cards


def test_each_walk_has_a_card_with_its_number_its_size_and_how_many_it_tried():
    cards = drawn(trace_of(*whole()))["cards"]
    assert [each["number"] for each in cards] == ["1", "2", "3", "4"]
    assert [each["about"] for each in cards][:2] == ["6 questions, 1 tried", "6 questions, 4 tried"]


def test_candidates_stand_in_the_order_of_the_walk_with_their_rules_and_answers():
    trace = trace_of(*whole())
    fold, late, last = card(trace, 1)["rows"]
    assert fold["passed"]["said"] == "2 passed over: question longer than 60 words"
    assert [row["id"] for row in fold["passed"]["rows"]] == ["1.0", "1.1"]
    assert late["said"] == "rejected: its rationale does not end in a full stop"
    assert last["said"] == "taken as a demonstration"
    assert last["question"] == pool()[17]
    assert words(trace, last) == TRIGGER + " 17 and 2 are 19."
    assert last["answer"] == "19"


def test_one_that_was_passed_over_is_a_row_and_many_are_one_fold():
    trace = trace_of(mapped(pool(q4=LONG)), walk(0), *passed("0.0", 4))
    (row,) = card(trace)["rows"]
    assert row["said"].endswith("its question has 79 words; at most 60 are allowed")
    many = [event for n in range(50) for event in passed(f"0.{n}", 4)]
    (fold,) = card(trace_of(mapped(pool(q4=LONG)), walk(0), *many))["rows"]
    assert fold["passed"]["said"] == "50 passed over: question longer than 60 words"


def test_a_fold_keeps_its_id_while_it_grows():
    events = [mapped(), walk(0), *passed("0.0", 0), *passed("0.1", 4)]
    before = card(trace_of(*events))["rows"][0]["id"]
    assert card(trace_of(*events, *passed("0.2", 8)))["rows"][0]["id"] == before


def test_what_different_rules_passed_over_is_not_mixed():
    events = [*passed("0.0", 0), *passed("0.1", 4), *passed("0.2", 8, "asked")]
    rows = card(trace_of(mapped(), walk(0), *events))["rows"]
    assert [("passed" in row) for row in rows] == [True, False]
    assert rows[1]["said"] == "rejected: it is the very question that was asked"


@pytest.mark.parametrize(
    "code",
    [
        *("long_question", "asked", "duplicate"),
        *("many_lines", "no_full_stop", "no_answer", "answer_not_at_end"),
    ],
)
def test_every_rule_has_a_sentence_of_its_own_in_both_languages(code):
    trace = trace_of(mapped(), walk(0), *rejected("0.0", 0, code))
    for language in ("en", "zh"):
        text = texts(language)
        (row,) = drawn(trace, text=text)["cards"][0]["rows"]
        assert row["said"].endswith(text(f"reason.{code}"))


def test_lines_are_counted_against_the_limit_of_the_run():
    lines = "\n\n".join(" line" for _ in range(7))
    trace = trace_of(mapped(), walk(0), *rejected("0.0", 0, "many_lines", lines))
    said = card(trace)["rows"][0]["said"]
    assert said == "rejected: its rationale has 7 lines; at most 5 are allowed"


def test_a_limit_that_is_not_known_or_was_not_passed_is_not_told():
    events = [mapped(), walk(0), *passed("0.0", 0)]
    for limit in (None, "60", True, 10_000):
        trace = trace_of(*events, params={"question_words": limit})
        assert card(trace)["rows"][0]["said"] == "rejected: its question is too long"


def test_a_rule_from_outside_is_named_and_bounded():
    trace = trace_of(mapped(), walk(0), *rejected("0.0", 0, "{x}<b>" * 100))
    said = card(trace)["rows"][0]["said"]
    assert "{x}<b>" in said and len(said) < 250


def test_a_rationale_grows_in_its_row_with_what_was_put_in_apart():
    trace = trace_of(mapped(), walk(0), *asked("0.0", 0, " So we"))
    (row,) = card(trace)["rows"]
    assert row["standing"] == "trying" and not row["reading"]
    assert [forced for forced, _ in row["parts"]] == [True, False]
    trace.apply(99.0, Delta("0.0", " add", 1))
    assert words(trace, card(trace)["rows"][0]) == TRIGGER + " So we add"
    trace.apply(99.0, Closed("0.0", "stop"))
    assert card(trace)["rows"][0]["reading"]


def test_a_long_rationale_is_drawn_in_part():
    trace = trace_of(mapped(), walk(0), *asked("0.0", 0, "x" * 50_000))
    assert len(words(trace, card(trace)["rows"][0])) == walks.MAX_TEXT


@pytest.mark.parametrize(
    ("events", "said", "loud"),
    [
        ([], "", False),
        ([*taken("0.0", 0), Marked("0", "found")], "", False),
        (
            [*rejected("0.0", 0, "no_answer"), Marked("0", "exhausted")],
            "Found none: of the 1",
            True,
        ),
        ([Marked("0", "empty")], "This cluster is empty", True),
        ([*taken("0.0", 0), Marked("0", "exhausted")], "Only 1 passed", True),
        ([Ended("stopped")], "not finished", False),
    ],
)
def test_a_walk_that_found_none_says_so_loudly(events, said, loud):
    each = card(trace_of(mapped(), walk(0), *events))
    assert each["said"].startswith(said) and bool(each["said"]) == bool(said)
    assert each["loud"] is loud


def test_an_empty_cluster_has_a_card_though_it_has_no_centre():
    each = card(trace_of(mapped(), walk(7), Marked("7", "empty")))
    assert (each["number"], each["about"]) == ("8", "0 questions, 0 tried")


def test_the_other_selections_have_one_walk_that_says_which_it_is():
    for label, title in (("random", "Random-Q"), ("retrieval", "Retrieval-Q"), ("mine", "mine")):
        (each,) = drawn(trace_of(mapped(), walk(0, label), *taken("0.0", 3)))["cards"]
        assert each["title"].startswith(title) and each["number"] == ""


def test_without_a_map_the_walks_are_still_told():
    (row,) = card(trace_of(walk(0), *taken("0.0", 3)))["rows"]
    assert row["question"] == "Question 4 of the pool"


def test_what_is_not_drawn_of_a_long_walk_is_said():
    many = [event for n in range(130) for event in rejected(f"0.{n}", n % 24, "no_answer")]
    each = card(trace_of(mapped(), walk(0), *many))
    assert len(each["rows"]) == walks.MAX_ROWS
    assert each["more"].startswith("30 more rows")


def test_hostile_text_travels_as_data():
    hostile = "<img src=x onerror=alert(1)> ${x} {{y}}"
    value = as_json(drawn(trace_of(mapped(pool(q0=hostile)), walk(0), *taken("0.0", 0, hostile))))
    assert "<" not in value
    assert json.loads(value)["cards"][0]["rows"][0]["question"] == hostile


def test_a_run_of_another_kind_has_no_walks():
    assert drawn(trace_of(strategy="direct")) is None


# Demonstrations, the final text, the inspector


def test_demonstrations_tell_which_of_them_a_person_has_changed():
    listed = demonstrations.drawn(trace_of(mapped(), Demonstrated(made("a", "b", changed=1))), EN)
    assert listed["title"] == "The 2 demonstrations that the model wrote for itself"
    assert [bool(item["tampered"]) for item in listed["items"]] == [False, True]
    assert listed["items"][1]["answer"] == "3"


def test_demonstrations_from_before_are_called_so():
    listed = demonstrations.drawn(trace_of(Demonstrated(made("a", "b"))), EN)
    assert listed["title"] == "The 2 demonstrations, kept from before"


def test_demonstrations_that_were_given_are_listed_only_where_they_are_used():
    given = {"exemplars": [{"question": "a", "rationale": "b", "answer": "c", "made": "x"}]}
    params = PARAMS | {"demonstrations": given}
    assert demonstrations.drawn(trace_of(mapped(), walk(0), params=params), EN) is None
    listed = demonstrations.drawn(trace_of(*final("0", ""), params=params), EN)
    assert [item["question"] for item in listed["items"]] == ["a"]
    assert listed["items"][0]["tampered"]


@pytest.mark.parametrize("given", [7, "x", [], {"exemplars": 3}, {"exemplars": [{"a": 1}]}])
def test_what_a_recording_from_outside_gives_for_demonstrations_breaks_nothing(given):
    trace = trace_of(*final("0", ""), params={"demonstrations": given})
    assert demonstrations.drawn(trace, EN) is None


def test_the_cards_show_the_final_text_alone():
    trace = trace_of(*whole())
    readings = read(trace, Lens())
    seen = looks((readings[node.id] for node in paths.shown(trace)), "number")
    (only,) = paths.cards(trace, Lens(), readings, seen, EN)["cards"]
    assert (only["id"], only["title"], only["letter"]) == ("4", "Rationale", "A")


def test_of_two_forms_the_first_is_marked_as_the_one_that_counts():
    events = [Opened(str(n), (), "few_shot", form) for n, form in enumerate(("cot", "odd"))]
    trace = trace_of(*events, strategy="few_shot_cot")
    shown = paths.cards(trace, Lens(), read(trace, Lens()), {}, EN)
    assert shown["pair"] and shown["solo"]
    assert [each["counts"] for each in shown["cards"]] == ["its answer counts", ""]
    assert [each["title"] for each in shown["cards"]] == [
        "Reasoning, then the answer (CoT)",
        "Odd",
    ]
    alone = trace_of(events[0])
    one = paths.cards(alone, Lens(), read(alone, Lens()), {}, EN)
    assert not one["pair"] and one["cards"][0]["counts"] == ""


def test_the_inspector_shows_a_candidates_question_its_standing_and_both_stages():
    trace = trace_of(*whole())
    node = trace.nodes["1.3"]
    shown = inspector.inspect(trace, read(trace, Lens())["1.3"], EN)
    shown |= candidate_sheet.sheet(trace, node, shown, EN)
    assert shown["title"] == "Candidate (question 18 of the pool)"
    assert shown["panes"][0]["parts"] == [["text", pool()[17]]]
    assert [pane["label"] for pane in shown["panes"]][3:] == [
        "Second prompt, which asks for the answer",
        "Answer, as written",
    ]
    assert shown["facts"][:2] == [["standing", "taken as a demonstration"], ["answer", "19"]]


def test_the_inspector_shows_of_a_candidate_without_a_text_its_question_and_the_rule():
    trace = trace_of(*whole())
    whole_sheet = inspector.inspect(trace, read(trace, Lens())["1.0"], EN)
    shown = candidate_sheet.sheet(trace, trace.nodes["1.0"], whole_sheet, EN)
    assert [pane["parts"] for pane in shown["panes"]] == [[["text", LONG]]]
    assert "at most 60 are allowed" in shown["facts"][0][1]


def test_a_candidate_that_belongs_to_no_walk_is_a_node_like_any():
    trace = trace_of(Opened("0", (), "candidate", "3"))
    sheet = inspector.inspect(trace, read(trace, Lens())["0"], EN)
    assert candidate_sheet.sheet(trace, trace.nodes["0"], sheet, EN) is sheet


# The headline


def test_the_headline_tells_how_far_the_demonstrations_are():
    assert status(trace_of()) == "thinking …"
    events = [Progressed("embedding", 1, 24)]
    assert status(trace_of(*events)) == "the pool is being mapped …"
    events += [mapped(), *(walk(n) for n in range(4)), *taken("0.0", 0)]
    assert status(trace_of(*events)) == "demonstrations are being made: 1 of 4"
    events += [Demonstrated(made("a", "b")), *final("4", "")]
    assert status(trace_of(*events)) == "the question is being asked, with 2 demonstrations"
    assert status(trace_of(*whole())) == "finished, with 2 demonstrations"


def test_the_headline_says_that_demonstrations_are_kept_from_before():
    events = [Demonstrated(made("a", "b")), *final("0", " It is 36.")]
    assert status(trace_of(*events)).endswith("2 demonstrations kept from before")
    ended = [*events, Closed("0", "stop"), Answered("0", None), Ended("answered", "36")]
    assert status(trace_of(*ended)) == "finished, with 2 demonstrations kept from before"


def test_one_walk_is_to_find_as_many_as_were_asked_for():
    events = [mapped(), walk(0, "random"), *taken("0.0", 0), *taken("0.1", 1)]
    assert status(trace_of(*events)).endswith("made: 2 of 4")
    assert status(trace_of(*events, params={})).endswith("made: 2 so far")


@pytest.mark.parametrize(
    ("end", "words"),
    [("stopped", "stopped"), ("failed", "failed"), ("no_answer", "without an answer")],
)
def test_how_such_a_run_ended_is_said_as_for_any(end, words):
    events = [mapped(), walk(0), *asked("0.0", 0, " So"), *answered("0.0", None)]
    assert words in status(trace_of(*events, Demonstrated(ExemplarSet()), Ended(end)))


def test_a_run_of_another_kind_has_a_headline_of_its_own():
    assert status(trace_of(strategy="direct")) == "thinking …"
