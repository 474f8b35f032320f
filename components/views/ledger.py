"""What a run has cost so far: calls, tokens, seconds."""

from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from core.trace import Totals, TraceNode


def ledger_view(**options: Any) -> gr.HTML:
    """A line of figures."""
    return view("ledger", **options)


def sampled(node: TraceNode) -> int | str:
    """The tokens that a node sampled; "–" where nobody has told them (yet)."""
    return "–" if "sampled" in node.uncounted else node.tokens


def entries(totals: Totals, text: Text) -> list[list[str]]:
    """[name, figure, explanation] for each figure."""
    computed = "–" if totals.computed is None else f"{totals.computed:,}"
    figures = {
        "calls": f"{totals.calls:,}",
        "prompt": f"{totals.prompt:,}",
        "computed": computed,
        "sampled": f"{totals.sampled:,}",
        "forced": f"{totals.forced:,}",
        "seconds": f"{totals.seconds:.1f}",
        "rate": f"{totals.rate:.1f}",
    }
    figures |= dict.fromkeys(totals.uncounted, "–")
    if "sampled" in totals.uncounted:
        figures["rate"] = "–"
    return [[text(f"ledger.{k}"), v, text(f"ledger.{k}.help")] for k, v in figures.items()]
