"""Questions of our own writing, with known answers (assets/examples.json)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from components.view import ASSETS
from core.crossword import POSITIONS, SIZE, Puzzle, load
from core.question import Kind, Language


@dataclass(frozen=True, slots=True)
class Example:
    """A question, its right answer, and the name under which it is offered.

    `task`: the task of the Tree of Thoughts that it is for, or "".
    """

    id: str
    language: Language
    title: str
    kind: Kind
    question: str
    answer: str
    task: str = ""


@cache
def examples() -> tuple[Example, ...]:
    """All examples, in the order of the file; then our own crosswords."""
    rows = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
    return (*(Example(**row) for row in rows), *_crosswords())


def crossword_question(puzzle: Puzzle) -> str:
    """A puzzle's clues as a question, a line each."""
    return "\n".join(f"{p}. {c}" for p, c in zip(POSITIONS, puzzle.clues, strict=True))


def crossword_answer(puzzle: Puzzle) -> str:
    """A puzzle's solution as the right answer, its rows in a line; "" where it is not known."""
    return " ".join(puzzle.board[i : i + SIZE] for i in range(0, len(puzzle.board), SIZE))


def _crosswords() -> Iterator[Example]:
    puzzles = load((ASSETS / "crosswords.json").read_bytes())
    for number, puzzle in enumerate(puzzles, 1):
        yield Example(
            f"crossword-{number}",
            "en",
            f"Mini crossword · no. {number}",
            "text",
            crossword_question(puzzle),
            crossword_answer(puzzle),
            "crossword",
        )
