"""A run as a file: JSON Lines, a header and then one event a line, with its time.

    {"thoughtscope":1,"version":"0.1.0","date":"2026-11-22T09:30:00+00:00","check":"…"}
    {"t":0.0,"started":{…},"check":"…"}
    {"t":0.31,"delta":{"node":"0.0","text":" First","tokens":1,"logprob":-0.2},"check":"…"}

The second line says what was run, and on which model and engine; the last one is `ended`.
`check` is the CRC-32 of all lines up to and with its own, itself left out: a line that was cut,
lost or changed by hand is found and named. It guards against accidents, not against forgery.
A file from outside is untrusted: bounded in size, checked against the schema, refused by line.
"""

import dataclasses
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from core import VERSION
from core.errors import InvalidRecording
from core.events import EVENT_TYPES, Event, Started
from core.trace import Trace

SCHEMA = 1
MAX_BYTES = 12_000_000  # 40 paths of 2,048 tokens, each told by itself, are 9 million
MAX_LINES = 100_000
MAX_SECONDS = 86_400.0

Timed = tuple[float, Event]

_LINE = re.compile(rb'(\{.*),"check":"([0-9a-f]{8})"\}', re.DOTALL)


def _whole(digits: str) -> int:
    """A whole number that a float can hold; a larger one would stop arithmetic later on."""
    if len(digits) > 20:
        raise ValueError("a whole number of more than 20 characters")
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_whole)
_ENCODER = json.JSONEncoder(allow_nan=False)
_NO_MORE = with_config(ConfigDict(extra="forbid"))
_EVENTS: dict[str, TypeAdapter[Event]] = {
    name: TypeAdapter(_NO_MORE(kind)) for name, kind in EVENT_TYPES.items()
}


class Header(BaseModel):
    """The first line: schema version, software version and the date of the run."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    thoughtscope: int
    version: Annotated[str, Field(max_length=40)]
    date: Annotated[str, Field(max_length=40)]


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished run, checked."""

    header: Header
    events: tuple[Timed, ...]

    @property
    def started(self) -> Started:
        """What was run, on what."""
        started = self.events[0][1]
        assert isinstance(started, Started)
        return started

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return self.events[-1][0]

    def trace(self) -> Trace:
        """The run at its end."""
        return Playback(self).seek(self.seconds)


class Playback:
    """A recording at some moment. Going on costs only the events between; going back, all."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.trace = Trace()
        self._next = 0

    def seek(self, seconds: float) -> Trace:
        """The run as it stood `seconds` after it began; the same trace while time goes on."""
        events = self.recording.events
        if seconds < self.trace.seconds:
            self.trace, self._next = Trace(), 0
        while self._next < len(events) and events[self._next][0] <= seconds:
            self.trace.apply(*events[self._next])
            self._next += 1
        return self.trace


def write(events: Iterable[Timed], date: datetime | None = None) -> str:
    """The file of a run: its text, one line an event."""
    when = (date or datetime.now(UTC)).isoformat(timespec="seconds")
    lines: list[dict[str, Any]] = [{"thoughtscope": SCHEMA, "version": VERSION, "date": when}]
    lines += [{"t": time, _name(event): _brief(event)} for time, event in events]
    check, written = 0, []
    for line in lines:
        body = json.dumps(
            line, ensure_ascii=False, separators=(",", ":"), default=dataclasses.asdict
        )[:-1]
        check = zlib.crc32(body.encode(), check)
        written.append(f'{body},"check":"{check:08x}"}}\n')
    return "".join(written)


def read(content: bytes) -> Recording:
    """Check a file and take it in. Raises InvalidRecording, which names the line."""
    if len(content) > MAX_BYTES:
        raise InvalidRecording("recording_large", 0, bytes=len(content), limit=MAX_BYTES)
    lines = content.removesuffix(b"\n").split(b"\n")
    if len(lines) > MAX_LINES:
        raise InvalidRecording("recording_long", MAX_LINES + 1, limit=MAX_LINES)
    bodies = list(_checked(lines))
    header = _header(bodies[0])
    trace, events = Trace(), []
    for number, body in enumerate(bodies[1:], start=2):
        time, event = _event(body, number)
        try:
            trace.apply(time, event)
        except ValueError as error:
            raise InvalidRecording("recording_order", number, reason=str(error)) from error
        events.append((time, event))
    if trace.ended is None:
        raise InvalidRecording("recording_truncated", len(lines))
    return Recording(header, tuple(events))


def _checked(lines: list[bytes]) -> Iterator[bytes]:
    """The lines without their checks, each of which has held; a BOM or CRLF is a change too."""
    check = 0
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            code = "recording_truncated" if number == len(lines) > 1 else "recording_syntax"
            raise InvalidRecording(code, number)
        check = zlib.crc32(match[1], check)
        if int(match[2], 16) != check:
            raise InvalidRecording("recording_changed", number)
        yield match[1] + b"}"


def _header(body: bytes) -> Header:
    try:
        header = Header.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRecording("recording_schema", 1, reason=_first(error)) from error
    if header.thoughtscope != SCHEMA:
        raise InvalidRecording("recording_version", 1, found=header.thoughtscope, known=SCHEMA)
    return header


def _event(body: bytes, number: int) -> Timed:
    try:
        line = _DECODER.decode(body.decode())
        time = line.pop("t")
        ((name, fields),) = line.items()
        adapter = _EVENTS[name]
        plain = _ENCODER.encode(fields)
    except (ValueError, KeyError, RecursionError) as error:
        raise InvalidRecording("recording_syntax", number) from error
    if type(time) not in (int, float) or not 0 <= time <= MAX_SECONDS:
        raise InvalidRecording("recording_schema", number, reason="t")
    try:
        return float(time), adapter.validate_json(plain, strict=True)
    except ValidationError as error:
        raise InvalidRecording("recording_schema", number, reason=_first(error)) from error


def _first(error: ValidationError) -> str:
    """The first complaint, by place and kind; never the hostile value itself."""
    complaint = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, complaint['loc']))}: {complaint['type']}"[:120]


def _name(event: Event) -> str:
    return type(event).__name__.lower()


def _brief(event: Event) -> dict[str, Any]:
    """The event's fields, without those that have their default."""
    return {
        f.name: value
        for f in dataclasses.fields(event)
        if (value := getattr(event, f.name)) != f.default
    }
