"""A run without a page: progress to stderr, only the answer to stdout."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from components.texts import error_text
from components.uploads import first_bytes
from core import recording
from core.driver import Driver
from core.engine import Engine, EngineHost, EngineStatus
from core.errors import InvalidInput
from core.events import Answered, Closed, Event
from core.params import build
from core.pool import MAX_BYTES
from core.question import ask
from core.run import Run
from core.strategy import Strategy

ANSWERED, FAILED, NO_ANSWER = 0, 1, 3


async def run_in_console(
    host: EngineHost,
    strategy: Strategy,
    question: str,
    settings: list[str],
    *,
    seed: int,
    reference: str,
    record: Path | None,
) -> int:
    """Run once and return the exit code: 0 with an answer, 3 without one, 1 if it failed.

    Raises InvalidInput (wrong usage), ModelError and EngineError (no engine).
    """
    asked = ask(question)
    params: Any = build(strategy.params, _pairs(settings))
    if strategy.check is not None:
        strategy.check(asked, params)
    try:
        engine = await _ready(host)
        run = Run(engine, seed)
        run.listen(lambda _time, event: _progress(event))
        async for _trace in Driver(run, strategy, asked, params, reference).frames():
            pass
    finally:
        await host.close()
    if record is not None:
        await asyncio.to_thread(record.write_text, recording.write(run.events), encoding="utf-8")
    return _result(run)


def _pairs(settings: list[str]) -> dict[str, str]:
    """Settings by name; "name=@FILE" is what stands in a file. Raises InvalidInput."""
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InvalidInput("setting_form", given=setting[:80])
        pairs[name.strip()] = read_file(Path(value[1:])) if value.startswith("@") else value
    return pairs


def read_file(path: Path) -> str:
    """The text of a file that a setting is taken from. Raises InvalidInput."""
    try:
        return first_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("setting_file", path=str(path)[:200], reason=_why(error)) from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "UTF-8"


async def _ready(host: EngineHost) -> Engine:
    """The engine; says every second how far it is."""
    ready = asyncio.ensure_future(host.ready())
    said = ""
    while not ready.done():
        await asyncio.wait({ready}, timeout=1.0)
        now = _stage(host.status)
        if now != said and not ready.done():
            _say(now)
        said = now
    return ready.result()


def _stage(status: EngineStatus) -> str:
    if status.phase == "fetching" and status.total:
        percent = 100 * status.done // status.total
        return f"fetching {status.model} from {status.source}: {percent}%"
    return f"{status.phase} {status.model}"


def _progress(event: Event) -> None:
    match event:
        case Closed(node, finish):
            _say(f"{node} ended: {finish}")
        case Answered(node, extraction):
            _say(f"{node} answers: {extraction.value if extraction else '–'}")
        case _:
            pass


def _result(run: Run) -> int:
    ended, totals = run.trace.ended, run.trace.totals()
    assert ended is not None
    counted = "sampled" not in totals.uncounted
    tokens, rate = (totals.sampled, f"{totals.rate:.1f}") if counted else ("–", "–")
    _say(f"{tokens} tokens sampled in {totals.seconds:.1f} s ({rate} a second)")
    if ended.status == "answered":
        print(ended.answer)
        return ANSWERED
    if ended.status == "no_answer":
        return NO_ANSWER
    _say(error_text(ended.error, "en"))
    return FAILED


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
