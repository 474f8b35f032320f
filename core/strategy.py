"""What a strategy is, to those who list, run and draw it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.composition import Dialogue
from core.engine import Feature
from core.question import Question
from core.run import Run

Solve = Callable[[Run, Question, Any], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person wrote into a finished run: `text` in the place of `node`, or `below` it."""

    node: str
    text: str
    below: bool = False


Extend = Callable[[Run, Question, Any, Edit], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A reasoning method.

    `solve(run, question, params)` is a coroutine that reads like the paper's algorithm and
    returns the answer or None. `paper` cites its source. `departures` are keys of sentences
    (`departure.<key>`) that name, on the page, everything in which it differs from the paper.
    `check(question, params)` refuses, before anything runs, a question that the method cannot
    take, and raises InvalidInput. `extend(run, question, params, edit)` goes on from an edit,
    where the method allows one; it checks the edit before it returns its coroutine, and raises
    InvalidInput. `presets` gives the paper's own settings, from those that are set. `needs` are
    the engine features without which nothing can be run, and `needs_of(params)` those that these
    settings need besides. `dialogues(question, params)` are the prompts with exemplars, for those
    who would see them before they are sent; none where these settings have no exemplars.
    """

    name: str
    solve: Solve
    params: type
    paper: str
    departures: tuple[str, ...] = ()
    check: Callable[[Question, Any], None] | None = None
    extend: Extend | None = None
    presets: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    needs: tuple[Feature, ...] = ()
    needs_of: Callable[[Any], tuple[Feature, ...]] | None = None
    dialogues: Callable[[Question, Any], tuple[Dialogue, ...]] | None = None

    def lacks(self, cannot: Mapping[Feature, str], params: Any = None) -> str:
        """The key of the reason why an engine cannot serve this, with `params` if given, or ""."""
        of_params = self.needs_of(params) if self.needs_of and params is not None else ()
        return next((cannot[need] for need in (*self.needs, *of_params) if need in cannot), "")
