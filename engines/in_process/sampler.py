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

    def throw(self, tokens: int) -> Tensor:
        """A number for each of `tokens` tokens, above 0, of the exponential distribution."""
        numbers = torch.empty(tokens).exponential_(generator=self._generator)
        return numbers.clamp(min=torch.finfo(numbers.dtype).tiny)


def without(logits: Tensor, tokens: Sequence[int]) -> Tensor:
    """The logits (…, vocabulary) with `tokens` made impossible."""
    return logits.index_fill(-1, torch.tensor(tokens, device=logits.device), -torch.inf)


def draw(logits: Tensor, sampling: Sampling, numbers: Tensor | None) -> Tensor:
    """One token of each row of `logits` (samples, vocabulary), by `numbers` of the same shape.

    The temperature is applied first, then top_k, then top_p, which keeps the fewest of the
    likeliest tokens that have at least that probability together. At temperature 0 the likeliest.

    The numbers are times at which tokens come, at rates that are their probabilities; the first
    to come is drawn. So the last bits of the logits matter only where two come at once. By one
    number on a line of all tokens, an unlikely one would be moved by the last bits before it.
    """
    if sampling.temperature <= 0 or numbers is None:
        return logits.argmax(-1)
    highest = logits.max(-1, keepdim=True).values
    probabilities = ((logits - highest) / sampling.temperature).softmax(-1)
    if sampling.top_k or sampling.top_p < 1:
        probabilities = _kept(probabilities, sampling)
    return (probabilities / numbers.to(logits.device)).argmax(-1)


def _kept(probabilities: Tensor, sampling: Sampling) -> Tensor:
    """The probabilities that top_k and top_p leave, and 0 for the others."""
    ordered, tokens = probabilities.sort(-1, descending=True)
    ordered, tokens = ordered[:, : sampling.top_k or None], tokens[:, : sampling.top_k or None]
    shares = ordered / ordered.sum(-1, keepdim=True)
    before = shares.cumsum(-1) - shares
    kept = torch.where(before < max(sampling.top_p, 1e-6), ordered, 0.0)
    return torch.zeros_like(probabilities).scatter(-1, tokens, kept)
