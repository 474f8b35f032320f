"""How probable each choice was, from the likeliest alternatives to each token of a text.

A text is made of tokens, and a choice can begin with several ("su", "sure"): each alternative
counts for the choice that it begins. One that begins several of them ("1" of "1" and "10") can be
divided only if it was sampled, by what came next.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The largest share that may be untold: no weight is off by more than this.
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Step:
    """A sampled token, and (text, probability) of the likeliest tokens in its place.

    Texts are bytes, since a token can be half a character; that of the end of a text is b"".
    The sampled token is among the likeliest only if it is one of them.
    """

    sampled: bytes
    probability: float
    likeliest: Sequence[tuple[bytes, float]]


class Weighing:
    """Divides 1 among `choices` while the tokens of one sample come."""

    def __init__(self, choices: Sequence[str]) -> None:
        self._weights = dict.fromkeys(choices, 0.0)
        # What each choice lacks that the text so far begins; the share that they have together.
        self._lacks = {choice: choice.encode("utf-8", "surrogatepass") for choice in choices}
        self._share = 1.0
        self._untold = 0.0

    @property
    def weights(self) -> Mapping[str, float] | None:
        """They add up to 1. None where more than `TOLERANCE` could not be told."""
        untold = self._untold + self._share
        if untold > TOLERANCE:
            return None
        return {choice: weight / (1 - untold) for choice, weight in self._weights.items()}

    @property
    def settled(self) -> bool:
        """Whether no further token can tell anything."""
        return not self._share

    def take(self, step: Step) -> None:
        """The next token. Where none of the likeliest begins a choice, nothing more is told.

        Nor where tokens before it were left out: then it does not go on with any choice.
        """
        if self.settled:
            return
        followed = self._begun(step.sampled)
        masses = self._masses(step, followed)
        if not followed or not sum(masses.values()):
            self._untold, self._share = self._untold + self._share, 0.0
            return
        self._divide(masses, followed)
        length = len(step.sampled)
        self._lacks = {choice: self._lacks[choice][length:] for choice in followed}

    def _begun(self, text: bytes) -> tuple[str, ...]:
        """The choices that go on with `text`; the end of a text goes on those that are complete."""
        lacks = self._lacks.items()
        return tuple(c for c, lack in lacks if (lack.startswith(text) if text else not lack))

    def _masses(self, step: Step, followed: tuple[str, ...]) -> dict[tuple[str, ...], float]:
        """The probability of going on with just these choices, for each set of them."""
        masses: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for text, probability in step.likeliest:
            if choices := self._begun(text):
                masses[choices] += probability
        if masses and step.sampled not in dict(step.likeliest):
            masses[followed] += step.probability
        return masses

    def _divide(self, masses: Mapping[tuple[str, ...], float], followed: tuple[str, ...]) -> None:
        share, self._share = self._share / sum(masses.values()), 0.0
        for choices, mass in masses.items():
            if len(choices) == 1:
                self._weights[choices[0]] += share * mass
            elif choices == followed:
                self._share = share * mass
            else:
                self._untold += share * mass
