"""The engine badge: what is running, or how far it is from running."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from components.localize import START
from components.texts import Text, error_text, texts
from components.view import view
from core.engine import EngineStatus
from core.question import Language

LOG_CHARACTERS = 4_000


def badge_view(current: Callable[[], EngineStatus], **options: Any) -> gr.HTML:
    """One line, with a bar while something is fetched. Its value is the language.

    The page asks for the status itself, each second: an event of Gradio's would make it look
    through every component on the page each time.
    """

    async def status(language: Language) -> dict[str, Any]:
        language = "zh" if language == "zh" else "en"
        return badge(current(), texts(language), language)

    return view("badge", START, server_functions=[status], **options)


def badge(status: EngineStatus, text: Text, language: Language) -> dict[str, Any]:
    """The badge's words; `share` is 0 to 1 while bytes are fetched, else None."""
    share = status.done / status.total if status.phase == "fetching" and status.total else None
    return {
        "phase": status.phase,
        "who": " · ".join(part for part in (status.model, status.engine, status.device) if part),
        "state": _state(status, text, language),
        "share": share,
        **_details(status, text),
        "lost": text("badge.lost"),
    }


def _details(status: EngineStatus, text: Text) -> dict[str, str]:
    """What unfolds below the line: what a running engine cannot do, and its log."""
    cannot = status.cannot if status.phase == "ready" else {}
    return {
        "cannot": "\n".join(text(reason) for reason in dict.fromkeys(cannot.values())),
        "cannot_label": text("badge.cannot", n=len(cannot)),
        "log": status.log[-LOG_CHARACTERS:],
        "log_label": text("badge.log"),
    }


def _state(status: EngineStatus, text: Text, language: Language) -> str:
    if status.phase == "fetching" and status.total:
        return text(
            "badge.fetching",
            source=status.source,
            done=_megabytes(status.done),
            total=_megabytes(status.total),
            rate=_megabytes(status.rate),
            left=_left(status, text),
        )
    if status.phase == "failed":
        return text("badge.failed", reason=error_text(status.error, language))
    if status.phase == "ready":
        state = text("badge.busy", n=status.active) if status.active else text("badge.idle")
        if status.rate:
            state = f"{state} · {text('badge.rate', rate=f'{status.rate:.0f}')}"
        return _with_context(state, status, text)
    if status.phase == "loading" and status.detail:
        return _with_context(text(status.detail), status, text)
    return text(f"badge.{status.phase}" if status.phase != "fetching" else "badge.starting")


def _with_context(state: str, status: EngineStatus, text: Text) -> str:
    """The state, with the length of texts where that was chosen for this machine."""
    if not status.context:
        return state
    return f"{state} · {text('badge.context', n=f'{status.context:,}')}"


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f}" if count < 1e8 else f"{count / 1e6:,.0f}"


def _left(status: EngineStatus, text: Text) -> str:
    if status.rate <= 0:
        return "–"
    seconds = (status.total - status.done) / status.rate
    if seconds >= 90:
        return text("badge.minutes", n=round(seconds / 60))
    return text("badge.seconds", n=round(seconds))
