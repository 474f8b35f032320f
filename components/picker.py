"""The engine picker: what else is possible here and what is not, and the switch."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from components.listening import QUIET
from components.localize import START, Localizer
from components.sessions import Session, Sessions
from components.texts import Language, Text, error_text, texts
from components.view import as_json, view
from core.engine import URL, EngineSwitch
from core.errors import EngineError, InvalidInput, ModelError

MAX_NAME = 300


class Picker:
    """In a fold below the badge. Where the app is `shared` by many, it says what there is: nobody
    can take the engine from the others."""

    def __init__(
        self, localizer: Localizer, sessions: Sessions, switch: EngineSwitch, shared: bool
    ) -> None:
        self._localizer = localizer
        self._sessions = sessions
        self._switch = switch
        self._shared = shared
        with localizer.make(
            gr.Accordion, lambda t: {"label": t("picker.title")}, open=False, elem_id="picker"
        ):
            if not shared:
                self._build()
            self.sheet = view("picker", self.said(START, None))

    def _build(self) -> None:
        make = self._localizer.make
        models = self._models(self._switch.kind)
        with gr.Row(elem_classes=["picker"]):
            self._kind = make(
                gr.Radio,
                self._kinds,
                value=self._switch.kind,
                elem_id="engine",
                elem_classes=["stacked"],
            )
            with gr.Column(scale=2):
                self._address = make(
                    gr.Textbox,
                    lambda t: {"label": t("picker.address"), "info": t("picker.address.info")},
                    placeholder="http://host:8000/v1",
                    visible=self._switch.kind == URL,
                    max_lines=1,
                    elem_id="address",
                )
                self._model = make(
                    gr.Dropdown,
                    lambda t: {"label": t("picker.model"), "info": t("picker.model.info")},
                    choices=models,
                    value=self._switch.model or (models[0] if models else ""),
                    allow_custom_value=True,
                    elem_id="model",
                )
                self._go = make(
                    gr.Button, lambda t: {"value": t("picker.go")}, size="sm", elem_id="switch"
                )

    def bind(self, words: list[Any], say: Callable[[Session], list[Any]]) -> None:
        """After a change all `words` are said anew, by `say`: another engine has other controls.
        `sheet` is to be one of them."""
        if self._shared:
            return
        self._kind.input(self._show, self._kind, [self._model, self._address], **QUIET)

        async def change(request: gr.Request, kind: str, model: Any, address: Any) -> list[Any]:
            session = self._sessions.of(request)
            session.refused = await self._change(kind, _name(model), _name(address))
            return say(session)

        asked = [self._kind, self._model, self._address]
        told: dict[str, Any] = {"show_progress_on": self._go, **QUIET}
        self._go.click(change, asked, words, **told)

    async def _show(self, kind: str) -> list[Any]:
        """The models that a kind of engine knows; an address for a server only."""
        models = self._models(kind)
        update = gr.update(choices=models, value=models[0] if models else "")
        return [update, gr.update(visible=kind == URL)]

    async def _change(self, kind: str, model: str, address: str) -> Mapping[str, object] | None:
        """Use another engine. What is wrong with what was asked is returned: nothing is changed."""
        try:
            await self._switch.change(kind, model, address, self._sessions.stop_all)
        except (InvalidInput, ModelError, EngineError) as error:
            return error.as_dict()
        return None

    def _models(self, kind: str) -> list[str]:
        return next((list(one.models) for one in self._switch.options() if one.kind == kind), [])

    def _kinds(self, text: Text) -> dict[str, Any]:
        possible = [option.kind for option in self._switch.options() if option.missing is None]
        named = [(text(f"engine.{kind}"), kind) for kind in possible]
        return {"label": text("picker.kind"), "choices": named}

    def said(self, language: Language, refused: Mapping[str, object] | None) -> str:
        """The value of `sheet`: what is not possible here, and what was refused."""
        missing = [one for one in self._switch.options() if one.missing]
        text = texts(language)
        data = {
            "refused": error_text(refused, language),
            "said": text("picker.shared" if self._shared else "picker.ends"),
            "label": text("picker.missing"),
            "missing": [
                [text(f"engine.{one.kind}"), error_text(one.missing, language)] for one in missing
            ],
        }
        return as_json(data)


def _name(given: Any) -> str:
    return str(given or "").strip()[:MAX_NAME]
