"""Reading the stream of a llama.cpp server.

What was found about it (llama.cpp of October 2026), and what is done here:

- A token that completes no character has no event of its own, and its log-probability is not
  told. `predicted_n` counts it: it becomes a chunk without log-probability.
- The end-of-text token, and those of a stop string, are counted and have log-probabilities.
- While a prompt is read, events without text tell how far that is, each for one of the samples
  that share the reading: it is told for all of them, and only where there is much to be read.
- A text that ends by length loses what was held back because it might have become a stop string.
  The ids of those tokens are known from their log-probabilities: the text is made from them.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.engine import Chunk, Finish, Sampling, Usage
from core.errors import EngineDied
from engines.llamacpp.tokens import logprob, step
from engines.server.sse import Object, part
from engines.server.weights import Weighing

Detokenize = Callable[[list[int]], Awaitable[str]]

# Shorter readings are over before anybody could follow them.
LONG_READING = 256

_FINISH: dict[str, Finish] = {"stop": "stop", "length": "length"}


@dataclass(slots=True)
class _Sample:
    weighing: Weighing | None = None
    tokens: int = 0
    held: list[int] = field(default_factory=list)
    finished: bool = False


@dataclass(slots=True)
class _Piece:
    """One event of one sample: `entries`, `ids` and `logprobs` are of the tokens it tells of."""

    text: str
    tokens: int
    entries: list[Object]
    ids: list[int]
    logprobs: list[float]
    finish: Finish | None


class LlamaReader:
    """Turns the events of one request, for samples `first` to `first + n - 1`, into chunks."""

    def __init__(self, sampling: Sampling, first: int, n: int, detokenize: Detokenize) -> None:
        self._sampling = sampling
        self._first = first
        weighed = sampling.choices if sampling.logprobs else ()
        self._samples = [_Sample(Weighing(weighed) if weighed else None) for _ in range(n)]
        self._detokenize = detokenize

    async def take(self, event: Object) -> list[Chunk]:
        """The chunks of an event. Raises EngineDied for what does not belong here."""
        if "prompt_progress" in event:
            return self._reading(part(event, "prompt_progress", dict))
        chunks: list[Chunk] = []
        for choice in part(event, "choices", list):
            index = part(choice, "index", int)
            if not 0 <= index < len(self._samples) or self._samples[index].finished:
                raise EngineDied(f"the server sent text for a sample {index} that is not open")
            chunks += await self._chunks(index, event, choice)
        return chunks

    def end(self) -> list[Chunk]:
        """Nothing is held back."""
        return []

    def _reading(self, progress: Object) -> list[Chunk]:
        """How far the prompt has been read, for each sample that has not begun."""
        done, total = part(progress, "processed", int), part(progress, "total", int)
        if total - part(progress, "cache", int) < LONG_READING or not 0 <= done < total:
            return []
        return [
            Chunk(self._first + index, read=(done, total))
            for index, sample in enumerate(self._samples)
            if not sample.tokens and not sample.finished
        ]

    async def _chunks(self, index: int, event: Object, choice: Object) -> list[Chunk]:
        sample = self._samples[index]
        piece = _piece(event, choice, sample.tokens)
        sample.tokens += piece.tokens
        _hold(sample, piece)
        _weigh(sample, piece)
        if piece.finish is None:
            return self._counted(index, piece)
        sample.finished = True
        tail = piece.text + await self._lost(sample, piece.finish)
        usage = _usage(event, index)
        weights = sample.weighing.weights if sample.weighing else None
        index += self._first
        return [Chunk(index, tail, piece.tokens, None, piece.finish, usage, weights)]

    def _counted(self, index: int, piece: _Piece) -> list[Chunk]:
        """A chunk; or two, where the log-probability of some of its tokens is not known."""
        index += self._first
        known = len(piece.logprobs) if self._sampling.logprobs else 0
        unknown = piece.tokens - known
        if not known:
            empty = not piece.text and not piece.tokens
            return [] if empty else [Chunk(index, piece.text, piece.tokens)]
        chunk = Chunk(index, piece.text, known, math.fsum(piece.logprobs))
        return [Chunk(index, tokens=unknown), chunk] if unknown > 0 else [chunk]

    async def _lost(self, sample: _Sample, finish: Finish) -> str:
        """The text that the server held back and did not send."""
        if finish != "length" or not sample.held or not self._sampling.stop:
            return ""
        text = await self._detokenize(sample.held)
        # Ids are missing where a character of several tokens was held back: better none than half.
        return "" if "\ufffd" in text else text


def _piece(event: Object, choice: Object, before: int) -> _Piece:
    """Read an event; `before` tokens of the sample came earlier."""
    logprobs = choice.get("logprobs")
    entries = part(logprobs, "content", list) if logprobs else []
    return _Piece(
        part(choice, "text", str),
        max(0, part(part(event, "timings", dict), "predicted_n", int) - before),
        entries,
        [part(entry, "id", int) for entry in entries],
        [value for entry in entries if (value := logprob(entry)) is not None],
        _finish(choice.get("finish_reason")),
    )


def _finish(reason: object) -> Finish | None:
    if reason is None:
        return None
    if not isinstance(reason, str) or reason not in _FINISH:
        raise EngineDied(f"the server ended a text for an unknown reason: {str(reason)[:50]}")
    return _FINISH[reason]


def _hold(sample: _Sample, piece: _Piece) -> None:
    """Keep the ids of tokens whose text has not been sent."""
    if piece.text:
        sample.held.clear()
    else:
        sample.held += piece.ids


def _weigh(sample: _Sample, piece: _Piece) -> None:
    """Take in what an event tells of the choices."""
    if sample.weighing is None or sample.weighing.settled:
        return
    for entry in piece.entries:
        sample.weighing.take(step(entry))


def _usage(event: Object, index: int) -> Usage:
    """All samples of a request report the one reading of the prompt; the first one carries it."""
    prompt = part(part(event, "usage", dict), "prompt_tokens", int)
    computed = part(part(event, "timings", dict), "prompt_n", int)
    return Usage(prompt, computed if index == 0 else 0)
