"""The prompts of the form before they are sent, and what each exemplar costs, as views have it."""

import re
from collections.abc import Iterator
from typing import Any

import gradio as gr

from components.drafts import Draft, Preview
from components.texts import Text, error_text, known
from components.view import view
from components.views.prompt_parts import form_name
from core.events import Part
from core.exemplars import Origin
from core.question import Language

MAX_TEXT = 12_000
"""Characters of a part that are shown; more are in the prompt all the same."""


def preview_view(**options: Any) -> gr.HTML:
    """The prompts, exemplars folded, each under a bar with its share of the context."""
    return view("prompt", **options)


def prompt_data(preview: Preview, text: Text, language: Language) -> dict[str, Any]:
    """What the view draws."""
    return {
        "wrong": wrong(preview, text, language),
        "said": " ".join(_said(preview, text)),
        "drafts": [_draft(draft, preview, text) for draft in preview.drafts],
    }


def _draft(draft: Draft, preview: Preview, text: Text) -> dict[str, Any]:
    """One prompt; it is named where there are several."""
    return {
        "title": form_name(draft.form, text) if len(preview.drafts) > 1 else "",
        "share": _share(draft, preview, text),
        "over": preview.over_by(draft) > 0,
        "bar": _bar(draft, preview),
        "parts": [_part(part, draft, preview, text) for part in draft.parts],
    }


def costs_data(preview: Preview, editor: str, text: Text) -> dict[str, Any]:
    """Of each exemplar in an editor, what it costs and whether a person changed it."""
    costs = preview.costs.get(editor)
    if costs is None:
        return {"of": None, "tokens": [], "tampered": [], "origin": ""}
    return {
        "of": costs.of,
        "tokens": ["–" if count is None else f"{count:,}" for count in costs.tokens],
        "tampered": costs.tampered,
        "origin": _origin(costs.origin, text) if costs.origin else "",
    }


def _origin(origin: Origin, text: Text) -> str:
    """Who wrote a set, and how; names that came with a file stand as they are."""
    pool, selection = f"pool.ours.{origin.pool}", f"option.selection.{origin.selection}"
    return text(
        "demonstrations.origin",
        model=origin.model,
        pool=text(pool) if known(pool) else origin.pool,
        selection=text(selection) if known(selection) else origin.selection,
        k=origin.k,
        seed=origin.seed,
        by=origin.by,
    )


def wrong(preview: Preview, text: Text, language: Language) -> str:
    """What is wrong with the form, so that it cannot be run; "" where nothing is known to be."""
    if preview.error is not None:
        return error_text(preview.error, language)
    if preview.over:
        return text("prompt.over", n=f"{preview.over:,}")
    return ""


def _said(preview: Preview, text: Text) -> Iterator[str]:
    """What there is not, and what nobody can tell."""
    if preview.unused:
        yield text("prompt.unused")
    if not preview.drafts:
        return
    if preview.counting == "waiting":
        yield text("prompt.waiting")
    elif any(draft.tokens is None for draft in preview.drafts):
        yield text("prompt.uncounted")
    if preview.unasked:
        yield text("prompt.unasked")


def _share(draft: Draft, preview: Preview, text: Text) -> str:
    """How long a prompt is; "" where it is not counted."""
    tokens, context = draft.tokens, preview.context
    if tokens is None:
        return ""
    figures = {"tokens": f"{tokens:,}", "writes": f"{preview.writes:,}"}
    if not context:
        return text("prompt.tokens", **figures)
    figures |= {"context": f"{context:,}", "share": f"{tokens / context:.0%}"}
    return text("prompt.share", **figures)


def _bar(draft: Draft, preview: Preview) -> list[float] | None:
    """The shares of the context that are read and that may be written."""
    tokens, context = draft.tokens, preview.context
    if tokens is None or not context:
        return None
    read = min(tokens / context, 1.0)
    return [round(read, 4), round(min(preview.writes / context, 1.0 - read), 4)]


def _part(part: Part, draft: Draft, preview: Preview, text: Text) -> dict[str, Any]:
    key = f"prompt.part.{part.kind}"
    words = draft.prompt[part.start : part.end]
    return {
        "kind": part.kind,
        "name": text(key, label=part.label) if known(key) else part.kind,
        "tokens": "–" if part.tokens is None else text("prompt.part_tokens", n=f"{part.tokens:,}"),
        "changed": text("exemplars.tampered") if part.tampered else "",
        "text": segments(words[:MAX_TEXT], preview.special),
        "cut": text("prompt.cut", n=f"{len(words):,}") if len(words) > MAX_TEXT else "",
    }


def segments(words: str, special: tuple[str, ...]) -> list[list[str]]:
    """A text as [kind, text] pairs: "token" for special tokens, else "text"."""
    longest = sorted(special, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, longest))})", words) if special else [words]
    return [["token" if piece in special else "text", piece] for piece in pieces if piece]
