"""Files that people open: read no further than is needed to refuse them."""

from pathlib import Path


def first_bytes(path: Path, most: int) -> bytes:
    """The file, or its first `most` bytes and one more: enough to be refused as too large."""
    with path.open("rb") as file:
        return file.read(most + 1)
