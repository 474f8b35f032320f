"""The line in which runs wait: first come, first served, and nobody twice before others once."""

import asyncio
from collections.abc import Hashable
from contextlib import suppress
from typing import Literal


class Ticket:
    """A run's place in the line. Made by `Line.join`; whoever has it must `leave` in the end."""

    def __init__(self, line: "Line", person: Hashable, turn: int) -> None:
        self.person = person
        self.turn = turn
        self.state: Literal["waiting", "going", "gone"] = "waiting"
        self._line = line
        self._news = asyncio.Event()

    @property
    def place(self) -> int:
        """1 for the run that is let in next; 0 for one that does not wait (any more)."""
        return self._line.place(self)

    async def moved(self, seconds: float) -> None:
        """Wait until the line has moved, at most so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()

    def tell(self) -> None:
        """The line has moved."""
        self._news.set()

    def leave(self) -> None:
        """Give up the place, or make room for the next run. May be called again."""
        self._line.leave(self)


class Line:
    """At most `at_once` runs go at the same time (0: any number); the others wait.

    Runs are let in turn by turn, and within a turn in the order of coming. A person's run takes
    part in the turn that is on, or, while another run of that person goes or waits, in the turn
    after that one's: so a second run comes after the first runs of all others, also of those who
    came later. To be used from one event loop.
    """

    def __init__(self, at_once: int = 0) -> None:
        self._at_once = at_once
        self._turn = 0
        self._going: list[Ticket] = []
        self._waiting: list[Ticket] = []  # in the order in which they will be let in

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self._waiting)

    def of(self, person: Hashable) -> int:
        """How many runs of a person go or wait."""
        return len(self._theirs(person))

    def join(self, person: Hashable) -> Ticket:
        """A place in the line, or, if there is room, among those who go."""
        turn = max([self._turn, *(ticket.turn + 1 for ticket in self._theirs(person))])
        ticket = Ticket(self, person, turn)
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda one: one.turn)
        self._advance()
        return ticket

    def place(self, ticket: Ticket) -> int:
        """As Ticket.place."""
        return self._waiting.index(ticket) + 1 if ticket.state == "waiting" else 0

    def leave(self, ticket: Ticket) -> None:
        """As Ticket.leave."""
        if ticket.state == "gone":
            return
        (self._going if ticket.state == "going" else self._waiting).remove(ticket)
        ticket.state = "gone"
        ticket.tell()
        self._advance()

    def _advance(self) -> None:
        """Let in whom there is room for, and tell all who wait that something moved."""
        for ticket in self._waiting:
            ticket.tell()
        while self._waiting and (not self._at_once or len(self._going) < self._at_once):
            ticket = self._waiting.pop(0)
            ticket.state, self._turn = "going", ticket.turn
            self._going.append(ticket)

    def _theirs(self, person: Hashable) -> list[Ticket]:
        return [ticket for ticket in self._going + self._waiting if ticket.person == person]
