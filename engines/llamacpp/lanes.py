"""Who reads a shared prefix, and who waits until it has been read.

On few cores reading a prompt costs more than a short answer to it. Made side by side, each of
twenty short judgements would read their long common prefix for itself, since a slot cannot read
along with a busy one. Made one after the other, each finds the prefix that the last one has left.
Long texts are better made side by side, which saves a third of the time that they take to write.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import takewhile

# A prefix below this, or below half of the prompt, or below so many times what is written, is read
# again sooner than it is waited for.
LONG = 64
TIMES = 2


@dataclass(slots=True, eq=False)
class _Lane:
    """Requests with one prefix. `prompt` is that of the first of them; `users` counts them all, and
    none of them writes more than `writes` tokens.

    Its locks serve in the order of asking, and who is cancelled leaves the line. Only the first
    request of each asker stands at `turn`, so that askers take turns there.
    """

    prompt: Sequence[int]
    writes: int
    users: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    lines: defaultdict[Hashable, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )


class Lanes:
    """Lets short requests with the same long prefix in one at a time, and all others at once.

    It decides who waits, and not which slot is used: llama.cpp takes the slot, or the saved prompt,
    with the longest common prefix by itself. (Given an `id_slot`, it does not look among the saved
    ones, and idle slots are saved and emptied whenever another request begins.) To be used from one
    event loop.
    """

    def __init__(self) -> None:
        self._lanes: list[_Lane] = []

    def __len__(self) -> int:
        """How many prefixes have a request that is waiting or being made."""
        return len(self._lanes)

    @asynccontextmanager
    async def turn(
        self, prompt: Sequence[int], writes: int, asker: Hashable = None
    ) -> AsyncGenerator[None, None]:
        """Wait for this request's turn, and keep it until the block ends.

        `prompt` are token ids, `writes` is the most tokens that all samples together may become.
        """
        lane = self._lane(prompt, writes)
        lane.users += 1
        try:
            async with lane.lines[asker], lane.turn:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.remove(lane)

    def _lane(self, prompt: Sequence[int], writes: int) -> _Lane:
        """The lane with the longest common prefix, or a new one where it does not pay to wait."""
        shared = [(common(lane.prompt, prompt), lane) for lane in self._lanes]
        paying = [pair for pair in shared if pair[0] >= _enough(pair[1], prompt, writes)]
        _length, lane = max(paying, key=lambda pair: pair[0], default=(0, _Lane(prompt, writes)))
        if not lane.users:
            self._lanes.append(lane)
        lane.writes = max(lane.writes, writes)
        return lane


def _enough(lane: _Lane, prompt: Sequence[int], writes: int) -> float:
    """How long a prefix a request must share with a lane to wait there, and be waited for."""
    return max(LONG, len(prompt) / 2, TIMES * lane.writes, TIMES * writes)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common prefix."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
