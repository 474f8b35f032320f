"""The demonstrations that an answer rests on, as a folded list."""

from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.selecting import are_kept, demonstrations
from core.exemplars import Exemplar
from core.trace import Trace

MAX_TEXT = 4_000
"""Characters of a question or rationale in the list."""


def demonstrations_view(**options: Any) -> gr.HTML:
    """A folded list."""
    return view("demonstrations", **options)


def drawn(trace: Trace, text: Text) -> dict[str, Any] | None:
    """Those that the run made, or was given; None where there are none."""
    made = demonstrations(trace)
    if made is None:
        return None
    key = "demonstrations.kept" if are_kept(trace) else "demonstrations.made"
    return {
        "title": text(key, n=len(made.shown)),
        "empty": "" if made.exemplars else text("demonstrations.none"),
        "answer": text("walks.answer"),
        "items": [_item(each, text) for each in made.exemplars],
    }


def _item(exemplar: Exemplar, text: Text) -> dict[str, Any]:
    return {
        "question": exemplar.question[:MAX_TEXT],
        "rationale": exemplar.rationale[:MAX_TEXT],
        "answer": exemplar.answer[:MAX_TEXT],
        "tampered": text("demonstrations.tampered") if exemplar.tampered else "",
        "off": "" if exemplar.on else text("demonstrations.off"),
    }
