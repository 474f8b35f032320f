"""About: what this is, how to read it, and what it does not claim. Our own words only."""

import gradio as gr

from components.localize import Localizer


def about(localizer: Localizer) -> None:
    """The page's text, in Markdown of our own."""
    with gr.Column(elem_classes=["prose-page"]):
        localizer.make(gr.Markdown, lambda t: {"value": t("about.text")})
