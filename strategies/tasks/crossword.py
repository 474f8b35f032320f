"""Mini crosswords (Yao et al. 2023, section 4.3): five words across, five down.

A thought is a word at a place. Depth-first: the words of which the model is surest first, and
back from a board on which a clue has become impossible.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from core.crossword import POSITIONS, Board, InvalidWord, read_clues
from core.question import Question
from strategies.tasks.task import Call, Scores, Settings, Task, Thought, Thoughts, dialogue

CONFIDENCE = {"certain": 1.0, "high": 0.5, "medium": 0.2, "low": 0.1}
_LINE = re.compile(
    r"\s*[-*•]?\s*([hv][1-5])\s*[.:)]\s*([A-Za-z]{1,20})\b(?:\W+(certain|high|medium|low))?",
    re.IGNORECASE,
)
# A clue of which no more than this many letters are missing is judged; others tell too little.
_MISSING = 3

_PROPOSE = (
    "Solve clues of a 5 x 5 mini crossword. Every word has exactly five letters; h1 to h5 go "
    "across, v1 to v5 go down. Known letters are shown; _ is a letter that is not known. List the "
    "words you can find for clues that are not filled, a line each and nothing else, with how sure "
    "you are: certain, high, medium or low."
)
_SHOWN = (
    (
        "h1. Large body of salt water: _ _ _ _ _\nh2. Opposite of day: N _ _ _ _\n"
        "v1. Not ever: _ _ _ _ _\nv2. Something to sit on: _ _ A _ _",
        "h1. OCEAN (certain)\nh2. NIGHT (certain)\nv1. NEVER (high)\nv2. CHAIR (medium)",
    ),
    (
        "h4. It tells the time: C _ O _ _\nv3. Used to sweep the floor: _ _ _ _ _\n"
        "v5. Frozen water falling in flakes, as an adjective: S _ _ _ _",
        "h4. CLOCK (certain)\nv3. BROOM (certain)\nv5. SNOWY (high)",
    ),
)
_VALUE = (
    "A crossword clue and what is known of its five-letter word; _ is a letter that is not known. "
    "Is there a word that fits both? Judge in one word: sure, maybe or impossible."
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
        asked = dialogue(_PROPOSE, _SHOWN, self._listed(board))
        return Call(asked, max_tokens=120, stop=("\n\n",))

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
        wish = f" {_WISH}" if written else ""
        mouth = "" if written else f"{_LABEL} "
        shown = [(f"{clue}: {letters}", f"{mouth}{word}") for clue, letters, word in _FITTED]
        judged = [
            f"{self._clues[position]}: {board.pattern(position)}"
            for position in board.unfilled
            if board.word(position).count("_") <= _MISSING
        ]
        forced, length = ("", 100) if written else (_LABEL, 8)
        return [Call(dialogue(_VALUE + wish, shown, asked), forced, length) for asked in judged]

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

    def _listed(self, board: Board) -> str:
        """The clues that are not filled, with the letters that are known."""
        return "\n".join(
            f"{position}. {self._clues[position]}: {board.pattern(position)}"
            for position in board.unfilled
        )
