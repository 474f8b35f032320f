"""Questions as they stand in a text: pasted, or in a file whose format is told by its content.

- JSON Lines, if it begins like an object: each line has "question", and may have "kind".
- CSV, if `core.pool_csv` finds a table.
- Otherwise text, a question a line.

Everything here comes from outside. It is refused with InvalidInput where it cannot be read, and
the error says on which line, counted from 1.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core import pool_csv
from core.errors import InvalidInput
from core.question import KINDS, Kind

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON_LINES = re.compile(r"\s*\{\s*(?:[\"'}]|\Z)")
_JSON_LIST = re.compile(r'\s*\[\s*(?:[{\["\]]|\Z)')


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands where a question is expected; `text` may be empty. `line` counts from 1."""

    line: int
    text: str
    kind: Kind | None = None


def decode(content: bytes | str) -> str:
    r"""The text of a file in UTF-8, or in UTF-16 with its mark; every line ends in "\n"."""
    text = content if isinstance(content, str) else _decoded(content)
    if "\0" in text:
        raise InvalidInput("pool_binary")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def entries(text: str) -> Iterator[Entry]:
    """The questions of a decoded text one after the other, and where one is lacking."""
    if _JSON_LIST.match(text):
        raise InvalidInput("pool_json_list")
    if _JSON_LINES.match(text):
        return _json_lines(text)
    table = pool_csv.find(text)
    return (Entry(*row) for row in pool_csv.read(text, table)) if table else _lines(text)


def _decoded(content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8")
    except UnicodeDecodeError as error:
        binary = not wide and _CONTROL.search(content)
        raise InvalidInput("pool_binary" if binary else "pool_encoding") from error


def _lines(text: str) -> Iterator[Entry]:
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        yield Entry(number, line)


def _json_lines(text: str) -> Iterator[Entry]:
    for entry in _lines(text):
        yield _json_entry(entry) if entry.text.strip() else entry


def _json_entry(entry: Entry) -> Entry:
    try:
        row = json.loads(entry.text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("pool_json", line=entry.line) from error
    question = row.get("question") if isinstance(row, dict) else None
    if not isinstance(question, str):
        raise InvalidInput("pool_no_question", line=entry.line)
    kind = row.get("kind")
    if kind is not None and kind not in KINDS:
        given = str(kind)[:40].encode(errors="replace").decode()
        raise InvalidInput("pool_kind", line=entry.line, given=given, allowed=", ".join(KINDS))
    return Entry(entry.line, question, kind)
