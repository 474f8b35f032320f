"""Whether a thought goes round in circles: how much of it was said before. Ours.

The s1 paper (Muennighoff et al. 2025, arXiv 2501.19393) reports that too many rounds end in loops,
and does not measure them.
"""

from collections.abc import Sequence

from core.question import detect_language

WORDS = 4
CHARACTERS = 8
LOOPED = 0.5
"""The share of repetition from which a thought counts as a loop."""


def repetition(thought: str, earlier: Sequence[str]) -> float | None:
    """The share, 0 to 1, of the thought's n-grams that stand in an `earlier` one or before in it.

    An n-gram is 4 words, divided by white space, in any case of letters. A thought in Chinese,
    which has more Chinese characters than Latin words, is divided into 8 characters without white
    space instead. None for a thought too short to have an n-gram.
    """
    chinese = detect_language(thought) == "zh"
    grams = _grams(thought, chinese)
    seen = {gram for before in earlier for gram in _grams(before, chinese)}
    repeated = 0
    for gram in grams:
        repeated += gram in seen
        seen.add(gram)
    return repeated / len(grams) if grams else None


def _grams(text: str, chinese: bool) -> list[tuple[str, ...]]:
    words = text.casefold().split()
    units, length = (list("".join(words)), CHARACTERS) if chinese else (words, WORDS)
    return [tuple(units[i : i + length]) for i in range(len(units) - length + 1)]
