"""The texts of a run as cards: rationale and answer, or every sampled path, growing live."""

from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.awaiting import awaited
from components.views.ledger import sampled
from components.views.palette import Look
from components.views.prompt_parts import form_name
from components.views.reading import Lens, Reading, voting
from components.views.selecting import belongs_to_candidate, pool_number
from core.answers import canonical
from core.trace import Trace, TraceNode

MAX_CARDS = 200
"""Cards that the page draws; a recording from outside may have any number of nodes."""

MAX_CARD_TEXT = 20_000
"""Characters of one text that the page draws; the recording has all of it."""


def paths_view(**options: Any) -> gr.HTML:
    """Cards. Sends "node_select" with {id}."""
    return view("paths", **options)


def packed(drawn: dict[str, Any]) -> dict[str, Any]:
    """Cards as they travel: their texts apart, and in each card only which of them it has."""
    texts: list[str] = []
    small = []
    for card in drawn["cards"]:
        parts = [[part["forced"], len(texts) + i] for i, part in enumerate(card["parts"])]
        texts += [part["text"] for part in card["parts"]]
        small.append(card | {"parts": parts})
    return drawn | {"cards": small, "texts": texts}


def empty(message: str = "") -> dict[str, Any]:
    """No cards; `message` says what will be here."""
    return {"empty": message, "cards": [], "solo": False, "pair": False, "more": ""}


def cards(
    trace: Trace, lens: Lens, readings: dict[str, Reading], looks: dict[str, Look], text: Text
) -> dict[str, Any]:
    """All texts of a run, in order."""
    counted = {node.id for node in voting(trace, lens)}
    nodes = shown(trace)
    first = _counting(nodes)
    kind = trace.started.kind if trace.started else "text"
    drawn = []
    for node in nodes[:MAX_CARDS]:
        answer = readings[node.id].answer
        # None: not finished, so neither an answer nor an abstention (whose key is "").
        key = canonical(answer, kind) if answer is not None else "" if node.answered else None
        out = node.kind == "path" and node.id not in counted
        unfocused = lens.focus is not None and key != lens.focus
        drawn.append(
            _card(node, readings[node.id], looks.get(key or ""), text)
            | {
                "dim": out or (unfocused and node.kind == "path"),
                "front": lens.focus is not None and not unfocused and not out,
                "selected": node.id == lens.selected,
                "state": _state(trace, node, text),
                "counts": text("paths.counts") if node is first else "",
            }
        )
    return {
        "empty": "",
        "cards": drawn,
        "solo": not any(trace.of_kind("path")),
        "pair": first is not None,
        "more": text("paths.more", drawn=MAX_CARDS, all=len(nodes))
        if len(nodes) > MAX_CARDS
        else "",
    }


def _counting(nodes: list[TraceNode]) -> TraceNode | None:
    """Of two forms side by side, the one whose answer is the run's."""
    forms = [node for node in nodes if node.kind == "few_shot"]
    return forms[0] if len(forms) > 1 else None


def shown(trace: Trace) -> list[TraceNode]:
    """The texts that are drawn as cards. What answers a question of the pool is drawn elsewhere."""
    return [node for node in trace.nodes.values() if not belongs_to_candidate(trace, node)]


def _card(node: TraceNode, reading: Reading, look: Look | None, text: Text) -> dict[str, Any]:
    span = reading.extraction
    return {
        "id": node.id,
        "title": title(node, text),
        "parts": _parts(node),
        "span": [span.start, span.end] if span else None,
        "answer": reading.answer[:120] if reading.answer is not None else "",
        "letter": look.letter if look else "",
        "colour": look.colour if look else "",
        "ink": look.ink if look else "",
        "verdict": reading.verdict,
        "verdict_text": text(f"verdict.{reading.verdict}") if reading.verdict else "",
        "tokens": text("paths.tokens", n=sampled(node)),
        "abstained": text("paths.abstained") if node.answered and span is None else "",
        "writing": node.closed is None,
    }


def _parts(node: TraceNode) -> list[dict[str, Any]]:
    """Stretches of text, bounded together."""
    parts, room = [], MAX_CARD_TEXT
    for piece in node.pieces:
        if room > 0:
            parts.append({"forced": piece.forced, "text": piece.text[:room]})
        room -= len(piece.text)
    return parts


def title(node: TraceNode, text: Text) -> str:
    """ "Path 3", "Rationale" …; a kind that is not known keeps its own name."""
    if node.kind == "few_shot":
        return form_name(node.label, text)
    if node.kind == "candidate":
        return text("node.candidate", label=pool_number(node.label))
    named = {
        *("path", "greedy", "rationale", "answer", "round", "probe"),
        *("state", "proposal", "judgement"),
    }
    return text(f"node.{node.kind}", label=node.label) if node.kind in named else node.kind[:40]


def _state(trace: Trace, node: TraceNode, text: Text) -> str:
    """What a text that is not finished waits for, or why it ended early."""
    if node.finish == "length":
        return text("paths.cut")
    if node.finish == "stop":
        return ""
    if node.finish == "aborted" or trace.ended is not None:
        return text("paths.unfinished")
    return awaited(node, text) if node.first_token is None else ""
