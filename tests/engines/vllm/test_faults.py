"""vLLM's processes: what strangers may ask, what happens when one is killed, what stays behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from core.driver import Driver
from core.params import build
from core.question import ask
from core.run import Run
from engines.host import LocalHost
from engines.vllm.engine import Vllm
from engines.vllm.processes import descendants
from strategies import REGISTRY
from tests.conftest import ROOT
from tests.engines.test_child import arguments, runs
from tests.engines.texts import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARENT = """
import asyncio, sys
from engines.vllm.host import vllm
async def main():
    host = vllm(sys.argv[1])
    host.begin()
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_strangers_are_told_nothing(engine: Vllm) -> None:
    """Nor do they find the key on a command line."""
    async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as stranger:
        for path in ("/health", "/metrics", "/v1/models", "/version"):
            assert (await stranger.get(path)).status_code == 401
        for path in ("/tokenize", "/invocations", "/v1/completions"):
            assert (await stranger.post(path, json={"prompt": "x"})).status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert (await stranger.get("/metrics", headers=wrong)).status_code == 401
        with_key = {"Authorization": f"Bearer {engine.key}"}
        reply = await stranger.get("/health", headers=with_key | {"Origin": "http://else.example"})
        assert reply.status_code == 200
        assert reply.headers.get("access-control-allow-origin") not in ("*", "http://else.example")
    for pid in (engine.pid, *descendants(engine.pid)):
        assert not any(engine.key.encode() in word for word in arguments(pid))


@pytest.mark.parametrize("victim", ["VLLM::Worker", "api_server"])
async def test_killed_in_mid_stream(host: LocalHost, engine: Vllm, victim: str) -> None:
    """Whichever of its processes: the text is kept, all end, and the host starts them anew."""
    family = [engine.pid, *descendants(engine.pid)]
    (pid,) = [p for p in family if any(victim.encode() in w for w in arguments(p)[:3])]
    strategy = REGISTRY["self_consistency"]
    params = build(strategy.params, {"paths": 2, "max_tokens": 1000})
    driver = Driver(Run(engine, 1), strategy, ask("Tell a story."), params)
    killed = False
    async for _frame in driver.frames():
        if not killed and any(node.sampled for node in driver.run.trace.nodes.values()):
            os.kill(pid, signal.SIGKILL)
            killed = True
    ended = driver.run.trace.ended
    assert killed and ended is not None and ended.error is not None
    assert (ended.status, ended.error["code"]) == ("failed", "engine_died")
    assert any(node.sampled for node in driver.run.trace.nodes.values())
    assert not engine.alive
    async with asyncio.timeout(180):
        again = await host.ready()
    assert again is not engine and isinstance(again, Vllm)
    assert not any(runs(old) for old in family)
    assert await again.count("one two") > 0


async def test_nothing_outlives_the_app_when_that_is_killed(smollm2_folder: Path) -> None:
    """Also while the server is still being started."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(smollm2_folder)),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    await until(lambda: len(descendants(parent.pid)) >= 4, 120)  # us, the server, its engine, …
    family = descendants(parent.pid)
    parent.kill()
    await parent.wait()
    await until(lambda: not any(runs(pid) for pid in family), 15)
