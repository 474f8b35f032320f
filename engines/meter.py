"""How fast: bytes of a download, tokens of a model."""

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 5.0
SHORTEST_SECONDS = 0.25

Clock = Callable[[], float]


class Rate:
    """Units a second over the last seconds. `value` stays as it was while nothing is told."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.value = 0.0
        self._clock = clock
        self._marks: deque[tuple[float, float]] = deque()

    def restart(self) -> None:
        """Forget the marks, so that a pause, or a total that begins anew, counts for nothing."""
        self._marks.clear()

    def reach(self, total: float) -> None:
        """Tell the sum of all units so far."""
        now = self._clock()
        self._marks.append((now, total))
        while now - self._marks[0][0] > WINDOW_SECONDS:
            self._marks.popleft()
        began, before = self._marks[0]
        # Two marks of the same moment would make any speed at all.
        if now - began >= SHORTEST_SECONDS:
            self.value = (total - before) / (now - began)


class Meter:
    """Samples that are being made, and sampled tokens a second over the last seconds of work."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.active = 0
        self.tokens = 0
        self._rate = Rate(clock)

    @property
    def rate(self) -> float:
        """Tokens a second. Keeps its last value while nothing is made."""
        return self._rate.value

    def begin(self, samples: int) -> None:
        """So many samples begin."""
        if self.active == 0:
            self._rate.restart()
        self.active += samples

    def end(self, samples: int = 1) -> None:
        """So many samples have ended."""
        self.active -= samples

    def sampled(self, tokens: int) -> None:
        """So many tokens were made."""
        self.tokens += tokens
        self._rate.reach(self.tokens)
