"""What of the form is no plain control: exemplars, demonstrations, a pool of questions, and the
prompt as the model will see it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from components.asking.exemplars import EDITORS, as_value, editor_data, editor_view
from components.asking.pools import Pools
from components.asking.preview import preview_view, prompt_data
from components.frame import frame, frame_view
from components.listening import QUIET
from components.localize import Localizer
from components.sessions import Notice, Session, Sessions, sentence
from components.texts import texts
from components.uploads import first_bytes
from core import exemplars
from core.errors import InvalidInput
from core.exemplars import ExemplarSet
from core.params import specs
from core.strategy import Strategy

POOL = "pool"
OPEN_FOR = {"exemplars": ("few_shot_cot",)}
"""Strategies that are about what an editor edits; for others its fold is closed at first."""


class Editors:
    """Each editor is there once, and serves all strategies that have a setting of its kind."""

    def __init__(
        self, localizer: Localizer, strategies: Mapping[str, Strategy], first: str
    ) -> None:
        self._localizer = localizer
        self._settings = {name: _edited(strategy) for name, strategy in strategies.items()}
        self.frame = frame_view("form")
        self.sets: dict[str, Any] = {}
        self.uploads: dict[str, Any] = {}
        self._folds: dict[str, Any] = {}
        with self._fold(POOL, first):
            self.pools = Pools(localizer)
        for editor in EDITORS:
            with self._fold(editor, first):
                self._build_editor(editor)
        with self._fold("prompt", first):
            self.prompt = preview_view(elem_id="form-prompt")

    @property
    def strategies(self) -> list[str]:
        """Those that have something to be edited here."""
        return [name for name, settings in self._settings.items() if settings]

    @property
    def inputs(self) -> list[Any]:
        """The components that `read` reads, in its order."""
        return [*self.sets.values(), *self.pools.inputs]

    @property
    def folds(self) -> list[Any]:
        """The components that `shown` updates, in its order."""
        return list(self._folds.values())

    @property
    def changes(self) -> list[Any]:
        """The events by which the prompt may become another one, or be refused."""
        return [edited.change for edited in self.inputs]

    def of(self, strategy: str) -> Mapping[str, str]:
        """A strategy's settings that are sets of exemplars, by their editors."""
        settings = self._settings.get(strategy, {})
        return {editor: name for editor, name in settings.items() if editor in EDITORS}

    def read(self, strategy: str, values: Sequence[Any]) -> dict[str, Any]:
        """A strategy's settings that are edited here. Raises InvalidInput for the pool."""
        *sets, choice, text = values
        params = dict(zip(EDITORS, sets, strict=True))
        settings = self._settings[strategy]
        read = {name: params[editor] for editor, name in settings.items() if editor in EDITORS}
        if POOL in settings:
            read[settings[POOL]] = self.pools.read(choice, text)
        return read

    def shown(self, strategy: str) -> list[Any]:
        """The folds that a strategy needs; those that it is about are open."""
        return [gr.update(**self._fold_of(fold, strategy)) for fold in self._folds]

    def render(self, session: Session) -> Any:
        """The frame."""
        text, preview, language = texts(session.language), session.preview, session.language
        drawn = {editor: editor_data(editor, preview, text, language) for editor in EDITORS}
        told = {POOL: session.pool(language)}
        return frame(drawn | told | {"prompt": prompt_data(preview, text, language)})

    def bind(self, stage: Any, sessions: Sessions) -> None:
        """Listen; `stage` shows what is wrong with a file."""
        self.pools.bind(sessions, self.render, self.frame)
        for editor, upload in self.uploads.items():
            put = [self.sets[editor], upload, *stage.outputs]
            upload.upload(_taking(stage, sessions), upload, put, **QUIET)

    def _build_editor(self, editor: str) -> None:
        self.sets[editor] = editor_view(editor, elem_id=f"form-{editor}")
        self.uploads[editor] = self._localizer.make(
            gr.UploadButton,
            lambda t: {"label": t("exemplars.load")},
            file_types=[".json"],
            size="sm",
            elem_id=f"{editor}-load",
        )

    def _fold(self, fold: str, strategy: str) -> Any:
        made = self._localizer.make(
            gr.Accordion,
            lambda t: {"label": t(f"explore.{fold}")},
            elem_id=f"{fold}-fold",
            **self._fold_of(fold, strategy),
        )
        self._folds[fold] = made
        return made

    def _fold_of(self, fold: str, strategy: str) -> dict[str, Any]:
        settings = self._settings.get(strategy, {})
        if fold == "prompt":
            return {"visible": bool(self.of(strategy)), "open": False}
        about = OPEN_FOR.get(fold)
        return {"visible": fold in settings, "open": about is None or strategy in about}


def changed(demonstrations: ExemplarSet | None, edited: Any) -> Any:
    """An update that puts a run's demonstrations into their editor, if they are others."""
    if demonstrations is None or demonstrations == edited:
        return gr.skip()
    return as_value(demonstrations)


def _taking(stage: Any, sessions: Sessions) -> Any:
    """Puts a file's set into an editor; one that is refused leaves there what is there."""

    async def take(path: str, request: gr.Request) -> list[Any]:
        session = sessions.of(request)
        try:
            value = as_value(exemplars.load(first_bytes(Path(path), exemplars.MAX_BYTES)))
            session.explore.notice = None
        except InvalidInput as error:
            session.explore.notice, value = Notice(sentence(error), "error"), gr.skip()
        return [value, None, *stage.render(session.explore, session.language)]

    return take


def _edited(strategy: Strategy) -> dict[str, str]:
    """The strategy's settings that have editors, by editor."""
    return {spec.editor: spec.name for spec in specs(strategy.params) if spec.editor}
