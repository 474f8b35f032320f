"""What the inspector shows of a candidate: its question, what became of it, and both its stages."""

from typing import Any

from components.texts import Text
from components.views.inspector import pane, prompt_pane, text_of
from components.views.selecting import Candidate, happened, question_of, walks
from core.trace import Trace, TraceNode

MAX_TEXT = 100_000


def sheet(trace: Trace, node: TraceNode, whole: dict[str, Any], text: Text) -> dict[str, Any]:
    """The panes and facts of a candidate, in place of those that any node has (`whole`)."""
    candidate = _candidate(trace, node)
    if candidate is None:  # it belongs to no walk: a recording from outside
        return whole
    answer = candidate.answer
    question = pane(
        text("candidate.question"), [["text", question_of(trace, candidate)[:MAX_TEXT]]]
    )
    panes = [question, *(whole["panes"] if node.calls else [])]
    if answer is not None:
        panes.append(prompt_pane(trace, answer, text) | {"label": text("candidate.asked_again")})
        panes.append(pane(text("candidate.answered"), text_of(answer)))
    facts = [[text("candidate.standing"), happened(trace, candidate, text)]]
    if answer is not None and answer.answered:
        read = answer.extraction.value[:300] if answer.extraction else text("paths.abstained")
        facts.append([text("inspector.answer"), read])
    return {"panes": panes, "facts": facts + whole["facts"]}


def _candidate(trace: Trace, node: TraceNode) -> Candidate | None:
    every = (candidate for walk in walks(trace) for candidate in walk.candidates)
    return next((candidate for candidate in every if candidate.node is node), None)
