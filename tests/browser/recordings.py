"""A recording of known times, made by hand: two paths, a word every second, the vote, the end."""

from datetime import UTC, datetime

from core.answers import extract
from core.engine import Sampling
from core.events import Answered, Closed, Delta, Ended, Event, Opened, Prompted, Started
from core.recording import Timed, write

QUESTION = "What is 40 + 2?"
TRIGGER = "Let's think."
WORDS = (" Forty", " and", " two", " make", " more.", " The", " answer", " is", " 42.")
LONG = 60.0


def events(question: str = QUESTION, model: str = "a-model", words: tuple[str, ...] = WORDS):
    """Each event with its time; the run takes a minute, and its last words come in at 10 s."""
    started = Started(
        strategy="self_consistency",
        question=question,
        kind="number",
        language="en",
        params={"paths": 2},
        seed=7,
        model=model,
        engine="llama.cpp",
        device="CPU",
        context=2048,
        reference="42",
        special_tokens=("<|im_start|>",),
    )
    made: list[Timed] = [(0.0, started)]
    for node in ("0", "1"):
        made.append((0.0, Opened(node, (), "path", str(int(node) + 1))))
        sampling = Sampling(0.7, seed=100)
        made.append(
            (0.0, Prompted(node, f"<|im_start|>{question}{TRIGGER}", sampling, int(node), 2))
        )
        made.append((0.0, Delta(node, TRIGGER, 3, forced=True)))
    for second, word in enumerate(words, start=2):
        made += [(float(second), Delta(node, word, 1, -0.1)) for node in ("0", "1")]
    found = extract("".join(words), "number")
    last: list[Event] = [Closed("0", "stop", 12, 12), Answered("0", found)]
    last += [Closed("1", "stop", 12, 0), Answered("1", found)]
    return [*made, *((LONG - 1, event) for event in last), (LONG, Ended("answered", "42"))]


def recorded(**parts) -> bytes:
    """The recording's file."""
    return write(events(**parts), datetime(2026, 11, 5, tzinfo=UTC)).encode()
