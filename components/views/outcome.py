"""What came of a tree of thoughts: its last states, whether they check, and how the judge did."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.state_sheet import thought
from core.arithmetic import InvalidStep, check_step, reachable, read_puzzle
from core.crossword import CELLS, Score, score
from core.errors import InvalidInput
from core.trace import Trace, TraceNode

MAX_FINALS = 10
MAX_ANSWER = 2_000
_NO_LETTER = re.compile("[^A-Za-z]")


def outcome_view(**options: Any) -> gr.HTML:
    """Sends "node_select" with {id} and "solver_toggle" with {on}."""
    return view("outcome", **options)


def outcome(
    trace: Trace, alive: Mapping[str, bool], solving: bool, text: Text
) -> dict[str, Any] | None:
    """The last states and the table of the judge; None where there is no tree."""
    if not any(trace.of_kind("state")):
        return None
    finals = [node for node in trace.of_kind("state") if "final" in node.marks][:MAX_FINALS]
    return {
        "title": text("outcome.title") if finals else "",
        "summary": _summary(finals, text) if trace.ended else "",
        "finals": [_final(trace, node, place, text) for place, node in enumerate(_ranked(finals))],
        "solver": text("outcome.solver") if is_game24(trace) else "",
        "solving": solving,
        "table": _table(trace, alive, text) if solving and alive else None,
    }


def is_game24(trace: Trace) -> bool:
    """Whether an exact solver knows the goal of this run."""
    return trace.started is not None and trace.started.params.get("task") == "game24"


def solved(trace: Trace) -> dict[str, bool]:
    """For each state of a Game of 24: whether 24 can still be reached from it."""
    assert trace.started is not None
    try:
        start: tuple[Fraction, ...] | None = tuple(
            map(Fraction, read_puzzle(trace.started.question))
        )
    except InvalidInput:
        return {}
    left: dict[str, tuple[Fraction, ...] | None] = {}
    alive = {}
    for node in trace.of_kind("state"):
        if node.parents and "invalid" not in node.marks and node.parents[0] not in left:
            continue
        if "invalid" in node.marks:
            continue
        here = _after(node, left[node.parents[0]]) if node.parents else start
        left[node.id] = here
        alive[node.id] = here is not None and reachable(here)
        if "right" in node.marks or "wrong" in node.marks:
            alive[node.id] = "right" in node.marks
    return alive


@dataclass(slots=True)
class _Counts:
    """How many states of a kind were kept, and how many were not."""

    kept: int = 0
    pruned: int = 0


def _after(node: TraceNode, before: tuple[Fraction, ...] | None) -> tuple[Fraction, ...] | None:
    """The numbers that are left after a thought; None where that cannot be said."""
    if before is None:
        return None
    try:
        return check_step(thought(node), before).remaining
    except InvalidStep:
        return None


def _table(trace: Trace, alive: Mapping[str, bool], text: Text) -> dict[str, Any]:
    """Alive or dead, by the solver; kept or pruned, by the judge."""
    counts = {True: _Counts(), False: _Counts()}
    for node in trace.of_kind("state"):
        if node.id not in alive or not node.parents:
            continue
        if node.marks.keys() & {"kept", "backtracked"}:
            counts[alive[node.id]].kept += 1
        elif "pruned" in node.marks:
            counts[alive[node.id]].pruned += 1
    return {
        "caption": text("outcome.table"),
        "head": ["", text("outcome.kept"), text("outcome.pruned")],
        "rows": [
            [text("outcome.alive"), str(counts[True].kept), str(counts[True].pruned)],
            [text("outcome.dead"), str(counts[False].kept), str(counts[False].pruned)],
        ],
    }


def _ranked(finals: list[TraceNode]) -> list[TraceNode]:
    """The top state first, then by value; equal ones in their order."""
    return sorted(finals, key=lambda node: ("winner" not in node.marks, -(node.value or 0)))


def _summary(finals: list[TraceNode], text: Text) -> str:
    """The top beam and any beam, apart."""
    checked = [node for node in finals if node.marks.keys() & {"right", "wrong"}]
    if not checked:
        return ""
    top = next((node for node in finals if "winner" in node.marks), finals[0])
    right = sum("right" in node.marks for node in checked)
    said = "outcome.top_right" if "right" in top.marks else "outcome.top_wrong"
    return f"{text(said)} {text('outcome.any', right=right, all=len(finals))}"


def _final(trace: Trace, node: TraceNode, place: int, text: Text) -> dict[str, Any]:
    check = "right" if "right" in node.marks else "wrong" if "wrong" in node.marks else ""
    return {
        "id": node.id,
        "name": text("outcome.top") if not place else text("outcome.beam", n=place + 1),
        "answer": _answer(trace, node)[:MAX_ANSWER],
        "check": check,
        "check_text": _checked(trace, check, text),
        "score": _score(trace, node, text),
        "value": f"{node.value:.4g}" if node.value is not None else "",
    }


def _checked(trace: Trace, check: str, text: Text) -> str:
    """What was checked, in words; nothing where it could not be."""
    if not check:
        return ""
    task = trace.started.params.get("task") if trace.started else ""
    return text(f"outcome.endings_{check}" if task == "writing" else f"verdict.{check}")


def _answer(trace: Trace, node: TraceNode) -> str:
    """The whole answer: of a crossword the board is the run's answer, not the last word."""
    read = [n for n in trace.of_kind("answer") if node.id in n.parents]
    if read and read[0].extraction:
        return read[0].extraction.value
    if _is_crossword(trace) and trace.ended and trace.ended.answer and "winner" in node.marks:
        return trace.ended.answer
    return thought(node)


def crossword_score(trace: Trace, answer: str | None) -> Score | None:
    """What is right of a crossword's board, where its solution was given."""
    if not _is_crossword(trace) or trace.started is None:
        return None
    solution = _NO_LETTER.sub("", trace.started.reference).upper()
    return score(answer or "", solution) if len(solution) == CELLS else None


def _score(trace: Trace, node: TraceNode, text: Text) -> str:
    """Letters, words and game of a crossword, where its solution was given."""
    found = crossword_score(trace, _answer(trace, node)) if "winner" in node.marks else None
    if found is None:
        return ""
    game = text("verdict.right" if found.game else "verdict.wrong")
    return text("outcome.crossword", letters=found.letters, words=found.words, game=game)


def _is_crossword(trace: Trace) -> bool:
    return trace.started is not None and trace.started.params.get("task") == "crossword"
