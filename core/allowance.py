"""How much of a host each person may have, and the one place where that is counted.

Counted are sampled tokens: making them is what takes the time. Prompts and text that was put into
the model's mouth are free. Text that its server did not count is charged by its length.
"""

import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.engine import Chunk, Engine, EngineInfo, Message, Sampling
from core.errors import LimitReached

Clock = Callable[[], float]

BYTES_A_TOKEN = 4
"""Of UTF-8, about: a token has four English letters, or one to two Chinese characters of three."""

HOUR_SECONDS = 3600.0
MINUTE_SECONDS = 60.0
ROOM = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a host allows; 0 is no limit.

    `at_once`: runs that are made at the same time, in all. For each person: `runs` that go or wait
    at the same time, `run_tokens` sampled in a run, `hour_tokens` in any hour, open `tabs`.
    """

    at_once: int = 0
    runs: int = 0
    run_tokens: int = 0
    hour_tokens: int = 0
    tabs: int = 0


class _Hour:
    """One person's tokens, by minutes: each as when it began, in seconds, and what was made."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[float, float]] = deque()

    def add(self, now: float, tokens: float) -> None:
        if self._minutes and now - self._minutes[-1][0] < MINUTE_SECONDS:
            began, before = self._minutes.pop()
            self._minutes.append((began, before + tokens))
        else:
            self._minutes.append((now, tokens))

    def sum(self, now: float) -> float:
        """What counts now: a minute does until an hour after its end."""
        while self._minutes and _over(self._minutes[0]) <= now:
            self._minutes.popleft()
        return sum(tokens for _began, tokens in self._minutes)

    def free(self, tokens: float) -> float:
        """The moment from which so many of them count no longer."""
        moment = 0.0
        for minute in self._minutes:
            if tokens <= 0:
                break
            tokens -= minute[1]
            moment = _over(minute)
        return moment


def _over(minute: tuple[float, float]) -> float:
    return minute[0] + MINUTE_SECONDS + HOUR_SECONDS


class Spending:
    """The tokens that each person has had in the last hour.

    A new run begins only where a tenth of `limit` is free: with less it would end at once.
    """

    def __init__(self, limit: int, clock: Clock = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._hours: dict[Hashable, _Hour] = {}

    def add(self, person: Hashable, tokens: float) -> None:
        """So many tokens were made for a person just now."""
        if person not in self._hours:
            self._forget()
        if self.limit:
            self._hours.setdefault(person, _Hour()).add(self._clock(), tokens)

    def reached(self, person: Hashable) -> bool:
        """Whether a person has had all."""
        return bool(self.limit) and self._spent(person) >= self.limit

    def seconds_to_wait(self, person: Hashable) -> float:
        """Until a person may begin a new run; 0 if that is now."""
        excess = self._spent(person) - self.limit * (1 - ROOM)
        if not self.limit or excess <= 0:
            return 0.0
        return self._hours[person].free(excess) - self._clock()

    def _spent(self, person: Hashable) -> float:
        return self._hours[person].sum(self._clock()) if person in self._hours else 0.0

    def _forget(self) -> None:
        """Keep nothing of those who have had nothing for an hour."""
        for person in list(self._hours):
            if not self._spent(person):
                del self._hours[person]


class Rationed:
    """An engine for one run of one person: it is over once that run, or that person, has had all.

    As core.engine.Engine; `stream` also raises LimitReached, in place of the first text after the
    limit was reached. What ends by itself at the limit is whole, and no error.
    """

    def __init__(
        self, engine: Engine, run_tokens: int, person: Hashable, spending: Spending
    ) -> None:
        self._engine = engine
        self._limit = run_tokens
        self._person = person
        self._spending = spending
        self._made = 0.0

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        return await self._engine.render(messages, prefill)

    async def count(self, text: str) -> int:
        return await self._engine.count(text)

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        self._check()
        bills = [_Bill() for _ in range(n)]
        async with aclosing(self._engine.stream(prompt, sampling, n)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    self._check()
                self._spend(bills[chunk.index].tokens(chunk))
                yield chunk

    def _spend(self, tokens: float) -> None:
        self._made += tokens
        self._spending.add(self._person, tokens)

    def _check(self) -> None:
        if self._limit and self._made >= self._limit:
            raise LimitReached("limit_run_tokens", limit=self._limit, made=math.ceil(self._made))
        if self._spending.reached(self._person):
            raise LimitReached("limit_hour_tokens", limit=self._spending.limit)


class _Bill:
    """What one sample costs. Text that nobody counted is charged by its length; if it is counted
    later, only what was not yet charged is added."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def tokens(self, chunk: Chunk) -> float:
        if not chunk.tokens:
            charged = len(chunk.text.encode("utf-8", "replace")) / BYTES_A_TOKEN
            self._ahead += charged
            return charged
        settled = min(self._ahead, chunk.tokens)
        self._ahead -= settled
        return chunk.tokens - settled
