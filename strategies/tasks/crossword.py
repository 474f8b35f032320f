"""Mini crosswords (Yao et al. 2023, section 4.3): five words across, five down.

A thought is a word at a place. Depth-first: the words of which the model is surest first, and
back from a board on which a clue has become impossible.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from core.crossword import POSITIONS, Board, InvalidWord, read_clues
from core.question import Question
from strategies.tasks.task import Call, Scores, Settings, Task, Thought, Thoughts, user

CONFIDENCE = {"certain": 1.0, "high": 0.5, "medium": 0.2, "low": 0.1}
_LINE = re.compile(
    r"\s*[-*•]?\s*([hv][1-5])\s*[.:)]\s*([A-Za-z]{1,20})\b(?:\W+(certain|high|medium|low))?",
    re.IGNORECASE,
)
# A clue of which no more than this many letters are missing is judged; others tell too little.
_MISSING = 3

_PROPOSE = (
    "Solve a 5 x 5 mini crossword. Every word has five letters; h1 to h5 go across, v1 to v5 go "
    "down. Known letters are shown; _ is a letter that is not known.",
    "List the words you can find for the clues that are not filled, a line each, with how sure you "
    "are: certain, high, medium or low. For example:\n"
    "h3. OCEAN (certain)\nv2. TRAIN (medium)",
)
_VALUE = (
    "A crossword clue and what is known of its five-letter word; _ is a letter that is not known. "
    "Is there a word that fits both? Judge in one word: sure, maybe or impossible.",
    "{0}: {1}\nJudgement: {2}",
    "{0}: {1}",
)
_FITTED = (
    ("Large body of salt water", "O _ E A _", "sure"),
    ("Large body of salt water", "O _ Q X _", "impossible"),
    ("Not ever", "N E V _ _", "sure"),
    ("To mix by moving a spoon in circles", "_ _ I _ L", "maybe"),
    ("Opposite of day", "N I G _ _", "sure"),
    ("A yellow, curved fruit", "X Z _ _ K", "impossible"),
)
_LABEL = "Judgement:"
_WISH = "Write one sentence, and the word alone in the last line."


class Crossword(Task):
    """At most 3 words are tried from a board, 100 boards in all. English only, as the words are."""

    generation, evaluation, search = "propose", "value", "dfs"
    depth = len(POSITIONS)
    scores: ClassVar[Scores] = {"sure": 0.0, "maybe": 0.0, "impossible": -1.0}
    prune_at = -0.5
    samples = 2
    paper: ClassVar[Settings] = {
        "breadth": 3,
        "judgements": 1,
        "judge": "written",
        "max_states": 100,
        "proposals": 8,
    }

    def __init__(self, question: Question, checked: bool) -> None:
        super().__init__(question, checked)
        self._clues = dict(zip(POSITIONS, read_clues(question.text), strict=True))

    @property
    def root(self) -> str:
        return "5 × 5"

    def proposal(self, thoughts: Thoughts) -> Call | None:
        board = self.board(thoughts)
        if not board.unfilled:
            return None
        intro, wish = _PROPOSE
        return Call(user(intro, self._shown(board), wish), max_tokens=120, stop=("\n\n",))

    def proposed(self, thoughts: Thoughts, texts: Sequence[str]) -> list[Thought]:
        """Words by the sum of their confidence over all samples, the surest first."""
        sums: dict[str, float] = {}
        invalid: dict[str, Thought] = {}
        for line in (line for text in texts for line in text.split("\n") if line.strip()):
            thought = self.read(thoughts, line)
            if thought.invalid:
                invalid.setdefault(thought.text, thought)
            else:
                sums[thought.text] = sums.get(thought.text, 0.0) + thought.weight
        surest = sorted(sums, key=lambda word: sums[word], reverse=True)
        return [Thought(word, "", sums[word]) for word in surest] + list(invalid.values())

    def read(self, thoughts: Thoughts, text: str) -> Thought:
        found = _LINE.match(text)
        if not found:
            return Thought(text.strip(), "no_word")
        position, word = found[1].lower(), found[2].upper()
        named = f"{position}. {word}"
        board = self.board(thoughts)
        try:
            placed = board.place(position, word)
        except InvalidWord as error:
            return Thought(named, error.reason)
        if placed == board:
            return Thought(named, "filled")
        return Thought(named, "", CONFIDENCE.get((found[3] or "low").lower(), 0.1))

    def value(self, thoughts: Thoughts, *, written: bool) -> list[Call]:
        board = self.board(thoughts)
        intro, example, asked = _VALUE
        shown = [example.format(*one) for one in _FITTED]
        judged = [
            position for position in board.unfilled if board.word(position).count("_") <= _MISSING
        ]
        parts = [intro, *shown, *([_WISH] if written else [])]
        forced, length = ("", 100) if written else (_LABEL, 8)
        return [
            Call(
                user(*parts, asked.format(self._clues[position], board.pattern(position))),
                forced,
                max_tokens=length,
            )
            for position in judged
        ]

    def answer(self, thoughts: Thoughts) -> str | None:
        return self.board(thoughts).text() if thoughts else None

    def is_last(self, thoughts: Thoughts, depth: int) -> bool:
        return not self.board(thoughts).unfilled or len(thoughts) >= depth

    def board(self, thoughts: Thoughts) -> Board:
        """The board with all words of a path on it. Words that do not fit are left out."""
        board = Board.empty()
        for thought in thoughts:
            found = _LINE.match(thought)
            if found:
                try:
                    board = board.place(found[1].lower(), found[2])
                except InvalidWord:
                    continue  # only where thoughts are not checked
        return board

    def _shown(self, board: Board) -> str:
        rows = "\n".join(
            f"{position}. {clue}: {board.pattern(position)}"
            for position, clue in self._clues.items()
        )
        return f"{board.text()}\n\n{rows}"
