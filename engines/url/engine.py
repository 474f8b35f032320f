"""An engine behind a URL: any completions server in the manner of OpenAI's, on this machine or not.

Connecting finds out what the server can do. When it is lost, the host connects again, and finds out
again: another server may listen there by then.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from core.engine import Chunk, EngineInfo, Feature, Message, Sampling
from core.errors import (
    EngineDied,
    EngineError,
    EngineUnavailable,
    InvalidInput,
    ServerFailed,
)
from engines.host import LocalHost
from engines.meter import Meter
from engines.server.client import ServerEngine
from engines.server.connection import Connection
from engines.server.sse import parse, part
from engines.url.dialects import engine_at
from engines.url.faults import translated
from engines.url.trials import find_out

ANSWER_SECONDS = 30.0
# Requests may wait in a busy server's line, or for a long prompt to be read.
SILENCE_SECONDS = 300.0
_CHECK_SECONDS = 3.0
_HASTY_SECONDS = 5.0
_LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Place:
    """A server: the `root` of its paths, without `/v1`, and the `host` as it is shown.

    `key` is sent, and neither shown nor logged. Times are in seconds: `answer` for a short answer,
    `silence` between two pieces of a text.
    """

    root: str
    host: str
    key: str = ""
    answer: float = ANSWER_SECONDS
    silence: float = SILENCE_SECONDS

    def __repr__(self) -> str:
        return f"Place({self.host})"

    def connection(self) -> Connection:
        """A new connection to it."""
        local = urlsplit(self.root).hostname in _LOCAL
        return Connection(
            self.root,
            self.key,
            local=local,
            silence_seconds=self.silence,
            answer_seconds=self.answer,
        )


def place(url: str, key: str = "") -> Place:
    """The server at `url`, such as http://host:8000/v1.

    Raises InvalidInput for what is no such address, or holds a secret: that would be shown.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInput("engine_url", given=url[:80]) from error
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidInput("engine_url", given=url[:80])
    if parts.username or parts.password or parts.query:
        raise InvalidInput("engine_url_secret", host=host)
    key = key.strip()
    if not (key.isascii() and key.isprintable()) or " " in key:  # No header can carry it.
        raise InvalidInput("engine_key")
    shown = f"{host}:{port}" if port else host
    root = url.rstrip("/").removesuffix("/v1")
    return Place(root, shown, key)


def at_url(server: Place, model: str = "", lacks: Mapping[Feature, str] | None = None) -> LocalHost:
    """A host for the `model` of that name at `server`, or for the first one there. `lacks`: what
    is known already of what it cannot do."""
    cannot = dict(lacks or {})

    async def start(_path: Path) -> UrlEngine:
        engine = await UrlEngine.connect(server, model)
        cannot.clear()
        cannot.update(engine.info.cannot)
        return engine

    # Nothing has to be fetched.
    return LocalHost(
        model or server.host,
        lambda *_: Path(),
        start,
        engine=server.host,
        cannot=cannot,
        lists=True,
    )


async def what_it_lacks(server: Place, model: str = "") -> Mapping[Feature, str]:
    """What the server cannot do. Raises EngineError where it cannot be asked, or not soon."""
    hasty = replace(server, answer=_HASTY_SECONDS, silence=_HASTY_SECONDS)
    engine = await UrlEngine.connect(hasty, model)
    await engine.close()
    return engine.info.cannot


class UrlEngine:
    """Made by `connect`, ended by `close`, or when the server is lost."""

    def __init__(self, server: ServerEngine, at: Place) -> None:
        self.log = ""
        self._server = server
        self._at = at
        self._lost = asyncio.Event()

    @classmethod
    async def connect(cls, at: Place, model: str = "") -> "UrlEngine":
        """Ask the server what it is, and try what it can do.

        Raises EngineUnavailable where it is not there, is no such server, or has no such model, and
        EngineError where it refuses.
        """
        connection = at.connection()
        try:
            server = await engine_at(connection, at.host, model)
            await find_out(server)
        except EngineError as error:
            await connection.close()
            raise _at_connecting(translated(error, at.host, at.key), at.host) from error
        except BaseException:
            await connection.close()
            raise
        return cls(server, at)

    @property
    def info(self) -> EngineInfo:
        """What it is and what it cannot do."""
        return self._server.info

    @property
    def meter(self) -> Meter:
        """What it makes for us."""
        return self._server.meter

    @property
    def alive(self) -> bool:
        """Whether the server was there when it was last asked."""
        return not self._lost.is_set()

    @property
    def memory(self) -> int:
        """0: the server does not tell."""
        return 0

    async def ended(self) -> None:
        """Wait until the server is lost."""
        await self._lost.wait()

    async def close(self) -> None:
        """Let go of the server."""
        self._lost.set()
        await self._server.close()

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        """As core.engine.Engine.render."""
        try:
            return await self._server.render(messages, prefill)
        except EngineError as error:
            raise await self._fault(error) from error

    async def count(self, text: str) -> int:
        """As core.engine.Engine.count."""
        try:
            return await self._server.count(text)
        except EngineError as error:
            raise await self._fault(error) from error

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        """As core.engine.Engine.stream. Errors are about the server at its address."""
        try:
            async with aclosing(self._server.stream(prompt, sampling, n)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except EngineError as error:
            raise await self._fault(error, sampling.max_tokens) from error

    async def _fault(self, error: EngineError, max_tokens: int = 0) -> EngineError:
        """The error to raise; whether the server is lost is known before it is raised, so that who
        asks anew meets the next one."""
        if isinstance(error, EngineDied | EngineUnavailable) and not await self._answers():
            self._lost.set()
        return translated(error, self._at.host, self._at.key, max_tokens)

    async def _answers(self) -> bool:
        """Whether the server still says that it has this model: others may be served well."""
        connection = replace(self._at, answer=_CHECK_SECONDS).connection()
        try:
            listed = part(parse(await connection.get("/v1/models")), "data", list)
            return any(part(one, "id", str).endswith(self.info.model) for one in listed)
        except EngineError:
            return False
        finally:
            await connection.close()


def _at_connecting(error: EngineError, host: str) -> EngineError:
    """Before anything was made, a server that answers in another way is another kind of server."""
    if error.code == "engine_refused":
        return EngineUnavailable("server_other", host=host, reason=str(error.fields["message"]))
    if isinstance(error, ServerFailed) and error.code != "server_silent":
        return EngineUnavailable("server_other", host=host, reason=str(error.fields["reason"]))
    return error
