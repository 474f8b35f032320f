"""A model of several files from the Hub, as its publisher keeps it: safetensors and a tokenizer."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

from core.errors import ModelError
from engines.models.catalogue import unknown, unreachable
from engines.models.job import TICK, Progress

# Weights in other formats can hold code, and are left where they are.
WANTED = ("*.json", "*.jinja", "*.model", "*.txt", "*.safetensors")


def fetch_snapshot(
    name: str, progress: Callable[[Progress], None], cancelled: threading.Event
) -> Path:
    """The folder with the files of repository `name`; blocks. What is in the cache is not fetched.

    Raises ModelError: fetch_cancelled, model_unknown, model_unreachable, model_no_safetensors.
    """
    try:
        folder = _downloaded(name, _bar(progress, cancelled), cancelled)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise unknown(name) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise unreachable(str(error).partition("\n")[0] or type(error).__name__) from error
    if not any(folder.glob("*.safetensors")):
        raise ModelError("model_no_safetensors", model=name)
    return folder


def _downloaded(name: str, bar: type[Any], cancelled: threading.Event) -> Path:
    """In a thread of its own, which is left behind when this is cancelled: the Hub's client tries
    again for half a minute where it reaches nobody. It ends when next it has progress to tell."""
    threads = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
    download = partial(snapshot_download, name, allow_patterns=list(WANTED), tqdm_class=bar)
    try:
        folder = threads.submit(download)
        while not cancelled.is_set():
            if wait({folder}, TICK).done:
                return Path(folder.result())
        raise ModelError("fetch_cancelled")
    finally:
        threads.shutdown(wait=False)


def _bar(progress: Callable[[Progress], None], cancelled: threading.Event) -> type[Any]:
    """A progress bar, as the Hub's client wants one, that reports and can break the work off."""
    from tqdm.auto import tqdm

    host = urlsplit(constants.ENDPOINT).hostname or constants.ENDPOINT

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self._bytes = options.get("unit") == "B" and "Reconstr" in options.get("desc", "")
            super().__init__(*args, **options | {"disable": False, "file": io.StringIO()})

        def display(self, *_args: Any, **_options: Any) -> None:
            """Nothing: it is the app that shows it."""

        def update(self, n: float | None = 1) -> None:
            if cancelled.is_set():
                raise ModelError("fetch_cancelled")
            super().update(n)
            if self._bytes:
                progress(Progress(host, int(self.n), int(self.total or 0), "fetching"))

    return Bar
