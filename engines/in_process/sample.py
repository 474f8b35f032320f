"""One sample of a prompt, from the model's tokens to chunks of text."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from core.engine import Chunk, Finish, Sampling, Usage
from engines.in_process.choosing import Choosing
from engines.in_process.stops import StopFinder
from engines.in_process.vocabulary import Vocabulary
from engines.server.weights import Step, Weighing


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was drawn, with its natural log-probability.

    `likeliest` are those that were allowed in its place, with their probabilities: only where
    choices are weighed.
    """

    id: int
    logprob: float | None = None
    likeliest: Sequence[tuple[int, float]] = ()


class Sample:
    """The text of sample `index`. No character is shown before it is whole."""

    def __init__(
        self,
        index: int,
        sampling: Sampling,
        vocabulary: Vocabulary,
        ends: Sequence[int],
        usage: Usage,
    ) -> None:
        self.index = index
        self.tokens = 0
        self.finish: Finish | None = None
        self.choosing = Choosing(sampling.choices, vocabulary, ends) if sampling.choices else None
        weighed = sampling.choices and sampling.logprobs
        self._weighing = Weighing(sampling.choices) if weighed else None
        self._sampling = sampling
        self._vocabulary = vocabulary
        self._ends = ends
        self._usage = usage
        self._stops = StopFinder(sampling.stop)
        # A byte that belongs to no character says nothing: better none than a broken one.
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        # Control tokens are written only where a stop string could not be found without them.
        named = vocabulary.special.items()
        self._written = {t: s for t, s in named if any(s in stop for stop in sampling.stop)}

    @property
    def weighs(self) -> bool:
        """Whether the next token still tells something about the choices."""
        return self._weighing is not None and not self._weighing.settled

    def take(self, token: Token) -> Chunk:
        """The next token; returns what can be told of it. Nothing may follow a `finish`."""
        self.tokens += 1
        ended = token.id in self._ends
        piece = b"" if ended else self._vocabulary.piece(token.id)
        self._choose(token, piece)
        text = self._shown(b"" if ended else piece or self._written.get(token.id, "").encode())
        self.finish = self._finished(ended)
        if self.finish is None:
            return Chunk(self.index, text, 1, token.logprob)
        weights = self._weighing.weights if self._weighing else None
        text += self._stops.rest()
        return Chunk(self.index, text, 1, token.logprob, self.finish, self._usage, weights)

    def _choose(self, token: Token, piece: bytes) -> None:
        if self._weighing is not None and not self._weighing.settled:
            likeliest = [(self._piece(other), p) for other, p in token.likeliest]
            probability = dict(token.likeliest).get(token.id, 0.0)
            self._weighing.take(Step(piece, probability, likeliest))
        if self.choosing is not None:
            self.choosing.take(piece)

    def _piece(self, token: int) -> bytes:
        return b"" if token in self._ends else self._vocabulary.piece(token)

    def _shown(self, piece: bytes) -> str:
        text = self._decoder.decode(piece)
        if self.tokens < self._sampling.min_tokens:
            return text  # Too early for a stop string: this text is not searched.
        return self._stops.feed(text)

    def _finished(self, ended: bool) -> Finish | None:
        if ended or self._stops.found or (self.choosing is not None and self.choosing.whole):
            return "stop"
        return "length" if self.tokens >= self._sampling.max_tokens else None
