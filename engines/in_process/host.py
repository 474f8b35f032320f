"""A model by name, fetched if need be, run by transformers in this process."""

import threading
from collections.abc import Callable
from pathlib import Path

from core.errors import ModelError
from engines.host import LocalHost
from engines.in_process.engine import CANNOT, ENGINE, Desk, InProcess
from engines.in_process.zerogpu import on_gpu
from engines.models.catalogue import CATALOGUE, HUB_ID, delimiters, resolve, unknown
from engines.models.download import fetch
from engines.models.job import Progress
from engines.models.snapshot import fetch_snapshot


def in_process(name: str) -> LocalHost:
    """A host for a folder or GGUF file, a Hub id ("owner/repo", or "owner/repo:file.gguf" for a
    GGUF file), or a catalogue id; nothing is loaded yet. On ZeroGPU to be made before the page is
    launched.

    Raises ModelError for a name that can mean nothing; what a Hub id means is asked when fetching.
    """
    path = Path(name).expanduser()
    if not name or not (path.exists() or name in CATALOGUE or "/" in name):
        raise unknown(name)
    shown = (path.name if path.is_dir() else path.stem) if path.exists() else name
    desk = Desk(on_gpu)

    def bring(progress: Callable[[Progress], None], cancelled: threading.Event) -> Path:
        return bring_model(name, progress, cancelled)

    async def start(there: Path) -> InProcess:
        thinking = delimiters(f"{shown}/{there.name}")
        return await InProcess.start(there, shown, thinking=thinking, desk=desk)

    return LocalHost(shown, bring, start, engine=ENGINE, cannot=CANNOT)


def bring_model(
    name: str, progress: Callable[[Progress], None], cancelled: threading.Event
) -> Path:
    """The folder or GGUF file that `name` means; blocks. Raises ModelError."""
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError("model_load", path=path.name, reason="no config.json")
        return path
    on_hub = HUB_ID.fullmatch(name)
    if name in CATALOGUE or path.is_file() or not on_hub or on_hub["file"]:
        return fetch(resolve(name), progress, cancelled=cancelled)
    return fetch_snapshot(name, progress, cancelled)
