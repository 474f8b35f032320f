"""What vLLM's log tells while it starts: how far it is, and why it could not."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

LINES = 200
LINE_CHARACTERS = 500
CAUSE_CHARACTERS = 400

# "(EngineCore pid=7) ERROR 11-22 18:27:20 [core.py:1510] " before what is said.
_HEAD = re.compile(r"^(?:\([^)]*\) )?(?:[A-Z]+ \d\d-\d\d [\d:]+ \[[^\]]*\] ?)?\s*")
_ERROR = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception): ")
# Errors that only say that there was one before.
_SECOND_HAND = ("See root cause", "initialization failed", "Worker failed with error")
# In the order in which they come.
_STAGES: tuple[tuple[str, str], ...] = (
    ("Starting to load model", "badge.weights"),
    ("Loading weights took", "badge.warming"),
    ("Warming up model for the compilation", "badge.compiling"),
    ("Dynamo bytecode transform", "badge.compiling"),
    ("Compiling a graph", "badge.compiling"),
    ("torch.compile took", "badge.warming"),
    ("torch.compile takes", "badge.warming"),
    ("Capturing CUDA graphs", "badge.warming"),
    ("init engine", "badge.warming"),
)
_CACHE_SHORT = (
    "No available memory for the cache blocks",
    "larger than the available KV cache memory",
    "larger than the maximum number of tokens that can be stored in KV cache",
)
_DEVICE_SHORT = (
    "CUDA out of memory",
    "OutOfMemoryError",
    "on startup is less than desired GPU memory utilization",
    "not enough memory: you tried to allocate",
    "DefaultCPUAllocator: can't allocate memory",
)
PORT_TAKEN = "Address already in use"

Short = Literal["", "cache", "device"]


@dataclass
class Listener:
    """Hears each line of the log. `heard` is told the stage, a key of the string tables, and the
    last lines. `short`: what memory was too small for: keys and values in the share that vLLM was
    given, or vLLM itself on the device."""

    heard: Callable[[str, str], None]
    stage: str = "badge.starting_server"
    cause: str = ""
    short: Short = ""
    port_taken: bool = False
    _lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))

    def say(self, line: str) -> None:
        """Put a line of ours among the server's."""
        self._lines.append(line[:LINE_CHARACTERS])
        self.heard(self.stage, self.log)

    def hear(self, line: str) -> None:
        """The next line of the log."""
        said = _HEAD.sub("", line)
        self.stage = next((stage for words, stage in _STAGES if words in said), self.stage)
        self._look_for_errors(said)
        self.say(line)

    @property
    def log(self) -> str:
        """The last lines."""
        return "\n".join(self._lines)

    def _look_for_errors(self, said: str) -> None:
        if any(words in said for words in _CACHE_SHORT):
            self.short = self.short or "cache"
        elif any(words in said for words in _DEVICE_SHORT):
            self.short = self.short or "device"
        self.port_taken |= PORT_TAKEN in said
        # The process that failed tells it first; those that waited for it tell it again, at length.
        if _ERROR.match(said) and not any(words in said for words in _SECOND_HAND):
            self.cause = said.strip()[:CAUSE_CHARACTERS]
