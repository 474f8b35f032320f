"""The host fetches, starts, restarts, tells what goes on, and leaves nothing behind."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from core.engine import EngineStatus, Sampling
from core.errors import EngineDied, EngineUnavailable, ModelError
from engines.host import LocalHost, Progress
from engines.llamacpp.engine import LlamaCpp
from engines.meter import Meter
from engines.scripted import ScriptedEngine
from tests.engines.texts import Sample, begun, gather, until

Report = Callable[[Progress], None]


@dataclass
class Step:
    phase: Literal["fetching", "verifying"]
    source: str
    done: int
    total: int


@dataclass
class Mortal(ScriptedEngine):
    """A scripted engine that dies when `death` is set."""

    meter: Meter = field(default_factory=Meter)
    log: str = "last words"
    memory: int = 2_500_000_000
    death: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def alive(self) -> bool:
        return not self.death.is_set()

    async def ended(self) -> None:
        await self.death.wait()

    async def close(self) -> None:
        self.death.set()


@dataclass
class Starts:
    """Makes engines; fails while `errors` has any."""

    engines: list[Mortal] = field(default_factory=list)
    errors: list[EngineUnavailable] = field(default_factory=list)

    async def __call__(self, path: Path) -> Mortal:
        if self.errors:
            raise self.errors.pop()
        self.engines.append(Mortal(lambda *_: "text"))
        return self.engines[-1]


def at_once(report: Report, cancelled: threading.Event) -> Path:
    return Path("model.gguf")


async def test_it_tells_how_far_it_is() -> None:
    stepped, proceed = threading.Event(), threading.Event()
    now = [0.0]

    def fetch(report: Report, cancelled: threading.Event) -> Path:
        for second, done in enumerate((1_000, 3_000, 5_000)):
            now[0] = float(second)
            report(Step("fetching", "hub.example", done, 9_000))
        stepped.set()
        proceed.wait(20)
        report(Step("verifying", "", 9_000, 9_000))
        return Path("model.gguf")

    host = LocalHost("small", fetch, Starts(), clock=lambda: now[0])
    assert host.status == EngineStatus("starting", "small", "llama.cpp")
    host.begin()
    await until(stepped.is_set)
    assert host.status == EngineStatus(
        "fetching", "small", "llama.cpp", "", "hub.example", 5_000, 9_000, 2_000.0
    )
    proceed.set()
    engine = await host.ready()
    ready = EngineStatus("ready", "scripted", "scripted", "none", memory=engine.memory)  # type: ignore[attr-defined]
    assert host.status == ready
    assert engine is await host.ready()
    await host.close()


async def test_a_failed_fetch_is_told_and_tried_again() -> None:
    failures = [ModelError("fetch_failed", source="hub.example")]

    def fetch(report: Report, cancelled: threading.Event) -> Path:
        if failures:
            raise failures.pop()
        return Path("model.gguf")

    host = LocalHost("small", fetch, Starts())
    with pytest.raises(ModelError, match="fetch_failed"):
        await host.ready()
    failed = host.status
    assert (failed.phase, failed.model) == ("failed", "small")
    assert failed.error == {"code": "fetch_failed", "fields": {"source": "hub.example"}}
    assert await host.ready()
    await host.close()


async def test_a_failed_start_shows_its_log() -> None:
    starts = Starts(errors=[EngineUnavailable("engine_start", reason="no magic")])
    host = LocalHost("small", at_once, starts)
    host.begin()
    await until(lambda: host.status.phase == "failed")
    assert host.status.log == "no magic"
    host.retry()
    assert await host.ready()
    await host.close()


async def test_all_who_wait_are_answered() -> None:
    starts = Starts(errors=[EngineUnavailable("engine_start", reason="")])
    host = LocalHost("small", at_once, starts)
    results = await asyncio.gather(*(host.ready() for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [EngineUnavailable] * 3
    first, second = await asyncio.gather(host.ready(), host.ready())
    assert first is second is starts.engines[0]
    await host.close()


async def test_it_starts_again_what_died() -> None:
    starts = Starts()
    host = LocalHost("small", at_once, starts)
    first = await host.ready()
    starts.engines[0].death.set()
    assert host.status.phase == "loading", "also before the host was told"
    second = await host.ready()
    assert second is not first and second is starts.engines[1]
    await host.close()


@pytest.mark.parametrize(("pause", "gives_up"), [(1.0, True), (31.0, False)])
async def test_it_gives_up_on_what_dies_again_and_again(pause: float, gives_up: bool) -> None:
    now = [0.0]
    starts = Starts()
    host = LocalHost("small", at_once, starts, clock=lambda: now[0])
    for _ in range(3):
        await host.ready()
        starts.engines[-1].death.set()
        now[0] += pause
    await host.ready()
    starts.engines[-1].death.set()
    if gives_up:
        with pytest.raises(EngineUnavailable, match="engine_crashing"):
            await host.ready()
        assert host.status.log == "last words"
    assert await host.ready(), "a person may try again"
    await host.close()


async def test_closing_ends_the_fetching() -> None:
    entered, ended = threading.Event(), threading.Event()

    def fetch(report: Report, cancelled: threading.Event) -> Path:
        entered.set()
        cancelled.wait(20)
        ended.set()
        raise ModelError("fetch_cancelled")

    host = LocalHost("small", fetch, Starts())
    waiting = asyncio.ensure_future(host.ready())
    await until(entered.is_set)
    await host.close()
    assert ended.is_set()
    for late in (waiting, host.ready()):
        with pytest.raises(EngineUnavailable, match="engine_closed"):
            await late
    await host.close()


async def test_closing_ends_the_engine() -> None:
    starts = Starts()
    host = LocalHost("small", at_once, starts)
    await host.ready()
    await host.close()
    assert not starts.engines[0].alive


async def test_closed_before_it_began() -> None:
    host = LocalHost("small", at_once, Starts())
    await host.close()
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await host.ready()


async def test_a_fault_of_ours_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    def fetch(report: Report, cancelled: threading.Event) -> Path:
        raise KeyError("ours")

    host = LocalHost("small", fetch, Starts())
    with pytest.raises(KeyError):
        await host.ready()
    assert host.status.error == {"code": "internal", "fields": {}}
    assert "the engine's host failed" in caplog.text
    await host.close()


async def test_a_real_engine_is_killed_in_mid_stream_and_comes_back(smollm2: Path) -> None:
    host = LocalHost(
        "SmolLM2",
        lambda report, cancelled: smollm2,
        lambda path: LlamaCpp.start(path, "SmolLM2", pool=1024, slots=4),
    )
    engine = await host.ready()
    assert isinstance(engine, LlamaCpp)
    samples: list[Sample] = []
    sampling = Sampling(temperature=1.0, max_tokens=200, seed=1)
    stream = asyncio.ensure_future(gather(engine, "A story:", sampling, 2, into=samples))
    await until(begun(samples))
    assert (host.status.phase, host.status.active) == ("ready", 2)
    os.kill(engine.pid, signal.SIGKILL)
    with pytest.raises(EngineDied):
        await stream
    assert any(sample.text for sample in samples)
    assert host.status.phase == "loading"
    again = await host.ready()
    assert again is not engine
    (sample,) = await gather(again, "A story:", Sampling(max_tokens=4))
    assert sample.tokens == 4
    await host.close()
    assert isinstance(again, LlamaCpp) and not again.alive
