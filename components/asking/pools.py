"""The picker of a pool of questions: one of ours, or one's own, pasted or from a file."""

import json
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import gradio as gr

from components.listening import QUIET
from components.localize import Localizer
from components.sessions import Session, Sessions, sentence
from components.texts import Language, Text, texts
from components.uploads import first_bytes
from components.view import view
from core import pool
from core.errors import InvalidInput
from core.pool import Loaded, Pool

OWN = "own"
FITTING = ""
"""The one in the question's language."""

Render = Callable[[Session], Any]


class Pools:
    """What is in the text box is one's own pool: a file's questions are put there, too."""

    def __init__(self, localizer: Localizer) -> None:
        self.choice = localizer.make(
            gr.Dropdown,
            lambda t: {"label": t("pool.choice"), "choices": _choices(t)},
            value=FITTING,
            elem_id="pool",
        )
        self.text = localizer.make(
            gr.Textbox,
            lambda t: {"label": t("pool.text"), "info": t("pool.text.info")},
            value="",
            lines=6,
            max_lines=12,
            visible=False,
            elem_id="pool-text",
        )
        self.upload = localizer.make(
            gr.UploadButton,
            lambda t: {"label": t("pool.upload")},
            file_types=[".txt", ".jsonl", ".csv"],
            size="sm",
            elem_id="pool-upload",
        )
        self.said = view("said", elem_id="form-pool")

    @property
    def inputs(self) -> list[Any]:
        """What `read` reads."""
        return [self.choice, self.text]

    def read(self, choice: Any, text: Any) -> str | Pool:
        """The name of one of ours, "" for the one that fits, or one's own. Raises InvalidInput."""
        if choice == OWN:
            return _parsed(text if isinstance(text, str) else "").pool
        if choice != FITTING and choice not in pool.bundled():
            allowed = ", ".join([*pool.bundled(), OWN])
            raise InvalidInput("param_choice", name="pool", given=str(choice)[:80], allowed=allowed)
        return str(choice)

    def bind(self, sessions: Sessions, render: Render, frame: Any) -> None:
        """Listen; `render` makes a frame with what `data` says."""

        async def take(choice: Any, text: Any, request: gr.Request) -> list[Any]:
            session = sessions.of(request)
            if choice != OWN or text != session.pool_text:  # of a file's, what was left out is said
                session.pool, session.pool_text = look(choice, text), None
            return [gr.update(visible=choice == OWN), render(session)]

        async def take_file(path: str, request: gr.Request) -> list[Any]:
            session = sessions.of(request)
            try:
                loaded = pool.parse(first_bytes(Path(path), pool.MAX_BYTES), OWN)
            except InvalidInput as error:
                session.pool = partial(_refused, error)
                return [gr.skip(), gr.skip(), None, render(session)]
            session.pool, session.pool_text = partial(_counted, loaded), as_text(loaded.pool)
            text = gr.update(value=session.pool_text, visible=True)
            return [OWN, text, None, render(session)]

        # One event for both: of two, the answer to the earlier one may come last. (Gradio's page
        # tells of input into a text box only where keys are pressed, and not of what is pasted.)
        latest: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
        given = [self.choice.input, self.text.change]
        gr.on(given, take, self.inputs, [self.text, frame], **latest)
        put = [self.choice, self.text, self.upload, frame]
        self.upload.upload(take_file, self.upload, put, **QUIET)


def look(choice: Any, text: Any) -> Callable[[Language], dict[str, Any]]:
    """What is to be said of a pool, in whatever language."""
    if choice in pool.bundled():
        return partial(_counted, Loaded(pool.bundled()[choice]))
    if choice != OWN:
        return nothing
    if not isinstance(text, str) or not text.strip():
        return partial(_key, "pool.none")
    try:
        return partial(_counted, _parsed(text))
    except InvalidInput as error:
        return partial(_refused, error)


@lru_cache(maxsize=8)
def _parsed(text: str) -> Loaded:
    """A person's own pool. It is looked at whenever something else in the form has changed."""
    return pool.parse(text, OWN)


def nothing(_language: Language) -> dict[str, Any]:
    """Nothing is to be said."""
    return {"said": "", "wrong": False}


def as_text(own: Pool) -> str:
    """A pool as it stands in the text box: a question a line, or where that would be read as
    something else, and where a file has said of what kind a question is, as JSON Lines."""
    lines = "\n".join(question.text for question in own.questions)
    try:
        if pool.parse(lines, own.name).pool == own:
            return lines
    except InvalidInput:
        pass  # such as questions that begin with a brace
    return "\n".join(
        json.dumps({"question": question.text, "kind": question.kind}, ensure_ascii=False)
        for question in own.questions
    )


def _counted(loaded: Loaded, language: Language) -> dict[str, Any]:
    text = texts(language)
    count = len(loaded.pool.questions)
    said = text("pool.question") if count == 1 else text("pool.questions", n=f"{count:,}")
    if loaded.duplicates or loaded.empty:
        left = text("pool.left_out", duplicates=loaded.duplicates, empty=loaded.empty)
        said = f"{said} {left}"
    return {"said": said, "wrong": False}


def _refused(error: InvalidInput, language: Language) -> dict[str, Any]:
    return {"said": sentence(error)(language), "wrong": True}


def _key(key: str, language: Language) -> dict[str, Any]:
    return {"said": texts(language)(key), "wrong": False}


def _choices(text: Text) -> list[tuple[str, str]]:
    named = [(text(f"pool.ours.{name}"), name) for name in pool.bundled()]
    return [(text("pool.fitting"), FITTING), *named, (text("pool.own"), OWN)]
