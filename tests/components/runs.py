"""Traces to draw: paths with given texts, in their own order of finishing."""

from dataclasses import replace

from core.answers import extract
from core.engine import Sampling
from core.events import Answered, Closed, Delta, Ended, Event, Opened, Prompted, Started
from core.trace import Trace

STARTED = Started(
    strategy="self_consistency",
    question="How many?",
    kind="number",
    language="en",
    params={"weighting": "count"},
    seed=7,
    model="a-model",
    engine="an-engine",
    device="cpu",
    context=2048,
    special_tokens=("<|user|>", "<|user|>x"),
)
TRIGGER = "Let's think."
PROMPT = "<|user|>How many?\n"


def opened(node: str, kind: str = "path", label: str = "", sample: int = 0) -> list[Event]:
    """A node that has its prompt and the trigger."""
    sampling = Sampling(0.7, seed=100)
    return [
        Opened(node, (), kind, label or str(int(node) + 1)),
        Prompted(node, PROMPT + TRIGGER, sampling, sample, 1),
        Delta(node, TRIGGER, 3, forced=True),
    ]


def told(node: str, text: str, logprob: float | None = -1.0, kind: str = "number") -> list[Event]:
    """The node's text, whole, and the answer that is read out of it."""
    tokens = max(len(text.split()), 1)
    total = None if logprob is None else logprob * tokens
    return [
        Delta(node, text, tokens, total),
        Closed(node, "stop", 20, 20 if node == "0" else 0),
        Answered(node, extract(text, kind)),  # type: ignore[arg-type]
    ]


def trace_of(*events: Event, **started) -> Trace:
    """The events a second apart, after a Started with these fields."""
    trace = Trace()
    for time, event in enumerate((replace(STARTED, **started), *events)):
        trace.apply(float(time), event)
    return trace


def voted(*texts: str, order: tuple[int, ...] = (), logprobs=(), **started) -> Trace:
    """A finished run whose paths have these texts, and finished in this order."""
    events = [event for n in range(len(texts)) for event in opened(str(n), sample=n)]
    kind = started.get("kind", "number")
    for n in order or range(len(texts)):
        events += told(str(n), texts[n], logprobs[n] if logprobs else -1.0, kind)
    return trace_of(*events, Ended("answered", "1"), **started)


SAYS = "So the answer is {}.".format
