"""Files of pip requirements, as far as ours go: names, versions, comments, and files in files."""

import re
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def flattened(path: Path) -> str:
    """The requirements of a file and of those that it takes in by `-r`, as one text.

    While a Space is built no other file is there to be taken in. Each requirement keeps the comment
    above it. Where two files name the same package, the one that takes in the other counts.
    """
    kept: dict[str, str] = {}
    comment = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            inner = flattened(path.parent / line.removeprefix("-r ").strip())
            kept |= _by_name(inner)
        elif line.startswith("#"):
            comment += f"{line}\n"
        elif line.strip():
            kept[_name(line)] = f"{comment}{line}\n"
            comment = ""
    return "".join(kept.values())


def pinned(requirements: str, name: str) -> str:
    """The one version of package `name` that is allowed. Raises ValueError where it is not one."""
    found = re.search(rf"^{re.escape(name)}==(\S+)$", requirements, re.MULTILINE)
    if found is None:
        raise ValueError(f"{name} is not pinned")
    return found[1]


def _by_name(requirements: str) -> dict[str, str]:
    """A flat text in pieces of one requirement with its comment."""
    pieces = re.findall(r"(?:^#.*\n)*^[^#\n].*\n", requirements, re.MULTILINE)
    return {_name(piece.splitlines()[-1]): piece for piece in pieces}


def _name(line: str) -> str:
    """The package that a line is about, as pip compares names."""
    found = _NAME.match(line)
    if found is None:
        raise ValueError(f"not a requirement: {line}")
    return re.sub(r"[-_.]+", "-", found[0]).lower()
