"""From a trace to what a view draws: cards, votes, inspector, headline, ledger, badge."""

import json

import pytest

from components import badge
from components.texts import texts
from components.view import as_json
from components.views import headline, inspector, ledger, paths, votes
from components.views.headline import Origin
from components.views.palette import looks
from components.views.reading import Lens, count, read, weighting
from core.engine import EngineStatus
from core.events import Closed, Delta, Ended, Noted, Opened, PromptRead
from core.trace import Totals
from tests.components.runs import PROMPT, SAYS, TRIGGER, opened, told, trace_of, voted

EN = texts("en")
TEXTS = (SAYS(7), "First 3. " + SAYS(7), SAYS(8), "nothing")


def cards(trace, lens=None):
    lens = lens or Lens()
    readings = read(trace, lens)
    kind = trace.started.kind
    return paths.cards(trace, lens, readings, looks(readings.values(), kind), EN)["cards"]


def histogram(trace, lens=None):
    lens = lens or Lens()
    readings = read(trace, lens)
    seen = looks(readings.values(), trace.started.kind)
    tally = count(trace, lens, readings)
    return votes.histogram(trace, lens, tally, seen, weighting(trace, lens), EN)


def inspect(trace, node="0", lens=None):
    return inspector.inspect(trace, read(trace, lens or Lens())[node], EN)


def head(trace, lens=None, origin=None, language="en"):
    lens = lens or Lens()
    readings = read(trace, lens)
    return headline.headline(trace, lens, readings, origin or Origin(), texts(language), language)


# Cards


def test_what_is_not_drawn_of_a_long_recording_is_said():
    trace = trace_of(*(Opened(str(i), (), "path", str(i)) for i in range(paths.MAX_CARDS + 1)))
    drawn = paths.cards(trace, Lens(), read(trace, Lens()), {}, EN)
    assert len(drawn["cards"]) == paths.MAX_CARDS
    assert drawn["more"] == "The first 200 of 201 texts are drawn. The recording has all of them."
    assert paths.cards(voted(*TEXTS), Lens(), read(voted(*TEXTS), Lens()), {}, EN)["more"] == ""


def test_a_card_holds_the_text_its_answer_and_where_it_stands():
    card = cards(voted(*TEXTS))[1]
    assert card["title"] == "Path 2"
    assert card["parts"] == [
        {"forced": True, "text": TRIGGER},
        {"forced": False, "text": TEXTS[1]},
    ]
    start, end = card["span"]
    assert TEXTS[1][start:end] == card["answer"] == "7"
    assert card["letter"] == "A"
    assert not card["writing"] and card["state"] == ""


def test_a_path_without_an_answer_abstains_in_words():
    card = cards(voted(*TEXTS))[3]
    assert (card["answer"], card["letter"], card["span"]) == ("", "", None)
    assert card["abstained"] == EN("paths.abstained")


def test_what_is_not_picked_or_not_counted_steps_back():
    front = [card["front"] for card in cards(voted(*TEXTS), Lens(focus="7"))]
    assert front == [True, True, False, False]
    assert [c["dim"] for c in cards(voted(*TEXTS), Lens(focus=""))] == [True, True, True, False]
    assert [c["dim"] for c in cards(voted(*TEXTS), Lens(first=2))] == [False, False, True, True]
    assert not any(card["dim"] or card["front"] for card in cards(voted(*TEXTS)))


def test_a_path_that_is_still_written_has_not_abstained():
    trace = trace_of(*opened("0"), *opened("1", sample=1), *told("1", "nothing"))
    assert [card["front"] for card in cards(trace, Lens(focus=""))] == [False, True]


@pytest.mark.parametrize(
    ("events", "state", "writing"),
    [
        ([], "awaited.engine", True),
        ([Delta("0", "So", 1)], None, True),
        ([Delta("0", "So", 1), Ended("stopped")], "paths.unfinished", True),
        (
            [Delta("0", "So", 1), Closed("0", "aborted"), Ended("stopped")],
            "paths.unfinished",
            False,
        ),
        ([Delta("0", "So", 1), Closed("0", "length")], "paths.cut", False),
        ([Delta("0", "So", 1), Closed("0", "stop")], None, False),
    ],
)
def test_a_card_says_what_it_waits_for_or_why_it_ended_early(events, state, writing):
    (card,) = cards(trace_of(*opened("0"), *events))
    assert card["state"] == (EN(state) if state else "")
    assert card["writing"] is writing


def test_a_very_long_text_is_drawn_in_part():
    trace = trace_of(*opened("0"), Delta("0", "x" * 50_000, 1))
    drawn = "".join(part["text"] for part in cards(trace)[0]["parts"])
    assert len(drawn) == paths.MAX_CARD_TEXT


def test_a_kind_of_node_that_is_not_known_keeps_its_name():
    assert cards(trace_of(Opened("0", (), "musing" * 20, "")))[0]["title"] == ("musing" * 20)[:40]


# Votes


def test_bars_stand_in_the_order_in_which_answers_were_reached():
    drawn = histogram(voted(*TEXTS, order=(2, 0, 1, 3)))
    assert [(b["letter"], b["name"], b["shown"]) for b in drawn["bars"]] == [
        ("A", "8", "1"),
        ("B", "7", "2"),
        ("–", "no answer", "1"),
    ]
    assert [bar["winner"] for bar in drawn["bars"]] == [False, True, False]
    assert drawn["title"] == "4 of 4 paths have voted. 7 leads."
    assert drawn["figure"]["layout"]["xaxis"]["range"] == [0, 4]


def test_bars_are_marked_right_and_wrong_against_the_reference():
    names = [bar["name"] for bar in histogram(voted(*TEXTS, reference="8"))["bars"]]
    assert names == ["7 ✗", "8 ✓", "no answer"]


def test_a_tie_is_told():
    drawn = histogram(voted(SAYS(7), SAYS(8)))
    assert drawn["title"].endswith("Tied; 7 appeared first.")


def test_the_bar_that_is_picked_is_pressed():
    drawn = histogram(voted(*TEXTS), Lens(focus=""))
    assert [bar["pressed"] for bar in drawn["bars"]] == [False, False, True]


def test_probabilities_are_shown_with_their_axis():
    drawn = histogram(voted(*TEXTS), Lens(weighting="probability"))
    assert [bar["shown"] for bar in drawn["bars"]] == ["0.74", "0.37", "1"]
    assert drawn["weight"] == EN("votes.axis.probability")


def test_before_the_first_path_there_is_nothing_to_vote_on():
    assert histogram(trace_of(*opened("0", "rationale"))) is None


def test_plotly_takes_no_answer_for_markup():
    hostile = "<b>&lt;</b>"
    trace = voted(f"The answer is {hostile}", kind="text")
    drawn = histogram(trace)
    assert drawn["bars"][0]["name"] == hostile
    assert drawn["figure"]["data"][0]["y"][0].endswith("&lt;b&gt;&amp;lt;&lt;/b&gt;")
    assert "<" not in as_json(histogram(trace))


def test_json_for_the_page_holds_no_bracket_that_could_be_markup():
    data = {"a": ["</script>", ("<b>",)], "é": "“”"}
    assert "<" not in as_json(data)
    assert json.loads(as_json(data)) == {"a": ["</script>", ["<b>"]], "é": "“”"}


# Inspector


def test_the_prompt_is_whole_with_its_tokens_and_what_was_forced():
    parts = inspect(voted(*TEXTS))["panes"][0]["parts"]
    assert parts == [["token", "<|user|>"], ["text", "How many?\n"], ["forced", TRIGGER]]
    assert "".join(text for _kind, text in parts) == PROMPT + TRIGGER


def test_the_longest_special_token_is_taken():
    trace = trace_of(*opened("0"))
    trace.nodes["0"].prompt = "<|user|>x<|user|>"
    parts = inspector.segments(trace.nodes["0"], trace.started.special_tokens)
    assert parts == [["token", "<|user|>x"], ["token", "<|user|>"]]


def test_the_output_is_whole_with_its_answer_marked():
    parts = inspect(voted(*TEXTS), "1")["panes"][1]["parts"]
    assert "".join(text for _kind, text in parts) == TRIGGER + TEXTS[1]
    assert [text for kind, text in parts if kind == "answer"] == ["7"]
    assert [text for kind, text in parts if kind == "forced"] == [TRIGGER]


def test_a_span_counts_in_sampled_text_also_when_text_was_forced_in_between():
    trace = trace_of(
        *opened("0"),
        Delta("0", " 12", 1),
        Delta("0", " Wait,", 2, forced=True),
        *told("0", "34 is it"),
    )
    node = trace.nodes["0"]
    reading = read(trace, Lens())["0"]
    span = type(reading.extraction)("234", 2, 5, "last")
    marked = inspector._output(type(reading)(node, span, ""))
    assert [text for kind, text in marked if kind == "answer"] == ["2", "34"]
    assert "".join(text for _kind, text in marked) == node.text


def test_facts_are_those_of_the_node():
    facts = dict(inspect(voted(*TEXTS, reference="8"), "1")["facts"])
    assert facts["answer"] == "7 ✗"
    assert facts["found"] == EN("rule.marker")
    assert facts["tokens"] == "7 sampled, 3 forced"
    assert facts["mean log-probability"] == "-1.000"
    assert facts["seed"] == "101"
    assert facts["why it ended"] == EN("finish.stop")
    assert facts["prompt tokens"] == EN("inspector.prompt_shared", all=20, computed=0)
    assert dict(inspect(voted(*TEXTS))["facts"])["prompt tokens"] == "20, of which 20 computed"


def test_what_is_not_known_yet_is_left_out():
    facts = dict(inspect(trace_of(*opened("0")))["facts"])
    assert facts.keys() == {"tokens", "temperature", "seed", "time"}
    assert dict(inspect(voted(*TEXTS), "3")["facts"])["answer"] == EN("paths.abstained")


# Headline


def test_the_headline_of_a_vote():
    shown = head(voted(*TEXTS, reference="7"))
    assert shown["badge"] == "RUN" and not shown["replayed"]
    assert shown["status"] == "finished: 2 of 4 paths agree"
    assert (shown["answer"], shown["verdict"]) == ("7", "right")
    assert shown["reference"] == "right answer: 7"
    assert "seed 7" in shown["about"]


def test_the_headline_follows_the_lens():
    shown = head(voted(*TEXTS), Lens(rule="first", first=2))
    assert shown["answer"] == "7"
    assert shown["status"] == "finished: 1 of 2 paths agree"


def test_a_replay_says_that_it_is_one_and_of_what():
    shown = head(voted(*TEXTS), origin=Origin(True, "2026-11-05T10:00:00+00:00"))
    assert shown["badge"] == "REPLAY · a-model · 2026-11-05"
    assert shown["replayed"]


@pytest.mark.parametrize(
    ("ended", "status", "tone"),
    [
        (None, "thinking …", "run"),
        (Ended("stopped"), EN("headline.stopped"), "run"),
        (Ended("no_answer"), EN("headline.no_answer"), "run"),
        (
            Ended("failed", error={"code": "engine_died", "fields": {"reason": "killed"}}),
            "failed: The engine stopped",
            "error",
        ),
    ],
)
def test_the_headline_says_how_it_stands(ended, status, tone):
    shown = head(trace_of(*opened("0", "rationale"), *([ended] if ended else [])))
    assert shown["status"].startswith(status)
    assert shown["tone"] == tone


def test_a_tie_is_noted_in_the_readers_language():
    trace = trace_of(*opened("0"), Noted("tie"), Noted("of the future"))
    assert head(trace)["notes"][0].startswith("The vote is tied.")
    assert head(trace, language="zh")["notes"][0] != head(trace)["notes"][0]
    assert "of the future" in head(trace)["notes"][1]


def test_the_card_and_the_headline_say_how_far_a_long_prompt_is_read():
    reading = [*opened("0"), *opened("1", sample=1), PromptRead("0", 1_024, 2_000)]
    words = EN("awaited.prompt", done="1,024", total="2,000")
    assert [card["state"] for card in cards(trace_of(*reading))] == [words, EN("awaited.engine")]
    assert head(trace_of(*reading))["status"] == words
    assert "1,024" in head(trace_of(*reading), language="zh")["status"]


def test_a_prompt_that_is_read_beside_a_text_that_is_written_is_no_headline():
    reading = [*opened("0"), *opened("1", sample=1), PromptRead("0", 128, 400)]
    for end in (Delta("1", "So", 1), Ended("stopped")):
        assert "128" not in head(trace_of(*reading, end))["status"]
    finished = trace_of(*opened("1", sample=1), *told("1", SAYS(7)), *opened("0"), reading[-1])
    assert "128" in head(finished)["status"]


def test_before_a_run_the_headline_is_silent():
    shown = headline.message("")
    assert shown["status"] == shown["question"] == shown["answer"] == ""


# Ledger and badge


def test_the_ledger_counts():
    shown = {name: figure for name, figure, _help in ledger.entries(voted(*TEXTS).totals(), EN)}
    assert shown["calls"] == "4"
    assert shown["prompt tokens"] == "80" and shown["of them computed"] == "20"
    assert shown["forced"] == "12"


def test_the_ledger_does_not_know_what_no_engine_told():
    totals = Totals(calls=1, prompt=1_234, computed=None, sampled=0, forced=0, seconds=0.0)
    shown = {name: figure for name, figure, _help in ledger.entries(totals, EN)}
    assert shown["prompt tokens"] == "1,234"
    assert shown["of them computed"] == "–" and shown["tokens / s"] == "0.0"


def test_the_ledger_does_not_make_up_what_was_not_counted():
    totals = Totals(2, 0, None, 0, 0, 1.0, frozenset({"prompt", "sampled"}))
    shown = {name: figure for name, figure, _help in ledger.entries(totals, EN)}
    assert shown["prompt tokens"] == shown["sampled"] == shown["tokens / s"] == "–"
    assert shown["forced"] == "0"


def test_tokens_that_nobody_told_are_no_zero_on_a_card_or_in_the_inspector():
    trace = trace_of(*opened("0"), Delta("0", "Two", 0), Closed("0", "stop"))
    assert cards(trace)[0]["tokens"] == "– tokens"
    assert "– sampled, 3 forced" in str(inspect(trace))


def said(**status):
    return badge.badge(EngineStatus(**status), EN, "en")


def test_the_badge_tells_how_far_a_download_is():
    shown = said(phase="fetching", model="m", source="a-hub", done=5 * 10**8, total=10**9, rate=1e7)
    assert shown["share"] == 0.5
    assert shown["state"] == "fetching from a-hub: 500 of 1,000 MB, 10.0 MB/s, 50 s left"


@pytest.mark.parametrize("phase", ["loading", "ready"])
def test_the_badge_tells_how_many_runs_wait(phase):
    status = EngineStatus(phase)
    said = badge.badge(status, EN, "en", waiting=3)["state"]
    assert said == f"{badge.badge(status, EN, 'en')['state']} · 3 in line"


@pytest.mark.parametrize(("rate", "left"), [(0, "– left"), (1e6, "8 min left"), (1e8, "5 s left")])
def test_the_badge_tells_the_time_that_is_left(rate, left):
    shown = said(phase="fetching", source="a-hub", done=5 * 10**8, total=10**9, rate=rate)
    assert shown["state"].endswith(left)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"phase": "starting"}, "starting"),
        ({"phase": "fetching"}, "starting"),
        ({"phase": "verifying"}, "checking the file's digest"),
        ({"phase": "loading"}, "loading the model"),
        ({"phase": "ready"}, "idle"),
        ({"phase": "ready", "rate": 21.6}, "idle · 22 tokens/s"),
        ({"phase": "ready", "active": 8, "rate": 30.0}, "writing 8 texts · 30 tokens/s"),
        ({"phase": "ready", "active": 1, "rate": 0.4}, "writing a text"),
    ],
)
def test_the_badge_tells_what_goes_on(status, state):
    shown = said(**status)
    assert shown["state"] == state
    assert shown["share"] is None and shown["log"] == ""


def test_the_badge_lists_what_a_running_engine_cannot_do():
    cannot = {"seed": "cannot.seed", "count": "cannot.count"}
    shown = said(phase="ready", cannot=cannot)
    assert shown["cannot"] == f"{EN('cannot.seed')}\n{EN('cannot.count')}"
    assert shown["cannot_label"] == "What this engine cannot do (2)"
    assert shown["log"] == said(phase="loading", cannot=cannot)["cannot"] == ""


def test_the_badge_says_what_exactly_is_loading_and_what_was_chosen():
    loading = said(phase="loading", detail="badge.compiling", context=32_768, device="a card")
    assert loading["who"] == "a card"
    assert loading["state"] == (
        "compiling the model (slower the first time) · texts of up to 32,768 tokens"
    )
    assert said(phase="ready", context=4_096)["state"] == "idle · texts of up to 4,096 tokens"


@pytest.mark.parametrize("phase", ["loading", "ready", "failed"])
def test_the_log_of_an_engine_that_has_one_is_at_hand_and_bounded(phase):
    shown = said(phase=phase, log="x" * 9_000 + "end", error={"code": "internal"})
    assert len(shown["log"]) == 4_000 and shown["log"].endswith("end")
    assert shown["log_label"] == "engine log"


def test_the_badge_of_a_failure_gives_the_reason_and_the_log():
    shown = said(
        phase="failed",
        model="m",
        engine="llama.cpp",
        error={"code": "engine_died", "fields": {"reason": "killed"}},
        log="x" * 9_000,
    )
    assert shown["who"] == "m · llama.cpp"
    assert "killed" in shown["state"]
    assert len(shown["log"]) == 4_000
