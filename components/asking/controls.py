"""A strategy's controls, drawn from its Params: a new strategy needs no code here."""

import math
from collections.abc import Mapping
from typing import Any

import gradio as gr

from components.localize import Localizer
from components.texts import Text, known
from core.params import Spec


def control(
    localizer: Localizer, strategy: str, spec: Spec, cannot: Mapping[Any, str] | None = None
) -> Any:
    """The control of one setting. Where the engine `cannot` do it, by its key of the reason, the
    control is disabled and says so; that is looked at whenever its words are."""

    def words(text: Text) -> dict[str, Any]:
        missing = (cannot or {}).get(spec.needs, "")
        said: dict[str, Any] = {"label": _own(text, "param", strategy, spec.name)}
        said["interactive"] = not missing
        info = [_own_info(text, spec), _paper(text, spec), text(missing) if missing else ""]
        if any(info):
            said["info"] = " ".join(part for part in info if part)
        if spec.options:
            said["choices"] = [(_option(text, spec, option), option) for option in spec.options]
        return said

    kind, own = _kind(spec)
    made = localizer.make(kind, words, value=spec.default, **own)
    # Values are checked by us, in words that name what is refused; Gradio's own check says it in
    # English and does not name it.
    made.preprocess = _as_it_is
    return made


def bounded(value: Any, low: float, high: float) -> float:
    """A number that came unchecked, within its bounds; what is none is the lower one."""
    number = value if isinstance(value, int | float) and math.isfinite(value) else low
    return min(max(number, low), high)


def _kind(spec: Spec) -> tuple[Any, dict[str, Any]]:
    """The Gradio component for a setting, and its own arguments."""
    if isinstance(spec.default, bool):
        return gr.Checkbox, {}
    if spec.options:
        return gr.Dropdown, {"allow_custom_value": spec.open}
    if isinstance(spec.default, int | float):
        return gr.Slider, {"minimum": spec.low, "maximum": spec.high, "step": spec.step}
    return gr.Textbox, {}


def _as_it_is(payload: Any) -> Any:
    return payload


def _own(text: Text, family: str, strategy: str, name: str) -> str:
    """The strategy's own string where it has one, otherwise the common one."""
    own = f"{family}.{strategy}.{name}"
    return text(own if known(own) else f"{family}.{name}")


def _own_info(text: Text, spec: Spec) -> str:
    key = f"param.{spec.name}.info"
    return text(key) if known(key) else ""


def _option(text: Text, spec: Spec, option: str) -> str:
    return text(f"option.{spec.name}.{option}")


def _paper(text: Text, spec: Spec) -> str:
    """ "Paper: 40" """
    if not spec.paper:
        return ""
    value = _option(text, spec, spec.paper) if spec.paper in spec.options else spec.paper
    return text("param.paper", value=value)
