"""The default engine: a model by name, fetched if need be, run by the embedded llama.cpp."""

import threading
from collections.abc import Callable
from pathlib import Path

from engines.host import LocalHost
from engines.llamacpp.engine import CANNOT, LlamaCpp
from engines.models.catalogue import CATALOGUE, DEFAULT, delimiters, resolve, unknown
from engines.models.download import fetch
from engines.models.job import Progress


def embedded(name: str = DEFAULT) -> LocalHost:
    """A host for a catalogue id, a GGUF file's path or a Hub id; nothing is started yet.

    Raises ModelError for a name that can mean nothing; what a Hub id means is asked when fetching.
    """
    if name not in CATALOGUE and not _path(name) and "/" not in name:
        raise unknown(name)
    shown = Path(name).stem if _path(name) else name

    def bring(progress: Callable[[Progress], None], cancelled: threading.Event) -> Path:
        return fetch(resolve(name), progress, cancelled=cancelled)

    async def start(path: Path) -> LlamaCpp:
        return await LlamaCpp.start(path, shown, thinking=delimiters(f"{shown}/{path.name}"))

    return LocalHost(shown, bring, start, cannot=CANNOT)


def _path(name: str) -> bool:
    return Path(name).expanduser().is_file()
