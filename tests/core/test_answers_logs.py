"""Our extraction against the cleansing of Kojima et al. 2022, row by row over their logs.

A row is `before` (what a model wrote after the answer trigger), `after` (what their code made of
it) and `gold`. The logs are not part of this repository: they are read from `../shared/data`, or
from the file that THOUGHTSCOPE_EXTRACTION_LOGS names. Rows of our own writing always run.
"""

import json
import os
from pathlib import Path

import pytest

from core.answers import LETTERS, canonical, extract, same

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT.parent / "shared" / "data" / "answer_extraction_dev.jsonl"
NAMED = os.environ.get("THOUGHTSCOPE_EXTRACTION_LOGS")

KINDS = {
    **dict.fromkeys(("addsub", "gsm8k", "singleeq", "svamp", "multiarith"), "number"),
    **dict.fromkeys(("aqua", "commonsensqa", "bigbench_date", "object_tracking"), "choice"),
    **dict.fromkeys(("coin_flip", "strategyqa"), "yes_no"),
    "last_letters": "text",
}
RANGES = {"bigbench_date": "ABCDEF", "object_tracking": "ABC"}

# All rows of the dev file on which we differ, and why that is meant.
EXCEPTIONS = {
    # A fraction is one number, 0.375; theirs reads its numerator. Both are wrong.
    ("addsub", " 3/8. \n"): "fraction",
    # A fraction is one number, 0.5, and right; theirs reads 500.
    ("addsub", " \n\n500/1000\n\nor \n\n1/2"): "right",
    # A fraction is one number, 0.6667; theirs reads its numerator. Both are wrong.
    ("singleeq", " \n\n2/3"): "fraction",
    # 323 / 19 is 17, and right; theirs reads 323.
    ("singleeq", " 323 / 19 = 17. \n\nThe answer (in words) is seventeen dollars."): "right",
}


def ours(row):
    """Our answer to a row; "" abstains."""
    letters = RANGES.get(row["dataset"], LETTERS)
    extraction = extract(row["before"], KINDS[row["dataset"]], "first", letters)
    return extraction.value if extraction else ""


def verdict(row):
    """`equal`; or `right`, `wrong` (theirs was right), `fraction` or `other` where we differ."""
    kind, value = KINDS[row["dataset"]], ours(row)
    if canonical(value, kind) == canonical(row["after"], kind):
        return "equal"
    if same(value, row["gold"], kind):
        return "right"
    if same(row["after"], row["gold"], kind):
        return "wrong"
    extraction = extract(row["before"], kind, "first")
    piece = row["before"][extraction.start : extraction.end] if extraction else ""
    return "fraction" if kind == "number" and "/" in piece else "other"


def rows_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def shown(row):
    return f"{row['dataset']} {row['before']!r}: theirs {row['after']!r}, ours {ours(row)!r}"


def row(dataset, before, after, gold):
    return {"log": "own", "dataset": dataset, "before": before, "after": after, "gold": gold}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (row("gsm8k", " 1,250 marbles.", "1250", "1250"), "equal"),
        (row("gsm8k", " -3.", "-3", "-3"), "equal"),
        (row("svamp", " nobody can tell.", "", "4"), "equal"),
        (row("aqua", " C) 12 km", "C", "C"), "equal"),
        (row("aqua", " BOTH are, so D", "B", "D"), "right"),
        (row("object_tracking", " D, no, B", "B", "B"), "equal"),
        (row("coin_flip", " Yes, it is still heads.", "yes", "no"), "equal"),
        (row("last_letters", ' "xq".', "xq", "xq"), "equal"),
        (row("addsub", " 6/8 of a pie", "6", "0.75"), "right"),
        (row("addsub", " 6/8 of a pie", "6", "2"), "fraction"),
        (row("addsub", " 6/8 of a pie", "6", "6"), "wrong"),
        (row("last_letters", " xq", "zz", "yy"), "other"),
    ],
)
def test_rows_of_our_own_writing_are_judged_as_they_should_be(row, expected):
    assert verdict(row) == expected


@pytest.fixture
def logs():
    path = Path(NAMED) if NAMED else DEV
    if not NAMED and not path.exists():
        pytest.skip(f"the released logs are not here: {path}; see THOUGHTSCOPE_EXTRACTION_LOGS")
    return rows_of(path)


def test_on_the_released_logs_we_equal_theirs_or_are_right_where_theirs_is_wrong(logs):
    assert logs
    bad = [shown(row) for row in logs if verdict(row) not in ("equal", "right", "fraction")]
    assert bad == []


def test_the_exceptions_on_the_dev_file_are_exactly_those_listed(logs):
    if NAMED:
        pytest.skip("THOUGHTSCOPE_EXTRACTION_LOGS names another file than the dev file")
    differing = {
        (row["dataset"], row["before"]): verdict(row) for row in logs if verdict(row) != "equal"
    }
    assert differing == EXCEPTIONS


def test_every_span_on_the_released_logs_marks_the_answer(logs):
    for row in logs:
        kind = KINDS[row["dataset"]]
        extraction = extract(row["before"], kind, "first", RANGES.get(row["dataset"], LETTERS))
        if extraction:
            piece = row["before"][extraction.start : extraction.end]
            assert same(piece, extraction.value, kind), shown(row)
