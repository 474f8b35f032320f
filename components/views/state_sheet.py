"""A state of a tree of thoughts, whole: the path to it, who proposed it, and every judgement."""

import math
from typing import Any

from components.texts import Text, known
from components.views.inspector import pane, segments, text_of
from core.trace import Trace, TraceNode

MAX_JUDGEMENTS = 100
MAX_PATH = 100


def state_panes(trace: Trace, node: TraceNode, text: Text) -> list[dict[str, Any]]:
    """The panes of a state, beside its facts."""
    special = trace.started.special_tokens if trace.started else ()
    panes = [pane(text("inspector.path"), [["text", _path(trace, node)]])]
    source = _source(trace, node)
    if source is not None:
        panes.append(pane(text("inspector.asked_for"), segments(source, special)))
        panes.append(pane(text("inspector.proposed"), text_of(source)))
    judges = [trace.nodes[i] for i in node.by[:MAX_JUDGEMENTS] if i in trace.nodes]
    if judges:
        panes.append(pane(text("inspector.judge_asked"), _asked(judges, special)))
        panes.append(pane(text("inspector.judged"), [["text", _judged(node, judges, text)]]))
    return panes


def state_facts(node: TraceNode, text: Text) -> list[tuple[str, str]]:
    """How it stands: its value and its marks, with the reasons."""
    marks = []
    for mark, reason in node.marks.items():
        key, why = f"tree.mark.{mark}", f"reason.{reason}"
        words = text(key) if known(key) else mark[:40]
        marks.append(f"{words}: {text(why)}" if reason and known(why) else words)
    value = f"{node.value:.4g}" if node.value is not None else ""
    return [("value", value), ("standing", ", ".join(marks))]


def thought(node: TraceNode) -> str:
    """What was thought: as it was read out of a list, or the node's own text."""
    return node.label or node.sampled.strip()


def _path(trace: Trace, node: TraceNode) -> str:
    """The thoughts from the root to the node, numbered."""
    path = [node]
    while path[0].parents and len(path) < MAX_PATH:
        path.insert(0, trace.nodes[path[0].parents[0]])
    root, *rest = path
    lines = [thought(root)] if not root.parents else []
    steps = rest if not root.parents else path
    return "\n".join([*lines, *(f"{n}. {thought(state)}" for n, state in enumerate(steps, 1))])


def _source(trace: Trace, node: TraceNode) -> TraceNode | None:
    """The call in which the thought was made: a list of proposals, or the node itself."""
    if node.prompt:
        return node
    proposals = (trace.nodes[parent] for parent in node.parents[1:])
    return next((found for found in proposals if found.kind == "proposal"), None)


def _asked(judges: list[TraceNode], special: tuple[str, ...]) -> list[list[str]]:
    """The prompts to the judge, each once."""
    parts: list[list[str]] = []
    seen: set[str] = set()
    for judge in judges:
        if judge.prompt not in seen:
            seen.add(judge.prompt)
            parts += [*([["text", "\n\n"]] if parts else []), *segments(judge, special)]
    return parts


def _judged(node: TraceNode, judges: list[TraceNode], text: Text) -> str:
    """What each judgement said and what it is worth, and how they add up."""
    lines = []
    for number, judge in enumerate(judges, 1):
        said = judge.sampled.strip() or "–"
        if judge.weights:
            said += f"  ({_weights(judge)})"
        worth = _worth(node, number - 1)
        seed = text("inspector.judge_seed", seed=judge.seed) if judge.seed is not None else ""
        lines.append("  ".join(part for part in (f"{number}. {said}", worth, seed) if part))
    if len(node.votes) > 1:
        total = math.fsum(node.votes)
        lines.append(" + ".join(f"{vote:g}" for vote in node.votes) + f" = {total:g}")
    return "\n".join(lines)


def _weights(judge: TraceNode) -> str:
    return ", ".join(f"{word.strip()} {share:.0%}" for word, share in judge.weights.items())


def _worth(node: TraceNode, place: int) -> str:
    return f"→ {node.votes[place]:g}" if place < len(node.votes) else ""
