"""The default engine: a model by name, fetched if need be, run by the embedded llama.cpp."""

import threading
from collections.abc import Callable
from pathlib import Path

from core.errors import EngineUnavailable
from engines.host import LocalHost, Tell
from engines.llamacpp.engine import CANNOT, CONTEXT, POOL, LlamaCpp
from engines.models.catalogue import CATALOGUE, DEFAULT, delimiters, resolve, unknown
from engines.models.download import fetch
from engines.models.job import Progress

LEAST = 2048
"""Fewer tokens than this are too few for any method."""

# llama.cpp's own words, and the end of a process that the system took the memory from.
_SHORT = ("insufficient memory", "failed to allocate", "unable to allocate", "exit status -9")


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
        return await _fitting(path, shown, host.tell)

    host = LocalHost(shown, bring, start, cannot=CANNOT)
    return host


async def _fitting(path: Path, shown: str, tell: Tell) -> LlamaCpp:
    """An engine with room for as many tokens as memory allows: half as many, again and again, where
    it turns out to be short. Raises EngineUnavailable, "engine_no_memory" after the last try."""
    thinking = delimiters(f"{shown}/{path.name}")
    pool = POOL
    while True:
        try:
            return await LlamaCpp.start(path, shown, thinking=thinking, pool=pool)
        except EngineUnavailable as error:
            reason = str(error.fields.get("reason", ""))
            if not any(sign in reason for sign in _SHORT):
                raise
            if pool // 2 < LEAST:
                raise EngineUnavailable(
                    "engine_no_memory", model=shown, device="CPU", context=pool
                ) from error
            pool //= 2
            tell(detail="badge.smaller", device="CPU", context=min(CONTEXT, pool), log=reason)


def _path(name: str) -> bool:
    return Path(name).expanduser().is_file()
