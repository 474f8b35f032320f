"""Thinking in rounds: one text a chain, what was put into it set apart from what was sampled."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.awaiting import awaited
from components.views.palette import Look
from components.views.reading import Lens, Reading
from components.views.rounds_sheet import (
    Chain,
    Scene,
    chain_title,
    chains,
    chip,
    counted,
    how_it_ended,
    more,
    seconds,
    thinking,
)
from core.trace import Trace, TraceNode

MAX_TEXT = 20_000
"""Characters of one node that the page draws; the recording has all of it."""

Places = Mapping[str, list[list[Any]]]
"""The text of every node that is drawn: [whether it was forced, its place among the texts]."""


def rounds_view(**options: Any) -> gr.HTML:
    """A column a chain. Sends "node_select" with {id}."""
    return view("rounds", **options)


def rounds(
    trace: Trace,
    lens: Lens,
    readings: Mapping[str, Reading],
    looks: Mapping[str, Look],
    text: Text,
) -> dict[str, Any] | None:
    """The chains of thinking, round after round; None where there are none."""
    drawn = thinking(trace)
    every = chains(trace, drawn)
    if not every:
        return None
    scene = Scene(trace, lens, readings, looks, text)
    places, texts = _texts(drawn)
    return {
        "forced": text("inspector.forced"),
        "chains": [_chain(scene, chain, places) | _head(scene, chain, every) for chain in every],
        "more": more(trace, text),
        "texts": texts,
    }


def _texts(nodes: list[TraceNode]) -> tuple[Places, list[str]]:
    """All texts in the order of the run, so that they only ever grow at the end."""
    texts: list[str] = []
    places: dict[str, list[list[Any]]] = {}
    for node in nodes:
        room = MAX_TEXT
        places[node.id] = []
        for piece in node.pieces:
            if room <= 0:
                break
            words = piece.text[:room]
            places[node.id].append([piece.forced, len(texts)])
            texts.append(words)
            room -= len(words)
    return places, texts


def _chain(scene: Scene, chain: Chain, places: Places) -> dict[str, Any]:
    """A column: every round, and after it what was asked."""
    turns = []
    for number, node in enumerate(chain.rounds):
        turns.append(_round(scene, node, number, places))
        turns += [_asked(scene, asked, places) for asked in chain.asked.get(node.id, [])]
    return {"writing": any(turn["writing"] for turn in turns), "turns": turns}


def _head(scene: Scene, chain: Chain, every: list[Chain]) -> dict[str, str]:
    """Which chain it is, where there are several; the chart tells it of a single one."""
    if len(every) == 1:
        return {"title": scene.text("rounds.text"), "tokens": ""}
    title = chain_title(chain.terms, scene.text)
    return {"title": title, "tokens": counted(chain.tokens, scene.text)}


def _round(scene: Scene, node: TraceNode, number: int, places: Places) -> dict[str, Any]:
    ends = how_it_ended(node, scene.text).items()
    signs = [[kind, _struck(kind, scene.text), words] for kind, words in ends]
    name = scene.text("rounds.round", n=number)
    return _turn(scene, node, name, places) | {"signs": [*signs, *_open(scene, node)]}


def _asked(scene: Scene, node: TraceNode, places: Places) -> dict[str, Any]:
    """A probe, or the answer."""
    span = scene.readings[node.id].extraction
    cut = [["limit", "", scene.text("paths.cut")]] if node.finish == "length" else []
    return _turn(scene, node, scene.text(f"rounds.{node.kind}"), places) | {
        "chip": chip(scene, node),
        "span": [span.start, span.end] if span and node.closed is not None else None,
        "signs": [*cut, *_open(scene, node)],
    }


def _turn(scene: Scene, node: TraceNode, name: str, places: Places) -> dict[str, Any]:
    text = scene.text
    return {
        "id": node.id,
        "kind": node.kind,
        "name": name,
        "tokens": counted(node.tokens, text),
        "seconds": text("rounds.seconds", n=f"{seconds(scene.trace, node):,.1f}"),
        "parts": places[node.id],
        "cut": text("rounds.long", n=f"{MAX_TEXT:,}") if _is_long(node) else "",
        "writing": scene.is_written(node),
        "selected": scene.is_selected(node),
    }


def _open(scene: Scene, node: TraceNode) -> list[list[str]]:
    """What a text that is not finished waits for, or that it never will be."""
    if scene.is_written(node):
        waits = node.first_token is None
        return [["waiting", "", awaited(node, scene.text)]] if waits else []
    if node.closed is None or node.finish == "aborted":
        return [["unfinished", "", scene.text("paths.unfinished")]]
    return []


def _struck(mark: str, text: Text) -> str:
    """What the model said at the end of a round, where that was not let stand."""
    return text("rounds.end") if mark == "suppressed" else ""


def _is_long(node: TraceNode) -> bool:
    return sum(len(chunk) for piece in node.pieces for chunk in piece.chunks) > MAX_TEXT
