"""What goes wrong with a server that is not ours, as errors that say so in the reader's words."""

import re
import ssl

from core.errors import (
    ContextOverflow,
    EngineDied,
    EngineError,
    EngineUnavailable,
    Field,
    ServerFailed,
)
from engines.server.connection import ServerSilent
from engines.server.sse import ServerGarbled

# OpenAI's sentence, vLLM's and llama.cpp's.
_OVERFLOWS = (
    (r"maximum context length is (\d+) tokens.*?(\d+) (?:in (?:your prompt|the messages))", 1, 2),
    (r"maximum context length is (\d+) tokens.*?(\d+) input tokens", 1, 2),
    (r"\((\d+) tokens\) exceeds the available context size \((\d+) tokens\)", 2, 1),
)
_BUSY, _TOO_LARGE = 429, 413


def translated(error: EngineError, host: str, key: str, max_tokens: int = 0) -> EngineError:
    """`error`, as one about the server at `host`; `key` is in no field of it."""
    fields = {name: _without(value, key) for name, value in error.fields.items()}
    if error.code == "engine_refused":
        return _refused(host, max_tokens, **fields)
    if isinstance(error, ServerSilent):
        return ServerFailed("server_silent", host=host)
    if isinstance(error, ServerGarbled):
        return ServerFailed("server_garbled", host=host, reason=fields["reason"])
    if isinstance(error, EngineDied):
        return ServerFailed("server_broke_off", host=host, reason=fields.get("reason", ""))
    if error.code == "engine_unreachable":
        return _unreachable(error, host, fields["reason"])
    return error


def _refused(host: str, max_tokens: int, status: Field, message: Field) -> EngineError:
    if status in (401, 403):
        return EngineError("server_key", host=host, status=status)
    if status == _BUSY:
        return EngineError("server_busy", host=host, message=message)
    if isinstance(status, int) and status >= 500:
        return EngineError("server_failed", host=host, status=status, message=message)
    if status in (400, _TOO_LARGE) and (overflow := _overflow(str(message), max_tokens)):
        return overflow
    return EngineError("engine_refused", status=status, message=message)


def _overflow(message: str, max_tokens: int) -> ContextOverflow | None:
    """Both counts of a prompt that does not fit, where the message is about that."""
    for pattern, context, tokens in _OVERFLOWS:
        if found := re.search(pattern, message):
            limit = max(0, int(found[context]) - max_tokens)
            return ContextOverflow(int(found[tokens]), limit)
    return None


def _unreachable(error: EngineError, host: str, reason: Field) -> EngineUnavailable:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return EngineUnavailable("server_certificate", host=host, reason=reason)
        cause = cause.__cause__ or cause.__context__
    return EngineUnavailable("server_unreachable", host=host, reason=reason)


def _without(value: Field, key: str) -> Field:
    return value.replace(key, "…") if key and isinstance(value, str) else value
