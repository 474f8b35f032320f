"""From the trace of a run of budget forcing to the bars of its growth, and what is said of it."""

import json

import pytest

from components.texts import texts
from components.view import as_json
from components.views.growth import FAR, growth, scale_end, ticks
from components.views.growth_words import MAX_STEPS
from components.views.reading import Lens
from components.views.rounds_sheet import MAX_NODES
from core.events import Closed, Ended, Marked, Opened
from tests.components.test_rounds import ENDED, asked, drawn, run_of, thought, waited, writing

EN = texts("en")


def chart(*events, lens=None, language="en", **options):
    return drawn(run_of(*events, **options), lens, language, growth)


def bars(*events, **options):
    return chart(*events, **options)["chains"][0]["rounds"]


def told(*events, column=0, **options):
    return chart(*events, **options)["chains"][column]["told"]


def steps(*events, **options):
    return [words for _kind, words in told(*events, **options)["steps"]]


# Bars and their scale


def test_without_a_round_nothing_is_drawn():
    assert chart() is None
    assert chart(Opened("0", (), "state")) is None


def test_each_round_goes_on_where_the_one_before_it_ended():
    shown = bars(*waited(18, 20, 20))  # 10, 20 and 20 tokens on a scale of 50
    assert [(one["from"], one["width"]) for one in shown] == [(0, 20), (20, 40), (60, 40)]
    assert [one["number"] for one in shown] == ["0", "1", "2"]
    assert [one["forced"] for one in shown] == [False, True, True]


def test_probes_and_answers_are_no_part_of_a_bar():
    shown = chart(*thought("0"), *asked("0.a", 18, tokens=500))["chains"][0]
    assert shown["tokens"] == "5 tokens" and shown["rounds"][0]["width"] == 10


def test_all_chains_stand_on_one_scale():
    first, second = chart(*waited(18, 20, 20), *waited(18, 18, root="1"))["chains"]
    assert first["rounds"][1] | {"id": "", "answer": None, "label": ""} == second["rounds"][1] | {
        "id": "",
        "answer": None,
        "label": "",
        "marks": ["suppressed"],
    }


@pytest.mark.parametrize(
    ("used", "limits", "end"),
    [
        (0, [None], 50),
        (49, [], 50),
        (51, [], 60),
        (101, [], 120),
        (160, [], 200),
        (160, [170], 200),
        (160, [256], 300),
        (160, [257], 200),
        (160, [600, 250], 250),
        (12_345, [], 15_000),
        (10**19, [], 10**19),
    ],
)
def test_the_scale_ends_at_a_round_number_after_all_that_is_near(used, limits, end):
    assert scale_end(used, limits) == end
    assert FAR == 1.6


def test_a_few_round_numbers_stand_on_the_scale():
    assert ticks(50) == [0, 10, 20, 30, 40, 50]
    assert ticks(120) == [0, 50, 100]
    assert ticks(15_000) == [0, 5_000, 10_000, 15_000]
    assert all(2 <= len(ticks(scale_end(used, []))) <= 6 for used in range(1, 40_000, 37))
    assert chart(*waited(18, 20, 20))["ticks"][-1] == {"at": 100, "text": "50"}


def test_a_budget_that_is_near_is_a_line_with_its_number():
    shown = chart(*waited(18, 20), params={"budget": 40})["chains"][0]
    assert shown["budget"] == {"at": 80, "outside": False, "text": "budget 40"}


def test_a_budget_that_is_far_stands_at_the_edge_and_does_not_squeeze_the_bar():
    shown = chart(*waited(18, 20, 20), params={"budget": 600})["chains"][0]
    assert shown["budget"] == {"at": 100, "outside": True, "text": "budget 600 →"}
    assert shown["rounds"][2]["from"] + shown["rounds"][2]["width"] == 100


def test_each_chain_has_its_own_budget():
    first, second = chart(
        *waited(18, 20), *waited(18, 20, root="1"), params={"budget": 40, "versus_budget": 35}
    )["chains"]
    assert (first["budget"]["at"], second["budget"]["at"]) == (80, 70)


def test_without_a_budget_there_is_no_line():
    assert chart(*waited(18), params={"mode": "extend"})["chains"][0]["budget"] is None


def test_a_budget_for_each_round_counts_from_the_latest_one():
    params = {"budget": 30, "budget_for": "round"}
    shown = chart(*waited(18, 20), params=params)["chains"][0]
    assert shown["budget"] == {"at": 80, "outside": False, "text": "budget 30 a round"}


def test_the_bar_shows_what_goes_on():
    begun = [*waited(18)[:-5], *writing("0.0", "round", "Wait", tokens=7)]
    assert [one["writing"] for one in bars(*begun)] == [False, True]
    assert not bars(*begun, Ended("stopped"))[1]["writing"]
    picked = bars(*waited(18, 20), lens=Lens(selected="0.0"))
    assert [one["selected"] for one in picked] == [False, True]


# The answers over the bar


def test_the_answer_after_each_round_stands_over_its_end():
    shown = [one["answer"] for one in bars(*waited(18, 20, None), reference="18")]
    assert [one["letter"] for one in shown] == ["A", "B", "–"]
    assert [one["verdict"] for one in shown] == ["right", "wrong", ""]
    assert [one["main"] for one in shown] == [False, False, True]
    assert shown[0]["label"] == EN("growth.would_answer", answer="18, right")
    assert shown[2]["label"] == EN("growth.answered", answer="no answer")


def test_while_it_is_asked_the_answer_is_awaited():
    events = [*thought("0"), *writing("0.a", "probe", "</think>", "It")]
    assert bars(*events)[0]["answer"]["letter"] == "…"
    assert bars(*events, Ended("stopped"))[0]["answer"]["letter"] == "?"


def test_a_round_of_which_nothing_was_asked_has_no_answer():
    assert bars(*thought("0"), *thought("0.0"))[0]["answer"] is None


def test_the_answer_counts_before_a_probe_of_the_same_round():
    events = [*thought("0"), *asked("0.p", 3), *asked("0.a", 4, "answer")]
    assert bars(*events)[0]["answer"]["name"] == "4"


def test_what_each_letter_stands_for_is_told_once():
    shown = chart(*waited(18, 20, 20, None), reference="18")["answers"]
    assert [(one["letter"], one["name"], one["verdict"]) for one in shown] == [
        ("A", "18", "right"),
        ("B", "20", "wrong"),
    ]


def test_a_segment_says_all_in_words():
    first, second = bars(*waited(18, 20), reference="18")
    assert first["label"] == "Round 0, 10 tokens, held back, it would have answered: 18, right"
    assert second["label"].endswith("it answered: 20, wrong")


def test_the_signs_that_there_are_are_explained():
    assert chart(*waited(18), params={"mode": "cap"})["legend"] == []
    events = [*thought("0"), *thought("0.0", mark="cut", reason="budget"), Marked("0.0", "looped")]
    assert chart(*events)["legend"] == [
        ["forced", "“Wait” put in"],
        ["looped", EN("growth.legend.looped")],
        ["cut", EN("growth.legend.cut")],
    ]


def test_a_word_that_was_never_put_in_is_not_explained():
    events = [*waited(18), *waited(18, 20, root="1")]
    shown = chart(*events, params={"versus": "Hmm"})["legend"]
    assert shown == [["forced", "“Hmm” put in"]]


# In words


@pytest.mark.parametrize(
    ("answers", "reference", "said"),
    [
        ((18, 20), "18", "After the first “Wait”: 18 → 20, right to wrong."),
        ((18, 20), "20", "After the first “Wait”: 18 → 20, wrong to right."),
        ((18, 20), "7", "After the first “Wait”: 18 → 20, both wrong."),
        ((18, 20), "", "After the first “Wait”: 18 → 20, changed."),
        ((18, 18), "18", "After the first “Wait”: still 18, right."),
        ((18, 18), "7", "After the first “Wait”: still 18, wrong."),
        ((18, 18), "", "After the first “Wait”: still 18."),
        ((None, 18), "18", "After the first “Wait”: no answer → 18."),
        ((18, None), "18", "After the first “Wait”: 18 → no answer."),
        ((None, None), "18", "After the first “Wait”: still no answer."),
    ],
)
def test_what_a_wait_did_is_said(answers, reference, said):
    assert steps(*waited(*answers), reference=reference)[1] == said


def test_it_begins_with_the_answer_before_any_wait():
    assert steps(*waited(18, 20), reference="18")[0] == "Before any “Wait”: 18, right."
    assert steps(*waited(None, 20))[0] == "Before any “Wait”: no answer."
    assert steps(*waited(18)) == []


def test_waits_are_counted_in_words():
    shown = steps(*waited(*range(10)))
    assert shown[2].startswith("After the second “Wait”: ")
    assert shown[9].startswith("After the 9-th “Wait”: ")


def test_a_loop_is_said_with_its_measure():
    events = [*thought("0", value=0.818), Marked("0", "looped"), *asked("0.a", 18)]
    assert steps(*events)[1] == EN("growth.looped", n=0, share="82 %")


def test_the_page_knows_whether_more_is_to_come():
    assert chart(*waited(18))["running"]
    assert not chart(*waited(18), ENDED)["running"]


def test_only_what_is_finished_is_spoken_of():
    events = [*waited(18, 20), ENDED]
    shown = [told(*events[:count]) for count in range(1, len(events) + 1)]
    counts = [len(one["steps"]) for one in shown]
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == 2
    answered = next(n for n, one in enumerate(shown) if one["sum"])
    assert answered == len(events) - 2  # the answer has been read
    assert [bool(one["tokens"]) for one in shown] == [bool(one["sum"]) for one in shown]


@pytest.mark.parametrize(
    ("answers", "reference", "said"),
    [
        ((18, 20, 20), "18", "and made a right answer wrong."),
        ((18, 7, 20), "20", "and made a wrong answer right."),
        ((18, 20, 18), "18", "and did not change the answer."),
        ((18, 18, 20), "7", "and changed the answer from 18 to 20; both are wrong."),
        ((18, 18, 20), "", "and changed the answer from 18 to 20."),
        ((None, 18, 20), "20", "and brought an answer where there was none."),
        ((None, 18, None), "20", "and brought no answer."),
    ],
)
def test_in_sum_the_first_answer_is_compared_with_the_last(answers, reference, said):
    shown = told(*waited(*answers), reference=reference)["sum"]
    assert shown == f"“Wait”, put in twice, added 40 tokens (×5.0) {said}"


def test_a_lost_answer_is_said():
    shown = told(*waited(18, None))["sum"]
    assert shown == "“Wait”, put in once, added 20 tokens (×3.0), and the answer was lost."


def test_without_probes_nothing_is_said_of_what_was_not_asked():
    events = [*thought("0"), *thought("0.0", mark="ended"), *asked("0.0.a", 20, "answer")]
    assert steps(*events) == []
    assert told(*events)["sum"].endswith("What it would have answered before was not asked.")
    assert told(*events)["tokens"] == "Tokens: thinking 10, answer 3."


def test_rounds_of_nothing_are_no_growth():
    events = [*thought("0"), *thought("0.0", ""), *asked("0.0.a", 20, "answer")]
    assert "added 0 tokens. " in told(*events)["sum"]
    nothing = [*thought("0", ""), *thought("0.0"), *asked("0.0.a", 20, "answer")]
    assert "added 5 tokens. " in told(*nothing)["sum"]


def test_without_a_wait_it_is_said_how_thinking_ended():
    assert told(*waited(18))["sum"] == EN("growth.sum.ended", tokens="10 tokens")
    cut = [*thought("0", mark="cut", reason="budget"), *asked("0.a", 18, "answer")]
    assert told(*cut)["sum"] == EN("growth.sum.cut", tokens="5 tokens")


def test_tokens_of_probes_stand_apart():
    shown = told(*waited(18, 20, 20))["tokens"]
    assert shown == "Tokens: thinking 50, answer 3; apart from these, probes 6."


def test_each_chain_is_told_with_its_own_word():
    events = [*waited(18, 20), *waited(18, 18, root="1")]
    shown = told(*events, column=1, params={"versus": "Hmm"})
    assert shown["sum"].startswith("“Hmm”, put in once, ")
    assert shown["steps"][1][1] == "After the first “Hmm”: still 18."


def test_a_word_that_cannot_be_read_is_called_so():
    assert told(*waited(18, 20), params={"word": 7})["sum"].startswith("the word, put in once, ")


# Bounds


def test_a_recording_of_10000_rounds_is_told_in_part():
    events = [Opened("0", (), "round", "0")]
    events += [Opened(f"r{n}", (f"r{n - 1}" if n > 1 else "0",), "round") for n in range(1, 10_000)]
    shown = chart(*events)
    assert len(shown["chains"][0]["rounds"]) == MAX_NODES
    assert shown["more"] == EN("rounds.more", drawn=200, all="10,000")
    assert len(as_json(shown)) < 100_000


def test_what_is_told_is_bounded():
    assert len(told(*waited(*range(50)))["steps"]) == MAX_STEPS


@pytest.mark.parametrize("hostile", [None, [], {}, True, -1, 1.5, "{n}", 10**19])
def test_hostile_params_do_no_harm(hostile):
    keys = ("mode", "waits", "word", "budget", "budget_for", "versus", "versus_budget")
    events = [*waited(18, None), *waited(18, root="1"), ENDED]
    assert chart(*events, params=dict.fromkeys(keys, hostile))["chains"][1]["budget"] is None


def test_any_number_of_tokens_has_its_place():
    shown = bars(*thought("0", tokens=10**19), *thought("0.0", tokens=10**19))
    assert [(one["from"], one["width"]) for one in shown] == [(0, 50), (50, 50)]


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "${alert(1)}", "{0}", "x" * 999])
def test_hostile_words_are_data(hostile):
    trace_events = [*thought("0", mark=hostile), Closed("0", "stop")]
    value = as_json(chart(*trace_events, *asked("0.a", 3), params={"word": hostile}))
    assert "<" not in value
    assert hostile[:40] in json.loads(value)["chains"][0]["title"]


def test_a_frame_is_small():
    assert len(as_json(chart(*waited(*range(9))))) < 12_000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_draw_every_moment(language):
    events = [*waited(18, None, 20, 20), *waited(None, None, root="1"), ENDED]
    for count in range(1, len(events) + 1):
        assert chart(*events[:count], language=language, reference="18")["chains"]
