"""A server in a child process that says where it listens, and that dies with this process."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from core.errors import EngineDied, EngineUnavailable
from engines.server.sse import parse, part

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 600.0
LOG_CHARACTERS = 32_768
LOG_LINES = 200
REASON_LINES = 8
REASON_CHARACTERS = 1000
# What a child that has processes of its own may take to end them.
FAMILY_SECONDS = 15.0
KILLED_SECONDS = 5.0
EXIT_POLL_SECONDS = 0.1
LAST_WORDS_SECONDS = 5.0


class Child:
    """A running `python -m module`. Made by `start`, ended by `close`.

    The child reads its configuration, which may hold a secret, as one line of JSON from its
    standard input, answers {"url": …} in a line on its standard output, and ends when its standard
    input does: that happens also when this process is killed.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        heard: Callable[[str], None] | None = None,
        *,
        family: bool = False,
    ) -> None:
        self.url = ""
        self._heard = heard
        self._family = family
        self._process = process
        self._log = b""
        self._drained = asyncio.ensure_future(self._drain())
        self._exited = asyncio.ensure_future(self._exit() if family else process.wait())

    @classmethod
    async def start(
        cls,
        module: str,
        config: Mapping[str, object],
        seconds: float = START_SECONDS,
        heard: Callable[[str], None] | None = None,
        *,
        family: bool = False,
    ) -> "Child":
        """Start `module`, and wait until it listens.

        `heard` is told each line of its log. With `family` it has processes of its own, which it
        ends when its standard input does.

        Raises EngineUnavailable ("engine_start") with the last lines of its log as `reason`.
        """
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            start_new_session=family,
        )
        child = cls(process, heard, family=family)
        try:
            child.url = await asyncio.wait_for(child._introduce(config), seconds)
        except (EngineDied, TimeoutError) as error:
            if isinstance(error, EngineDied):  # It is ending; it may be saying why.
                await asyncio.wait({child._exited}, timeout=LAST_WORDS_SECONDS)
            await child.close()
            raise EngineUnavailable("engine_start", reason=child._reason()) from error
        finally:
            if not child.url:
                await child.close()
        return child

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def log(self) -> str:
        """The last lines that it wrote to its standard error."""
        lines = self._log.decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])

    async def ended(self) -> None:
        """Wait until the process has ended."""
        await asyncio.wait({self._exited})

    async def close(self) -> None:
        """Kill the process, which has nothing to save, and wait until it is gone; with its family,
        which it is given the time to end."""
        if self._family:
            await self._end_family()
        with suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.wait({self._exited, self._drained})

    async def _exit(self) -> int:
        """As `wait` of the process, which also waits until nobody holds its pipes any more."""
        while self._process.returncode is None:  # noqa: ASYNC110 - asyncio tells it in no other way
            await asyncio.sleep(EXIT_POLL_SECONDS)
        return self._process.returncode

    async def _end_family(self) -> None:
        """In order, and then by force: whoever is left, also where this process has ended before.

        Does not rely on our own tasks, which asyncio has cancelled where the app ends by an error.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._exit(), FAMILY_SECONDS if self.alive else None)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.wait({self._drained}, timeout=KILLED_SECONDS)
        self._drained.cancel()

    async def _introduce(self, config: Mapping[str, object]) -> str:
        """Tell the child its configuration, and read where it listens."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        with suppress(ConnectionError):  # It has ended already; its log says why.
            stdin.write(json.dumps(config).encode() + b"\n")
            await stdin.drain()
        return part(parse(await stdout.readline()), "url", str)

    async def _drain(self) -> None:
        """Keep the end of the log, and keep the pipe from filling up."""
        assert self._process.stderr is not None
        begun = b""
        while block := await self._process.stderr.read(4096):
            self._log = (self._log + block)[-LOG_CHARACTERS:]
            *lines, begun = re.split(rb"[\r\n]+", (begun + block)[-LOG_CHARACTERS:])
            if self._heard is not None:
                for line in lines:
                    self._heard(line.decode("utf-8", "replace"))

    def _reason(self) -> str:
        lines = self.log.splitlines()[-REASON_LINES:]
        return "\n".join(lines)[-REASON_CHARACTERS:] or f"exit status {self._process.returncode}"


class Owned:
    """What an engine tells of a server of its own, which runs in `_child`."""

    _child: Child

    @property
    def alive(self) -> bool:
        """Whether the server's process, or the one above all of its processes, runs."""
        return self._child.alive

    @property
    def pid(self) -> int:
        """That process."""
        return self._child.pid

    @property
    def log(self) -> str:
        """The last lines that the server logged."""
        return self._child.log

    async def ended(self) -> None:
        """Wait until the server has ended."""
        await self._child.ended()
