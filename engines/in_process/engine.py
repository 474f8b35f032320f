"""transformers in this process: for ZeroGPU, Apple's GPU, and machines that have nothing else."""

import asyncio
import importlib.util
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from core.engine import Chunk, EngineInfo, Feature, Message, Sampling, asker
from core.errors import ContextOverflow, EngineDied, EngineError, EngineUnavailable
from engines.in_process.turns import Turns
from engines.in_process.worker import Worker
from engines.in_process.zerogpu import Work
from engines.llamacpp.dialect import clean
from engines.meter import Meter
from engines.server.client import SEEDS

if TYPE_CHECKING:
    from engines.in_process.generation import Generation
    from engines.in_process.loading import Loaded

LIBRARIES = ("torch", "transformers", "accelerate", "gguf")
ENGINE = "transformers"

# It does all that an engine can be asked for.
CANNOT: dict[Feature, str] = {}


class Desk:
    """Where work finds the model. ZeroGPU is told of the work before there is a model."""

    def __init__(self, lend: Callable[[Work], Work] = lambda work: work) -> None:
        """`lend` makes of work what finds a GPU: see engines.in_process.zerogpu."""
        self.generation: Generation | None = None
        self.work = lend(self.run)

    def run(
        self, prompt: Sequence[int], sampling: Sampling, n: int
    ) -> Generator[object, None, None]:
        """As Generation.run."""
        assert self.generation is not None
        yield from self.generation.run(prompt, sampling, n)

    def clear(self) -> None:
        """Let the model go."""
        if self.generation is not None:
            from engines.in_process.loading import release

            self.generation = None
            release()


class InProcess:
    """Made by `start`, ended by `close`.

    One request is made at a time, all its samples at once; the others wait, and those who ask take
    turns. The same seed gives the same text on the same device and with the same n: a batch of
    another size differs in the last bits of its numbers, and so now and then in a word.
    """

    def __init__(
        self,
        loaded: "Loaded",
        worker: Worker,
        desk: Desk,
        name: str,
        thinking: tuple[str, str] | None = None,
    ) -> None:
        """`worker` is closed with this, and `desk`, which has the model, is cleared."""
        device, context = loaded.device.shown, loaded.context
        self.info = EngineInfo(name, ENGINE, device, context, thinking, CANNOT)
        self.meter = Meter()
        # Not the model: whoever still holds a closed engine is not to hold that.
        self._tokenizer = loaded.tokenizer
        self._special = loaded.vocabulary.special
        self._held = loaded.device.held
        self._bos = list(loaded.bos)
        self._worker = worker
        self._desk = desk
        self._turns = Turns()
        self._ended = asyncio.Event()

    @classmethod
    async def start(
        cls,
        path: Path,
        name: str,
        *,
        thinking: tuple[str, str] | None = None,
        desk: Desk | None = None,
    ) -> "InProcess":
        """Load the model in the folder or GGUF file at `path`, to be shown as `name`.

        Loading cannot be broken off: where this is cancelled it goes on to its end, and what was
        loaded is let go. Raises EngineUnavailable ("engine_packages"), and ModelError as
        engines.in_process.loading.load.
        """
        if (missing := missing_libraries()) is not None:
            raise missing
        desk = desk or Desk()
        desk.clear()
        worker = Worker("in-process")
        try:
            loaded, desk.generation = await worker.call(lambda: _load(path))
            engine = cls(loaded, worker, desk, name, thinking)
            await engine.learn()
        except BaseException:
            await worker.close()
            desk.clear()
            raise
        return engine

    @property
    def alive(self) -> bool:
        """Whether it can make text."""
        return not self._ended.is_set()

    @property
    def log(self) -> str:
        """Nothing: what goes wrong here is told by errors."""
        return ""

    @property
    def memory(self) -> int:
        """Bytes that torch holds of the GPU's memory; on a CPU, those of this process."""
        return self._held()

    async def ended(self) -> None:
        """Wait until it can make no more text: it was closed, or the device has failed."""
        await self._ended.wait()

    async def close(self) -> None:
        """End all streams, wait for it, and let the model go. May be called twice."""
        self._ended.set()
        await self._worker.close()
        self._desk.clear()

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        """Raises EngineError ("engine_template") for turns that the template does not know."""
        turns = [{"role": m["role"], "content": clean(m["content"])} for m in messages]
        try:
            prompt: str = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True
            )
        except jinja2.TemplateError as error:
            raise EngineError("engine_template", reason=str(error)[:300]) from error
        return prompt + prefill

    async def count(self, text: str) -> int:
        return len(self._tokens(text))

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        """As core.engine.Engine.stream. A choice that is shorter than `min_tokens` may be taken.

        Raises EngineError: "prompt_empty", "engine_memory" (the next request may fit),
        "engine_numbers" (the model's numbers overflow), "engine_zerogpu".
        """
        if not self.alive:
            raise EngineUnavailable("engine_closed")
        tokens = self._checked(prompt, sampling, n)
        if sampling.seed is None:
            sampling = replace(sampling, seed=secrets.randbelow(SEEDS))
        running = n
        async with self._turns.turn(asker.get()):
            self.meter.begin(n)
            try:
                async with aclosing(self._made(tokens, sampling, n)) as chunks:
                    async for chunk in chunks:
                        running -= self._metered(chunk)
                        yield chunk
            finally:
                self.meter.end(running)
        if running:
            raise EngineDied("it was closed")

    async def _made(
        self, tokens: Sequence[int], sampling: Sampling, n: int
    ) -> AsyncGenerator[Chunk, None]:
        if not self.alive:  # It ended while this request waited.
            raise EngineUnavailable("engine_closed")
        steps = self._worker.iterate(lambda: self._desk.work(tokens, sampling, n))
        async with aclosing(steps) as told:
            async for step in told:
                if isinstance(step, EngineDied):
                    self._ended.set()
                if isinstance(step, EngineError):
                    raise step
                for chunk in step:
                    yield chunk

    def _checked(self, prompt: str, sampling: Sampling, n: int) -> list[int]:
        """The prompt's tokens. Raises EngineError for what this engine cannot do, ValueError for
        what none can."""
        if n < 1 or sampling.max_tokens < 1 or "" in sampling.stop:
            raise ValueError(f"n={n}, max_tokens={sampling.max_tokens}, stop={sampling.stop}")
        tokens = self._tokens(prompt)
        if tokens[: len(self._bos)] != self._bos:
            tokens = self._bos + tokens
        if not tokens:
            raise EngineError("prompt_empty")
        limit = max(0, self.info.context - sampling.max_tokens)
        if len(tokens) > limit:
            raise ContextOverflow(len(tokens), limit)
        return tokens

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self._tokenizer(clean(text), add_special_tokens=False).input_ids
        return tokens

    def _metered(self, chunk: Chunk) -> int:
        """Meter a chunk. Returns 1 if it is its sample's last, else 0."""
        self.meter.sampled(chunk.tokens)
        if chunk.finish is None:
            return 0
        self.meter.end()
        return 1

    async def learn(self) -> None:
        """Find out which special tokens the chat template writes, in order of appearance."""
        turns: list[Message] = [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]
        tokens = self._tokens(await self.render(turns))
        written = dict.fromkeys(self._special[t] for t in tokens if t in self._special)
        self.info = replace(self.info, special_tokens=tuple(written))


def missing_libraries() -> EngineUnavailable | None:
    """What is needed and not installed, as an error ("engine_packages")."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    return EngineUnavailable("engine_packages", missing=", ".join(missing)) if missing else None


def _load(path: Path) -> "tuple[Loaded, Generation]":
    """Called in the thread that is to make the text: importing torch takes seconds, too."""
    from engines.in_process.generation import Generation
    from engines.in_process.loading import load

    loaded = load(path)
    return loaded, Generation(loaded)
