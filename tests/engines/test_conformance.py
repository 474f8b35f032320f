"""Every engine keeps the promises of the contract, or says which it does not."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engines.llamacpp.engine import LlamaCpp
from engines.url.engine import UrlEngine, place
from engines.url.openai import ChatServer, OpenAIServer, VllmServer
from tests.engines.conformance import PROMISES, Subject, every_promise
from tests.engines.openai_standin import EVERYTHING, Standin, lacking, serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedded(smollm2: Path) -> AsyncGenerator[Subject, None]:
    """The embedded llama.cpp with a real small model."""
    engine = await LlamaCpp.start(smollm2, "SmolLM2")
    yield _llama(engine, engine)
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def by_url(smollm2: Path) -> AsyncGenerator[Subject, None]:
    """An embedded llama.cpp server, as any other server at a URL."""
    server = await LlamaCpp.start(smollm2, "SmolLM2")
    engine = await UrlEngine.connect(place(f"{server.url}/v1", server.key))
    yield _llama(engine, server)
    await engine.close()
    await server.close()


def _llama(engine: Any, server: LlamaCpp) -> Subject:
    async def read() -> int:
        return int((await server.metrics())["prompt_tokens_total"])

    return Subject(engine, server.active_slots, read)


@pytest.mark.asyncio(loop_scope="module")
@every_promise
async def test_the_embedded_engine(embedded: Subject, promise: Any) -> None:
    await promise(embedded)


@pytest.mark.asyncio(loop_scope="module")
@every_promise
async def test_a_llamacpp_at_a_url(by_url: Subject, promise: Any) -> None:
    await promise(by_url)


@pytest.mark.asyncio(loop_scope="module")
async def test_of_a_llamacpp_at_a_url_all_is_used(by_url: Subject, embedded: Subject) -> None:
    mine, told = embedded.engine.info, by_url.engine.info
    assert told.cannot == mine.cannot == {"min_tokens": "cannot.min_tokens"}
    assert (told.context, told.special_tokens) == (mine.context, mine.special_tokens)
    assert told.engine == "llama.cpp" and "/" not in told.model


# What is lacking, and the features that are then switched off.
LACKS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "nothing": ((), set()),
    "n": (("n",), {"n"}),
    "seed": (("seed",), {"seed"}),
    "stop": (("stop",), {"stop", "min_tokens"}),
    "top_k": (("top_k",), {"top_k"}),
    "logprobs": (("logprobs",), {"logprobs"}),
    "choices": (("structured_outputs",), {"choices"}),
    "min_tokens": (("min_tokens",), {"min_tokens"}),
    "usage": (("usage",), set()),
    "counts": (("usage", "ids", "logprobs"), {"usage", "logprobs"}),
    "ids": (("ids", "logprobs"), {"logprobs", "n"}),
    "tokenize": (("tokenize",), {"continue", "count", "choices"}),
    "template": (("template",), {"continue", "count", "choices"}),
    "completions": (("completions",), {"continue", "count", "choices"}),
}
VARIANTS = [
    pytest.param(lack, refuses, id=f"{lack}-{'refused' if refuses else 'ignored'}")
    for lack in LACKS
    for refuses in (False, True)
]


def variant(lack: str, refuses: bool) -> Standin:
    return lacking(*LACKS[lack][0], refuses=refuses)


async def _connected(stack: AsyncExitStack, standin: Standin) -> Subject:
    engine = await UrlEngine.connect(await stack.enter_async_context(serving(standin)))
    stack.push_async_callback(engine.close)

    async def working() -> int:
        return standin.active

    async def read() -> int:
        return standin.read

    return Subject(engine, working, read, exact=True)


@pytest.mark.parametrize(("lack", "refuses"), VARIANTS)
async def test_what_a_server_lacks_is_found_out_and_nothing_else(lack: str, refuses: bool) -> None:
    async with AsyncExitStack() as stack:
        subject = await _connected(stack, variant(lack, refuses))
        assert set(subject.engine.info.cannot) == LACKS[lack][1]


@pytest.mark.parametrize(("lack", "refuses"), VARIANTS)
async def test_a_server_keeps_every_promise_that_it_makes(lack: str, refuses: bool) -> None:
    async with AsyncExitStack() as stack:
        subject = await _connected(stack, variant(lack, refuses))
        for promise in PROMISES:
            await promise(subject)


@pytest.mark.parametrize(
    ("standin", "dialect"),
    [
        (Standin(), VllmServer),
        (Standin(EVERYTHING - {"tokenize"} | {"apply"}), OpenAIServer),
        (lacking("completions"), ChatServer),
        (Standin(EVERYTHING - {"structured_outputs"} | {"grammar"}), VllmServer),
        (Standin(masked=True), VllmServer),
    ],
    ids=["vllm", "apply-template", "chat", "grammar", "masked"],
)
async def test_every_dialect(standin: Standin, dialect: type) -> None:
    async with AsyncExitStack() as stack:
        subject = await _connected(stack, standin)
        assert type(subject.engine._server) is dialect  # type: ignore[attr-defined]
        assert subject.can("choices") == (dialect is not ChatServer)
        for promise in PROMISES:
            await promise(subject)
