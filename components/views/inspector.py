"""One node, whole: the exact prompt, the output with its answer marked, and the numbers."""

import re
from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.ledger import sampled
from components.views.paths import title
from components.views.prompt_parts import folded, share
from components.views.reading import Reading
from core.trace import Trace, TraceNode

MAX_TEXT = 100_000


def inspector_view(**options: Any) -> gr.HTML:
    """Prompt, output, facts."""
    return view("inspector", **options)


def empty(message: str = "") -> dict[str, Any]:
    """Nothing is selected."""
    return {"id": "", "empty": message}


def inspect(trace: Trace, reading: Reading, text: Text) -> dict[str, Any]:
    """Everything known of a node, as data for the page."""
    node = reading.node
    return {
        "id": node.id,
        "empty": "",
        "title": title(node, text),
        "panes": [
            prompt_pane(trace, node, text),
            pane(text("inspector.output"), _output(reading)),
        ],
        "facts": facts(trace, reading, text),
    }


def pane(label: str, parts: list[list[str]]) -> dict[str, Any]:
    """A text under a label, as [kind, text] pairs."""
    return {"label": label, "parts": parts}


def prompt_pane(trace: Trace, node: TraceNode, text: Text) -> dict[str, Any]:
    """The prompt, its exemplars folded where it is known to have some, and its share of the
    context."""
    special = trace.started.special_tokens if trace.started else ()
    drawn = pane(text("inspector.prompt"), segments(node, special))
    if not node.parts:
        return drawn
    body, forced = _without_forced(node)
    parts = folded(node, body, lambda words: _tokens_apart(words, special), text)
    return drawn | {"parts": [*parts, *forced], "share": share(trace, node, text)}


def text_of(node: TraceNode) -> list[list[str]]:
    """A node's text as [kind, text] pairs: "forced" and "text"."""
    kinds = ((("forced" if piece.forced else "text"), piece.text) for piece in node.pieces)
    return [[kind, words[:MAX_TEXT]] for kind, words in kinds]


def segments(node: TraceNode, special: tuple[str, ...]) -> list[list[str]]:
    """The prompt as [kind, text] pairs: "text", "token" (a special token), "forced" (its end)."""
    body, forced = _without_forced(node)
    return [*_tokens_apart(body, special), *forced]


def _without_forced(node: TraceNode) -> tuple[str, list[list[str]]]:
    """The prompt without what was put into the model's mouth at its end, and that as pairs."""
    forced = node.pieces[0].text if node.pieces and node.pieces[0].forced else ""
    prompt = node.prompt[:MAX_TEXT]
    body = prompt.removesuffix(forced) if forced else prompt
    return body, [["forced", forced]] if forced and body != prompt else []


def _tokens_apart(words: str, special: tuple[str, ...]) -> list[list[str]]:
    """Special tokens apart from the text between them."""
    pieces = [words]
    if special:
        pattern = "|".join(map(re.escape, sorted(special, key=len, reverse=True)))
        pieces = re.split(f"({pattern})", words)
    return [["token" if piece in special else "text", piece] for piece in pieces if piece]


def _output(reading: Reading) -> list[list[str]]:
    """The node's text as [kind, text] pairs: "forced", "text" and "answer"."""
    parts: list[list[str]] = []
    span = (reading.extraction.start, reading.extraction.end) if reading.extraction else (0, 0)
    place = 0
    for piece in reading.node.pieces:
        if piece.forced:
            parts.append(["forced", piece.text])
            continue
        start, end = (min(max(edge - place, 0), len(piece.text)) for edge in span)
        cuts = (("text", 0, start), ("answer", start, end), ("text", end, len(piece.text)))
        parts += [[kind, piece.text[a:b]] for kind, a, b in cuts if b > a]
        place += len(piece.text)
    return parts


def facts(
    trace: Trace, reading: Reading, text: Text, more: list[tuple[str, str]] | None = None
) -> list[list[str]]:
    """The numbers of a node as [name, value] pairs; what is not known is left out."""
    node = reading.node
    known = [
        *(more or []),
        ("answer", _answer(reading, text)),
        ("rule", text(f"rule.{reading.extraction.rule}") if reading.extraction else ""),
        ("tokens", _tokens(node, text) if node.calls else ""),
        ("prompt_tokens", _prompt_tokens(node, text)),
        ("logprob", f"{node.mean_logprob:.3f}" if node.mean_logprob is not None else ""),
        ("temperature", f"{node.sampling.temperature:g}" if node.sampling else ""),
        ("seed", _seed(node, text)),
        ("seconds", _seconds(trace, node) if node.calls else ""),
        ("finish", text(f"finish.{node.finish}") if node.finish else ""),
    ]
    return [[text(f"inspector.{name}"), value] for name, value in known if value]


def _answer(reading: Reading, text: Text) -> str:
    if reading.answer is None:
        return text("paths.abstained") if reading.node.answered else ""
    mark = {"right": " ✓", "wrong": " ✗"}.get(reading.verdict, "")
    return reading.answer[:300] + mark


def _tokens(node: TraceNode, text: Text) -> str:
    forced = "–" if "forced" in node.uncounted else node.forced_tokens
    return text("inspector.tokens_value", sampled=sampled(node), forced=forced)


def _prompt_tokens(node: TraceNode, text: Text) -> str:
    if not node.prompt_tokens:
        return ""
    if node.computed_tokens is None:
        return f"{node.prompt_tokens:,}"
    key = "inspector.prompt_shared" if node.sample else "inspector.prompt_value"
    return text(key, all=node.prompt_tokens, computed=node.computed_tokens)


def _seed(node: TraceNode, text: Text) -> str:
    if node.seed is None or node.sampling is None:
        return ""
    if not node.sampling.temperature:
        return text("inspector.greedy")
    return str(node.seed)


def _seconds(trace: Trace, node: TraceNode) -> str:
    end = node.closed if node.closed is not None else trace.seconds
    return f"{end - node.opened:.1f} s"
