"""A frame of the picture: what all views show, as the value of one component that shows nothing.

At each message Gradio's page copies every property of every output, also of one that is skipped.
So a frame is one output; `assets/js/frame.js` gives each view its part where that has changed.
"""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from components.view import as_json, view

Part = Mapping[str, Any] | str | None
"""What a view draws. Under "texts" it has the long texts that grow at their ends, if any. What is
large and seldom changes may come as the JSON that was made of it once."""


def frame_view(which: str, first: Mapping[str, Part] | None = None) -> gr.HTML:
    """Feeds the views whose ids begin with `which`; `first` is what they show at the beginning."""
    return view("frame", frame(first or {}), elem_id=f"{which}-frame")


def frame(parts: Mapping[str, Part]) -> dict[str, Any]:
    """The parts by the name of their view. Texts travel as they are, so that Gradio sends only what
    was appended; all that is small as one string, since it copies a value leaf by leaf."""
    small, texts = {}, {}
    for name, part in parts.items():
        if isinstance(part, Mapping) and "texts" in part:
            texts[name] = part["texts"]
            part = {key: value for key, value in part.items() if key != "texts"}
        small[name] = part if isinstance(part, str) else as_json(part)
    return {"parts": small, "texts": texts}
