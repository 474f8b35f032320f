"""The same requests as the engine's own, straight to its server: what our client adds to them."""

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from core.engine import Engine, Sampling
from engines.server.client import ServerEngine
from engines.server.sse import Object
from engines.url.engine import UrlEngine


@dataclass(slots=True)
class Requests:
    """(path, body) of each request, in batches: those of one batch were made side by side, and one
    batch after the other."""

    batches: list[list[tuple[str, Object]]] = field(default_factory=list)
    running: int = 0


def server_behind(engine: Engine) -> ServerEngine | None:
    """The client of the engine's server; None where the engine is in this process."""
    if isinstance(engine, UrlEngine):
        return engine._server
    return engine if isinstance(engine, ServerEngine) else None


async def overhead(
    engine: Engine, prompt: str, sampling: Sampling, n: int, rounds: int
) -> list[float]:
    """Wall time of `engine.stream` over that of the same requests sent raw, in pairs; every other
    pair begins with the raw ones. Empty where there is no server."""
    server = server_behind(engine)
    if server is None:
        return []
    with overheard(server) as requests:  # This also warms the server.
        await ours(engine, prompt, sampling, n)
    ratios = []
    for number in range(rounds):
        first = await replayed(server, requests) if number % 2 else 0.0
        through = await ours(engine, prompt, sampling, n)
        ratios.append(through / (first or await replayed(server, requests)))
    return ratios


async def ours(engine: Engine, prompt: str, sampling: Sampling, n: int) -> float:
    """Seconds through our client."""
    began = time.monotonic()
    async with aclosing(engine.stream(prompt, sampling, n)) as chunks:
        async for _chunk in chunks:
            pass
    return time.monotonic() - began


async def replayed(server: ServerEngine, requests: Requests) -> float:
    """Seconds of the same requests, whose answers are read as bytes and thrown away."""
    began = time.monotonic()
    for batch in requests.batches:
        await asyncio.gather(*(_sent(server, path, body) for path, body in batch))
    return time.monotonic() - began


async def _sent(server: ServerEngine, path: str, body: Object) -> None:
    if "cache_salt" in body:  # The prompt is to be read anew, as it was.
        body = body | {"cache_salt": secrets.token_urlsafe(32)}
    client = server._connection._client
    async with client.stream("POST", path, json=body, timeout=None) as response:
        response.raise_for_status()
        async for _block in response.aiter_raw():
            pass


@contextmanager
def overheard(server: ServerEngine) -> Iterator[Requests]:
    """Listen to the requests that are made in the block."""
    requests, events = Requests(), server._connection.events

    async def listened(path: str, body: Object) -> AsyncGenerator[Object, None]:
        if not requests.running:
            requests.batches.append([])
        requests.batches[-1].append((path, body))
        requests.running += 1
        try:
            async with aclosing(events(path, body)) as stream:
                async for event in stream:
                    yield event
        finally:
            requests.running -= 1

    server._connection.events = listened  # type: ignore[method-assign]
    try:
        yield requests
    finally:
        del server._connection.events


def spread(ratios: list[float]) -> str:
    """Median, least and most."""
    if not ratios:
        return "–"
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} – {max(ratios):.3f})"
