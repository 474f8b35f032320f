"""Questions of our own writing, with known answers (assets/examples.json)."""

import json
from dataclasses import dataclass
from functools import cache

from components.view import ASSETS
from core.question import Kind, Language


@dataclass(frozen=True, slots=True)
class Example:
    """A question, its right answer, and the name under which it is offered."""

    id: str
    language: Language
    title: str
    kind: Kind
    question: str
    answer: str


@cache
def examples() -> tuple[Example, ...]:
    """All examples, in the order of the file."""
    rows = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
    return tuple(Example(**row) for row in rows)
