"""A process and all that came of it, as Linux tells them in /proc."""

import ctypes
import os
import signal
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_DEATH_SIGNAL, _ADOPT = 1, 36  # prctl's PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER
_TICK = 0.01  # seconds that the killed have to go
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def descendants(root: int) -> list[int]:
    """The processes below `root` that run; zombies do not."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children[parent].append(int(entry.name))
    found, left = [], [root]
    while left:
        below = children[left.pop()]
        found += below
        left += below
    return found


def resident(pids: list[int]) -> int:
    """The bytes that these processes hold in memory; what they share is counted for each."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except (OSError, IndexError):  # It has ended meanwhile.
            continue
    return total


def end_all(root: int) -> None:
    """Kill all that is below `root`, also what is started meanwhile."""
    while below := descendants(root):
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(_TICK)


def end_marked(mark: str) -> None:
    """Kill all processes of this user that have `mark` in their environment, wherever they are."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _has(entry, mark):
            with suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def adopt() -> None:
    """What loses its parent below this process becomes a child of this one, and so stays below."""
    ctypes.CDLL(None).prctl(_ADOPT, 1)


def die_with_parent() -> None:
    """To be called in a new process: the system kills it when its parent has ended."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _reap() -> None:
    """Take notice of a child that has ended."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return


def _has(entry: Path, mark: str) -> bool:
    """Whether a process that we may look at was started with `mark`."""
    try:
        return mark.encode() in (entry / "environ").read_bytes()
    except OSError:  # It is another user's, or has ended meanwhile.
        return False


def _parent(entry: Path) -> int | None:
    """The parent of a process that runs."""
    try:
        state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
    except (OSError, ValueError):  # It has ended meanwhile.
        return None
    return None if state in "ZX" else int(parent)
