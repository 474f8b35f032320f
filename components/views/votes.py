"""The vote histogram: how many paths, or how much probability, each answer has."""

from typing import Any

import gradio as gr
import plotly.graph_objects as go

from components.texts import Text
from components.view import view
from components.views.palette import OTHER, Look
from components.views.reading import Lens, voting
from core.answers import same
from core.trace import Trace
from core.votes import Candidate, Tally, Weighting

ABSTAINED = ""
"""The key of the bar of those who abstain."""


def votes_view(**options: Any) -> gr.HTML:
    """A bar an answer. Sends "bar_select" with {key}."""
    return view("votes", **options)


def histogram(
    trace: Trace,
    lens: Lens,
    tally: Tally | None,
    looks: dict[str, Look],
    weighting: Weighting,
    text: Text,
) -> dict[str, Any] | None:
    """The figure and its bars; None where there is nothing to vote on."""
    if tally is None:
        return None
    paths = len(voting(trace, lens))
    bars = [_bar(c, tally, looks.get(c.key), weighting, trace) for c in _in_order(tally, looks)]
    bars.append(_abstention(tally, text))
    read = sum(len(c.voters) for c in tally.candidates) + len(tally.abstained)
    title = text("votes.title", read=read, paths=paths)
    if tally.winner is not None:
        title += " " + text(
            "votes.tied" if tally.tied else "votes.leads", answer=tally.winner.answer[:60]
        )
    figure = _figure(bars, paths if weighting == "count" else _room(tally))
    for bar in bars:
        bar["pressed"] = lens.focus == bar["key"]
    return {
        "figure": figure.to_plotly_json(),
        "bars": bars,
        "title": title,
        "label": text("votes.show"),
        "all": text("votes.all"),
        "weight": text(f"votes.axis.{weighting}"),
    }


def _in_order(tally: Tally, looks: dict[str, Look]) -> list[Candidate]:
    """By the order of the looks, so that a bar never changes its place while votes come in."""
    places = {key: place for place, key in enumerate(looks)}
    return sorted(tally.candidates, key=lambda candidate: places.get(candidate.key, len(places)))


def _bar(
    candidate: Candidate, tally: Tally, look: Look | None, weighting: Weighting, trace: Trace
) -> dict[str, Any]:
    started = trace.started
    mark = ""
    if started and started.reference.strip():
        mark = " ✓" if same(candidate.answer, started.reference, started.kind) else " ✗"
    return {
        "key": candidate.key,
        "letter": look.letter if look else "?",
        "colour": look.colour if look else OTHER,
        "ink": look.ink if look else "#ffffff",
        "name": _short(candidate.answer) + mark,
        "weight": candidate.weight,
        "shown": f"{candidate.weight:.0f}" if weighting == "count" else f"{candidate.weight:.2f}",
        "winner": candidate is tally.winner,
    }


def _abstention(tally: Tally, text: Text) -> dict[str, Any]:
    return {
        "key": ABSTAINED,
        "letter": "–",
        "colour": OTHER,
        "ink": "#ffffff",
        "name": text("votes.abstained"),
        "weight": len(tally.abstained),
        "shown": str(len(tally.abstained)),
        "winner": False,
    }


def _figure(bars: list[dict[str, Any]], room: float) -> go.Figure:
    """Horizontal bars; the axis is as long as all votes together, so that bars grow into it."""
    figure = go.Figure(
        go.Bar(
            orientation="h",
            x=[bar["weight"] for bar in bars],
            y=[_literal(f"{bar['letter']}  {bar['name']}") for bar in bars],
            customdata=[bar["key"] for bar in bars],
            text=[bar["shown"] for bar in bars],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="none",  # "skip" would skip clicks as well
            marker={
                "color": [bar["colour"] for bar in bars],
                # Stripes in the bar's colour; with fillmode "overlay" plotly complains of the list.
                "pattern": {"shape": ["" if bar["key"] else "/" for bar in bars]},
                "line": {"width": [2 if bar["winner"] else 0 for bar in bars]},
            },
        )
    )
    figure.update_layout(
        template=None,
        height=44 * len(bars) + 36,
        margin={"l": 8, "r": 28, "t": 4, "b": 28},
        bargap=0.35,
        showlegend=False,
        xaxis={"range": [0, max(room, 1e-6)], "fixedrange": True, "nticks": 5, "zeroline": False},
        yaxis={"autorange": "reversed", "fixedrange": True, "automargin": True, "ticksuffix": "  "},
    )
    return figure


def _literal(words: str) -> str:
    """Plotly reads tags and entities in its labels: an answer is to be shown as it is."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _room(tally: Tally) -> float:
    return sum(candidate.weight for candidate in tally.candidates) or 1.0


def _short(answer: str) -> str:
    return answer if len(answer) <= 18 else answer[:17] + "…"
