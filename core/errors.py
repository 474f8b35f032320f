"""Every error that a person can meet, in one place.

    ThoughtscopeError
    ├── InvalidInput          a question, parameter or option is refused
    │   └── InvalidRecording  an uploaded recording is refused, with its line
    ├── EngineError           the engine could not make text
    │   ├── EngineUnavailable it is not there, or not yet
    │   ├── EngineDied        it stopped in the middle of its work
    │   ├── ServerFailed      a server that is not ours answered late, half, or in no way known
    │   └── ContextOverflow   the prompt does not fit
    ├── ModelError            a model file could not be had or trusted
    ├── HostingError          the app could not be put where others can use it
    └── LimitReached          a person has had what this host allows each

An error carries a `code`, which names its sentence in the string tables (`error.<code>`),
and `fields`, which fill the sentence's blanks. So it is shown in the reader's language, also
when it is replayed from a recording.
"""

from collections.abc import Mapping

Field = str | int | float


class ThoughtscopeError(Exception):
    """Base of all errors shown to people."""

    def __init__(self, code: str, **fields: Field) -> None:
        self.code = code
        self.fields: Mapping[str, Field] = fields
        detail = ", ".join(f"{name}={value}" for name, value in fields.items())
        super().__init__(f"{code}: {detail}" if detail else code)

    def as_dict(self) -> dict[str, object]:
        """`{"code": str, "fields": {...}}`, as it stands in an Ended event."""
        return {"code": self.code, "fields": dict(self.fields)}


class InvalidInput(ThoughtscopeError):
    """A question, parameter or option is refused; nothing was run."""


class InvalidRecording(InvalidInput):
    """A recording is refused. `fields["line"]` counts from 1."""

    def __init__(self, code: str, line: int, **fields: Field) -> None:
        super().__init__(code, line=line, **fields)


class EngineError(ThoughtscopeError):
    """The engine could not make text."""


class EngineUnavailable(EngineError):
    """No engine is there to ask, or not yet."""


class EngineDied(EngineError):
    """The engine stopped in the middle of its work."""

    def __init__(self, reason: str = "") -> None:
        super().__init__("engine_died", reason=reason)


class ServerFailed(EngineError):
    """A server that is not ours broke off, fell silent, or sent what cannot be read."""


class ContextOverflow(EngineError):
    """The prompt has `tokens` tokens, and `limit` fit beside the text to be made."""

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__("context_overflow", tokens=tokens, limit=limit)


class ModelError(ThoughtscopeError):
    """A model file could not be had, or could not be trusted."""


class HostingError(ThoughtscopeError):
    """The app could not be put where others can use it."""


class LimitReached(ThoughtscopeError):
    """A person has had what this host allows each; what was made is kept."""
