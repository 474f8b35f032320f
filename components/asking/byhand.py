"""Continue by hand: a thought that a person writes into a finished tree."""

from typing import Any

import gradio as gr

from components.localize import Localizer

INSTEAD, BELOW = "instead", "below"


class ByHand:
    """The thought, where it goes, and the button. Shown only beside a tree (style.css)."""

    def __init__(self, localizer: Localizer) -> None:
        make = localizer.make
        with (
            gr.Column(elem_classes=["byhand"]),
            make(gr.Accordion, lambda t: {"label": t("byhand.title")}, open=False),
        ):
            self.thought = make(
                gr.Textbox,
                lambda t: {"label": t("byhand.thought"), "info": t("byhand.thought.info")},
                lines=1,
                max_lines=8,
                elem_id="thought",
            )
            self.where = make(
                gr.Radio,
                lambda t: {
                    "label": t("byhand.where"),
                    "choices": [
                        (t("byhand.instead"), INSTEAD),
                        (t("byhand.below"), BELOW),
                    ],
                },
                value=INSTEAD,
                elem_id="where",
            )
            self.go = make(
                gr.Button,
                lambda t: {"value": t("byhand.go")},
                size="sm",
                elem_id="byhand-go",
            )

    @property
    def inputs(self) -> list[Any]:
        """The thought, and where it goes."""
        return [self.thought, self.where]
