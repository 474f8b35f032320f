"""A strategy's settings: a frozen dataclass whose field metadata draws and checks its controls."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import InvalidInput
from core.question import is_encodable

MAX_TEXT = 2_000

P = TypeVar("P")

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Spec:
    """How one setting is drawn and checked.

    `low`, `high`, `step` bound a number. `options` is a closed list, or with `open` a list of
    proposals beside which one may write one's own. `paper` is the paper's own value, as text.
    `needs` names the engine feature without which the control is disabled. `more`: it is rarely
    changed, and drawn in a fold. A value that is neither number nor text has an `editor` of its own
    on the page, `read` makes it of what was given and raises InvalidInput, and `plain` makes of
    it what stands in a recording, if it is not to stand there whole.
    """

    name: str
    default: Any
    low: float | None = None
    high: float | None = None
    step: float | None = None
    options: tuple[str, ...] = ()
    open: bool = False
    paper: str = ""
    needs: str = ""
    more: bool = False
    editor: str = ""
    read: Callable[[Any], Any] | None = None
    plain: Callable[[Any], Any] | None = None


def param(default: Any, **spec: Any) -> Any:
    """A field of a Params dataclass, with the arguments of `Spec` as its metadata."""
    return dataclasses.field(default=default, metadata=spec)


def specs(params: type) -> tuple[Spec, ...]:
    """The settings of a Params class, in order."""
    return tuple(Spec(f.name, f.default, **f.metadata) for f in dataclasses.fields(params))


def recorded(params: Any) -> dict[str, Any]:
    """The settings as plain data, as they stand in a recording."""
    plain = dataclasses.asdict(params)
    made = {spec.name: spec.plain for spec in specs(type(params)) if spec.plain}
    return plain | {name: make(getattr(params, name)) for name, make in made.items()}


def build(params: type[P], values: Mapping[str, Any]) -> P:
    """Check `values` (strings are read, as from a command line) and make the Params.

    Raises InvalidInput that names the setting, what was given and what is allowed.
    """
    known = {spec.name: spec for spec in specs(params)}
    for name in values:
        if name not in known:
            raise InvalidInput("param_unknown", name=name, known=", ".join(known))
    return params(**{name: _checked(known[name], value) for name, value in values.items()})


def _checked(spec: Spec, value: Any) -> Any:
    if spec.read is not None:
        return spec.read(value)
    if isinstance(spec.default, bool):
        return _boolean(spec, value)
    if isinstance(spec.default, int):
        return int(_number(spec, value, whole=True))
    if isinstance(spec.default, float):
        return _number(spec, value, whole=False)
    return _text(spec, value)


def _boolean(spec: Spec, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise InvalidInput("param_choice", name=spec.name, given=str(value)[:80], allowed="true, false")


def _number(spec: Spec, value: Any, *, whole: bool) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    low, high = spec.low, spec.high
    inside = (low is None or number >= low) and (high is None or number <= high)
    if not math.isfinite(number) or (whole and number != int(number)) or not inside:
        raise InvalidInput(
            "param_whole" if whole else "param_range",
            name=spec.name,
            given=str(value)[:80],
            low="−∞" if low is None else f"{low:g}",
            high="∞" if high is None else f"{high:g}",
        )
    return number


def _text(spec: Spec, value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidInput("param_text", name=spec.name, limit=MAX_TEXT)
    if spec.options and not spec.open and value not in spec.options:
        allowed = ", ".join(spec.options)
        raise InvalidInput("param_choice", name=spec.name, given=value[:80], allowed=allowed)
    if not value.strip() or not is_encodable(value):
        raise InvalidInput("param_empty", name=spec.name)
    return value
