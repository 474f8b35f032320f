"""The engine badge: what is running, or how far it is from running."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from components.localize import START
from components.texts import Text, error_text, texts
from components.view import view
from core.engine import EngineStatus
from core.question import Language

LOG_CHARACTERS = 4_000


def badge_view(
    current: Callable[[], EngineStatus],
    waiting: Callable[[], int] = lambda: 0,
    *,
    logs: bool = True,
    **options: Any,
) -> gr.HTML:
    """One line, with a bar while something is fetched. Its value is the language.

    `waiting` tells how many runs wait in the line. Without `logs` the engine's log, which names
    this machine's folders, is not for those who look.

    The page asks for the status itself, each second: an event of Gradio's would make it look
    through every component on the page each time.
    """

    async def status(language: Language) -> dict[str, Any]:
        language = "zh" if language == "zh" else "en"
        shown = current() if logs else replace(current(), log="")
        return badge(shown, texts(language), language, waiting())

    return view("badge", START, server_functions=[status], **options)


def badge(status: EngineStatus, text: Text, language: Language, waiting: int = 0) -> dict[str, Any]:
    """The badge's words; `share` is 0 to 1 while bytes are fetched, else None."""
    share = status.done / status.total if status.phase == "fetching" and status.total else None
    return {
        "phase": status.phase,
        "who": " · ".join(part for part in (status.model, status.engine, status.device) if part),
        "why": text(status.why) if status.why else "",
        "state": " · ".join([_state(status, text, language), *_line(waiting, text)]),
        "share": share,
        **_details(status, text),
        "lost": text("badge.lost"),
    }


def _line(waiting: int, text: Text) -> list[str]:
    """How many runs wait, if any."""
    return [text("badge.line", n=waiting)] if waiting else []


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
        return " · ".join([*_work(status, text), *_context(status, text)])
    if status.phase == "loading" and status.detail:
        return " · ".join([text(status.detail), *_context(status, text)])
    return text(f"badge.{status.phase}" if status.phase != "fetching" else "badge.starting")


def _work(status: EngineStatus, text: Text) -> Iterator[str]:
    """What a running engine does, how fast, and the memory that it holds."""
    busy = "badge.busy_one" if status.active == 1 else "badge.busy"
    yield text(busy, n=status.active) if status.active else text("badge.idle")
    if status.rate >= 0.5:  # less would be said to be none
        yield text("badge.rate", rate=f"{status.rate:.0f}")
    if status.memory:
        yield text("badge.memory", n=f"{status.memory / 1e9:.1f}")


def _context(status: EngineStatus, text: Text) -> Iterator[str]:
    """The length of texts, where that was chosen for this machine."""
    if status.context:
        yield text("badge.context", n=f"{status.context:,}")


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f}" if count < 1e8 else f"{count / 1e6:,.0f}"


def _left(status: EngineStatus, text: Text) -> str:
    if status.rate <= 0:
        return "–"
    seconds = (status.total - status.done) / status.rate
    if seconds >= 90:
        return text("badge.minutes", n=round(seconds / 60))
    return text("badge.seconds", n=round(seconds))
