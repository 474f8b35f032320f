"""A real small model and a tiny one of random numbers, both with transformers in this process.

These tests need requirements-transformers.txt. Where torch is not installed they are not collected:
`pytest -m in_process` then fails, since it finds none.
"""

import importlib.util
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engines.in_process.engine import Desk, InProcess
from engines.in_process.worker import Worker

if importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.in_process)


async def engine_over(loaded: Any, name: str = "SmolLM2") -> InProcess:
    """An engine with a model that several tests share."""
    from engines.in_process.generation import Generation

    desk = Desk()
    desk.generation = Generation(loaded)
    engine = InProcess(loaded, Worker("in-process"), desk, name)
    await engine.learn()
    return engine


@pytest.fixture(scope="session")
def loaded(smollm2: Path) -> Any:
    """SmolLM2, from its GGUF file; on the CPU, so that texts do not depend on the machine."""
    from engines.in_process.loading import load

    return load(smollm2, cpu())


def cpu(**changes: Any) -> Any:
    """The CPU as a device, with other bounds."""
    from dataclasses import replace

    import torch

    from engines.in_process.loading import Device

    device = Device("cpu", "CPU · 1 thread", torch.float32, 8192, 16384, 32)
    return replace(device, **changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(loaded: Any) -> AsyncGenerator[InProcess, None]:
    engine = await engine_over(loaded)
    yield engine
    await engine.close()


@pytest.fixture(scope="session")
def tiny(loaded: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of 2 layers and random numbers, in safetensors, and a tokenizer."""
    from transformers import LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "tiny"
    LlamaForCausalLM(tiny_config()).save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def tiny_config(**changes: Any) -> Any:
    """A model that takes no time: 2 layers of 32 numbers."""
    from transformers import LlamaConfig

    settings = {
        "vocab_size": 49152,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    return LlamaConfig(**settings | changes)


@pytest.fixture
def tiny_copy(tiny: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copies the tiny model, without some of its files."""
    import shutil

    def copied(*without: str) -> Path:
        folder = tmp_path / "copied"
        shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns(*without))
        return folder

    return copied
