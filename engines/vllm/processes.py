"""A process and all that came of it."""

import ctypes
import os
import signal
import time
from contextlib import suppress

import psutil

_DEATH_SIGNAL, _ADOPT = 1, 36  # prctl's PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER
_TICK = 0.01  # seconds that the killed have to go


def descendants(root: int) -> list[int]:
    """The processes below `root` that run; zombies do not."""
    try:
        below = psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [process.pid for process in below if _runs(process)]


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
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _has(process, mark):
            with suppress(psutil.NoSuchProcess):
                process.kill()


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


def _has(process: psutil.Process, mark: str) -> bool:
    """Whether a process that we may look at was started with `mark`."""
    try:
        return mark in process.environ().values()
    except psutil.Error:  # It is another user's, or has ended meanwhile.
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
