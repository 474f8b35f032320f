"""Whatever a server does, its client ends with the text so far and an error that says why."""

import asyncio
import json
from dataclasses import replace

import pytest

from core.engine import Sampling, asker
from core.errors import ContextOverflow, EngineDied, EngineError, EngineUnavailable
from engines.server.connection import Connection
from tests.engines.standin import HEAD, Play, engine_of, event, written
from tests.engines.texts import Sample, gather

DONE = b"data: [DONE]\n\n"
WHOLE = HEAD + event("Two", 1) + event(" words", 2) + event("", 2, "stop") + DONE
SAMPLING = Sampling(max_tokens=8)


async def broken(play: Play, silence_seconds: float = 5.0, n: int = 1) -> tuple[str, EngineError]:
    """The text so far, and the error."""
    samples: list[Sample] = []
    async with engine_of(play, silence_seconds) as engine:
        with pytest.raises(EngineError) as caught:
            await gather(engine, "prompt", SAMPLING, n, into=samples)
        assert engine.meter.active == 0
    return samples[0].text, caught.value


async def test_a_stream_is_read() -> None:
    async with engine_of(written(WHOLE)) as engine:
        (sample,) = await gather(engine, "prompt", SAMPLING)
    assert (sample.text, sample.tokens, sample.logprob) == ("Two words", 2, -1.0)
    assert sample.finish == "stop"


async def test_a_stream_is_read_byte_by_byte() -> None:
    answer = HEAD + event("é 你好 \u2028 \x85", 1) + event("", 1, "length") + b": ping\n\n" + DONE
    async with engine_of(written(*(bytes([byte]) for byte in answer))) as engine:
        (sample,) = await gather(engine, "prompt", SAMPLING)
    assert (sample.text, sample.finish) == ("é 你好 \u2028 \x85", "length")


RUBBISH = [
    b"<html>\n",
    b"data: {half\n\n",
    b'data: {"choices": NaN}\n\n',
    b"data: 7\n\n",
    b"data: \xff\xfe\n\n",
    b"data: " + b"[" * 200_000 + b"\n\n",
    b'data: {"choices": [7]}\n\n',
    b'data: {"choices": [{"index": 0, "text": null}]}\n\n',
    event("x", 2, index=1),
    event("x", 2, index=-1),
    event("x", 2, finish="because"),
    event("x", 2, logprob="high"),
    event("x", 2, logprob=float("inf")),
    event("x", 2).replace(b"-0.5", b"-1e999"),
    b"data: " + b"x" * 2_000_000,
]


@pytest.mark.parametrize("rubbish", RUBBISH, ids=range(len(RUBBISH)))
async def test_rubbish_ends_the_stream(rubbish: bytes) -> None:
    text, error = await broken(written(HEAD, event("Two", 1), rubbish, event("", 1, "stop")))
    assert text == "Two"
    assert isinstance(error, EngineDied)
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    "end", [b"", b'data: {"choi', DONE, event("", 1, "stop")], ids=["eof", "half", "done", "one"]
)
async def test_a_stream_that_ends_too_soon(end: bytes) -> None:
    text, error = await broken(written(HEAD, event("Two", 1), end), n=2)
    assert text == "Two" and isinstance(error, EngineDied)


async def test_text_after_the_end_of_a_sample() -> None:
    _, error = await broken(written(HEAD, event("", 1, "stop"), event("more", 2)), n=2)
    assert isinstance(error, EngineDied)


async def test_an_error_event_is_told() -> None:
    failure = b'data: {"error": {"code": 500, "message": "out of memory"}}\n\n'
    text, error = await broken(written(HEAD, event("Two", 1), failure))
    assert (text, error.fields) == ("Two", {"reason": "out of memory"})
    assert isinstance(error, EngineDied)


async def test_a_server_that_hangs_up_without_an_answer() -> None:
    _, error = await broken(written())
    assert isinstance(error, EngineDied)


async def test_a_body_shorter_than_promised() -> None:
    head = HEAD.replace(b"Connection", b"Content-Length: 99999\r\nConnection")
    text, error = await broken(written(head, event("Two", 1)))
    assert text == "Two" and isinstance(error, EngineDied)


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"error": {"message": "no such model"}}', "no such model"), (b"<h1>" + b"x" * 999, "<h1>")],
)
async def test_an_http_error_is_told(body: bytes, message: str) -> None:
    answer = b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n" + body
    _, error = await broken(written(answer))
    assert error.code == "engine_refused" and error.fields["status"] == 500
    told = str(error.fields["message"])
    assert told.startswith(message) and len(told) <= 300


async def test_a_server_that_falls_silent() -> None:
    released = asyncio.Event()

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + event("Two", 1))
        await released.wait()

    async with engine_of(play, silence_seconds=0.2) as engine:
        with pytest.raises(EngineDied, match="silent"):
            await gather(engine, "prompt", SAMPLING)
        released.set()


async def test_a_slow_server_is_waited_for() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        for block in (HEAD, event("Two", 1), event("", 1, "stop")):
            await asyncio.sleep(0.1)
            writer.write(block)

    async with engine_of(play, silence_seconds=5.0) as engine:
        (sample,) = await gather(engine, "prompt", SAMPLING)
    assert sample.text == "Two"


async def test_nobody_listens() -> None:
    async with engine_of(written(WHOLE)) as engine:
        pass
    connection = Connection("http://127.0.0.1:1", local=True)
    with pytest.raises(EngineUnavailable) as caught:
        await connection.get("/props")
    await connection.close()
    assert caught.value.code == "engine_unreachable"
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await gather(engine, "prompt", SAMPLING)


async def test_closing_the_stream_hangs_up() -> None:
    hung_up = asyncio.Event()

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + event("Two", 1))
        try:
            while True:
                writer.write(b": ping\n\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            hung_up.set()

    async with engine_of(play) as engine:
        chunks = engine.stream("prompt", SAMPLING)
        await anext(chunks)
        assert engine.meter.active == 1
        await chunks.aclose()
        assert engine.meter.active == 0
        await asyncio.wait_for(hung_up.wait(), 5)


async def test_what_the_engine_cannot_do_is_refused() -> None:
    async with engine_of(written(WHOLE)) as engine:
        with pytest.raises(EngineError) as caught:
            await gather(engine, "prompt", Sampling(min_tokens=1))
        assert (caught.value.code, caught.value.fields) == (
            "engine_cannot",
            {"feature": "min_tokens"},
        )
        for wrong in (Sampling(max_tokens=0), Sampling(stop=("",))):
            with pytest.raises(ValueError):
                await gather(engine, "prompt", wrong)
        with pytest.raises(ValueError):
            await gather(engine, "prompt", SAMPLING, 0)


async def test_a_prompt_that_does_not_fit_is_not_sent() -> None:
    async with engine_of(written()) as engine:
        with pytest.raises(ContextOverflow) as caught:
            await gather(engine, "prompt", Sampling(max_tokens=2046))
    assert caught.value.fields == {"tokens": 3, "limit": 2}


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await test_a_stream_is_read()


@pytest.mark.parametrize(
    "told", [None, 7, {"bytes": [300]}, {"bytes": "yes"}, {"bytes": [121], "top_logprobs": [7]}]
)
async def test_rubbish_about_the_choices(told: object) -> None:
    token = {"id": 1, "logprob": -0.5, "bytes": [121], "top_logprobs": []}
    token |= told if isinstance(told, dict) else {"top_logprobs": told}
    wrong = event("y", 1).replace(
        b'{"id": 1, "token": "y", "logprob": -0.5}', json.dumps(token).encode()
    )
    async with engine_of(written(HEAD, wrong, event("", 1, "stop"))) as engine:
        with pytest.raises(EngineDied):
            await gather(engine, "prompt", Sampling(max_tokens=8, choices=("yes", "no")))


async def test_one_text_of_another_does_not_wait_for_all_of_somebody_elses() -> None:
    finished: list[str] = []
    large = Sampling(max_tokens=4_000)  # so that one is made at a time

    async with engine_of(written(WHOLE)) as engine:
        engine.info = replace(engine.info, context=8_000)

        async def ask(who: str) -> None:
            asker.set(who)
            await gather(engine, "prompt", large)
            finished.append(who)

        asked = [asyncio.create_task(ask("many")) for _ in range(20)]
        while not finished:
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.create_task(ask("one"))
        assert len(finished) < 10
        await asyncio.gather(*asked)
