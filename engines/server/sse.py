"""The wire: server-sent events whose data are JSON objects, and reading their parts with care."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

from core.errors import EngineDied

MAX_LINE_BYTES = 1 << 20
MAX_REASON = 300

T = TypeVar("T")
Object = dict[str, Any]


class ServerGarbled(EngineDied):
    """What the server sent cannot be read."""


class Events:
    """Cuts a stream of bytes into events: `data: {…}` lines, the last one `data: [DONE]`.

    Lines end with a line feed only. (httpx's own line reader also cuts at U+2028 and U+0085, which
    stand unescaped in the JSON of llama.cpp.)
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes) -> Iterator[Object]:
        """The events that `block` completes. Raises EngineDied at an error, or at rubbish."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        for line in lines:
            if (event := _event(line.strip())) is not None:
                yield event
        if len(self._rest) > MAX_LINE_BYTES:
            raise ServerGarbled("the server sent a line without an end")


def _event(line: bytes) -> Object | None:
    if not line or line.startswith((b":", b"event:", b"id:", b"retry:")):
        return None
    if not line.startswith(b"data:"):
        raise ServerGarbled(f"the server sent what is no event: {shown(line)}")
    data = line[5:].lstrip()
    if data == b"[DONE]":
        return None
    event = parse(data)
    if "error" in event:
        raise EngineDied(error_message(event))
    return event


def parse(data: bytes) -> Object:
    """A JSON object. Raises EngineDied where it is none, also for NaN and Infinity."""
    try:
        value = _DECODER.decode(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ServerGarbled(f"the server sent broken JSON: {shown(data)}") from error
    if not isinstance(value, dict):
        raise ServerGarbled(f"the server sent no JSON object: {shown(data)}")
    return value


def part(whole: object, name: str, kind: type[T]) -> T:
    """`whole[name]`, which has to be of this type. Raises EngineDied where it is not."""
    value = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(value, kind):
        raise ServerGarbled(f"the server's answer has no {name} of type {kind.__name__}")
    return value


def error_message(answer: Object) -> str:
    """What an answer with an "error" says, in at most 300 characters."""
    error = answer.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    return str(message)[:MAX_REASON]


def shown(data: bytes) -> str:
    """The beginning of `data`, for people."""
    return data[:MAX_REASON].decode("utf-8", "replace").strip()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Made once: json.loads with an option makes one at each call, which takes longer than the reading.
_DECODER = json.JSONDecoder(parse_constant=_refuse)
