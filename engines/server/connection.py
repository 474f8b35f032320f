"""HTTP to a completions server: one question and one answer, or a stream of events, or an error."""

import os
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

import httpx

from core.errors import EngineDied, EngineError, EngineUnavailable
from engines.server.gathering import gathered
from engines.server.sse import MAX_REASON, Events, Object, error_message, parse, shown

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
# A slow processor says nothing while it reads a long prompt.
SILENCE_SECONDS = 600.0
MAX_ANSWER_BYTES = 64 << 20


class ServerSilent(EngineDied):
    """The server was silent for too long."""


class Connection:
    """Asks the server at `url`. With `local`, no proxy of the environment comes between.

    `silence_seconds` is the longest time between two pieces of a stream, `answer_seconds` that
    within a short answer. All methods raise
    EngineUnavailable ("engine_unreachable", or "engine_closed" after `close`), EngineError
    ("engine_refused") for an answer that is not 200, and EngineDied when an answer breaks off.
    """

    def __init__(
        self,
        url: str,
        api_key: str = "",
        *,
        local: bool = False,
        silence_seconds: float = SILENCE_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._silence_seconds = silence_seconds
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            # Each request has a connection of its own: llama.cpp drops reused ones now and then.
            limits=httpx.Limits(max_keepalive_connections=0, max_connections=None),
            trust_env=not local,
            verify=_authorities() if local else True,
        )

    async def close(self) -> None:
        """Break off whatever goes on."""
        await self._client.aclose()

    async def get(self, path: str) -> bytes:
        """The answer to a GET."""
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: Object) -> Object:
        """The JSON object that answers a POST."""
        return parse(await self._ask("POST", path, body))

    async def events(self, path: str, body: Object) -> AsyncGenerator[Object, None]:
        """The events of a stream. Closing the generator hangs up, which ends the server's work."""
        timeout = httpx.Timeout(CONNECT_SECONDS, read=self._silence_seconds)
        events = Events()
        with self._errors():
            async with self._client.stream("POST", path, json=body, timeout=timeout) as response:
                if response.status_code != httpx.codes.OK:
                    raise _refusal(response.status_code, await _body(response))
                async with aclosing(gathered(response.aiter_bytes())) as blocks:
                    async for block in blocks:
                        for event in events.feed(block):
                            yield event

    async def _ask(self, method: str, path: str, body: Object | None) -> bytes:
        timeout = httpx.Timeout(CONNECT_SECONDS, read=self._answer_seconds)
        with self._errors():
            async with self._client.stream(method, path, json=body, timeout=timeout) as response:
                answer = await _body(response)
        if response.status_code != httpx.codes.OK:
            raise _refusal(response.status_code, answer)
        return answer

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What goes wrong below HTTP, in our words."""
        if self._client.is_closed:
            raise EngineUnavailable("engine_closed")
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise EngineUnavailable("engine_unreachable", reason=_reason(error)) from error
        except httpx.ReadTimeout as error:
            raise ServerSilent("the server was silent for too long") from error
        except httpx.RequestError as error:
            raise EngineDied(_reason(error)) from error


def _authorities() -> ssl.SSLContext | bool:
    """Those of SSL_CERT_FILE, if that is set: it counts also where the environment's proxies do
    not. Otherwise the usual ones."""
    file = os.environ.get("SSL_CERT_FILE")
    return ssl.create_default_context(cafile=file) if file else True


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for block in response.aiter_bytes():
        body += block
        if len(body) > MAX_ANSWER_BYTES:
            raise EngineDied(f"the server's answer is longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _refusal(status: int, answer: bytes) -> EngineError:
    try:
        message = error_message(parse(answer))
    except EngineDied:  # No JSON: a proxy's page, or plain words.
        message = shown(answer)
    return EngineError("engine_refused", status=status, message=message[:MAX_REASON])


def _reason(error: httpx.RequestError) -> str:
    return (str(error) or type(error).__name__)[:MAX_REASON]
