"""Mini crosswords of 5 by 5 letters (Yao et al. 2023, arXiv 2305.10601, section 4.3).

Every row and every column is a word: h1 to h5 go across, from the top, v1 to v5 go down, from
the left. A clue stands for each of the ten; the letters that words share tie them together.
A file of puzzles comes from outside: it is bounded, and whatever is wrong with it is named.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.question import is_encodable

SIZE = 5
CELLS = SIZE * SIZE
EMPTY = "_"
POSITIONS = tuple(f"{way}{number}" for way in "hv" for number in range(1, SIZE + 1))
MAX_BYTES = 2_000_000
MAX_PUZZLES = 1_000
MAX_CLUE = 300
MAX_BOARD_TEXT = 10_000

_LABEL = re.compile(r"([hv][1-5])(?:\s?[.:)．：）、]\s*|\s+|$)", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]{5}")
_LETTER = re.compile(r"[A-Za-z]")
_SOLUTION = re.compile(r"[A-Z]{25}")
# Five letters in one piece or each apart, so that "so far" is no row.
_ROW = re.compile(r"[\s|]*([A-Za-z_]{5}|[A-Za-z_](?:[ \t|]{1,3}[A-Za-z_]){4})[\s|]*")


class InvalidWord(ValueError):
    """A word that cannot be placed. `reason` is "not_a_position", "not_five_letters" or
    "conflict": a letter that is already there is another one."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Puzzle:
    """`clues` in the order of `POSITIONS`; `board` is its 25 letters row by row, "" if unknown."""

    clues: tuple[str, ...]
    board: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What stands on the board: 25 letters row by row, `EMPTY` where there is none."""

    letters: str

    @staticmethod
    def empty() -> "Board":
        """The board before the first word."""
        return Board(EMPTY * CELLS)

    def word(self, position: str) -> str:
        """The five letters at a position. Raises InvalidWord where there is no such position."""
        return self.letters[_cells(position)]

    def pattern(self, position: str) -> str:
        """The letters at a position, apart from each other: "_ A _ _ E"."""
        return " ".join(self.word(position))

    def place(self, position: str, word: str) -> "Board":
        """The board with a word on it. Raises InvalidWord, as it does where letters disagree."""
        cells, word = _cells(position), word.upper()
        if not _WORD.fullmatch(word):
            raise InvalidWord("not_five_letters")
        for old, new in zip(self.letters[cells], word, strict=True):
            if old not in (EMPTY, new):
                raise InvalidWord("conflict")
        letters = list(self.letters)
        letters[cells] = word
        return Board("".join(letters))

    @property
    def filled(self) -> tuple[str, ...]:
        """The positions whose letters are all there, be it by words that cross them."""
        return tuple(position for position in POSITIONS if EMPTY not in self.word(position))

    @property
    def unfilled(self) -> tuple[str, ...]:
        """The positions that lack a letter."""
        return tuple(position for position in POSITIONS if EMPTY in self.word(position))

    def text(self) -> str:
        """Five lines, one a row, the letters apart: what `parse_board` reads."""
        return "\n".join(self.pattern(position) for position in POSITIONS[:SIZE])


@dataclass(frozen=True, slots=True)
class Score:
    """How much is right: `letters` of 25, `words` of 10, and whether the whole `game` is."""

    letters: int
    words: int
    game: bool


def read_clues(text: str) -> tuple[str, ...]:
    """Ten clues, a line each, across and then down; or in any order if labelled "h1." to "v5.".

    Raises InvalidInput. Empty lines, and labels with nothing behind them, do not count.
    """
    labels, clues = [], []
    for line in text.splitlines():
        words = line.strip()
        label = _LABEL.match(words)
        clue = " ".join(words[label.end() if label else 0 :].split())
        if clue:
            labels.append(label[1].lower() if label else "")
            clues.append(clue)
    if len(clues) != len(POSITIONS):
        raise InvalidInput("crossword_clues", found=len(clues))
    if set(labels) == set(POSITIONS):
        clues = [clues[labels.index(position)] for position in POSITIONS]
    for position, clue in zip(POSITIONS, clues, strict=True):
        if len(clue) > MAX_CLUE:
            raise InvalidInput(
                "crossword_clue_long", position=position, characters=len(clue), limit=MAX_CLUE
            )
    return tuple(clues)


def load(data: bytes) -> tuple[Puzzle, ...]:
    """The puzzles of a file in the form in which the paper's are published: a JSON list, of each
    puzzle a list of ten clues and a list of 25 letters. Raises InvalidInput with the reason."""
    try:
        elements = _elements(data)
        return tuple(_puzzle(f"element {place}", one) for place, one in enumerate(elements, 1))
    except ValueError as error:
        raise InvalidInput("crossword_file", reason=str(error)) from error


def parse_board(text: str) -> Board | None:
    """The first five rows in a text that follow each other; None if there are no such five.

    A row is five letters in one piece or apart, with `EMPTY` for none. Empty lines between rows
    do no harm; characters past `MAX_BOARD_TEXT` are not read.
    """
    rows: list[str] = []
    for line in text[:MAX_BOARD_TEXT].splitlines():
        row = _ROW.fullmatch(line)
        if row:
            rows.append(re.sub(r"[ \t|]", "", row[1]).upper())
        elif line.strip():
            rows = []
        if len(rows) == SIZE:
            return Board("".join(rows))
    return None


def score(board_rows_text: str, solution: str) -> Score:
    """What a written board has in common with the 25 letters of the solution; of a text without
    a board, nothing is right. Raises ValueError if the solution is not 25 letters."""
    if not _SOLUTION.fullmatch(solution):
        raise ValueError("a solution is 25 letters from A to Z")
    board, right = parse_board(board_rows_text) or Board.empty(), Board(solution)
    letters = sum(one == other for one, other in zip(board.letters, solution, strict=True))
    words = sum(board.word(position) == right.word(position) for position in POSITIONS)
    return Score(letters, words, letters == CELLS)


def _cells(position: str) -> slice:
    """Where the letters of a position stand among the 25."""
    if position not in POSITIONS:
        raise InvalidWord("not_a_position")
    place = int(position[1]) - 1
    if position[0] == "h":
        return slice(place * SIZE, (place + 1) * SIZE)
    return slice(place, CELLS, SIZE)


def _elements(data: bytes) -> list[Any]:
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes, more than {MAX_BYTES}")
    try:
        elements = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(elements, list) or not elements:
        raise ValueError("not a list of puzzles")
    if len(elements) > MAX_PUZZLES:
        raise ValueError(f"{len(elements)} puzzles, more than {MAX_PUZZLES}")
    return elements


def _puzzle(name: str, element: Any) -> Puzzle:
    if not isinstance(element, list) or [type(part) for part in element] != [list, list]:
        raise ValueError(f"{name}: not a list of clues and a list of letters")
    clues, letters = element
    if len(clues) != len(POSITIONS):
        raise ValueError(f"{name}: {len(clues)} clues")
    if len(letters) != CELLS:
        raise ValueError(f"{name}: {len(letters)} letters")
    return Puzzle(tuple(_clues(name, clues)), "".join(_letters(name, letters)))


def _clues(name: str, clues: list[Any]) -> Iterator[str]:
    for place, clue in enumerate(clues, 1):
        if not isinstance(clue, str) or not clue.strip() or not is_encodable(clue):
            raise ValueError(f"{name}: clue {place} is not text")
        if len(clue) > MAX_CLUE:
            raise ValueError(f"{name}: clue {place} has {len(clue)} characters")
        yield " ".join(clue.split())


def _letters(name: str, letters: list[Any]) -> Iterator[str]:
    for place, letter in enumerate(letters, 1):
        if not isinstance(letter, str) or not _LETTER.fullmatch(letter):
            raise ValueError(f"{name}: letter {place} is not one of A to Z")
        yield letter.upper()
