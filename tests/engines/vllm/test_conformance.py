"""vLLM keeps the promises that every engine keeps; what we know of it is what can be found out."""

import asyncio
import secrets
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from core.engine import Sampling
from engines.host import LocalHost
from engines.url.engine import UrlEngine, place
from engines.url.openai import VllmServer
from engines.vllm.engine import Vllm
from tests.engines.conformance import Subject, every_promise
from tests.engines.texts import gather, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@every_promise
async def test_it_keeps_each_promise(subject: Subject, promise: Any) -> None:
    await promise(subject)


@pytest_asyncio.fixture(loop_scope="session")
async def by_url(engine: Vllm) -> Any:
    connected = await UrlEngine.connect(place(f"{engine.url}/v1", engine.key))
    yield connected
    await connected.close()


async def test_at_a_url_it_is_found_out_to_be_what_we_know_it_to_be(
    by_url: UrlEngine, engine: Vllm
) -> None:
    """So the trials need not be made again when it is started by us."""
    server = by_url._server
    assert isinstance(server, VllmServer)
    assert by_url.info.cannot == engine.info.cannot == {}
    # What was cached is always told here, since we start it with that option.
    assert replace(server.manner, cached=True) == engine.manner
    told, mine = by_url.info, engine.info
    assert (told.model, told.context) == (mine.model, mine.context)
    assert told.special_tokens == mine.special_tokens == ("<|im_start|>", "<|im_end|>")
    assert (await by_url.metrics()).keys() == (await engine.metrics()).keys()
    prompt = await by_url.render([{"role": "user", "content": "Hi"}])
    asked = Sampling(temperature=1.0, max_tokens=8, seed=3, reuse=False)
    assert [s.text for s in await gather(by_url, prompt, asked, 2)] == [
        s.text for s in await gather(engine, prompt, asked, 2)
    ]


async def test_the_info_and_the_status_say_what_was_chosen(host: LocalHost, engine: Vllm) -> None:
    status = host.status
    assert (status.phase, status.model, status.engine) == ("ready", "SmolLM2", "vLLM")
    assert status.context == engine.info.context == engine.plan.context == 8192
    assert status.device == engine.info.device and status.device.startswith("CPU · ")
    assert "Application startup complete" in status.log
    assert engine.key not in status.log


async def test_its_memory_is_told(engine: Vllm) -> None:
    """The weights alone are half a gigabyte."""
    await until(lambda: engine.memory > 1 << 29)
    assert engine.memory < 1 << 34


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("words", [3, 90, 400])
async def test_what_was_computed_of_prompts_is_told_truly(
    subject: Subject, words: int, n: int
) -> None:
    """Of a new prompt, of the same again, and of a longer one that begins like it."""
    prompt = await subject.prompt(f"{secrets.token_hex(8)} " + "lighthouse " * words)
    asked = Sampling(temperature=1.0, max_tokens=4, seed=1)
    for text in (prompt, prompt, prompt + "Well, " * 40):
        before = await subject.read()
        samples = await gather(subject.engine, text, asked, n)
        told = sum(s.usage.computed or 0 for s in samples if s.usage)
        assert told == await subject.read() - before
        assert {s.usage.prompt for s in samples if s.usage} == {await subject.engine.count(text)}


async def test_more_requests_than_fit_wait_in_its_own_queue(subject: Subject, engine: Vllm) -> None:
    """And the queue can be seen."""
    prompt = await subject.prompt()
    asked = Sampling(temperature=1.0, max_tokens=2000, seed=1)
    reading = asyncio.ensure_future(gather(engine, prompt, asked, 250))
    other = asyncio.ensure_future(gather(engine, prompt, asked, 250))

    async def queued() -> bool:
        return (await engine.metrics())["num_requests_waiting"] > 0

    await until(queued, 60)
    for each in (reading, other):
        each.cancel()
        await asyncio.wait({each})
    await until(lambda: engine.meter.active == 0)

    async def quiet() -> bool:
        return await subject.working() == 0

    await until(quiet, 10)
