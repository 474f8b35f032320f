"""Draws the next token of each text from the model's logits. Needs torch."""

from collections.abc import Sequence
from typing import Any

import torch

from core.engine import Sampling

Tensor = Any  # torch is not installed where types are checked.


class Dice:
    """The random numbers of one sample.

    They are made on the CPU from the sample's own seed: so they depend neither on the device nor on
    which other samples are made beside it.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed % 2**63)

    def throw(self) -> float:
        """The next number, at least 0 and less than 1."""
        return float(torch.rand((), generator=self._generator, dtype=torch.float64))


def without(logits: Tensor, tokens: Sequence[int]) -> Tensor:
    """The logits (…, vocabulary) with `tokens` made impossible."""
    return logits.index_fill(-1, torch.tensor(tokens, device=logits.device), -torch.inf)


def draw(logits: Tensor, sampling: Sampling, numbers: Sequence[float]) -> Tensor:
    """One token of each row of `logits` (samples, vocabulary), by the rows' random `numbers`.

    The temperature is applied first, then top_k, then top_p, which keeps the fewest of the
    likeliest tokens that have at least that probability together. At temperature 0 the likeliest.
    """
    if sampling.temperature <= 0:
        return logits.argmax(-1)
    highest = logits.max(-1, keepdim=True).values
    probabilities = ((logits - highest) / sampling.temperature).softmax(-1)
    numbers_there = torch.tensor(numbers, dtype=probabilities.dtype, device=logits.device)
    if not sampling.top_k and sampling.top_p >= 1:
        kept = torch.full_like(numbers_there, logits.shape[-1], dtype=torch.long)
        return _pick(probabilities, kept, numbers_there)
    sorted_, tokens = probabilities.sort(-1, descending=True)
    sorted_ = sorted_[:, : sampling.top_k or None]
    sorted_ = sorted_ / sorted_.sum(-1, keepdim=True)
    before = sorted_.cumsum(-1) - sorted_
    kept = (before < sampling.top_p).sum(-1).clamp(min=1)
    place = _pick(sorted_, kept, numbers_there)
    return tokens.gather(-1, place[:, None])[:, 0]


def _pick(probabilities: Tensor, kept: Tensor, numbers: Tensor) -> Tensor:
    """Of each row's first `kept` tokens, the one on which its number falls."""
    sums = probabilities.cumsum(-1)
    whole = sums.gather(-1, kept[:, None] - 1)
    place = torch.searchsorted(sums, numbers[:, None] * whole, right=True)
    # Rounded, the product can be the whole: then it falls on the last token with any probability.
    last = (sums < whole).sum(-1, keepdim=True)
    return torch.minimum(place, last)[:, 0]
