"""Continues one prompt several times at once, with a transformers model. Needs torch."""

import copy
import math
from collections.abc import Generator, Sequence
from typing import Any

import torch

from core.engine import Chunk, Sampling, Usage
from core.errors import EngineDied, EngineError
from engines.in_process.loading import Loaded, out_of_memory, release
from engines.in_process.reading import Reader, Reading
from engines.in_process.sample import Sample, Token
from engines.in_process.sampler import Dice, draw, without

Tensor = Any  # torch is not installed where types are checked.
Told = list[Chunk] | EngineError
"""The chunks of one step (none, where only a part of the prompt was read); or, last of all, why
there are no more. An error is told and not raised, since on ZeroGPU none would arrive whole."""


class Generation:
    """Makes the samples of a request. One request at a time.

    All samples of a group have read equally many tokens at any time: so a group is a batch without
    padding, from which those that have ended are taken out.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._model = loaded.model
        self._device = loaded.device.name
        self._reader = Reader(loaded.model, loaded.device.block)
        self._vocabulary = loaded.vocabulary
        self._ends = loaded.ends
        self._cells = loaded.device.cells

    def run(self, prompt: Sequence[int], sampling: Sampling, n: int) -> Generator[Told, None, None]:
        """`continued`, with what may fail in it told.

        Where a GPU is lent, this is run by a process that has it, for one request or several.
        """
        try:
            if self._model.device.type != self._device:
                self._model.to(self._device)
            yield from self.continued(prompt, sampling, n)
            return
        except EngineError as error:
            told = error.with_traceback(None)
        except (RuntimeError, MemoryError) as error:
            told = failure(error)
        # Here, and not above: a traceback holds on to all that was in memory.
        self._reader.forget()
        release()
        yield told

    def continued(
        self, prompt: Sequence[int], sampling: Sampling, n: int
    ) -> Generator[list[Chunk], None, None]:
        """Sample i uses `seed + i`. More samples than `cells` has room for are made in groups."""
        reading = yield from self._reader.read(prompt, sampling.reuse)
        size = max(1, self._cells // (len(prompt) + sampling.max_tokens))
        for first in range(0, n, size):
            rest = range(first, n)
            # The last group uses the cache up.
            cache = copy.deepcopy(reading.cache) if len(rest) > size else reading.cache
            samples = [self._sample(i, sampling, len(prompt), reading) for i in rest[:size]]
            group = _Group(self._reader, samples, sampling, self._ends)
            made = yield from group.continued(reading.logits, cache)
        if n == 1:
            self._reader.keep([*prompt, *made], cache)

    def _sample(self, index: int, sampling: Sampling, prompt: int, reading: Reading) -> Sample:
        """The first sample carries the cost of the reading."""
        usage = Usage(prompt, 0 if index else reading.computed)
        return Sample(index, sampling, self._vocabulary, self._ends, usage)


class _Group:
    """Samples that are made at once."""

    def __init__(
        self, reader: Reader, samples: list[Sample], sampling: Sampling, ends: Sequence[int]
    ) -> None:
        self._reader = reader
        self._samples = samples
        self._sampling = sampling
        self._ends = ends
        seed = sampling.seed or 0
        self._dice = {sample.index: Dice(seed + sample.index) for sample in samples}

    def continued(self, logits: Tensor, cache: Any) -> Generator[list[Chunk], None, list[int]]:
        """Go on from the prompt's logits (1, vocabulary) and cache, which is used up. Returns the
        tokens of the sample that ended last."""
        made: list[int] = []
        cache.reorder_cache(torch.zeros(len(self._samples), dtype=torch.long))
        logits = logits.expand(len(self._samples), -1)
        while True:
            tokens = self._drawn(logits)
            made.append(tokens[-1].id)
            pairs = list(zip(self._samples, tokens, strict=True))
            yield [sample.take(token) for sample, token in pairs]
            going = [place for place, sample in enumerate(self._samples) if not sample.finish]
            if not going:
                return made
            if len(going) < len(self._samples):
                cache.reorder_cache(torch.tensor(going))
                self._samples = [self._samples[place] for place in going]
            logits = self._reader.forward([[tokens[place].id] for place in going], cache)

    def _drawn(self, logits: Tensor) -> list[Token]:
        """The next token of each sample."""
        own = logits.log_softmax(-1) if self._sampling.logprobs else None
        if self._sampling.choices:
            return [self._chosen(i, logits[i], own) for i in range(len(self._samples))]
        if self._samples[0].tokens < self._sampling.min_tokens:
            logits = without(logits, self._ends)
        drawn = draw(logits, self._sampling, self._numbers(self._samples, logits.shape[-1]))
        if own is None:
            return [Token(token) for token in drawn.tolist()]
        logprobs = own.gather(-1, drawn[:, None])[:, 0].tolist()
        pairs = zip(drawn.tolist(), logprobs, strict=True)
        return [Token(token, checked(logprob)) for token, logprob in pairs]

    def _chosen(self, place: int, logits: Tensor, own: Tensor | None) -> Token:
        """The next token of one sample, among those that go on with a choice."""
        sample = self._samples[place]
        assert sample.choosing is not None
        allowed = sample.choosing.allowed()
        there = torch.tensor(allowed, device=logits.device)
        numbers = self._numbers([sample], logits.shape[-1])
        drawn = draw(
            logits[there][None], self._sampling, None if numbers is None else numbers[:, allowed]
        )
        token = allowed[int(drawn)]
        if own is None:
            return Token(token)
        logprobs = own[place][there].tolist()
        likeliest = [(t, math.exp(p)) for t, p in zip(allowed, logprobs, strict=True)]
        return Token(token, checked(logprobs[int(drawn)]), likeliest if sample.weighs else ())

    def _numbers(self, samples: Sequence[Sample], tokens: int) -> Tensor | None:
        """Random numbers (samples, tokens), where any are needed."""
        if self._sampling.temperature <= 0:
            return None
        return torch.stack([self._dice[sample.index].throw(tokens) for sample in samples])


def checked(logprob: float) -> float:
    """A log-probability. Raises EngineError where the model's numbers are none."""
    if not math.isfinite(logprob):
        raise EngineError("engine_numbers")
    return logprob


def failure(error: RuntimeError | MemoryError) -> EngineError:
    """What is told of an error of torch: memory was short, or the device is in an unknown state."""
    if out_of_memory(error):
        return EngineError("engine_memory")
    return EngineDied(str(error).strip().partition("\n")[0][:200])
