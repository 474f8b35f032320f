"""Questions in a CSV, with commas, semicolons or tabs: whether a text is one, and which column.

- With a header, if the first row names a column of `HEADERS`: the first of these names that is
  there is taken. Other columns are not read.
- Without one, if every row has the same number of columns and it is plain that these are columns
  and not clauses: the questions end before the delimiter, or one word or number follows each, or
  numbered names stand before them. The first column that has text is the question. The first
  row is a question, too, also where it is a header that names no such column.
- A single column in quotation marks.

In prose a space follows a comma, so a list of questions with commas in them is no CSV.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from core.errors import InvalidInput

HEADERS = ("question", "题目", "问题", "text")

_DELIMITERS = ",;\t"
_NO_DELIMITER = "\x1f"  # a single column: its commas are part of the question
_SAMPLE = 100  # rows that are looked at to tell CSV from text
_LOOKED_AT = 1_000  # records, empty ones included
_LONGEST_NAME = 40
_ENDS = tuple(".?!。？！…")

_SENTENCE = re.compile(r"[.?!:。？！：…]|(?:\S+\s+){3}\S")
_DATUM = re.compile(r"[A-Za-z0-9_.%$-]{1,20}")
_NUMBERED = re.compile(r"[A-Za-z_.#-]{0,12}[0-9]{1,12}")
_LETTER = re.compile(r"[^\W\d_]")
_SEVERAL_WORDS = re.compile(r"\S\s+\S|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Table:
    """How a CSV is to be read: its questions are in `column`, of `width` columns."""

    delimiter: str
    column: int
    width: int
    header: bool


def find(text: str) -> Table | None:
    """The table that a text is, or None. Looks at the first 100 rows."""
    return _headed(text) or _without_header(text) or _single_column(text)


def read(text: str, table: Table) -> Iterator[tuple[int, str]]:
    """Each record's first line, counted from 1, and its question; "" where it is lacking.

    Raises InvalidInput at a quotation mark that is not closed, and at more columns than the
    first row has: then a question with a comma in it is not quoted, and would be cut.
    """
    header = table.header
    for line, row in _records(text, table.delimiter, spaced=table.header):
        if header and any(row):
            header = False
            continue
        if any(cell.strip() for cell in row[table.width :]):
            raise InvalidInput("pool_csv", line=line)
        yield line, row[table.column] if table.column < len(row) else ""


def _records(text: str, delimiter: str, *, spaced: bool) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins; an empty line is an empty record."""
    source = io.StringIO(text, newline="")
    rows = csv.reader(source, delimiter=delimiter, skipinitialspace=spaced, strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise InvalidInput("pool_csv", line=line) from error
        if row is None:
            return
        yield line, row


def _sample(text: str, delimiter: str, rows: int, *, spaced: bool) -> list[list[str]]:
    """The first records that are not empty; none if the text is no CSV with this delimiter."""
    with suppress(InvalidInput):
        records = islice(_records(text, delimiter, spaced=spaced), _LOOKED_AT)
        return list(islice((row for _line, row in records if any(row)), rows))
    return []


def _headed(text: str) -> Table | None:
    """The table, if its first row looks like names of columns and one of them is known."""
    for delimiter in _DELIMITERS:
        for row in _sample(text, delimiter, 1, spaced=True):
            names = [cell.strip().casefold() for cell in row]
            known = [name for name in HEADERS if name in names]
            if known and all(map(_is_name, names)):
                taken = delimiter if len(names) > 1 else _NO_DELIMITER
                return Table(taken, names.index(known[0]), len(names), header=True)
    return None


def _is_name(cell: str) -> bool:
    return len(cell) <= _LONGEST_NAME and not _SENTENCE.search(cell)


def _without_header(text: str) -> Table | None:
    for delimiter in _DELIMITERS:
        rows = _sample(text, delimiter, _SAMPLE, spaced=False)
        column = _question_column(rows, delimiter)
        if column is not None:
            return Table(delimiter, column, len(rows[0]), header=False)
    return None


def _single_column(text: str) -> Table | None:
    """A column in quotation marks; a text in which some words are quoted is not one."""
    bare = text.strip()
    quoted = len(bare) > 1 and bare.startswith('"') and bare.endswith('"')
    if quoted and _sample(text, _NO_DELIMITER, _SAMPLE, spaced=False):
        return Table(_NO_DELIMITER, 0, 1, header=False)
    return None


def _question_column(rows: Sequence[list[str]], delimiter: str) -> int | None:
    """The first column with text, if these are columns; in prose a space follows a comma."""
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return None
    if any(cell[:1].isspace() for row in rows for cell in row[1:]):
        return None
    told = rows[1:] or rows  # the first one may be a header after all
    for column in range(len(rows[0])):
        cells = [row[column].strip() for row in told]
        if _most([bool(_LETTER.search(c) and _SEVERAL_WORDS.search(c)) for c in cells]):
            clear = _numbered(told, column) or _ended(told, column, delimiter)
            return column if clear or (len(rows) > 1 and _followed(told, column)) else None
    return None


def _numbered(rows: Sequence[list[str]], column: int) -> bool:
    """Whether numbers or numbered names stand before the questions; "1,200 apples" has none."""
    named = [all(_NUMBERED.fullmatch(cell) for cell in row[:column]) for row in rows]
    apart = [not row[column][:1].isdigit() for row in rows]
    return column > 0 and all(named) and _most(apart)


def _ended(rows: Sequence[list[str]], column: int, delimiter: str) -> bool:
    """Whether the questions are over, or were quoted, where the delimiter is."""
    cells = [row[column].strip() for row in rows]
    return column + 1 < len(rows[0]) and _most([c.endswith(_ENDS) or delimiter in c for c in cells])


def _followed(rows: Sequence[list[str]], column: int) -> bool:
    """Whether one word or number comes after each question; the 200 of "1,200" is none."""
    pairs = [(row[column], row[column + 1]) for row in rows if column + 1 < len(row)]
    apart = [not (left[-1:].isdigit() and right[:1].isdigit()) for left, right in pairs]
    return bool(pairs) and all(apart) and all(_DATUM.fullmatch(right) for _left, right in pairs)


def _most(said: Sequence[bool]) -> bool:
    """Whether four of five are so."""
    return sum(said) * 5 >= len(said) * 4
