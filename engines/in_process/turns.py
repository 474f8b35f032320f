"""One at a time, in the order of asking; and of several who ask, each in turn."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Line:
    """The requests of one asker. Only the first of them stands where all askers wait."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """Whose turn it is. To be used from one event loop.

    Its locks serve in the order of asking, and who is cancelled leaves the line.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._lines: dict[Hashable, _Line] = {}

    def __len__(self) -> int:
        """How many askers wait or are served."""
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, asker: Hashable = None) -> AsyncGenerator[None, None]:
        """Wait for this request's turn, and keep it until the block ends."""
        line = self._lines.setdefault(asker, _Line())
        line.users += 1
        try:
            async with line.lock, self._turn:
                yield
        finally:
            line.users -= 1
            if not line.users:
                del self._lines[asker]
