"""A server's own counters, as it tells them at /metrics in Prometheus' text format."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAX_BYTES = 4 << 20
MAX_LINES = 20_000
NOTHING_SHARED = 1 << 40
_LINE = re.compile(r"(?:\w+:)?(\w+)(?:\{([^{}]*)\})? ([+-]?[\d.eE+-]+)(?: \d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Reading:
    """A value, by its name without the server's own prefix ("vllm:")."""

    name: str
    labels: Mapping[str, str]
    value: float


def readings(answer: bytes) -> Iterator[Reading]:
    """What stands in an answer; lines of another kind, and what is beyond bounds, are left out."""
    text = answer[:MAX_BYTES].decode("utf-8", "replace")
    for line in text.splitlines()[:MAX_LINES]:
        if found := _LINE.fullmatch(line.strip()):
            try:
                value = float(found[3])
            except ValueError:
                continue
            yield Reading(found[1], dict(_LABEL.findall(found[2] or "")), value)


def totals(answer: bytes) -> dict[str, float]:
    """The values by name, added up over all labels."""
    sums: defaultdict[str, float] = defaultdict(float)
    for reading in readings(answer):
        sums[reading.name] += reading.value
    return dict(sums)


def computed(answer: bytes) -> dict[str, float]:
    """vLLM's prompt tokens that were computed, and not found in a cache, if it tells them."""
    told = [
        reading.value
        for reading in readings(answer)
        if reading.name == "prompt_tokens_by_source_total"
        and reading.labels.get("source") == "local_compute"
    ]
    return {"prompt_tokens_computed_total": sum(told)} if told else {}


def shared_block(answer: bytes) -> int:
    """In blocks of how many tokens vLLM shares what was read of a prompt: `NOTHING_SHARED` where it
    keeps nothing, 0 where it does not tell."""
    for reading in readings(answer):
        block = reading.labels.get("block_size", "")
        if reading.name == "cache_config_info" and block.isdigit():
            kept = reading.labels.get("enable_prefix_caching") != "False"
            return int(block) if kept else NOTHING_SHARED
    return 0
