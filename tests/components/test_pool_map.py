"""The pool as a map: what is fixed and travels once, what moves, and how far the mapping is."""

import json
from typing import cast

import gradio as gr
import pytest

from components.frame import frame
from components.localize import Localizer
from components.sessions import Screen, Sessions
from components.stage import Stage, _pool
from components.texts import texts
from components.views import pool_map, selecting
from components.views.palette import CLUSTERS
from components.views.reading import Lens, read
from core.events import Ended, Progressed
from tests.components.selections import (
    LONG,
    asked,
    mapped,
    passed,
    pool,
    rejected,
    taken,
    trace_of,
    tried,
    walk,
    whole,
)

EN = texts("en")


def moving(trace, selected=None):
    return pool_map.moving(trace, Lens(selected=selected), selecting.walks(trace), EN)


def marks(trace):
    return {mark["i"]: mark for mark in moving(trace)["marks"]}


def fixed(drawn):
    return json.loads(pool_map.fixed(drawn, EN))


# What is fixed


def test_every_question_has_a_point_and_every_cluster_a_number_and_a_colour():
    drawn = fixed(mapped())
    assert len(drawn["questions"]) == len(drawn["points"]) == len(drawn["clusters"]) == 24
    assert [centre["name"] for centre in drawn["centres"]][2] == "Cluster 3: 6 questions"
    assert drawn["colours"] == list(CLUSTERS[:4])
    assert drawn["asked"] == [0.5, 0.5]


def test_the_caption_says_what_drew_the_map_and_what_a_plane_cannot_show():
    caption = fixed(mapped())["caption"]
    assert caption.startswith("Drawn by TF-IDF, seed 192, from 24 questions.")
    assert EN("map.shadow") in caption


def test_a_question_is_bounded_and_a_place_lies_inside_the_map():
    drawn = fixed(mapped(pool(q0="x" * 5_000), asked=(-1e300, 7.0)))
    assert drawn["questions"][0] == "x" * pool_map.MAX_QUESTION
    assert drawn["asked"] == [0.0, 1.0]


def test_a_pool_from_outside_may_be_larger_than_what_is_drawn_and_that_is_said():
    drawn = fixed(mapped(pool(pool_map.MAX_POINTS + 1)))
    assert len(drawn["points"]) == pool_map.MAX_POINTS
    assert "The first 2,000 are drawn" in drawn["caption"]
    over = trace_of(mapped(pool(2_001)), walk(0), *passed("0.0", 2_000))
    assert moving(over)["marks"] == []


def test_a_map_without_the_question_asked_has_no_mark_for_it():
    assert fixed(mapped(asked=None))["asked"] is None


def test_hostile_questions_travel_as_data():
    hostile = "<img src=x onerror=alert(1)> ${x} {{y}}"
    value = pool_map.fixed(mapped(pool(q3=hostile)), EN)
    assert "<" not in value
    assert json.loads(value)["questions"][3] == hostile


def test_the_fixed_part_is_made_once_for_a_map_and_a_language():
    screen = Screen(trace=trace_of(mapped(), walk(0)))
    first = _pool(screen, EN)
    screen.trace.apply(9.0, tried("0.0", 4))
    assert _pool(screen, EN) is first
    assert "第 1 类" in str(_pool(screen, texts("zh")))
    screen.trace = trace_of(mapped())
    assert _pool(screen, EN) == first
    screen.trace = trace_of()
    assert _pool(screen, EN) is None


def test_a_frame_takes_what_is_json_already_as_it_is():
    made = pool_map.fixed(mapped(), EN)
    assert frame({"pool": made})["parts"]["pool"] is made


async def test_a_click_does_not_send_the_texts_of_the_pool_again():
    with gr.Blocks():  # what a frame is made of asks no session
        stage = Stage(Localizer(), cast(Sessions, None), "replay")
    screen = Screen(trace=trace_of(*whole()))
    first, again = stage.render(screen, "en")[0], stage.reread(screen, "en")
    assert "Question 23" in first["parts"]["pool"]
    assert first["parts"].keys() - again["parts"].keys() == {"pool"}
    assert "Question 23" not in json.dumps(again)


# What moves


def test_candidates_are_marked_with_what_became_of_them_in_words():
    trace = trace_of(
        mapped(pool(q4=LONG)),
        *(walk(n) for n in range(2)),
        *passed("0.0", 4),
        *asked("0.1", 8, " So"),
        *taken("1.0", 1),
        *rejected("1.1", 5, "no_full_stop"),
    )
    drawn = marks(trace)
    assert [(m["q"], m["s"], m["w"]) for m in drawn.values()] == [
        (4, "rejected", 0),
        (8, "trying", 0),
        (1, "taken", 1),
        (5, "rejected", 1),
    ]
    assert drawn["0.0"]["t"] == "rejected: its question has 79 words; at most 60 are allowed"
    assert drawn["1.1"]["t"] == "rejected: its rationale does not end in a full stop"
    assert drawn["0.1"]["t"] == "being tried" and drawn["1.0"]["t"] == "taken as a demonstration"


def test_a_walk_is_a_line_from_its_centre_through_its_candidates_in_order():
    trace = trace_of(mapped(), walk(0), walk(1), *passed("1.0", 9), *passed("1.1", 5))
    assert moving(trace)["lines"] == [{"from": 1, "to": [9, 5]}]


def test_retrieval_walks_from_the_question_asked_and_random_has_no_way_of_its_own():
    for label, lines in (("retrieval", [{"from": "asked", "to": [3, 7]}]), ("random", [])):
        trace = trace_of(mapped(), walk(0, label), *taken("0.0", 3), *taken("0.1", 7))
        assert moving(trace)["lines"] == lines
        assert [mark["w"] for mark in moving(trace)["marks"]] == [0, 0]


def test_what_a_run_that_was_stopped_left_undone_is_not_being_tried():
    trace = trace_of(mapped(), walk(0), *asked("0.0", 0, " So"), Ended("stopped"))
    assert marks(trace)["0.0"]["t"] == "not finished"
    assert not moving(trace)["running"]


@pytest.mark.parametrize("label", ["24", "-1", "x", "٣", "9" * 40, ""])
def test_a_candidate_that_is_not_in_the_pool_has_no_mark(label):
    trace = trace_of(mapped(), walk(0), tried("0.0", 0))
    trace.nodes["0.0"].label = label
    assert moving(trace)["marks"] == []


def test_what_moves_is_small_and_has_no_text_of_the_pool():
    trace = trace_of(*whole())
    value = json.dumps(moving(trace, selected="0.0"))
    assert "Question 0" not in value and len(value) < 2_000
    assert moving(trace, selected="0.0")["selected"] == "0.0"


# Before the map


def test_the_way_to_the_map_is_told_in_words_and_figures():
    trace = trace_of(Progressed("embedding", 500, 2_000))
    assert moving(trace)["progress"] == {
        "text": "Turning the questions of the pool into vectors …",
        "share": 0.25,
        "of": "500 of 2,000",
    }
    trace.apply(5.0, mapped())
    assert moving(trace)["progress"] is None


def test_a_step_that_cannot_tell_how_far_it_is_has_no_bar():
    drawn = moving(trace_of(Progressed("clustering", 0, 24)))["progress"]
    assert (drawn["share"], drawn["of"]) == (None, "")


def test_a_step_from_outside_is_named_and_never_more_than_whole():
    drawn = moving(trace_of(Progressed("<b>" * 100, 9, 3)))["progress"]
    assert drawn["text"].startswith("<b><b>") and len(drawn["text"]) < 90
    assert drawn["share"] == 1.0


def test_a_run_of_another_kind_has_no_map():
    assert moving(trace_of(strategy="direct")) is None


def test_the_answer_to_a_question_of_the_pool_is_never_right_or_wrong():
    trace = trace_of(*whole(), reference="36")
    readings = read(trace, Lens())
    assert readings["0.0.0"].answer == "2"
    assert readings["0.0.0"].verdict == ""
    assert readings["4"].verdict == "right"
