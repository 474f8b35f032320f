"""How much of a card's memory vLLM is given, and how long texts may be: from what is free now.

What vLLM takes beside the weights was not measured on a GPU. Where it turns out to be more, the
start fails, and the next smaller plan is tried.
"""

import math
from dataclasses import dataclass, replace

from core.errors import EngineUnavailable
from engines.vllm.card import Card
from engines.vllm.folder import Shape

GIB = 1 << 30
LEAST, MOST = 2048, 32_768  # tokens of a text with its prompt
STEP = 256
# Texts of the whole length that fit at once: what is more than that is left to other programs.
ROOM = 8
# Bytes of a number in the cache. A processor is slow in half precision.
WIDTH, WIDTH_CPU = 2, 4
# Weights are padded and rearranged; one reading of a long prompt and CUDA's graphs need the rest.
PADDED = 1.05
BESIDE, BESIDE_CPU = 2 * GIB, 1 * GIB
# CUDA's own memory, which is taken before vLLM looks how much is free.
MARGIN = 1 * GIB
CACHE_CPU = 4 * GIB
FEWER = 0.05

# By free memory, the largest first. All were trained to think, and are Apache-2.0.
DEFAULTS = ((21 * GIB, "Qwen/Qwen3-8B"), (12 * GIB, "Qwen/Qwen3-4B"), (0, "Qwen/Qwen3-1.7B"))


@dataclass(frozen=True, slots=True)
class Plan:
    """`context` in tokens; `share` of all the card's memory, 0 to 1; `cache`: bytes for keys and
    values where that is not what the share leaves."""

    card: Card
    context: int
    share: float
    cache: int = 0

    def smaller(self, *, lower: bool) -> "Plan | None":
        """Half the context, or None where that is too little. `lower`: also a smaller share, which
        helps where vLLM has filled it and found no memory beyond it."""
        if self.context // 2 < LEAST:
            return None
        share = max(FEWER, round(self.share - FEWER, 3)) if lower else self.share
        return replace(self, context=self.context // 2, share=share)

    @property
    def bytes(self) -> int:
        """The memory that vLLM is to take of the card."""
        return self.cache or int(self.share * self.card.total)


def default_model(free: int) -> str:
    """The model for a card with `free` bytes."""
    return next(name for least, name in DEFAULTS if free >= least)


def planned(shape: Shape, card: Card, model: str) -> Plan:
    """The longest context that fits, and the memory for `ROOM` such texts or as many as fit.

    Raises EngineUnavailable ("vllm_memory", in GiB) where even the least does not fit.
    """
    cpu = card.index is None
    margin, width = (0, WIDTH_CPU) if cpu else (MARGIN, WIDTH)
    fixed = int(shape.weights * PADDED) + (BESIDE_CPU if cpu else BESIDE)
    token = max(1, shape.numbers * width)
    spare = card.free - margin - fixed
    most = min(shape.positions or MOST, MOST)
    if spare < min(LEAST, most) * token:
        needed = fixed + margin + min(LEAST, most) * token
        raise _no_room(card, model, needed)
    cells = spare // token
    if cpu:
        cells = min(cells, CACHE_CPU // token)
    context = most if cells >= most else cells // STEP * STEP
    cells = min(cells, ROOM * context)
    if cpu:
        return Plan(card, context, 0.0, math.ceil(cells * token / GIB) * GIB)
    return Plan(card, context, _rounded((fixed + cells * token) / card.total))


def _rounded(share: float) -> float:
    return math.floor(share * 1000) / 1000


def _no_room(card: Card, model: str, needed: int) -> EngineUnavailable:
    return EngineUnavailable(
        "vllm_memory",
        model=model,
        device=card.name,
        free=round(card.free / GIB, 1),
        needed=math.ceil(needed / GIB * 10) / 10,
    )
