"""The pool as a map: every question a point, and the walks through the clusters on it.

It travels in two parts. What is fixed, with the texts of up to 2,000 questions, is made once for a
map and a language; what moves is small and made for each frame.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import gradio as gr

from components.texts import Text
from components.view import as_json, view
from components.views.palette import cluster_colour
from components.views.reading import Lens
from components.views.selecting import Walk, happened, progress_words
from core.events import Mapped, Point, Progressed
from core.trace import Trace

MAX_POINTS = 2_000
"""Questions that the page draws; a recording from outside may have any number."""

MAX_CENTRES = 100
MAX_QUESTION = 400
"""Characters of a question beside the map; the walks and the inspector have more."""

LEGEND = ("centre", "asked", "trying", "rejected", "taken")


def map_view(**options: Any) -> gr.HTML:
    """Points, centres and walks. Sends "node_select" with {id}. Needs both parts, see `fixed`."""
    return view("map", **options)


def fixed(drawn: Mapped, text: Text) -> str:
    """What does not change while the run goes on, as JSON: a frame takes it as it is."""
    questions = drawn.questions[:MAX_POINTS]
    sizes = Counter(drawn.clusters)
    return as_json(
        {
            "title": text("map.title", n=f"{len(drawn.questions):,}", k=len(drawn.centres)),
            "questions": [question[:MAX_QUESTION] for question in questions],
            "points": [_place(point) for point in drawn.points[:MAX_POINTS]],
            "clusters": drawn.clusters[:MAX_POINTS],
            "centres": [
                {"at": _place(centre), "name": _named(number, sizes[number], text)}
                for number, centre in enumerate(drawn.centres[:MAX_CENTRES])
            ],
            "colours": [cluster_colour(number) for number in range(len(drawn.centres))],
            "asked": _place(drawn.asked) if drawn.asked else None,
            "caption": caption(drawn, text),
            "words": _words(text),
            "legend": [[name, text(f"map.legend.{name}")] for name in LEGEND],
        }
    )


def caption(drawn: Mapped, text: Text) -> str:
    """Which embedding drew it, from which seed, and what a plane cannot show."""
    said = text("map.by", by=drawn.by[:80], seed=drawn.seed, n=f"{len(drawn.questions):,}")
    more = len(drawn.questions) > MAX_POINTS
    left_out = [text("map.more", drawn=f"{MAX_POINTS:,}")] if more else []
    return " ".join([said, text("map.shadow"), *left_out])


def moving(trace: Trace, lens: Lens, walks: Sequence[Walk], text: Text) -> dict[str, Any] | None:
    """What changes: how far the mapping is, or the marks upon the map; None where there is none."""
    if trace.map is None:
        return {"progress": progress(trace.progress, text)} if trace.progress else None
    return {
        "progress": None,
        "marks": list(_marks(trace, walks, text)),
        "lines": [line for walk in walks if (line := _line(walk))],
        "selected": lens.selected or "",
        "running": trace.ended is None,
    }


def progress(step: Progressed, text: Text) -> dict[str, Any]:
    """A step in words, and how far it is (`share` of 1) where it has said so."""
    done = min(step.done, step.total)
    figures = {"done": f"{done:,}", "total": f"{step.total:,}"}
    return {
        "text": progress_words(step.code, text) + " …",
        "share": round(done / step.total, 3) if done else None,
        "of": text("progress.of", **figures) if done else "",
    }


def _marks(trace: Trace, walks: Sequence[Walk], text: Text) -> Any:
    """A mark for each candidate that is on the map, walk by walk."""
    for number, walk in enumerate(walks):
        for candidate in walk.candidates:
            if candidate.index is not None and candidate.index < MAX_POINTS:
                yield {
                    "i": candidate.node.id,
                    "q": candidate.index,
                    "s": candidate.standing,
                    "w": number if walk.cluster is None else walk.cluster,
                    "t": happened(trace, candidate, text),
                }


def _line(walk: Walk) -> dict[str, Any] | None:
    """A walk outward from its centre, or from the question asked; what is drawn at random has no
    way of its own."""
    steps = [c.index for c in walk.candidates if c.index is not None and c.index < MAX_POINTS]
    if not steps or walk.label == "random":
        return None
    return {"from": walk.cluster if walk.cluster is not None else "asked", "to": steps}


def _words(text: Text) -> dict[str, str]:
    return {
        "hint": text("map.hint"),
        "cluster": text("map.cluster"),
        "asked": text("map.asked"),
        "untouched": text("map.untouched"),
        "keys": text("map.keys"),
        "point": text("map.point"),
    }


def _named(number: int, size: int, text: Text) -> str:
    return text("map.centre", n=number + 1, size=f"{size:,}")


def _place(point: Point) -> list[float]:
    """Inside the map, whatever a recording says."""
    return [round(min(max(value, 0.0), 1.0), 4) for value in point]
