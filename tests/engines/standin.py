"""A stand-in for a llama.cpp server, with the faults that a server can have."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from core.engine import EngineInfo
from engines.llamacpp.dialect import LlamaServer
from engines.server.admission import Admission
from engines.server.connection import Connection

Play = Callable[[asyncio.StreamWriter], Any]
INFO = EngineInfo("standin", "llama.cpp", "none", 2048, cannot={"min_tokens": "cannot.min_tokens"})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def engine_of(play: Play, silence_seconds: float = 5.0) -> AsyncGenerator[LlamaServer, None]:
    """An engine whose server counts 3 tokens in any prompt, and answers as `play` writes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "/tokenize" in request:
            writer.write(HEAD + b'{"tokens": [1, 2, 3]}')
        else:
            await play(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    url = f"http://{host}:{port}"
    connection = Connection(url, local=True, silence_seconds=silence_seconds)
    engine = LlamaServer(connection, INFO, Admission(16, 4096))
    try:
        yield engine
    finally:
        await engine.close()
        server.close()
        await server.wait_closed()


def written(*blocks: bytes) -> Play:
    """Writes these blocks and hangs up."""

    async def play(writer: asyncio.StreamWriter) -> None:
        for block in blocks:
            writer.write(block)
            await writer.drain()

    return play


def event(
    text: str, count: int, finish: str | None = None, index: int = 0, logprob: Any = -0.5
) -> bytes:
    """An event as llama.cpp sends it, with a log-probability unless it is the last."""
    content = [{"id": count, "token": text, "logprob": logprob}]
    choice: dict[str, Any] = {"text": text, "index": index, "finish_reason": finish}
    choice["logprobs"] = None if finish else {"content": content}
    whole: dict[str, Any] = {"choices": [choice]}
    whole["timings"] = {"predicted_n": count, "prompt_n": 3}
    if finish:
        whole["usage"] = {"prompt_tokens": 3, "completion_tokens": count}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"
