"""The editor of a set of exemplars: `assets/js/exemplars.js`, and the words that it shows.

Its value is the text of a set (`core.exemplars.dump`), or "" for the one that fits the question;
for demonstrations "" is that there are none. A person changes it on the page. Words, and what the
server knows of the set, come in a frame, so that nothing typed is ever written over.
"""

import json
from typing import Any

import gradio as gr

from components.asking.preview import costs_data, wrong
from components.drafts import Preview
from components.texts import Text, known
from components.view import as_json, view
from core import exemplars
from core.exemplars import MAX_EXEMPLARS, MAX_TEXT, ExemplarSet
from core.question import Language

EDITORS = ("exemplars", "demonstrations")

_WORDS = (
    "pick", "fits", "chosen", "own", "empty", "count", "on", "open", "blank", "question",
    "rationale", "equation", "answer", "up", "down", "moved", "replace", "remove", "add", "full",
    "shuffle", "seed", "undo", "forget", "save", "tampered", "tokens",
)  # fmt: skip


def editor_view(editor: str, **options: Any) -> gr.HTML:
    """One of `EDITORS`; only the first knows our own sets."""
    sets = {name: _plain(known_set) for name, known_set in exemplars.bundled().items()}
    settings = {
        "sets": sets if editor == "exemplars" else {},
        "most": MAX_EXEMPLARS,
        "longest": MAX_TEXT,
        "editor": editor,
    }
    return view("exemplars", "", settings=as_json(settings), **options)


def as_value(edited: ExemplarSet) -> str:
    """A set as the value of an editor; "" for none."""
    if edited == exemplars.MATCHING:
        return ""
    # Inside of JSON "<" stands in strings only. Gradio takes it for markup otherwise, and warns.
    return exemplars.dump(edited).replace("<", "\\u003c")


def editor_data(editor: str, preview: Preview, text: Text, language: Language) -> dict[str, Any]:
    """What the editor shows beside its value."""
    words = {word: text(f"exemplars.{word}") for word in _WORDS}
    own = {"empty": text("demonstrations.empty")} if editor == "demonstrations" else {}
    return {
        "words": words | own,
        "names": {name: set_name(name, text) for name in exemplars.bundled()},
        "fits": preview.fits,
        "wrong": wrong(preview, text, language),
        **costs_data(preview, editor, text),
    }


def set_name(name: str, text: Text) -> str:
    """What one of ours is called; a new one by its file, until the tables name it."""
    key = f"exemplars.set.{name}"
    return text(key) if known(key) else name


def _plain(known_set: ExemplarSet) -> Any:
    return json.loads(exemplars.dump(known_set))
