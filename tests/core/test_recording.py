"""A recording is read back exactly, and anything else is refused with the number of its line."""

import dataclasses
import json
import time
import zlib
from datetime import UTC, datetime

import pytest

from core.answers import Extraction
from core.engine import Sampling
from core.errors import InvalidRecording
from core.events import (
    EVENT_TYPES,
    Answered,
    Closed,
    Composed,
    Delta,
    Demonstrated,
    Ended,
    Mapped,
    Marked,
    Noted,
    Opened,
    Part,
    Progressed,
    Prompted,
    PromptRead,
    Scored,
    Started,
    Weighed,
)
from core.exemplars import Exemplar, ExemplarSet, Origin
from core.recording import MAX_BYTES, MAX_LINES, MAX_SECONDS, SCHEMA, Playback, read, write
from core.trace import Trace
from tests.core.builders import START

DATE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SAMPLING = Sampling(0.7, 0.9, 40, 400, 1, ("\n\n", "。"), 123, ("Yes", "No"), False, False)
HOSTILE = '<script>${alert(1)}{{7*7}}<think>"\\\n\r\t\x00\u2028\u202e 你好 🎈'

# Every type of event, with every field away from its default.
EVENTS = (
    Started(
        *("self_consistency", HOSTILE, "choice", "zh"),
        {"paths": 8, "temperature": 0.7, "greedy": True, "trigger": "想"},
        *(2**31 - 1, "model", "engine", "device", 4096, "B", ("<|im_start|>", "<|im_end|>")),
    ),
    Opened("0", (), "path", "1"),
    Opened("0.0", ("0",), "thought", "一"),
    Opened("0.0.0", ("0.0", "0"), "join", "both"),
    Prompted("0", f"Q: {HOSTILE}", SAMPLING, 3, 8),
    PromptRead("0", 128, 385),
    Delta("0", HOSTILE, 12, None, True),
    Delta("0", " B", 1, -0.25, False),
    Closed("0", "length", 385, 0),
    Scored("0.0", 20.001, (20.0, 0.001), ("0", "0.0.0")),
    Weighed("0.0", {"sure": 0.75, "是": 0.25}),
    Answered("0", Extraction("B", 1, 2, "marker")),
    Answered("0.0", None),
    Marked("0.0", "pruned", "below"),
    Composed(
        "0", (Part("frame", 0, 3), Part("exemplar", 3, 9, 4, "1", True), Part("question", 9, 11, 1))
    ),
    Progressed("embedding", 100, 2_000),
    Mapped(
        ("a?", "b?"),
        ((0.0, 1.0), (0.5, 0.25)),
        (0, 1),
        ((0.0, 1.0), (0.5, 0.5)),
        (0.1, 0.2),
        "TF-IDF",
        192,
    ),
    Demonstrated(
        ExemplarSet(
            "auto",
            "yes_no",
            "zh",
            (Exemplar("q", "r", "a", "e", False, "0123"),),
            Origin("m", "en", "d", "cluster", 8, 192, "TF-IDF", "{}"),
        )
    ),
    Noted("tie", {"answer": "B", "votes": 2, "nested": {"a": [1, None, True]}}),
    Ended("failed", "B", {"code": "engine_died", "fields": {"reason": "killed"}}),
)
TIMED = tuple((round(number * 0.125, 4), event) for number, event in enumerate(EVENTS))
FILE = write(TIMED, DATE).encode()

HEADER = {"thoughtscope": SCHEMA, "version": "0.1.0", "date": "2026-11-22T09:30:00+00:00"}
STARTED = {"t": 0, "started": {f: v for f, v in dataclasses.asdict(START).items() if v != ()}}
OPENED = {"t": 0.5, "opened": {"node": "0", "parents": [], "kind": "path"}}
SPAN = {"value": "4", "start": 0, "end": 1, "rule": "first"}
ENDED = {"t": 9, "ended": {"status": "answered", "answer": "4"}}


def sealed(*lines):
    """A file of these lines (objects, or their JSON) whose checks all hold."""
    check, written = 0, b""
    for line in lines:
        body = (line if isinstance(line, str) else json.dumps(line)).encode()[:-1]
        check = zlib.crc32(body, check)
        written += body + f',"check":"{check:08x}"}}\n'.encode()
    return written


def sealed_with(line):
    """A sealed file with `line` in fourth place, after a node was opened."""
    return sealed(HEADER, STARTED, OPENED, line, ENDED)


def refusal(content):
    """The code and the line with which a file is refused."""
    with pytest.raises(InvalidRecording) as refused:
        read(content)
    return refused.value.code, refused.value.fields["line"]


def lines():
    return FILE.splitlines(keepends=True)


def test_every_event_with_every_field_is_read_back_as_it_was():
    assert {type(event) for event in EVENTS} == set(EVENT_TYPES.values())
    assert read(FILE).events == TIMED


def test_fields_left_at_their_default_are_read_back_as_well():
    sparse = (
        START,
        Opened("0", (), "path"),
        Prompted("0", "", Sampling()),
        Delta("0", "", 0),
        Delta("0", "a", 1, 0.0),
        Closed("0", "stop"),
        Closed("0", "stop", 0, 0),
        Scored("0", 0.0),
        Answered("0", None),
        Noted("code"),
        Ended("no_answer"),
    )
    timed = tuple((0.0, event) for event in sparse)
    assert read(write(timed).encode()).events == timed


def test_the_header_says_schema_version_and_date_and_the_second_line_what_was_run():
    recording = read(FILE)
    assert recording.header.model_dump() == HEADER
    assert recording.started == EVENTS[0]
    assert recording.seconds == TIMED[-1][0]


def test_the_trace_of_the_replay_is_that_of_the_live_run():
    live = Trace()
    for moment, event in TIMED:
        live.apply(moment, event)
    replayed = read(FILE).trace()
    assert replayed.nodes == live.nodes
    assert (replayed.started, replayed.notes, replayed.ended) == (
        *(live.started, live.notes, live.ended),
    )
    assert (replayed.map, replayed.demonstrations) == (live.map, live.demonstrations)
    assert replayed.demonstrations is not None
    assert (replayed.totals(), replayed.version) == (live.totals(), live.version)


def test_a_replay_can_be_seen_as_it_stood_at_any_time():
    recording = read(FILE)
    playback = Playback(recording)
    assert playback.seek(-1.0).started is None
    assert list(playback.seek(0.25).nodes) == ["0", "0.0"]
    assert playback.seek(0.2499).nodes.keys() == {"0"}
    assert playback.seek(99.0).ended == EVENTS[-1]


def test_the_longest_run_that_the_page_offers_can_be_read_again():
    """Forty paths of 2,048 tokens, each told by itself."""
    events = [START, *(Opened(str(path), (), "path", str(path)) for path in range(40))]
    events += [Delta(str(n % 40), " token", 1, -0.123456) for n in range(40 * 2048)]
    timed = [(round(at * 0.0031, 4), event) for at, event in enumerate((*events, Ended("stopped")))]
    whole = write(timed, DATE).encode()
    assert 6_000_000 < len(whole) <= MAX_BYTES
    assert len(read(whole).events) == len(timed)


def test_a_missing_last_line_feed_is_forgiven():
    assert read(FILE.removesuffix(b"\n")).events == TIMED


def test_the_sealed_files_of_these_tests_are_good_but_for_what_they_test():
    assert len(read(sealed_with({"t": 1, "marked": {"node": "0", "status": "kept"}})).events) == 4


@pytest.mark.parametrize("number", range(1, len(EVENTS) + 2))
def test_a_changed_line_is_refused_and_it_alone_is_named(number):
    for place in (1, len(lines()[number - 1]) // 2, -5):
        changed = lines()
        line = bytearray(changed[number - 1])
        line[place] ^= 1
        changed[number - 1] = bytes(line)
        assert refusal(b"".join(changed))[1] == number


def test_a_changed_value_is_called_a_change():
    assert refusal(FILE.replace(b'"tokens":12', b'"tokens":13')) == ("recording_changed", 8)


@pytest.mark.parametrize("number", range(1, len(EVENTS) + 1))
def test_a_dropped_line_is_noticed_where_it_is_missing(number):
    dropped = lines()
    del dropped[number - 1]
    assert refusal(b"".join(dropped)) == ("recording_changed", number)


@pytest.mark.parametrize("number", range(1, len(EVENTS) + 2))
def test_a_doubled_line_is_refused_at_its_second_place(number):
    doubled = lines()
    doubled.insert(number, doubled[number - 1])
    assert refusal(b"".join(doubled)) == ("recording_changed", number + 1)


@pytest.mark.parametrize("number", range(1, len(EVENTS) + 1))
def test_swapped_lines_are_refused_at_the_first_of_them(number):
    swapped = lines()
    swapped[number - 1 : number + 1] = reversed(swapped[number - 1 : number + 1])
    assert refusal(b"".join(swapped)) == ("recording_changed", number)


@pytest.mark.parametrize("kept", range(2, len(EVENTS) + 2))
def test_a_file_cut_within_a_line_is_called_truncated_at_that_line(kept):
    whole, last = lines()[: kept - 1], lines()[kept - 1]
    for cut in (1, len(last) // 2, len(last) - 2):
        assert refusal(b"".join(whole) + last[:cut]) == ("recording_truncated", kept)


@pytest.mark.parametrize("kept", range(1, len(EVENTS) + 1))
def test_a_file_cut_at_a_line_end_is_called_truncated_at_its_last_line(kept):
    assert refusal(b"".join(lines()[:kept])) == ("recording_truncated", kept)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"\n", 1),
        (b"hello", 1),
        (bytes(range(256)) * 4, 1),
        (b"\xef\xbb\xbf" + FILE, 1),
        (FILE.replace(b"\n", b"\r\n"), 1),
        (b"\n" + FILE, 1),
        (FILE + b"\n", len(EVENTS) + 2),
        (FILE + b"more", len(EVENTS) + 2),
        (FILE.replace(b"\n", b"\n\n", 1), 2),
        (FILE.decode().encode("utf-16"), 1),
        (b'[1,"check":"00000000"}\n', 1),
    ],
)
def test_what_is_not_such_a_file_is_refused_at_the_first_line_that_is_not(content, line):
    code, named = refusal(content)
    assert named == line
    assert code in ("recording_syntax", "recording_truncated", "recording_changed")


def test_another_schema_version_is_refused_with_both_numbers():
    with pytest.raises(InvalidRecording) as refused:
        read(sealed({**HEADER, "thoughtscope": SCHEMA + 1}, STARTED, ENDED))
    assert refused.value.code == "recording_version"
    assert refused.value.fields == {"line": 1, "found": SCHEMA + 1, "known": SCHEMA}


@pytest.mark.parametrize(
    "header",
    [
        {},
        {**HEADER, "more": 1},
        {**HEADER, "thoughtscope": "1"},
        {**HEADER, "thoughtscope": True},
        {**HEADER, "date": None},
        {**HEADER, "version": "x" * 41},
        {"version": "0.1.0"},
    ],
)
def test_a_header_of_another_form_is_refused(header):
    assert refusal(sealed(header or '{"a":1}', STARTED, ENDED)) == ("recording_schema", 1)


@pytest.mark.parametrize(
    "line",
    [
        {"t": 1, "marked": {"node": "0", "status": "kept", "more": 1}},
        {"t": 1, "marked": {"node": "0"}},
        {"t": 1, "marked": {"node": 0, "status": "kept"}},
        {"t": 1, "marked": ["0", "kept"]},
        {"t": 1, "marked": None},
        {"t": 1, "delta": {"node": "0", "text": "a", "tokens": "1"}},
        {"t": 1, "delta": {"node": "0", "text": "a", "tokens": 1.5}},
        {"t": 1, "delta": {"node": "0", "text": "a", "tokens": True}},
        {"t": 1, "delta": {"node": "0", "text": 5, "tokens": 1}},
        {"t": 1, "delta": {"node": "0", "text": "a", "tokens": 1, "forced": "no"}},
        {"t": 1, "delta": {"node": "0", "text": "\ud800", "tokens": 1}},
        {"t": 1, "closed": {"node": "0", "finish": "bored"}},
        {"t": 1, "scored": {"node": "0", "value": "high"}},
        {"t": 1, "prompted": {"node": "0", "prompt": "", "sampling": {"heat": 1}}},
        {"t": 1, "prompted": {"node": "0", "prompt": "", "sampling": {"stop": "x"}}},
        {"t": 1, "answered": {"node": "0", "extraction": {"value": "4"}}},
        {"t": 1, "answered": {"node": "0", "extraction": {**SPAN, "more": 1}}},
        {"t": 1, "answered": {"node": "0", "extraction": {**SPAN, "end": "1"}}},
        {"t": 1, "ended": {"status": "won"}},
        {"t": -1, "marked": {"node": "0", "status": "kept"}},
        {"t": MAX_SECONDS + 1, "marked": {"node": "0", "status": "kept"}},
        {"t": "1", "marked": {"node": "0", "status": "kept"}},
        {"t": True, "marked": {"node": "0", "status": "kept"}},
        {"t": None, "marked": {"node": "0", "status": "kept"}},
        {"t": float("nan"), "marked": {"node": "0", "status": "kept"}},
        '{"t":1e999,"marked":{"node":"0","status":"kept"}}',
    ],
)
def test_a_line_of_another_form_is_refused_by_the_schema(line):
    assert refusal(sealed_with(line)) == ("recording_schema", 4)


@pytest.mark.parametrize(
    "line",
    [
        {"t": 1, "exploded": {"node": "0"}},
        {"t": 1},
        {"marked": {"node": "0", "status": "kept"}},
        {"t": 1, "marked": {"node": "0", "status": "a"}, "noted": {"code": "b"}},
        {"t": 1, "delta": {"node": "0", "text": "a", "tokens": 1, "logprob": float("nan")}},
        {"t": 1, "delta": {"node": "0", "text": "a", "tokens": 1, "logprob": float("-inf")}},
        {"t": 1, "scored": {"node": "0", "value": 1.0, "votes": [float("inf")]}},
        {"t": 1, "noted": {"code": "tie", "fields": {"a": float("nan")}}},
        '{"t":1,"scored":{"node":"0","value":1e999}}',
        '{"t":1,"delta":{"node":"0","text":"a","tokens":' + "9" * 400 + "}}",
        '{"t":1,"delta":{"node":"0","text":"a","tokens":' + "9" * 9000 + "}}",
        '{"t":1,marked:{}}',
        "{nothing}",
    ],
)
def test_a_line_that_is_no_event_or_holds_no_finite_number_is_refused(line):
    assert refusal(sealed_with(line)) == ("recording_syntax", 4)


@pytest.mark.parametrize("depth", [300, 950, 100_000])
def test_deep_nesting_is_refused_and_not_followed(depth):
    nest = "[" * depth + "]" * depth
    assert refusal(sealed_with(f'{{"t":1,"noted":{{"code":"x","fields":{{"a":{nest}}}}}}}'))[1] == 4


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ({"t": 0.25, "marked": {"node": "0", "status": "kept"}}, 4),
        ({"t": 1, "marked": {"node": "9", "status": "kept"}}, 4),
        ({"t": 1, "opened": {"node": "0", "parents": [], "kind": "path"}}, 4),
        ({"t": 1, "opened": {"node": "1", "parents": ["7"], "kind": "path"}}, 4),
        ({"t": 1, "started": STARTED["started"]}, 4),
        ({"t": 1, "ended": {"status": "stopped"}}, 5),
    ],
)
def test_events_that_cannot_follow_one_another_are_refused(line, number):
    assert refusal(sealed_with(line)) == ("recording_order", number)


def test_a_run_that_does_not_begin_with_started_is_refused():
    assert refusal(sealed(HEADER, OPENED, ENDED)) == ("recording_order", 2)


def test_a_refusal_never_repeats_the_hostile_value():
    with pytest.raises(InvalidRecording) as refused:
        read(sealed_with({"t": 1, "closed": {"node": "0", "finish": "<script>"}}))
    assert refused.value.fields["reason"] == "finish: literal_error"


def test_a_huge_file_is_refused_before_it_is_read():
    began = time.process_time()
    with pytest.raises(InvalidRecording) as refused:
        read(b"x" * (MAX_BYTES + 1))
    assert refused.value.code == "recording_large"
    assert refused.value.fields == {"line": 0, "bytes": MAX_BYTES + 1, "limit": MAX_BYTES}
    assert refusal(b"\n" * (MAX_LINES + 1)) == ("recording_long", MAX_LINES + 1)
    assert time.process_time() - began < 1.0


def test_one_line_of_the_greatest_size_is_refused_in_time():
    began = time.process_time()
    assert refusal(b"{" + b',"check":"' * (MAX_BYTES // 11))[1] == 1
    assert time.process_time() - began < 2.0
