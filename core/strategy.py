"""What a strategy is, to those who list, run and draw it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.question import Question
from core.run import Run

Solve = Callable[[Run, Question, Any], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A reasoning method.

    `solve(run, question, params)` is a coroutine that reads like the paper's algorithm and
    returns the answer or None. `paper` cites its source. `departures` are keys of sentences
    (`departure.<key>`) that name, on the page, everything in which it differs from the paper.
    """

    name: str
    solve: Solve
    params: type
    paper: str
    departures: tuple[str, ...] = ()
