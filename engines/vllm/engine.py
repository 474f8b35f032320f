"""vLLM as an engine of ours: its server in processes of its own, which end with this one."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from core.engine import Chunk, EngineInfo, Sampling
from core.errors import EngineDied, EngineError, EngineUnavailable
from engines.host import Tell
from engines.memory import held_by
from engines.process import Child, Owned
from engines.server.connection import Connection
from engines.server.sse import parse, part
from engines.url.openai import Manner, VllmServer
from engines.vllm import options
from engines.vllm.card import Card, used_by
from engines.vllm.fit import Plan, planned
from engines.vllm.folder import read_folder
from engines.vllm.processes import descendants, end_marked
from engines.vllm.start import Start, device, shown

ENGINE = "vLLM"
# Reading weights from a slow disk, and compiling, can take this long.
START_SECONDS = 1200.0
_EXIT_SECONDS = 10.0
_MEMORY_SECONDS = 5.0

# What vLLM does, and how it is asked; `engines.url.trials` finds the same of it, in half a minute
# on a processor. Constrained texts have the log-probabilities after the constraint.
MANNER = Manner(named=True, ids=True, usage=True, cached=True)


class Vllm(Owned, VllmServer):
    """Made by `start`, ended by `close`. The server dies with this process, however that ends.

    It listens at `url`, for whoever has the random `key`. Its own queue holds the requests that
    find no room.
    """

    def __init__(self, child: Child, key: str, info: EngineInfo, plan: Plan) -> None:
        super().__init__(Connection(child.url, key, local=True), info)
        self.manner = replace(MANNER)
        self.plan = plan
        self.url, self.key = child.url, key
        self._child = child
        self._memory, self._looked = 0, float("-inf")
        self._looking: asyncio.Future[int] | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        name: str,
        *,
        thinking: tuple[str, str] | None = None,
        tell: Tell | None = None,
        on: Callable[[], Card] | None = None,
        server: str = options.SERVER,
        seconds: float = START_SECONDS,
    ) -> "Vllm":
        """Load the model in `folder`, to be shown as `name`, on the best card there is.

        Where memory turns out to be short, it is tried again with half the context. `on` finds the
        card, `server` is the module of the server, `seconds` bounds each try. Raises ModelError
        where the folder is not whole, and EngineUnavailable: vllm_memory, engine_no_memory,
        engine_start, engine_slow, vllm_inexact.
        """
        shape = await asyncio.to_thread(read_folder, folder)
        card = await asyncio.to_thread(on or device)
        start = Start(folder, name, tell, server, seconds)
        child, plan = await start.fitting(planned(shape, card, name))
        info = EngineInfo(name, ENGINE, shown(plan), plan.context, thinking)
        engine = cls(child, start.key, info, plan)
        try:
            await engine._learn()
        except BaseException:
            await engine.close()
            raise
        return engine

    @property
    def memory(self) -> int:
        """The bytes that the server holds, of the GPU's memory, or of this machine's: as they were
        a few seconds ago, 0 where that is not known. Looks again by itself, in another thread."""
        due = time.monotonic() - self._looked > _MEMORY_SECONDS
        if self.alive and due and (self._looking is None or self._looking.done()):
            self._looking = asyncio.ensure_future(self._look())
        return self._memory

    async def close(self) -> None:
        """End the server, and wait until all of it is gone."""
        await super().close()
        await end(self._child, self.key)
        if self._looking is not None:
            await asyncio.wait({self._looking})

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        try:
            async with aclosing(super().stream(prompt, sampling, n)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except EngineError as error:
            if not _fatal(error):
                raise
            # The connection breaks before the processes are gone. Who asks anew after this error is
            # to meet the next server, and not the one that is just dying.
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), _EXIT_SECONDS)
            raise _died(error) from error

    async def _learn(self) -> None:
        """Ask the server what it knows about the model."""
        if not await self.exact():
            raise EngineUnavailable("vllm_inexact", model=self.info.model)
        listed = part(parse(await self._connection.get("/v1/models")), "data", list)
        context = part(listed[0], "max_model_len", int)
        special = await self.special_tokens()
        self.info = replace(self.info, context=context, special_tokens=special)
        await self.learn_block()
        await self._warm()

    async def _warm(self) -> None:
        """Have one text made: vLLM compiles some more at its first, 20 seconds on a processor."""
        tokens = await self._prompt_tokens("The")
        body = self._body(tokens, Sampling(1.0, max_tokens=2, seed=0, reuse=False), 1)
        async with aclosing(self._connection.events(self._path, body)) as events:
            async for _ in events:
                pass

    async def _look(self) -> int:
        self._memory = await asyncio.to_thread(_held, self.pid, self.plan.card)
        self._looked = time.monotonic()
        return self._memory


async def end(child: Child, key: str) -> None:
    """End the server. What is left where the process above it was killed is known by its key."""
    if not child.alive:
        await asyncio.to_thread(end_marked, key)
    await child.close()
    await asyncio.to_thread(end_marked, key)


def _fatal(error: EngineError) -> bool:
    """Whether the server is dying: it answers with 500 when its engine has died."""
    status = error.fields.get("status", 0)
    return isinstance(error, EngineDied) or (isinstance(status, int) and status >= 500)


def _died(error: EngineError) -> EngineError:
    if isinstance(error, EngineDied):
        return error
    return EngineDied(str(error.fields.get("message", "")))


def _held(pid: int, card: Card) -> int:
    """The bytes that a process and all below it hold."""
    return held_by(pid, family=True) if card.index is None else used_by([pid, *descendants(pid)])
