"""Exemplar sets: read from a file with care, written back, and marked where they were changed."""

import json
from dataclasses import replace

import pytest

from core import exemplars
from core.errors import InvalidInput
from core.exemplars import (
    MATCHING,
    MAX_BYTES,
    MAX_EXEMPLARS,
    MAX_TEXT,
    Exemplar,
    ExemplarSet,
    Origin,
    bundled,
    dump,
    load,
    matching,
    parse,
    taken,
)
from core.question import Question

ORIGIN = Origin("m", "en", "0" * 16, "cluster", 8, 192, "TF-IDF", '{"kind": "number"}')
ONE = Exemplar("How many “legs”?\nTwo lines.", "2 * 4 = 8. 好。", "8", "2 * 4 = 8")
OFF = Exemplar("Q", "R", "A", on=False)
SET = ExemplarSet("mine", "number", "zh", (ONE, OFF, ONE.sealed()), ORIGIN)
PLAIN = {"question": "Q", "rationale": "R", "answer": "A"}
HOSTILE = "<img src=x onerror=alert(1)>"


def file(exemplars=(PLAIN,), **fields):
    """A set as plain data."""
    return {"thoughtscope_exemplars": 1, "exemplars": list(exemplars), **fields}


def refusal(content, read=load):
    if not isinstance(content, str | bytes) and read is load:
        content = json.dumps(content)
    with pytest.raises(InvalidInput) as refused:
        read(content)
    return refused.value.code, dict(refused.value.fields)


def test_a_set_comes_back_from_its_file_as_it_was():
    assert load(dump(SET)) == SET
    assert load(dump(SET).encode()) == SET
    assert load(dump(ExemplarSet())) == ExemplarSet()


def test_a_file_is_readable_and_names_its_form():
    text = dump(SET)
    assert text.endswith("}\n") and "好" in text and '\n  "name": "mine",' in text
    assert json.loads(text)["thoughtscope_exemplars"] == 1


def test_what_is_left_out_of_a_file_has_its_default():
    assert load(json.dumps(file())) == ExemplarSet(exemplars=(Exemplar("Q", "R", "A"),))


def test_a_byte_order_mark_is_no_fault():
    assert load(b"\xef\xbb\xbf" + dump(SET).encode()) == SET


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[1, 2]",
        '"a"',
        "null",
        '{"exemplars": []}',
        b"\xff\xfe{\x00}\x00",
        b"\x00\x01\x02",
        "[" * 100_000,
        '{"thoughtscope_exemplars": 1, "exemplars": ' + "[" * 100_000,
        '{"thoughtscope_exemplars": 1, "name": NaN}',
        '{"thoughtscope_exemplars": 1, "name": 1' + "0" * 5000 + "}",
    ],
)
def test_what_is_no_set_at_all_is_refused_as_that(content):
    assert refusal(content) == ("exemplars_syntax", {})


@pytest.mark.parametrize("found", [0, 2, "1", None, "x" * 500])
def test_another_version_is_refused_by_its_number_and_ours(found):
    data = file() | {"thoughtscope_exemplars": found}
    assert refusal(data) == ("exemplars_version", {"found": str(found)[:20], "known": 1})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (file(name=3), "name: string_type"),
        (file(name="x" * 121), "name: string_too_long"),
        (file(kind="poem"), "kind: literal_error"),
        (file(language="de"), "language: literal_error"),
        (file(more=1), "more: unexpected_keyword_argument"),
        (file(origin={}), "origin.model: missing"),
        (file(exemplars=["Q"]), "exemplars.0: dataclass_type"),
        (file([PLAIN, {"question": "Q"}]), "exemplars.1.rationale: missing"),
        (file([PLAIN | {"on": 1}]), "exemplars.0.on: bool_type"),
        (file([PLAIN | {"answer": 8}]), "exemplars.0.answer: string_type"),
        (file([PLAIN | {"made": "0" * 65}]), "exemplars.0.made: string_too_long"),
        (
            file([PLAIN | {"question": "x" * (MAX_TEXT + 1)}]),
            "exemplars.0.question: string_too_long",
        ),
        (file([PLAIN] * (MAX_EXEMPLARS + 1)), "exemplars: too_long"),
    ],
)
def test_what_does_not_fit_the_form_is_refused_by_its_place(data, reason):
    code, fields = refusal(data)
    assert (code, list(fields)) == ("exemplars_schema", ["reason"])
    assert fields["reason"].startswith(reason)
    assert refusal(data, parse) == (code, fields)


def test_sets_and_texts_as_large_as_is_allowed_are_taken():
    longest = PLAIN | {"rationale": "x" * MAX_TEXT}
    assert len(load(json.dumps(file([longest]))).exemplars[0].rationale) == MAX_TEXT
    assert len(load(json.dumps(file([PLAIN] * MAX_EXEMPLARS))).exemplars) == MAX_EXEMPLARS


def test_a_file_that_is_too_large_is_refused_with_both_sizes_before_it_is_read():
    padded = dump(SET) + " " * MAX_BYTES
    size = len(padded.encode())
    assert refusal(padded) == ("exemplars_large", {"bytes": size, "limit": MAX_BYTES})
    fits = dump(SET)
    assert load(fits + " " * (MAX_BYTES - len(fits.encode()))) == SET


@pytest.mark.parametrize("lacking", ["question", "answer"])
def test_an_exemplar_that_is_shown_has_a_question_and_an_answer(lacking):
    empty = PLAIN | {lacking: " \n"}
    assert refusal(file([PLAIN, empty])) == ("exemplar_empty", {"number": 2})
    assert len(load(json.dumps(file([PLAIN, empty | {"on": False}]))).exemplars) == 2
    assert load(json.dumps(file([PLAIN | {"rationale": ""}]))).exemplars[0].rationale == ""


@pytest.mark.parametrize("name", ["question", "rationale", "answer", "equation"])
def test_half_characters_are_refused_before_they_reach_an_engine(name):
    half = json.dumps(file([PLAIN | {name: "a\ud800"}]))
    assert refusal(half) == ("question_encoding", {})
    assert refusal(half.replace("\\ud800", "\ud800")) == ("exemplars_syntax", {})


@pytest.mark.parametrize(
    "data",
    [
        file(name=[HOSTILE]),
        file(kind=HOSTILE),
        file([PLAIN | {"answer": {HOSTILE: HOSTILE}}]),
        file([PLAIN | {"on": HOSTILE}]),
    ],
)
def test_a_hostile_value_is_not_told_again(data):
    assert HOSTILE not in str(refusal(data))


def test_hostile_names_are_bounded_where_they_are_told():
    _code, fields = refusal(file(**{HOSTILE * 100: 1}))
    assert len(fields["reason"]) <= 120


def test_what_was_sealed_tells_when_it_is_changed_and_when_it_is_changed_back():
    sealed = ONE.sealed()
    assert not sealed.tampered and not ONE.tampered and ONE.made == ""
    for name in ("question", "rationale", "answer", "equation"):
        changed = replace(sealed, **{name: "else"})
        assert changed.tampered, name
        assert not replace(changed, **{name: getattr(ONE, name)}).tampered
    assert not replace(sealed, on=False).tampered
    assert replace(sealed, answer="9").sealed().made != sealed.made
    assert not replace(sealed, answer="9").sealed().tampered


def test_a_person_s_own_exemplar_is_never_tampered_with():
    assert not replace(ONE, answer="9").tampered


def test_the_mark_of_a_change_survives_saving_and_loading():
    changed = replace(SET, exemplars=(replace(ONE.sealed(), answer="9"),))
    assert [each.tampered for each in load(dump(changed)).exemplars] == [True]


def test_only_those_that_are_on_are_shown_in_their_order():
    assert SET.shown == (ONE, ONE.sealed())


def test_our_own_sets_are_sealed_and_listed_by_their_files():
    sets = bundled()
    assert {"arithmetic_en", "arithmetic_zh", "yes_no_en"} <= set(sets)
    for known in sets.values():
        assert all(each.made and each.on and not each.tampered for each in known.exemplars)


@pytest.mark.parametrize(
    ("kind", "language", "name"),
    [
        ("number", "en", "arithmetic_en"),
        ("number", "zh", "arithmetic_zh"),
        ("yes_no", "zh", "yes_no_zh"),
        ("choice", "en", "choice_en"),
        ("choice", "zh", "choice_en"),
        ("text", "zh", "letters_en"),
    ],
)
def test_the_set_that_fits_is_of_the_kind_and_where_there_is_one_in_the_language(
    kind, language, name
):
    assert matching(Question("?", kind, language)) is bundled()[name]


def test_a_kind_that_there_is_no_set_for_is_refused(monkeypatch):
    numbers = {"arithmetic_en": bundled()["arithmetic_en"]}
    monkeypatch.setattr(exemplars, "bundled", lambda: numbers)
    with pytest.raises(InvalidInput) as refused:
        matching(Question("?", "choice", "en"))
    assert (refused.value.code, refused.value.fields) == ("exemplars_kind", {"kind": "choice"})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (SET, SET),
        (json.loads(dump(SET)), SET),
        (dump(SET), SET),
        ("\n" + dump(SET), SET),
        ("", MATCHING),
        (" \n", MATCHING),
    ],
)
def test_a_set_is_taken_from_a_set_its_data_or_its_text(given, found):
    assert taken(given) == found


def test_a_set_is_taken_by_the_name_of_one_of_ours():
    assert taken("choice_en") is bundled()["choice_en"]


@pytest.mark.parametrize("given", [None, 3, [], b"{}", ("choice_en",)])
def test_what_can_be_no_set_is_refused(given):
    assert refusal(given, taken) == ("exemplars_syntax", {})


def test_a_name_that_is_none_of_ours_is_refused_with_those_that_are():
    code, fields = refusal("x" * 500, taken)
    assert (code, fields["given"]) == ("exemplars_unknown", "x" * 80)
    assert fields["known"] == ", ".join(bundled())
