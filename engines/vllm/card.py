"""What there is to run on: NVIDIA's cards, or the processor, and the memory that is free now."""

import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from engines.llamacpp.engine import usable_processors

MIB = 1 << 20
SMI_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Card:
    """`free` of `total` bytes of memory. `index` is a GPU's on the PCI bus; None: the processor."""

    name: str
    total: int
    free: int
    index: int | None = None


def processor() -> Card:
    """The processor, with this machine's memory. Linux only."""
    told = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(told[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    threads = usable_processors()
    return Card(f"CPU · {threads} thread{'s' if threads > 1 else ''}", total, free)


def best_card() -> Card | None:
    """The GPU with the most free memory of those that may be used; None where there is none.

    Asks nvidia-smi, which may take a second.
    """
    return max(cards(), key=lambda card: card.free, default=None)


def cards() -> list[Card]:
    """All GPUs that CUDA_VISIBLE_DEVICES allows."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = None if visible is None else [name.strip() for name in visible.split(",")]
    return read_cards(_smi("--query-gpu=index,uuid,memory.total,memory.free,name"), allowed)


def read_cards(table: str, allowed: Collection[str] | None = None) -> list[Card]:
    """The cards in nvidia-smi's table. `allowed`: their indices or the beginnings of their UUIDs.

    A line that cannot be read, such as that of a card without memory of its own, is left out.
    """
    found = []
    for line in table.splitlines():
        index, uuid, total, free, name = ([word.strip() for word in line.split(",", 4)] + [""] * 5)[
            :5
        ]
        if not (index.isdigit() and total.isdigit() and free.isdigit()):
            continue
        if allowed is None or any(a == index or (a and uuid.startswith(a)) for a in allowed):
            found.append(Card(name, int(total) * MIB, int(free) * MIB, int(index)))
    return found


def used_by(pids: Collection[int]) -> int:
    """Bytes of GPU memory that these processes hold; 0 where that is not told, as in containers."""
    return read_used(_smi("--query-compute-apps=pid,used_memory"), pids)


def read_used(table: str, pids: Collection[int]) -> int:
    """The sum over `pids` in nvidia-smi's table of processes."""
    rows = [[word.strip() for word in line.split(",")] for line in table.splitlines()]
    told = [row for row in rows if len(row) == 2 and row[0].isdigit() and row[1].isdigit()]
    return sum(int(used) * MIB for pid, used in told if int(pid) in pids)


def _smi(query: str) -> str:
    """nvidia-smi's table, without units; empty where there is no driver."""
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
