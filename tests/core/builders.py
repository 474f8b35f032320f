"""What several tests of core need: events to start with, and engines that pause or break."""

import asyncio
from collections.abc import Callable

from core.engine import Sampling
from core.events import Ended, Opened, Prompted, Started
from core.trace import Trace

START = Started(
    strategy="direct",
    question="2 + 2?",
    kind="number",
    language="en",
    params={},
    seed=7,
    model="m",
    engine="e",
    device="cpu",
    context=2048,
)
END = Ended("answered", "4")


def folded(*events) -> Trace:
    """The trace of a run whose events come one a second, Started at 0."""
    trace = Trace()
    for time, event in enumerate((START, *events)):
        trace.apply(float(time), event)
    return trace


def called(node: str, sample: int = 0, of: int = 1) -> tuple[Opened, Prompted]:
    """A node that was opened and prompted with seed 100."""
    parent = (node.rpartition(".")[0],) if "." in node else ()
    return (
        Opened(node, parent, "path"),
        Prompted(node, "Q:", Sampling(seed=100), sample, of),
    )


def pausing(seconds: float) -> Callable[[], "asyncio.Future[None]"]:
    """A gate that lets a word through every `seconds`."""
    return lambda: asyncio.ensure_future(asyncio.sleep(seconds))


class Gate:
    """Lets `words` through at once, then `raises`, or else holds the engine until `open()`."""

    def __init__(self, words: int, raises: Exception | None = None) -> None:
        self.words = words
        self.raises = raises
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    def __call__(self) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._pass())

    async def _pass(self) -> None:
        if self.words > 0:
            self.words -= 1
            return
        self.reached.set()
        if self.raises:
            raise self.raises
        await self._opened.wait()
