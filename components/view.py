"""What all drawn views share: a static template, a script of ours, and values that are data."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def view(name: str, value: Any = None, **options: Any) -> gr.HTML:
    """A drawing made by `assets/js/<name>.js`, of what a frame brings for its `elem_id`.

    The template is static: text made by a model travels in a frame, as data, and the script
    writes it with textContent. So nothing that a model writes can become markup or be evaluated.
    (A function and not a subclass: Gradio writes a .pyi file beside every subclass.)
    """
    script = "\n".join(
        (ASSETS / "js" / f"{part}.js").read_text(encoding="utf-8") for part in ("shared", name)
    )
    return gr.HTML(
        value,
        html_template=f'<div class="ts-{name}"></div>',
        js_on_load=script,
        apply_default_css=False,
        elem_classes=["ts-view"],
        **options,
    )


def as_json(data: Any) -> str:
    """Data as a JSON string without "<": Gradio takes it for markup otherwise, and warns."""
    return json.dumps(data, default=list, ensure_ascii=False).replace("<", "\\u003c")
