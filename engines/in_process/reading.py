"""Reads prompts: what a transformers model keeps of a text, so that it can go on from there.

Needs torch and transformers.
"""

import inspect
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from core.engine import Chunk
from engines.llamacpp.lanes import common

Tensor = Any  # Neither library is installed where types are checked.


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt that was read: the keys and values of its tokens, and the logits (1, vocabulary) of
    the next one. `computed` of its tokens were read now, the others before."""

    cache: Any
    logits: Tensor
    computed: int


class Reader:
    """Keeps what was read last, and reads of the next prompt only what differs.

    Models that keep something else than keys and values of every token (sliding windows, recurrent
    states) cannot go back to a prefix: they read each prompt anew, and at once.
    """

    def __init__(self, model: Any, block: int) -> None:
        """`block`: how many tokens are read at once; work can end after each block."""
        self._model = model
        self._block = block
        self._options: dict[str, Any] = {"use_cache": True}
        if "logits_to_keep" in inspect.signature(model.forward).parameters:
            self._options["logits_to_keep"] = 1
        self._tokens: Sequence[int] = ()
        self._layers: list[tuple[Tensor, Tensor]] = []

    def read(self, prompt: Sequence[int], reuse: bool) -> Generator[list[Chunk], None, Reading]:
        """Read the prompt, which is not empty. Yields no chunks, after each block but the last."""
        cache = DynamicCache(config=self._model.config)
        block = self._block if _plain(cache) else len(prompt)
        begin = self._taken_up(cache, prompt) if reuse else 0
        for place in range(begin, len(prompt), block):
            if place > begin:
                yield []
            logits = self.forward([prompt[place : place + block]], cache)
        self.keep(prompt, cache)
        return Reading(cache, logits, len(prompt) - begin)

    def forward(self, tokens: Sequence[Sequence[int]], cache: Any) -> Tensor:
        """Read the next tokens of each text; the logits (texts, vocabulary) of those after them."""
        ids = torch.tensor(tokens, device=self._model.device)
        with torch.inference_mode():
            output = self._model(input_ids=ids, past_key_values=cache, **self._options)
        return output.logits[:, -1].float()

    def keep(self, tokens: Sequence[int], cache: Any) -> None:
        """Remember one text, instead of the last one."""
        self.forget()
        if _plain(cache) and all(layer.is_initialized for layer in cache.layers):
            # Not copied: a cache grows by making new tensors.
            self._layers = [(layer.keys, layer.values) for layer in cache.layers]
            self._tokens = list(tokens[: cache.get_seq_length()])

    def forget(self) -> None:
        """Give the memory back."""
        self._tokens, self._layers = (), []

    def _taken_up(self, cache: Any, prompt: Sequence[int]) -> int:
        """Fill `cache` with the prefix that is remembered; its length. The last token is always
        read, since it makes the logits."""
        shared = min(common(self._tokens, prompt), len(prompt) - 1)
        for layer, (keys, values) in enumerate(self._layers if shared else ()):
            cache.update(keys[..., :shared, :], values[..., :shared, :], layer)
        return shared


def _plain(cache: Any) -> bool:
    """Whether every layer keeps the keys and values of every token."""
    return all(type(layer) is DynamicLayer for layer in cache.layers)
