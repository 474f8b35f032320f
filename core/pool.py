"""A pool of questions from which demonstrations are made (Zhang et al. 2022, arXiv 2210.03493,
section 4): ours (assets/pools), or a person's own, pasted or as a file.

A question that is too long for a demonstration is taken: it is the selection's rule that
rejects it, so that it can be seen how. Only what no model could be asked is refused here.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import InvalidInput
from core.pool_files import Entry, decode, entries
from core.question import LANGUAGES, Kind, Question, ask, is_encodable

MAX_BYTES = 2_000_000
MAX_QUESTIONS = 2_000
MAX_CHARACTERS = 40_000  # 5,000 words are about 30,000

_OURS = Path(__file__).resolve().parent.parent / "assets" / "pools"


@dataclass(frozen=True, slots=True)
class Pool:
    """Questions in the order of their file. `name`: "en" or "zh" of ours, the file's, or "own"."""

    name: str = ""
    questions: tuple[Question, ...] = ()

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of the SHA-256 of all kinds and texts, in their order."""
        told = json.dumps([(question.kind, question.text) for question in self.questions])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def of_kind(self, kind: Kind) -> "Pool":
        """The pool's questions of one kind, in order; there may be none."""
        return Pool(self.name, tuple(one for one in self.questions if one.kind == kind))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A pool, and how many lines or records were left out of it: repeated ones, empty ones."""

    pool: Pool
    duplicates: int = 0
    empty: int = 0


def parse(content: bytes | str, name: str) -> Loaded:
    """Read text, JSON Lines or CSV (told apart as `core.pool_files` says).

    White space within a question becomes single spaces; questions that then differ in case alone
    are the same, and the first one stays. At most 2 MB, 2,000 questions (repeated ones count)
    and 40,000 characters a question. Raises InvalidInput with a code `pool_*` otherwise.
    """
    size = len(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    if size > MAX_BYTES:
        raise InvalidInput("pool_large", bytes=size, limit=MAX_BYTES)
    found, empty = _filled(decode(content))
    unique: dict[str, Entry] = {}
    for entry in found:
        unique.setdefault(_flat(entry.text).casefold(), entry)
    questions = tuple(_question(entry) for entry in unique.values())
    return Loaded(Pool(name, questions), len(found) - len(unique), empty)


@cache
def bundled() -> dict[str, Pool]:
    """Our own pools by language."""
    return {
        language: parse((_OURS / f"{language}.jsonl").read_bytes(), language).pool
        for language in LANGUAGES
    }


def _filled(text: str) -> tuple[list[Entry], int]:
    """The entries that hold a question, and the number of empty ones; beyond the limit they are
    counted and not kept."""
    kept: list[Entry] = []
    found = empty = 0
    for entry in entries(text):
        if not entry.text.strip():
            empty += 1
            continue
        found += 1
        if found <= MAX_QUESTIONS:
            kept.append(entry)
    if found > MAX_QUESTIONS:
        raise InvalidInput("pool_many", found=found, limit=MAX_QUESTIONS)
    if not found:
        raise InvalidInput("pool_empty")
    return kept, empty


def _question(entry: Entry) -> Question:
    text = _flat(entry.text)
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(
            "pool_question_long", line=entry.line, characters=len(text), limit=MAX_CHARACTERS
        )
    if not is_encodable(text):
        raise InvalidInput("pool_characters", line=entry.line)
    return ask(text, entry.kind)


def _flat(text: str) -> str:
    """The text on one line, its white space as single spaces."""
    return " ".join(text.split())


MATCHING = Pool()
"""Our pool in the language of the question, whatever that is."""


def matching(question: Question) -> Pool:
    """Our pool in a question's language."""
    return bundled()[question.language]


def taken(value: object) -> Pool:
    """A pool from whatever was given for one: a pool, the name of one of ours, or the text of a
    file; "" is ours in the question's language. Raises InvalidInput."""
    if isinstance(value, Pool):
        return value
    if not isinstance(value, str):
        raise InvalidInput("pool_empty")
    if not value.strip():
        return MATCHING
    return bundled()[value] if value in bundled() else parse(value, "own").pool


def described(pool: Pool) -> dict[str, str | int]:
    """What a recording keeps of a pool beside its map: which one it was."""
    return {"name": pool.name, "questions": len(pool.questions), "digest": pool.digest}
