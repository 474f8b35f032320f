"""Reading what a llama.cpp server tells of a token.

Its log-probability, and those of the likeliest tokens in its place, are of the model's own
distribution: before the grammar, the temperature, top_k and top_p. The bytes of a control token,
such as the end of the text, are none.
"""

import math

from core.errors import EngineDied
from engines.server.sse import Object, part
from engines.server.weights import Step

# What the server writes for the logarithm of 0 is the lowest number that it has.
_LOG_ZERO = -1e30


def logprob(entry: Object) -> float | None:
    """A token's log-probability, or None for that of 0. Raises EngineDied for what is none."""
    return log_of(entry.get("logprob"))


def log_of(value: object) -> float | None:
    """As `logprob`, of what a server wrote for one."""
    if value is None:
        return None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise EngineDied(f"the server sent a log-probability that is none: {str(value)[:50]}")
    return float(value) if value > _LOG_ZERO else None


def step(entry: Object) -> Step:
    """The token with the likeliest ones in its place."""
    likeliest = [_token(other) for other in part(entry, "top_logprobs", list)]
    return Step(*_token(entry), likeliest)


def _token(entry: Object) -> tuple[bytes, float]:
    """The text and the probability. Raises EngineDied for what is none."""
    try:
        text = bytes(part(entry, "bytes", list))
    except (TypeError, ValueError) as error:
        raise EngineDied("the server sent a token whose bytes are none") from error
    log = logprob(entry)
    # Rounded, the logarithm of 1 can be a little more than 0.
    return text, 0.0 if log is None else math.exp(min(log, 0.0))
