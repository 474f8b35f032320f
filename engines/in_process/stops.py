"""Finds stop strings in a text that comes in pieces."""

from collections.abc import Sequence


class StopFinder:
    """Lets text through up to the first stop string, which is not let through.

    What may yet become a stop string is held back.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.found = False
        self._stops = stops
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that is certain now. Nothing may be fed once a stop string was found."""
        text = self._held + piece
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.found, self._held = True, ""
            return text[: min(places)]
        sure = len(text) - self._open(text)
        self._held = text[sure:]
        return text[:sure]

    def rest(self) -> str:
        """What was held back, when the text has ended and no stop string can come any more."""
        held, self._held = self._held, ""
        return held

    def _open(self, text: str) -> int:
        """The length of the longest end of `text` that begins a stop string."""
        longest = max((len(stop) - 1 for stop in self._stops), default=0)
        lengths = range(min(longest, len(text)), 0, -1)
        return next((n for n in lengths if any(s.startswith(text[-n:]) for s in self._stops)), 0)
