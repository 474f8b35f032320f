"""Who may use the engine's memory next: askers in turn, and never too much at once."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    granted: "asyncio.Future[None]"
    slots: int
    cells: int
    asker: Hashable


class Admission:
    """Counts an engine's `slots` (samples at once) and `cells` (tokens kept at once).

    A request reserves all that it may come to need before it is sent, so that the engine cannot
    run out of cells in the middle of a text. The requests of one asker enter in the order of
    asking; where several wait, each has one let in before another has its next. So whoever asks for
    one text does not wait for all forty of somebody else. To be used from one event loop.
    """

    def __init__(self, slots: int, cells: int) -> None:
        self._slots = self.free_slots = slots
        self._cells = self.free_cells = cells
        # The asker whose turn it is stands first.
        self._lines: dict[Hashable, deque[_Waiter]] = {}

    def largest_group(self, prompt: int, max_tokens: int) -> int:
        """The most samples that one request should hold, for a prompt of `prompt` tokens.

        At most half of everything, so that a second person's request finds room beside it; but one
        sample always, even where it needs more than half of the cells.
        """
        return max(1, min(self._slots // 2, (self._cells // 2 - prompt) // max_tokens))

    @asynccontextmanager
    async def hold(
        self, slots: int, cells: int, asker: Hashable = None
    ) -> AsyncGenerator[None, None]:
        """Wait for `slots` and `cells`, and keep them until the block ends.

        Raises ValueError for more than there is: that would wait for ever.
        """
        if slots > self._slots or cells > self._cells:
            raise ValueError(f"{slots} slots and {cells} cells are more than the engine has")
        await self._enter(_Waiter(asyncio.get_running_loop().create_future(), slots, cells, asker))
        try:
            yield
        finally:
            self._leave(slots, cells)

    async def _enter(self, waiter: _Waiter) -> None:
        self._lines.setdefault(waiter.asker, deque()).append(waiter)
        self._admit()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._lines.get(waiter.asker, ()):
                self._remove(waiter)
                self._admit()
            else:  # It was let in, and cancelled before it could know.
                self._leave(waiter.slots, waiter.cells)
            raise

    def _leave(self, slots: int, cells: int) -> None:
        self.free_slots += slots
        self.free_cells += cells
        self._admit()

    def _admit(self) -> None:
        """Let in whose turn it is. A small request does not overtake a large one."""
        while self._lines:
            asker, line = next(iter(self._lines.items()))
            waiter = line[0]
            if not self._fits(waiter):
                return
            self._remove(waiter)
            if line:  # Its next request waits until all other askers have had their turn.
                self._lines[asker] = self._lines.pop(asker)
            self.free_slots -= waiter.slots
            self.free_cells -= waiter.cells
            if not waiter.granted.done():
                waiter.granted.set_result(None)

    def _remove(self, waiter: _Waiter) -> None:
        """From its line, which goes when it is empty."""
        line = self._lines[waiter.asker]
        line.remove(waiter)
        if not line:
            del self._lines[waiter.asker]

    def _fits(self, waiter: _Waiter) -> bool:
        return waiter.slots <= self.free_slots and waiter.cells <= self.free_cells
