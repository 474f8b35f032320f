"""The tree of thoughts: every state as a small box with its standing, its value and its links."""

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from components.texts import Text, known
from components.view import view
from components.views.ledger import sampled
from components.views.reading import Lens
from core.trace import Trace, TraceNode

MAX_STATES = 2_000
"""States that the page draws; a recording from outside may have any number of them."""

MAX_DEPTH = 100
"""Steps that the page draws."""

MAX_LABEL = 48
"""Characters of a thought in its box; the inspector has all of it."""

STANDINGS = ("kept", "pruned", "invalid", "visited", "backtracked")
"""How a state stands with the search: the last one that was said holds."""

FACTS = ("duplicate", "edited", "equal", "final", "right", "wrong")
"""What is true of a state however it stands."""

Places = Mapping[str, tuple[str, int]]
"""The tree parent ("" for a root) and the depth of every state that is drawn, parents first."""


def tree_view(**options: Any) -> gr.HTML:
    """Boxes and links. Sends "node_select" with {id}. Needs d3-hierarchy on the page."""
    return view("tree", **options)


def tree(
    trace: Trace, lens: Lens, text: Text, alive: Mapping[str, bool] | None = None
) -> dict[str, Any] | None:
    """All states of a run; None where there are none.

    `alive`: by the id of a state, whether an exact solver can still reach the goal from it. What
    it does not name has no such mark.
    """
    places = _places(trace)
    if not places:
        return None
    nodes = [trace.nodes[state] for state in places]
    records = list(_records(trace, nodes, places, alive or {}))
    states = sum(1 for _ in trace.of_kind("state"))
    return {
        "run": zlib.crc32(repr(trace.started).encode()),
        "selected": lens.selected if lens.selected in places else "",
        "ended": trace.ended is not None,
        "label": text("tree.label", states=_counted(states, text)),
        "levels": _levels(records, places, text),
        "more": text("tree.more", drawn=f"{len(nodes):,}", all=f"{states:,}")
        if states > len(nodes)
        else "",
        "words": _words(text),
        "reasons": _reasons(records, text),
        "nodes": records,
    }


def _places(trace: Trace) -> Places:
    """A state below one that is not drawn is not drawn either."""
    places: dict[str, tuple[str, int]] = {}
    for node in trace.of_kind("state"):
        parent = node.parents[0] if node.parents else ""
        if parent and parent not in places:
            continue
        depth = places[parent][1] + 1 if parent else 0
        if depth <= MAX_DEPTH:
            places[node.id] = (parent, depth)
        if len(places) == MAX_STATES:
            break
    return places


def _records(
    trace: Trace, nodes: list[TraceNode], places: Places, alive: Mapping[str, bool]
) -> Iterator[dict[str, Any]]:
    """A record for each state: short keys, and only those that say something."""
    ended = trace.ended is not None
    proposed = {} if ended else _proposed(trace)
    judged = set() if ended else _judged(trace)
    frontier = set() if ended else _frontier(trace, nodes)
    best = max((value for node in nodes if (value := _finite(node.value))), default=0.0)
    winning = _winning(nodes, places)
    for node in nodes:
        marks = _marks(node)
        marks += [
            name for name, ids in (("frontier", frontier), ("winner", winning)) if node.id in ids
        ]
        record = {
            "i": node.id,
            "p": places[node.id][0],
            "t": _thought(node),
            "m": " ".join(marks),
            "r": next((r for mark in marks if (r := node.marks.get(mark, "")[:80])), ""),
            "v": figure(node.value) if node.value is not None else "",
            "b": _share(node.value, best),
            "w": proposed.get(node.id),
            "o": sampled(node) if _is_written(node) and not ended else None,
            "j": 1 if node.id in judged else None,
            "a": int(alive[node.id]) if node.id in alive else None,
        }
        yield {key: value for key, value in record.items() if value not in ("", None)}


def _is_written(node: TraceNode) -> bool:
    """Whether the thought is itself being sampled, or waits to be; one from a list is there."""
    sampled = node.calls > 0 or (not node.label and len(node.parents) == 1)
    return sampled and node.closed is None


def _marks(node: TraceNode) -> list[str]:
    """The marks that hold now."""
    standing = [mark for mark in node.marks if mark in STANDINGS][-1:]
    return [*standing, *(mark for mark in FACTS if mark in node.marks)]


def _frontier(trace: Trace, nodes: list[TraceNode]) -> set[str]:
    """The states that are to be expanded: kept, or where a search begins, and nothing has come of
    them yet. So a search need not say it; it may, with a mark."""
    expanded = {
        node.parents[0]
        for node in trace.of_kind("state", "proposal")
        if node.parents and (node.kind == "state" or node.closed is not None)
    }
    return {node.id for node in nodes if node.id not in expanded and _is_open(node)}


def _is_open(node: TraceNode) -> bool:
    if "final" in node.marks:
        return False
    begins = not node.parents or "edited" in node.marks
    said = [mark for mark in node.marks if mark in STANDINGS or mark == "frontier"]
    return said[-1] in ("kept", "frontier") if said else begins


def _winning(nodes: list[TraceNode], places: Places) -> set[str]:
    """The state that won and all that lead to it."""
    path: set[str] = set()
    state = next((node.id for node in reversed(nodes) if "winner" in node.marks), "")
    while state:
        path.add(state)
        state = places[state][0]
    return path


def _proposed(trace: Trace) -> dict[str, int | str]:
    """The tokens of what is being written, by the state that it will follow; "–" for uncounted."""
    tokens: Counter[str] = Counter()
    uncounted = set()
    for node in trace.of_kind("proposal", "answer"):
        if node.closed is None and node.parents:
            tokens[node.parents[0]] += node.tokens
            if "sampled" in node.uncounted:
                uncounted.add(node.parents[0])
    return {state: "–" if state in uncounted else count for state, count in tokens.items()}


def _judged(trace: Trace) -> set[str]:
    """The states that are being judged; one that has its judgements still waits for its value."""
    return {
        parent
        for node in trace.of_kind("judgement")
        for parent in node.parents
        if node.closed is None or trace.nodes[parent].value is None
    }


def _thought(node: TraceNode) -> str:
    """The beginning of a thought, on one line."""
    words = " ".join((node.label or _beginning(node)).split())
    words = words or "…"
    return words if len(words) <= MAX_LABEL else words[: MAX_LABEL - 1] + "…"


def _beginning(node: TraceNode, length: int = 4 * MAX_LABEL) -> str:
    """Enough of a text; it may be long, and it is looked at with every frame."""
    text = ""
    for piece in (piece for piece in node.pieces if not piece.forced):
        for chunk in piece.chunks:
            if len(text) > length:
                return text
            text += chunk
    return text


def figure(value: float) -> str:
    """A judge's value in at most seven characters or so: 60, 20.7, 0.003."""
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0


def _share(value: float | None, best: float) -> float | None:
    """How far the value's bar goes."""
    if value is None or not best:
        return None
    return round(min(max(_finite(value) / best, 0.0), 1.0), 3)


def _levels(records: list[dict[str, Any]], places: Places, text: Text) -> list[list[str]]:
    """A heading for each depth: its name, and how many states it has and how many were kept."""
    every: Counter[int] = Counter()
    kept: Counter[int] = Counter()
    for record in records:
        depth = places[record["i"]][1]
        every[depth] += 1
        kept[depth] += "kept" in record.get("m", "").split()
    return [
        [
            text("tree.step", n=depth) if depth else text("tree.start"),
            text("tree.kept_of", kept=kept[depth], all=every[depth])
            if kept[depth]
            else _counted(every[depth], text),
        ]
        for depth in sorted(every)
    ]


def _counted(states: int, text: Text) -> str:
    return text("tree.state") if states == 1 else text("tree.states", n=f"{states:,}")


def _words(text: Text) -> dict[str, str]:
    """Every word that the drawing needs, once. Blanks are left for the page to fill."""
    marks = (*STANDINGS, *FACTS, "frontier", "winner", "alive", "dead", "judging", "value")
    said = {mark: text(f"tree.mark.{mark}") for mark in marks}
    rest = ("writing", "thinking", "valued", "hidden", "open", "close", "save", "and")
    return said | {name: text(f"tree.{name}") for name in rest}


def _reasons(records: list[dict[str, Any]], text: Text) -> dict[str, str]:
    """The sentence of every reason that occurs; a recording may have some that are not known."""
    codes = {record["r"] for record in records if "r" in record}
    return {
        code: text(f"reason.{code}") if known(f"reason.{code}") else text("unknown", code=code)
        for code in sorted(codes)
    }
