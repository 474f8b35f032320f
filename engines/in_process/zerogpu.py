"""ZeroGPU: a Space that is lent a GPU for as long as one function runs."""

import importlib.util
import math
import os
from collections.abc import Callable, Generator, Sequence
from typing import Any

from core.engine import Sampling
from core.errors import EngineError

DEFAULT = "Qwen/Qwen3-4B"
"""The Hub id of what is run there: trained to think, and on the GPU in seconds."""

# Cautious figures, in seconds and tokens a second: what was asked for and not used is given back,
# but work that takes longer is cut off. More than LONGEST is refused to many visitors.
START_SECONDS = 10.0
READ_RATE = 2000.0
STEP_RATE = 15.0
SHORTEST, LONGEST = 15, 120

Work = Callable[[Sequence[int], Sampling, int], Generator[Any, None, None]]


def gpu_seconds(prompt: Sequence[int], sampling: Sampling, n: int, cells: int = 65536) -> int:
    """For how long to ask for the GPU, from the tokens that may be read and made.

    Samples are made side by side, as many at once as have `cells` tokens together.
    """
    at_once = max(1, cells // (len(prompt) + sampling.max_tokens))
    steps = math.ceil(n / at_once) * sampling.max_tokens
    seconds = START_SECONDS + len(prompt) / READ_RATE + steps / STEP_RATE
    return min(LONGEST, max(SHORTEST, math.ceil(seconds)))


def here() -> bool:
    """Whether this is a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def on_gpu(work: Work) -> Work:
    """`work`, run where a GPU is lent; elsewhere `work` itself.

    To be called before the page is launched and before torch is imported: the package `spaces`
    then finds that there is something to lend a GPU to, and stands in for CUDA until it is lent.
    Raises ModuleNotFoundError on a ZeroGPU Space without that package.
    """
    if not here() and importlib.util.find_spec("spaces") is None:
        return work
    import spaces

    lent: Work = spaces.GPU(duration=gpu_seconds)(work)
    return _told(lent) if here() else lent


def _told(lent: Work) -> Work:
    """`lent`, with ZeroGPU's own errors as ours: no GPU is free, a quota is used up …"""

    def work(prompt: Sequence[int], sampling: Sampling, n: int) -> Generator[Any, None, None]:
        try:
            yield from lent(prompt, sampling, n)
        except Exception as error:
            raise EngineError("engine_zerogpu", reason=str(error)[:300]) from error

    return work
