"""A prompt in the parts it is made of: exemplars folded, with what each costs, and how much of the
context all of it takes."""

from collections.abc import Callable, Sequence
from typing import Any

from components.texts import Text, known
from core.events import Part
from core.trace import Trace, TraceNode

MAX_PARTS = 200
"""More than a prompt of ours can have; a recording from outside may have any number."""

MAX_SUMMARY = 80

Split = Callable[[str], list[list[str]]]
"""Stretches of a prompt as [kind, text] pairs."""


def form_name(form: str, text: Text) -> str:
    """What is made of exemplars, as a title; one that is not known keeps its own name."""
    key = f"option.form.{form}"
    name = text(key) if known(key) else form[:40]
    return name[:1].upper() + name[1:]


def folded(node: TraceNode, body: str, split: Split, text: Text) -> list[Any]:
    """The prompt as pairs, with each exemplar a fold; all pairs where its parts do not fit it.

    `body` is the prompt without what was put into the model's mouth.
    """
    if not fits(node.parts, node.prompt) or not any(p.kind == "exemplar" for p in node.parts):
        return split(body)
    drawn: list[Any] = []
    for part in node.parts:
        pairs = split(body[part.start : part.end])
        drawn += [_fold(part, body, pairs, text)] if part.kind == "exemplar" else pairs
    return drawn + split(body[node.parts[-1].end :])


def fits(parts: Sequence[Part], prompt: str) -> bool:
    """Whether the parts follow each other from the prompt's beginning and end inside it."""
    edges = [0, *(part.end for part in parts)]
    return (
        0 < len(parts) <= MAX_PARTS
        and all(part.start == edge for part, edge in zip(parts, edges, strict=False))
        and edges == sorted(edges)
        and edges[-1] <= len(prompt)
    )


def share(trace: Trace, node: TraceNode, text: Text) -> dict[str, Any] | None:
    """How much of the context the prompt takes, and its exemplars of that; None where nobody
    counted, or the prompt has no parts."""
    context = trace.started.context if trace.started else 0
    if context <= 0 or not fits(node.parts, node.prompt):
        return None
    counts = [part.tokens for part in node.parts]
    counted = sum(count or 0 for count in counts)
    tokens = node.prompt_tokens or (counted if None not in counts else 0)
    if not tokens:
        return None
    exemplars = sum(part.tokens or 0 for part in node.parts if part.kind == "exemplar")
    return {
        "text": text(
            "parts.share",
            tokens=f"{tokens:,}",
            percent=f"{100 * tokens / context:.0f}",
            context=f"{context:,}",
        ),
        "all": _percent(tokens, context),
        "exemplars": _percent(min(exemplars, tokens), context),
        "of": text("parts.exemplars", tokens=f"{exemplars:,}") if exemplars else "",
    }


def _percent(tokens: int, context: int) -> float:
    return round(min(100 * tokens / context, 100), 2)


def _fold(part: Part, body: str, pairs: list[list[str]], text: Text) -> dict[str, Any]:
    name = text("parts.exemplar", label=part.label[:20])
    words = " ".join("".join(words for kind, words in pairs if kind == "text").split())
    return {
        "key": part.label[:20],
        "name": name,
        "tokens": "" if part.tokens is None else text("parts.tokens", n=f"{part.tokens:,}"),
        "begins": words[:MAX_SUMMARY] + ("…" if len(words) > MAX_SUMMARY else ""),
        "tampered": text("demonstrations.tampered") if part.tampered else "",
        "parts": pairs,
    }
