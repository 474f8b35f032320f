"""How much memory a process holds."""

import psutil


def held_by(pid: int, *, family: bool = False) -> int:
    """Bytes that are resident for process `pid`, and, with `family`, for all that came of it; 0
    once it is gone. With `family` all processes of the machine are looked through: not for a loop.
    """
    try:
        process = psutil.Process(pid)
        members = [process, *(process.children(recursive=True) if family else ())]
        return sum(int(member.memory_info().rss) for member in members)
    except psutil.NoSuchProcess:
        return 0
