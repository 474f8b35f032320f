"""How vLLM's server is called: its command line and its environment."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from engines.vllm.fit import Plan

SERVER = "vllm.entrypoints.openai.api_server"
# Blocks of the cache: what samples share of a prompt is whole blocks. The smallest that is swift.
BLOCK_CPU = 32


def arguments(model: Path, name: str, plan: Plan, port: int) -> list[str]:
    """What follows `python -m`, for vLLM's own server. No secret is in it: all can read it."""
    given = {
        "--model": str(model.resolve()),
        "--served-model-name": name,
        "--host": "127.0.0.1",
        "--port": str(port),
        "--max-model-len": str(plan.context),
        # Closed to the pages of other sites, and to who has no key.
        "--allowed-origins": '["http://none"]',
        "--middleware": "engines.vllm.guard.Guard",
        # The names that are asked for are those of samplers: a model's own settings change nothing.
        "--generation-config": "vllm",
    }
    flags = [
        "--enable-prefix-caching",
        "--enable-prompt-tokens-details",
        "--disable-fastapi-docs",
        "--disable-uvicorn-access-log",
    ]
    # In one word each: a folder's name may begin with a dash.
    return [*(f"{option}={value}" for option, value in given.items()), *flags, *_device(plan)]


def _device(plan: Plan) -> list[str]:
    if plan.card.index is not None:
        return ["--gpu-memory-utilization", str(plan.share)]
    # Few processors are faster in single precision, and compiling takes minutes there.
    return ["--dtype", "float32", "--enforce-eager", "--block-size", str(BLOCK_CPU)]


def environment(plan: Plan, key: str) -> Mapping[str, str]:
    """What is set for the server beside what is set for us.

    The weights are here already: nothing is asked of the Hub, and nobody is told of its use.
    """
    told = {
        "VLLM_API_KEY": key,
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if plan.card.index is not None:
        return told | {
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # nvidia-smi's order
            "CUDA_VISIBLE_DEVICES": str(plan.card.index),
        }
    gib = str(plan.cache >> 30)
    return told | {"VLLM_CPU_KVCACHE_SPACE": gib}


def command(server: str, given: list[str]) -> list[str]:
    """The whole command."""
    return [sys.executable, "-m", server, *given]


def free_port() -> int:
    """A port that is free now. vLLM takes it within seconds; if another was faster, it says so."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
