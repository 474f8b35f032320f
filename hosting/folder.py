"""Writes the files of a Space into a folder: a new one, or a clone of the Space's own repository.

What was written is listed in a file beside it, with digests. So that what a person has changed is
known from what was merely written before, and is not written over.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError

from core.errors import HostingError, InvalidInput

LIST = ".space-files.json"
SHOWN = 8  # file names in an error

# The README.md of a new Space, as the Hub makes it: front matter, and this sentence.
_FROM_HUB = re.compile(
    rb"---\n(?:(?!---\n).*\n)*---\s*Check out the configuration reference at \S+\s*"
)


class Written(BaseModel):
    """The list: the SHA-256 of each file, in hex, by its path in the folder."""

    hardware: str
    files: dict[str, str]


def write_space(folder: Path, hardware: str, files: Mapping[str, bytes], force: bool) -> None:
    """Put `files`, by path, into `folder`, and take out those of an earlier time that are no more.

    Other files stay. Nothing is written where anything is refused: InvalidInput space_not_empty (a
    folder that is neither ours nor a clone) and space_changed (files that are not as we wrote
    them), both unless `force`; space_list, space_path. Raises HostingError where the disk refuses.
    """
    with disk_errors(folder):
        before = written(folder)
        if not force:
            refuse_strangers(folder, before)
            refuse_changed(folder, before, files)
        refuse_other_places(folder, files)
        told = Written(hardware=hardware, files={path: digest(d) for path, d in files.items()})
        replace(folder, {**files, LIST: told.model_dump_json(indent=1).encode()})
        for path in sorted(before.files.keys() - files.keys()):
            if unchanged(folder / path, before.files[path]):
                (folder / path).unlink()


def written(folder: Path) -> Written:
    """What was written before; nothing, where there is no list. Raises InvalidInput space_list."""
    path = folder / LIST
    if not path.exists():
        return Written(hardware="", files={})
    try:
        told = Written.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidInput("space_list", path=str(path)) from error
    refuse_other_places(folder, told.files)
    return told


def refuse_strangers(folder: Path, before: Written) -> None:
    """Refuse a folder with files of others, unless it is a clone: there git keeps what was."""
    if not folder.exists() or before.files or (folder / ".git").exists():
        return
    if any(folder.iterdir()):
        raise InvalidInput("space_not_empty", path=str(folder))


def refuse_changed(folder: Path, before: Written, files: Mapping[str, bytes]) -> None:
    """Refuse to write over what is there and was not written by us."""
    changed = [
        path
        for path, data in files.items()
        if (folder / path).exists()
        and not unchanged(folder / path, digest(data), before.files.get(path, ""))
        and not (path == "README.md" and _FROM_HUB.fullmatch((folder / path).read_bytes()))
    ]
    if changed:
        names = ", ".join(changed[:SHOWN]) + (" …" if len(changed) > SHOWN else "")
        raise InvalidInput("space_changed", count=len(changed), files=names)


def refuse_other_places(folder: Path, paths: Mapping[str, object]) -> None:
    """Refuse paths that lead out of the folder, by a link or by name, and those where a folder
    stands in place of a file, or a file in place of a folder."""
    root = folder.resolve()
    for path in paths:
        place = root / path
        inside = place.resolve() == place and place.is_relative_to(root)
        if not inside or place.is_dir() or any(above.is_file() for above in place.parents):
            raise InvalidInput("space_path", path=str(folder / path))


def replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files aside, and only then put each into its place; the last one last."""
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".space-", dir=folder))
    try:
        for path, data in files.items():
            (aside / path).parent.mkdir(parents=True, exist_ok=True)
            (aside / path).write_bytes(data)
        for path in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (aside / path).replace(folder / path)
    except BaseException:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def unchanged(path: Path, *digests: str) -> bool:
    """Whether a file is there and has one of these digests."""
    return path.is_file() and digest(path.read_bytes()) in digests


def digest(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into a HostingError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise HostingError("space_failed", path=str(folder), reason=reason) from error
