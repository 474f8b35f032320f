"""Starts vLLM's server with one plan after the other, until one fits, and tells how far it is."""

import asyncio
import secrets
from pathlib import Path

from core.errors import EngineError, EngineUnavailable
from engines.host import Tell
from engines.process import Child
from engines.vllm import options
from engines.vllm.card import Card, best_card, processor
from engines.vllm.fit import GIB, Plan
from engines.vllm.processes import end_marked
from engines.vllm.progress import Listener

PORTS = 3


class Start:
    """The server is the module `server`, and answers to whoever has `key`; `seconds` bounds each
    try."""

    def __init__(
        self, folder: Path, name: str, tell: Tell | None, server: str, seconds: float
    ) -> None:
        self.key = secrets.token_urlsafe(32)
        self._folder, self._name, self._server, self._seconds = folder, name, server, seconds
        self._tell = tell

    async def fitting(self, plan: Plan) -> tuple[Child, Plan]:
        """A server with this plan, or with the first smaller one that fits."""
        stage, ports = "badge.starting_server", PORTS
        while True:
            listener = self._listener(plan, stage)
            try:
                return await self._child(plan, listener), plan
            except EngineUnavailable as error:
                await asyncio.to_thread(end_marked, self.key)
                ports -= listener.port_taken
                if listener.port_taken and ports:
                    continue
                smaller = plan.smaller(lower=listener.short == "device") if listener.short else None
                if smaller is None:
                    raise self._failed(error, listener, plan) from error
            plan, stage = smaller, "badge.smaller"

    def _listener(self, plan: Plan, stage: str) -> Listener:
        def heard(stage: str, log: str) -> None:
            if self._tell is not None:
                self._tell(detail=stage, device=shown(plan), context=plan.context, log=log)

        listener = Listener(heard, stage)
        listener.say(f"Thoughtscope: {describe(plan)}")
        return listener

    async def _child(self, plan: Plan, listener: Listener) -> Child:
        port = options.free_port()
        given = options.arguments(self._folder, self._name, plan, port)
        config = {
            "command": options.command(self._server, given),
            "environment": options.environment(plan, self.key),
            "port": port,
            "nice": plan.card.index is None,
        }
        module = "engines.vllm.child"
        return await Child.start(module, config, self._seconds, listener.hear, family=True)

    def _failed(self, error: EngineUnavailable, listener: Listener, plan: Plan) -> EngineError:
        """Why it could not be started, by what the log tells."""
        if listener.short:
            context, device = plan.context, shown(plan)
            return EngineUnavailable(
                "engine_no_memory", model=self._name, device=device, context=context
            )
        if isinstance(error.__cause__, TimeoutError):
            return EngineUnavailable("engine_slow", seconds=round(self._seconds))
        return EngineUnavailable("engine_start", reason=listener.cause) if listener.cause else error


def device() -> Card:
    """What vLLM is to run on: the GPU with the most free memory, or else the processor."""
    return best_card() or processor()


def shown(plan: Plan) -> str:
    """The device, with the memory that vLLM was given of it."""
    return f"{plan.card.name} · {plan.bytes / GIB:.0f} GiB"


def describe(plan: Plan) -> str:
    """What was chosen, for the log."""
    free, total = plan.card.free / GIB, plan.card.total / GIB
    given = f"{plan.share:.3f} of it" if plan.share else f"{plan.bytes / GIB:.0f} GiB for the cache"
    return (
        f"{plan.card.name}: {free:.1f} of {total:.1f} GiB free; vLLM is given {given}, "
        f"and texts of up to {plan.context} tokens"
    )
