"""The walks as cards: each candidate, with the rule that rejected it, or with its text."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.palette import cluster_colour
from components.views.reading import Lens
from components.views.selecting import (
    BY_QUESTION,
    Candidate,
    Walk,
    happened,
    limit_of,
    pool_number,
    question_of,
    reason,
)
from core.trace import Trace, TraceNode

MAX_ROWS = 100
"""Rows of one walk that the page draws."""

MAX_WALKS = 100
MAX_QUESTION = 2_000
MAX_TEXT = 8_000
"""Characters of a rationale in its row; the inspector has more."""

MAX_ANSWER = 120
_FOLD_FROM = 2

Row = dict[str, Any]


def walks_view(**options: Any) -> gr.HTML:
    """A card for each walk. Sends "node_select" with {id}."""
    return view("walks", **options)


def cards(trace: Trace, lens: Lens, walks: Sequence[Walk], text: Text) -> dict[str, Any] | None:
    """All walks in the order of their clusters; None where there are none."""
    if not walks:
        return None
    texts: list[str] = []
    shown = walks[:MAX_WALKS]
    return {
        "title": text("walks.title"),
        "words": {"answer": text("walks.answer"), "reading": text("walks.reading")},
        "cards": [_card(trace, lens, walk, texts, text) for walk in shown],
        "more": text("walks.more_walks", drawn=MAX_WALKS, all=len(walks))
        if len(walks) > MAX_WALKS
        else "",
        "texts": texts,
    }


def _card(trace: Trace, lens: Lens, walk: Walk, texts: list[str], text: Text) -> dict[str, Any]:
    rows = list(_rows(trace, lens, walk, texts, text))
    return {
        "id": walk.label[:40],
        "number": "" if walk.cluster is None else str(walk.cluster + 1),
        "colour": cluster_colour(walk.cluster or 0),
        "title": title(walk, text),
        "about": about(trace, walk, text),
        "standing": walk.standing,
        "said": said(walk, text),
        "loud": walk.standing in ("exhausted", "empty"),
        "rows": rows[:MAX_ROWS],
        "more": text("walks.more", n=len(rows) - MAX_ROWS) if len(rows) > MAX_ROWS else "",
    }


def title(walk: Walk, text: Text) -> str:
    """ "Cluster 3"; what the one walk of another selection is."""
    if walk.cluster is not None:
        return text("walks.cluster")
    named = walk.label in ("random", "retrieval")
    return text(f"walks.{walk.label}") if named else walk.label[:40]


def said(walk: Walk, text: Text) -> str:
    """How a walk ended that did not find what it was to find."""
    if walk.standing in ("walking", "found"):
        return ""
    if walk.standing == "exhausted" and walk.taken:
        return text("walk.short", taken=walk.taken)
    return text(f"walk.{walk.standing}", tried=len(walk.candidates))


def about(trace: Trace, walk: Walk, text: Text) -> str:
    """How many questions there are to walk through, and how many were tried."""
    tried = len(walk.candidates)
    if walk.cluster is None or trace.map is None:
        return text("walks.tried", tried=tried)
    size = trace.map.clusters.count(walk.cluster)
    return text("walks.about", size=f"{size:,}", tried=tried)


def _rows(
    trace: Trace, lens: Lens, walk: Walk, texts: list[str], text: Text
) -> Iterator[dict[str, Any]]:
    """A row for each candidate, in the order of the walk. Those that a rule passed over by their
    questions alone, one after the other, are one."""
    for code, group in groupby(walk.candidates, _passed_by):
        passed = list(group)
        rows = [_row(trace, lens, candidate, texts, text) for candidate in passed]
        if code and len(passed) >= _FOLD_FROM:
            yield {"id": f"{passed[0].node.id} …", "passed": _passed(trace, code, rows, text)}
        else:
            yield from rows


def _passed_by(candidate: Candidate) -> str:
    alone = candidate.standing == "rejected" and not candidate.node.pieces
    return candidate.reason if alone and candidate.reason in BY_QUESTION else ""


def _passed(trace: Trace, code: str, rows: list[Row], text: Text) -> dict[str, Any]:
    limit = limit_of(trace, code)
    longer = code == "long_question" and limit is not None
    because = text("walks.longer", limit=limit) if longer else reason(code, text)
    return {"said": text("walks.passed", n=len(rows), why=because), "rows": rows[:MAX_ROWS]}


def _row(trace: Trace, lens: Lens, candidate: Candidate, texts: list[str], text: Text) -> Row:
    node, answer = candidate.node, candidate.answer
    extraction = answer.extraction if answer is not None else None
    question = question_of(trace, candidate)
    return {
        "id": node.id,
        "question": question[:MAX_QUESTION] or text("walks.unnamed", label=pool_number(node.label)),
        "standing": candidate.standing,
        "said": happened(trace, candidate, text),
        "parts": list(_parts(node, texts)),
        "answer": extraction.value[:MAX_ANSWER] if extraction else "",
        "reading": candidate.standing == "trying" and node.closed is not None and not extraction,
        "selected": lens.selected == node.id,
    }


def _parts(node: TraceNode, texts: list[str]) -> Iterator[list[Any]]:
    """Stretches of a rationale, [forced, place in `texts`], bounded together."""
    room = MAX_TEXT
    for piece in node.pieces:
        if room <= 0:
            return
        yield [piece.forced, len(texts)]
        texts.append(piece.text[:room])
        room -= len(piece.text)
