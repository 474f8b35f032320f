"""The line above the picture: live or replay, what happens, and the answer."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.texts import Text, error_text, known, note_text
from components.view import view
from components.views.awaiting import being_read
from components.views.outcome import crossword_score
from components.views.reading import Lens, Reading, count, verdict
from components.views.selecting import status as selecting
from core.question import Language
from core.trace import Trace
from core.votes import Tally

MAX_ANSWER = 2_000


def headline_view(**options: Any) -> gr.HTML:
    """Status and answer."""
    return view("headline", **options)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the events come from: `replayed` from a file of this `date`, or live."""

    replayed: bool = False
    date: str = ""


def message(words: str, tone: str = "quiet") -> dict[str, Any]:
    """A line that belongs to no run. `tone`: quiet, wait or error."""
    return {"tone": tone, "status": words, "badge": "", "answer": "", "notes": [], "question": ""}


def headline(
    trace: Trace,
    lens: Lens,
    readings: dict[str, Reading],
    origin: Origin,
    text: Text,
    language: Language,
) -> dict[str, Any]:
    """What the reader should know first."""
    started = trace.started
    if started is None:
        return message("")
    votes = count(trace, lens, readings)
    answer = _answer(trace, votes)
    return {
        "tone": "error" if trace.ended and trace.ended.status == "failed" else "run",
        "badge": _badge(trace, origin, text),
        "replayed": origin.replayed,
        "question": started.question[:2_000],
        "about": _about(trace, text),
        "status": _status(trace, votes, text, language),
        "answer": (answer or "")[:MAX_ANSWER],
        "answer_label": text("headline.answer"),
        "verdict": _verdict(trace, answer),
        "reference": _reference(trace, text),
        "notes": [note_text(n.code, n.fields, language)[:400] for n in trace.notes[:8]],
    }


def _answer(trace: Trace, votes: Tally | None) -> str | None:
    """The run's answer; of a vote, the one that leads under the lens."""
    if votes is not None:
        return votes.winner.answer if votes.winner else None
    return trace.ended.answer if trace.ended else None


def _verdict(trace: Trace, answer: str | None) -> str:
    """Right or wrong: by the right answer that was given, or where a method checks its own."""
    board = crossword_score(trace, answer)
    if board is not None:
        return "right" if board.game else "wrong"
    given = verdict(trace, answer)
    if given:
        return given
    winner = next((node for node in trace.nodes.values() if "winner" in node.marks), None)
    if winner is None:
        return ""
    return "right" if "right" in winner.marks else "wrong" if "wrong" in winner.marks else ""


def _badge(trace: Trace, origin: Origin, text: Text) -> str:
    if not origin.replayed:
        return text("headline.live") if trace.ended is None else text("headline.done")
    assert trace.started is not None
    return text("headline.replay", model=trace.started.model[:80], date=origin.date[:10])


def _about(trace: Trace, text: Text) -> str:
    started = trace.started
    assert started is not None
    name = f"strategy.{started.strategy}"
    strategy = text(name) if known(name) else started.strategy[:60]
    kind = text(f"kind.{started.kind}")
    return text("headline.about", strategy=strategy, kind=kind, seed=started.seed)


def _status(trace: Trace, votes: Tally | None, text: Text, language: Language) -> str:
    ended = trace.ended
    if ended is None and (reading := being_read(trace, text)):
        return reading
    if selected := selecting(trace, text):
        return selected
    if ended is None:
        return text("headline.running")
    if ended.status == "failed":
        return text("headline.failed", reason=error_text(ended.error, language))
    if ended.status == "answered" and votes is not None and votes.winner is not None:
        voters, voted = len(votes.winner.voters), sum(len(c.voters) for c in votes.candidates)
        return text("headline.voted", voters=voters, paths=voted + len(votes.abstained))
    return text(f"headline.{ended.status}")


def _reference(trace: Trace, text: Text) -> str:
    reference = trace.started.reference.strip() if trace.started else ""
    return text("headline.reference", answer=reference[:120]) if reference else ""
