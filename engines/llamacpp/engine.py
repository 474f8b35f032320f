"""The embedded llama.cpp engine: a server of our own, in a child process."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from core.engine import Chunk, EngineInfo, Feature, Sampling
from core.errors import EngineDied
from engines.llamacpp.dialect import LlamaServer
from engines.memory import held_by
from engines.process import Child, Owned
from engines.server.admission import Admission
from engines.server.connection import Connection
from engines.server.sse import parse, part

CONTEXT = 8192
POOL = 16384
SLOTS = 16
CACHE_MIB = 1024
_EXIT_SECONDS = 1.0

# What llama.cpp was found not to do, with the key of the reason in the string tables.
CANNOT: dict[Feature, str] = {"min_tokens": "cannot.min_tokens"}


class LlamaCpp(Owned, LlamaServer):
    """Made by `start`, ended by `close`. The server dies with this process, however that ends.

    It listens at `url`, for whoever has the random `key`.
    """

    def __init__(self, child: Child, key: str, info: EngineInfo, admission: Admission) -> None:
        super().__init__(Connection(child.url, key, local=True), info, admission)
        self._child = child
        self.url, self.key = child.url, key

    @classmethod
    async def start(
        cls,
        model_path: Path,
        name: str,
        *,
        threads: int | None = None,
        thinking: tuple[str, str] | None = None,
        context: int = CONTEXT,
        pool: int = POOL,
        slots: int = SLOTS,
        cache_mib: int = CACHE_MIB,
    ) -> "LlamaCpp":
        """Load the GGUF file at `model_path`, to be shown as `name`.

        `threads` is by default the number of processors that this process may use. `context` is
        the most tokens of one text with its prompt (less, if the model was trained for less).
        `pool` and `slots` are the tokens and the texts that fit at the same time; `cache_mib`
        bounds the memory for prompts that may be asked again. Raises EngineUnavailable
        ("engine_start", with the last lines of the log as `reason`).
        """
        threads = threads or usable_processors()
        key = secrets.token_urlsafe(32)
        config = {
            "model": _absolute(model_path),
            "threads": threads,
            "pool": pool,
            "slots": slots,
            "cache_mib": cache_mib,
            "key": key,
        }
        child = await Child.start("engines.llamacpp.child", config)
        device = f"CPU · {threads} thread{'s' if threads > 1 else ''}"
        info = EngineInfo(name, "llama.cpp", device, min(context, pool), thinking, CANNOT)
        engine = cls(child, key, info, Admission(slots, pool))
        try:
            await engine._learn()
        except BaseException:
            await engine.close()
            raise
        return engine

    @property
    def memory(self) -> int:
        """Bytes of memory that the server's process holds."""
        return held_by(self._child.pid)

    async def close(self) -> None:
        """End the server, and wait until it is gone."""
        await super().close()
        await self._child.close()

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        try:
            async with aclosing(super().stream(prompt, sampling, n)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except EngineDied:
            # The connection breaks a moment before the process is gone. Who asks anew after this
            # error is to meet the next process, and not the one that is just dying.
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), _EXIT_SECONDS)
            raise

    async def _learn(self) -> None:
        """Ask the server what it knows about the model."""
        await self.learn_bos()
        models = part(parse(await self._connection.get("/v1/models")), "data", list)
        trained = part(part(models[0], "meta", dict), "n_ctx_train", int)
        self.info = replace(
            self.info,
            context=min(self.info.context, trained),
            special_tokens=await self.special_tokens(),
        )


def _absolute(path: Path) -> str:
    """The child works in another folder."""
    return str(path.resolve())


def usable_processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
