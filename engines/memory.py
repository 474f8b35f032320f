"""How much memory a process holds."""

import psutil


def held_by(pid: int) -> int:
    """Bytes that are resident for process `pid` and its children; 0 once it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(int(member.memory_info().rss) for member in family)
    except psutil.NoSuchProcess:
        return 0
