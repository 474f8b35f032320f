"""transformers in process keeps the promises that every engine keeps."""

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from engines.in_process.engine import Desk, InProcess
from engines.in_process.reading import Reader
from engines.in_process.worker import Worker
from tests.engines.conformance import Subject, every_promise

pytestmark = pytest.mark.asyncio(loop_scope="module")


class CountingReader(Reader):
    """Adds up the tokens that it computes of prompts."""

    computed = 0

    def read(self, prompt: Sequence[int], reuse: bool) -> Generator[Any, None, Any]:
        reading = yield from super().read(prompt, reuse)
        self.computed += reading.computed
        return reading


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def subject(loaded: Any) -> AsyncGenerator[Subject, None]:
    from engines.in_process.generation import Generation

    desk = Desk()
    desk.generation = Generation(loaded)
    reader = desk.generation._reader = CountingReader(loaded.model, loaded.device.block)
    engine = InProcess(loaded, Worker("in-process"), desk, "SmolLM2")
    await engine.learn()

    async def working() -> int:
        return engine.meter.active

    async def read() -> int:
        return reader.computed

    yield Subject(engine, working, read)
    await engine.close()


@every_promise
async def test_it_keeps_each_promise(subject: Subject, promise: Any) -> None:
    await promise(subject)
