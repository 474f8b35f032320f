"""From the trace of a run of budget forcing to the columns of its thinking, and a round's facts."""

import json
import re

import pytest

from components.texts import table, texts
from components.view import ASSETS, as_json
from components.views.palette import looks
from components.views.reading import Lens, read
from components.views.rounds import MAX_TEXT, rounds
from components.views.rounds_sheet import (
    MAX_BUDGET,
    MAX_NODES,
    Terms,
    chain_title,
    chains,
    round_facts,
    short,
    terms,
    thinking,
)
from core.answers import extract
from core.engine import Sampling
from core.events import Answered, Closed, Delta, Ended, Event, Marked, Opened, Prompted, Scored
from core.trace import Trace
from strategies.loops import CHARACTERS, WORDS
from tests.components.runs import trace_of

EN = texts("en")
PARAMS = {"mode": "both", "waits": 2, "word": "Wait", "budget": 600, "budget_for": "run"}
ENDED = Ended("answered", "20")
OPENING, CLOSING = "<think>\n", "\n</think>\n\n"


def writing(node: str, kind: str, forced: str, text: str = "", tokens: int = 5) -> list[Event]:
    """A node of a chain that is still being written; "0.1" follows "0"."""
    parent = (node.rpartition(".")[0],) if "." in node else ()
    events: list[Event] = [
        Opened(node, parent, kind, str(node.count("."))),
        Prompted(node, "…", Sampling(0.0)),
        Delta(node, forced, 2, forced=True),
    ]
    return [*events, Delta(node, text, tokens, -1.0)] if text else events


def thought(node: str, text: str = "So it is.", mark: str = "suppressed", **more) -> list[Event]:
    """A round that is finished."""
    reason, value = more.get("reason", ""), more.get("value")
    forced = more.get("forced", "Wait" if "." in node else OPENING)
    finish = "length" if mark == "cut" else "stop"
    events = writing(node, "round", forced, text, more.get("tokens", 5))
    events.append(Closed(node, finish, 20))
    events += [Scored(node, value)] if value is not None else []
    return [*events, *([Marked(node, mark, reason)] if mark else [])]


def asked(node: str, answer: object, kind: str = "probe", tokens: int = 3) -> list[Event]:
    """What the model answers after a round; None: it names no answer."""
    text = "I do not know." if answer is None else f" It is {answer}."
    found = extract(text, "number")
    return [
        *writing(node, kind, CLOSING, text, tokens),
        Closed(node, "stop", 20),
        Answered(node, found),
    ]


def waited(*answers: object, root: str = "0", **more) -> list[Event]:
    """A chain of as many rounds as answers; the first has 10 tokens, each other one 20."""
    events, node = [], root
    for number, answer in enumerate(answers):
        last = number == len(answers) - 1
        tokens = 20 if number else 10
        text = more.get("text", "So it is.")
        events += thought(node, text, "ended" if last else "suppressed", tokens=tokens)
        events += asked(f"{node}.a", answer, "answer" if last else "probe")
        node = f"{node}.0"
    return events


def run_of(*events: Event, params=None, **started) -> Trace:
    return trace_of(*events, params={**PARAMS, **(params or {})}, **started)


def drawn(trace: Trace, lens=None, language="en", view=rounds):
    lens = lens or Lens()
    readings = read(trace, lens)
    seen = looks(readings.values(), trace.started.kind)
    return view(trace, lens, readings, seen, texts(language))


def turns(*events: Event, column: int = 0, lens=None, **options):
    return drawn(run_of(*events, **options), lens)["chains"][column]["turns"]


def spoken(shown, turn) -> list[tuple[bool, str]]:
    """The text of a turn, as it travels."""
    return [(forced, shown["texts"][place]) for forced, place in turn["parts"]]


# Columns


def test_without_a_round_nothing_is_drawn():
    assert drawn(run_of()) is None
    assert drawn(run_of(Opened("0", (), "path", "1"), *asked("0.a", 3))) is None


def test_a_column_reads_round_after_round_with_its_probes_between():
    shown = turns(*waited(18, 20, 20), ENDED)
    assert [turn["kind"] for turn in shown] == [
        "round",
        "probe",
        "round",
        "probe",
        "round",
        "answer",
    ]
    assert [turn["name"] for turn in shown][::2] == ["Round 0", "Round 1", "Round 2"]
    assert shown[1]["name"] == EN("rounds.probe") and shown[5]["name"] == EN("rounds.answer")
    assert (shown[2]["tokens"], shown[2]["seconds"]) == ("20 tokens", "4.0 s")


def test_a_probe_that_comes_late_stands_with_its_round():
    events = [*thought("0"), *thought("0.0"), *asked("0.a", 18)]
    assert [turn["id"] for turn in turns(*events)] == ["0", "0.a", "0.0"]


def test_a_second_chain_has_a_column_of_its_own():
    shown = drawn(
        run_of(
            *waited(18, 20),
            *waited(18, 18, root="1"),
            params={"versus": "Hmm", "versus_budget": 50},
        )
    )
    assert [chain["title"] for chain in shown["chains"]] == [
        "“Wait”, budget 600",
        "“Hmm”, budget 50",
    ]
    assert [chain["tokens"] for chain in shown["chains"]] == ["30 tokens", "30 tokens"]
    assert [turn["id"] for turn in shown["chains"][1]["turns"]] == ["1", "1.a", "1.0", "1.0.a"]


def test_what_was_forced_is_told_from_what_was_sampled():
    shown = drawn(run_of(*waited(18, 20)))
    first, probe, second, _answer = shown["chains"][0]["turns"]
    assert spoken(shown, first) == [(True, OPENING), (False, "So it is.")]
    assert spoken(shown, second) == [(True, "Wait"), (False, "So it is.")]
    assert spoken(shown, probe) == [(True, CLOSING), (False, " It is 18.")]
    assert shown["forced"] == EN("inspector.forced")


def test_texts_only_ever_grow_at_their_ends():
    events = [*waited(18, 20), *waited(18, root="1")]
    before: list[str] = []
    for count in range(1, len(events) + 1):
        now = (drawn(run_of(*events[:count])) or {"texts": []})["texts"]
        assert all(new.startswith(old) for old, new in zip(before, now, strict=False))
        assert len(now) >= len(before)
        before = now


def test_only_what_is_being_written_is_so():
    assert [turn["writing"] for turn in turns(*thought("0"), *writing("0.0", "round", "Wait"))] == [
        False,
        True,
    ]
    stopped = drawn(run_of(*writing("0", "round", OPENING, "So"), Ended("stopped")))["chains"][0]
    assert not stopped["writing"] and not stopped["turns"][0]["writing"]
    assert drawn(run_of(*writing("0", "round", OPENING)))["chains"][0]["writing"]


def test_the_node_that_is_selected_is_marked():
    shown = turns(*waited(18, 20), lens=Lens(selected="0.a"))
    assert [turn["selected"] for turn in shown] == [False, True, False, False]


# Signs


@pytest.mark.parametrize(
    ("mark", "more", "signs"),
    [
        ("suppressed", {}, [["suppressed", "end of thinking", "held back"]]),
        ("ended", {}, [["ended", "", "end of thinking, its own"]]),
        ("cut", {"reason": "budget"}, [["cut", "", "cut at the budget"]]),
        ("cut", {"reason": "context"}, [["cut", "", "cut: the context is full"]]),
        ("cut", {"reason": "moon"}, [["cut", "", "cut"]]),
        ("made up", {}, []),
        ("", {}, []),
    ],
)
def test_the_end_of_a_round_has_its_sign(mark, more, signs):
    assert turns(*thought("0", mark=mark, **more))[0]["signs"] == signs


def test_a_loop_is_told_with_its_measure():
    events = thought("0", value=0.82)
    assert turns(*events)[0]["signs"] == [["suppressed", "end of thinking", "held back"]]
    looped, held = turns(*events, Marked("0", "looped"))[0]["signs"]
    assert looped == ["looped", "", EN("rounds.looped", share="82 %")]
    assert held[0] == "suppressed"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_loop_without_a_measure_is_told_without(value):
    events = [*thought("0", mark="looped", value=value)]
    assert turns(*events)[0]["signs"] == [["looped", "", EN("rounds.looped_some")]]


def test_a_text_that_was_broken_off_or_waits_says_so():
    begun = writing("0", "round", OPENING)
    assert turns(*begun)[0]["signs"] == [["waiting", "", EN("awaited.engine")]]
    assert turns(*begun, Delta("0", "So", 1))[0]["signs"] == []
    unfinished = [["unfinished", "", EN("paths.unfinished")]]
    assert turns(*begun, Closed("0", "aborted"))[0]["signs"] == unfinished
    assert turns(*begun, Ended("stopped"))[0]["signs"] == unfinished


def test_an_answer_that_was_cut_off_says_so():
    events = [*thought("0"), *writing("0.a", "answer", CLOSING, "It is"), Closed("0.a", "length")]
    assert turns(*events)[1]["signs"] == [["limit", "", EN("paths.cut")]]


# Answers


def test_an_answer_has_its_letter_its_verdict_and_its_place():
    shown = drawn(run_of(*waited(18, 20), ENDED, reference="20"))
    probe, answer = (shown["chains"][0]["turns"][place] for place in (1, 3))
    assert [probe["chip"][name] for name in ("state", "letter", "name", "verdict")] == [
        "read",
        "A",
        "18",
        "wrong",
    ]
    assert (answer["chip"]["letter"], answer["chip"]["verdict"]) == ("B", "right")
    assert answer["chip"]["said"] == "20, right"
    assert probe["chip"]["colour"] != answer["chip"]["colour"]
    start, end = probe["span"]
    assert spoken(shown, probe)[1][1][start:end] == "18"


def test_without_a_right_answer_there_is_no_verdict():
    chip = turns(*waited(18))[1]["chip"]
    assert (chip["verdict"], chip["said"]) == ("", "18")


def test_an_answer_that_is_not_there_says_why():
    def state(*events):
        return turns(*thought("0"), *events)[1]["chip"]["state"]

    being_asked = writing("0.a", "probe", CLOSING, "It")
    assert state(*being_asked) == "asking"
    assert state(*being_asked, Closed("0.a", "stop")) == "asking"  # to be read at the next event
    assert state(*being_asked, Ended("stopped")) == "unfinished"
    assert state(*being_asked, Closed("0.a", "aborted")) == "unfinished"
    assert state(*asked("0.a", None)) == "abstained"
    chip = turns(*thought("0"), *asked("0.a", None))[1]["chip"]
    assert (chip["letter"], chip["name"], chip["said"]) == ("–", "no answer", "no answer")


def test_a_long_answer_is_short_beside_its_letter():
    assert short("a  b\nc") == "a b c"
    assert short("x" * 100) == "x" * 59 + "…"


# What a chain was given


@pytest.mark.parametrize(
    ("params", "first", "second"),
    [
        ({}, "“Wait”, budget 600", "“Wait”, budget 600"),
        ({"versus": "none", "versus_budget": 0}, "“Wait”, budget 600", "“Wait”, budget 600"),
        ({"versus": "Hmm"}, "“Wait”, budget 600", "“Hmm”, budget 600"),
        ({"versus_budget": 1200}, "“Wait”, budget 600", "“Wait”, budget 1,200"),
        ({"mode": "extend", "versus": "Hmm"}, "“Wait”, no budget", "“Hmm”, no budget"),
        ({"mode": "cap", "versus_budget": 50}, "budget 600", "budget 50"),
        ({"budget_for": "round"}, "“Wait”, budget 600 a round", "“Wait”, budget 600 a round"),
    ],
)
def test_a_chain_is_called_after_its_word_and_budget(params, first, second):
    given = PARAMS | params
    assert chain_title(terms(given), EN) == first
    assert chain_title(terms(given, second=True), EN) == second


@pytest.mark.parametrize("hostile", [None, [], {}, True, -1, 0, 1.5, "x" * 999, 10**19, "<b>"])
def test_params_of_any_type_do_no_harm(hostile):
    params = dict.fromkeys((*PARAMS, "versus", "versus_budget"), hostile)
    for second in (False, True):
        found = terms(params, second)
        assert found.budget is None and len(found.word) <= 40
        assert chain_title(found, EN)
    assert drawn(run_of(*waited(18, 20), *waited(3, root="1"), params=params))


def test_a_chain_without_terms_has_a_name():
    assert terms({}) == Terms("", None, False)
    assert chain_title(terms({}), EN) == EN("rounds.chain")
    assert terms({"budget": MAX_BUDGET}).budget == MAX_BUDGET
    assert terms({"budget": MAX_BUDGET + 1}).budget is None


# Bounds


def test_a_recording_of_10000_rounds_is_drawn_in_part_and_says_so():
    events: list[Event] = [Opened("0", (), "round", "0")]
    events += [Opened(f"r{n}", (f"r{n - 1}" if n > 1 else "0",), "round") for n in range(1, 10_000)]
    shown = drawn(run_of(*events))
    assert len(shown["chains"]) == 1
    assert len(shown["chains"][0]["turns"]) == MAX_NODES
    assert shown["more"] == EN("rounds.more", drawn=200, all="10,000")
    assert drawn(run_of(*events[:MAX_NODES]))["more"] == ""


def test_as_many_chains_as_rounds_do_no_harm():
    shown = drawn(run_of(*(Opened(f"r{n}", (), "round") for n in range(300))))
    assert len(shown["chains"]) == MAX_NODES


def test_a_very_long_text_is_drawn_in_part_and_says_so():
    long = [*thought("0", "x" * 30_000, forced="y" * 5_000)]
    shown = drawn(run_of(*long))
    turn = shown["chains"][0]["turns"][0]
    assert sum(map(len, shown["texts"])) == MAX_TEXT
    assert turn["cut"] == EN("rounds.long", n="20,000")
    assert turns(*thought("0", "x" * 100))[0]["cut"] == ""


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "${alert(1)}", "{n}", "{{value}}"]
)
def test_hostile_words_are_data(hostile):
    trace = run_of(*thought("0", hostile, hostile, reason=hostile), params={"word": hostile})
    value = as_json(drawn(trace))
    assert "<" not in value
    assert json.loads(value)["texts"][1] == hostile


def test_other_nodes_and_odd_parents_do_no_harm():
    events = [
        *thought("0"),
        Opened("s", ("0",), "state"),
        Opened("p", ("s",), "probe"),
        Opened("q", (), "answer"),
        Opened("1", ("s", "0"), "round"),
    ]
    shown = drawn(run_of(*events))
    assert [[turn["id"] for turn in chain["turns"]] for chain in shown["chains"]] == [["0"], ["1"]]


# The facts of a round


def facts(*events: Event, node: str = "0", language="en"):
    trace = run_of(*events)
    return dict(round_facts(trace, trace.nodes[node], texts(language)))


def test_a_round_has_its_part_in_the_thinking_of_its_chain():
    # 10 and 20 tokens; 4 s each, as events come one a second.
    shown = facts(*waited(18, 20), *waited(18, root="1"), node="0.0")
    assert shown["part in the thinking"] == "67 % of the tokens, 50 % of the time"
    assert shown["end of thinking"] == EN("rounds.ended")
    assert facts(*waited(18, 20))["end of thinking"] == "held back"


def test_what_is_repeated_is_told_with_how_it_is_counted():
    shown = facts(*thought("0", value=0.25))
    assert shown["stood there before"].startswith("25 % ")
    assert "stood there before" not in facts(*thought("0"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_measure_of_repetition_is_the_one_that_is_told(language):
    counts = re.findall(r"\d+", table(language)["rounds.repeated"])
    assert sorted(counts) == sorted([str(WORDS), str(CHARACTERS)])


def test_a_round_without_tokens_or_time_has_no_part():
    assert facts(Opened("0", (), "round")) == {}
    assert facts(*thought("0", "")) == {"end of thinking": "held back"}


def test_other_nodes_have_no_facts_of_a_round():
    assert facts(*waited(18), node="0.a") == {}


def test_a_round_beyond_those_that_are_drawn_has_its_facts():
    many = [event for n in range(MAX_NODES) for event in (Opened(f"r{n}", (), "round"),)]
    assert facts(*many, *thought("0"))["end of thinking"] == "held back"


def test_chains_are_told_apart_by_their_first_rounds():
    trace = run_of(*waited(18, 20), *waited(3, root="1"))
    found = chains(trace, thinking(trace))
    assert [[node.id for node in chain.rounds] for chain in found] == [["0", "0.0"], ["1"]]
    assert found[0].answer_after(found[0].rounds[0]).id == "0.a"
    assert found[0].tokens == 30


# The script


@pytest.mark.parametrize("name", ["rounds", "growth"])
def test_the_script_names_its_event_and_makes_no_markup(name):
    script = (ASSETS / "js" / f"{name}.js").read_text("utf-8")
    assert "trigger('node_select', { id" in script
    assert "innerHTML" not in script and "insertAdjacent" not in script


def test_the_script_knows_every_sign():
    script = (ASSETS / "js" / "rounds.js").read_text("utf-8")
    (listed,) = re.findall(r"SIGNS = new Set\(\[(.+?)\]\)", script)
    assert set(re.findall(r"\w+", listed)) == {
        "looped",
        "suppressed",
        "ended",
        "cut",
        "limit",
        "unfinished",
        "waiting",
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_draw_everything(language):
    events = [
        *thought("0", value=0.9),
        Marked("0", "looped"),
        *asked("0.a", None),
        *thought("0.0", mark="cut", reason="budget"),
        *asked("0.0.a", 20, "answer"),
    ]
    for count in range(1, len(events) + 1):
        shown = drawn(run_of(*events[:count]), language=language)
        assert shown["chains"][0]["turns"]


def test_a_single_chain_is_named_by_the_chart_alone():
    shown = drawn(run_of(*waited(18, 20)))["chains"][0]
    assert (shown["title"], shown["tokens"]) == (EN("rounds.text"), "")
