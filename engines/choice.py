"""Which engine there is to be: the kinds there are, what each needs, and which one is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from core.engine import URL, EngineOption
from core.errors import InvalidInput, ThoughtscopeError
from engines.host import LocalHost
from engines.in_process.engine import missing_libraries
from engines.in_process.host import in_process
from engines.in_process.zerogpu import DEFAULT as ON_ZEROGPU
from engines.in_process.zerogpu import here as on_zerogpu
from engines.llamacpp.host import embedded
from engines.models.catalogue import CATALOGUE, DEFAULT

Missing = Callable[[], ThoughtscopeError | None]
"""Why a kind of engine cannot be had here, or None."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of engine: how its host is made of a model's name, and what it lacks here."""

    name: str
    host: Callable[[str], LocalHost]
    models: Callable[[], tuple[str, ...]]
    missing: Missing = lambda: None

    def make(self, model: str | None) -> LocalHost:
        """A host for `model`, or for the one that this kind takes by itself. Raises ModelError."""
        return self.host(model or self.models()[0])

    @property
    def option(self) -> EngineOption:
        """As the page shows it."""
        lacking = self.missing()
        missing = lacking.as_dict() if lacking else None
        return EngineOption(self.name, self.models(), missing=missing)


def _catalogue() -> tuple[str, ...]:
    return (DEFAULT, *(name for name in CATALOGUE if name != DEFAULT))


def _for_transformers() -> tuple[str, ...]:
    return (ON_ZEROGPU, *_catalogue()) if on_zerogpu() else _catalogue()


LLAMACPP = Kind("llama.cpp", embedded, _catalogue)
TRANSFORMERS = Kind("transformers", in_process, _for_transformers, missing_libraries)
KINDS = {kind.name: kind for kind in (LLAMACPP, TRANSFORMERS)}


@dataclass(frozen=True, slots=True)
class Choice:
    """The kind of engine that is taken, and the key of the reason."""

    kind: str
    why: str


def choose(asked: str | None) -> Choice:
    """The engine for what `--engine` says, or the best that can be had here.

    An address is of the kind URL. Raises InvalidInput ("engine_unknown") for any other word, and
    what is missing for a kind that cannot be had here: what was asked for is not replaced.
    """
    if asked is None:
        return _best()
    if "://" in asked:
        return Choice(URL, "choice.asked")
    if asked not in KINDS:
        raise InvalidInput("engine_unknown", given=asked[:80], known=", ".join(KINDS))
    if (lacking := KINDS[asked].missing()) is not None:
        raise lacking
    return Choice(asked, "choice.asked")


def _best() -> Choice:
    if on_zerogpu():
        return Choice(TRANSFORMERS.name, "choice.zerogpu")
    return Choice(LLAMACPP.name, "choice.no_gpu")
