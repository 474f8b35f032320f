"""Keeps a text to one of several choices, whatever tokens they are written with."""

from collections.abc import Sequence

from core.errors import EngineError
from engines.in_process.vocabulary import Vocabulary
from engines.llamacpp.dialect import clean


class Choosing:
    """What one text may go on with. `ends` are the tokens that end a text."""

    def __init__(self, choices: Sequence[str], vocabulary: Vocabulary, ends: Sequence[int]) -> None:
        self._vocabulary = vocabulary
        self._ends = ends
        # What is still to be written of each choice that the text so far begins.
        self._lacks = {clean(choice).encode() for choice in choices}

    @property
    def whole(self) -> bool:
        """Whether the text is a choice, and no other choice goes on from it."""
        return self._lacks == {b""}

    def allowed(self) -> list[int]:
        """The tokens that may come next. Raises EngineError where the model has none of them."""
        begin = {t for lack in self._lacks for t in self._vocabulary.beginning(lack)}
        tokens = sorted(begin) + (list(self._ends) if b"" in self._lacks else [])
        if not tokens:
            raise EngineError("engine_cannot", feature="choices")
        return tokens

    def take(self, piece: bytes) -> None:
        """The bytes that came next; none where the text was ended."""
        if piece:
            going = (lack for lack in self._lacks if lack.startswith(piece))
            self._lacks = {lack[len(piece) :] for lack in going}
        else:
            self._lacks = {b""}
