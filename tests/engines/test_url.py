"""Whatever goes wrong with a server at a URL: it is said, what was made is kept, and the next run
works without a restart."""

import asyncio
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from components.texts import error_text
from core import recording
from core.driver import Driver
from core.engine import Sampling
from core.errors import ContextOverflow, EngineError, InvalidInput, ThoughtscopeError
from core.params import build
from core.question import Question
from core.run import Run
from engines.host import LocalHost
from engines.url.engine import Place, UrlEngine, at_url, place, what_it_lacks
from strategies import REGISTRY
from tests.engines.openai_standin import HEAD, Body, Play, Standin, event, lacking, serving
from tests.engines.texts import gather, until

QUESTION = Question("How many legs has a spider?", "number", "en")
KEY = "sk-very-secret"
CELLS = [f"{way}{number}" for way in "hv" for number in range(1, 6)]


def piece(text: str) -> bytes:
    choice: Body = {"index": 0, "text": text, "token_ids": [1], "finish_reason": None}
    return event({"choices": [choice]})


def said(*blocks: bytes, then: Play | None = None) -> Play:
    """Writes two words and these blocks, and hangs up, or does something else `then`."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for block in (HEAD, piece("Two "), piece("words"), *blocks):
            writer.write(block)
            await writer.drain()
        if then is not None:
            await then(reader, writer)

    return play


async def abort(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client has had enough


async def run_on(host: LocalHost, strategy: str = "direct") -> Run:
    """One run, to its end."""
    method = REGISTRY[strategy]
    driver = Driver(Run(await host.ready(), 7), method, QUESTION, build(method.params, {}))
    async for _ in driver.frames():
        pass
    return driver.run


def told(error: ThoughtscopeError | dict | None, *words: str) -> None:
    """The error has a sentence in both languages, with these words in it."""
    given = error.as_dict() if isinstance(error, ThoughtscopeError) else error
    for language in ("en", "zh"):
        sentence = error_text(given, language)
        assert all(word in sentence for word in words), sentence
        assert error_text({"code": "?"}, language)[:12] not in sentence
        assert KEY not in sentence


@asynccontextmanager
async def hosted(at: Place, model: str = "") -> AsyncIterator[LocalHost]:
    host = at_url(at, model)
    try:
        yield host
    finally:
        await host.close()


FAULTS = {
    "killed": (said(then=abort), "server_broke_off"),
    "hanging": (said(then=hang), "server_silent"),
    "garbage": (said(b"<html>\n"), "server_garbled"),
    "broken JSON": (said(b"data: {half\n\n"), "server_garbled"),
    "half a line": (said(b'data: {"choi'), "server_broke_off"),
    "an error": (said(event({"error": {"message": "out of memory"}})), "server_broke_off"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_in_mid_text_is_told_and_the_text_is_kept(fault: str) -> None:
    play, code = FAULTS[fault]
    standin = Standin()
    async with serving(standin) as at, hosted(replace(at, silence=0.3)) as host:
        await host.ready()
        standin.fault = play
        run = await run_on(host)
        assert run.trace.ended is not None and run.trace.ended.error is not None
        assert (run.trace.ended.status, run.trace.ended.error["code"]) == ("failed", code)
        told(run.trace.ended.error, at.host)
        assert run.trace.nodes["0"].sampled == "Two words"
        assert recording.read(recording.write(run.events).encode()).trace().ended is not None
        standin.fault = None
        again = await run_on(host)
        assert again.trace.ended is not None and again.trace.ended.status != "failed"


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "server_failed"), (503, "server_failed"), (429, "server_busy"), (401, "server_key")],
)
async def test_a_refusal_is_told(status: int, code: str) -> None:
    standin = Standin()
    async with serving(standin) as at, hosted(at) as host:
        await host.ready()
        standin.status = status
        run = await run_on(host)
        assert run.trace.ended is not None and run.trace.ended.error is not None
        assert run.trace.ended.error["code"] == code
        told(run.trace.ended.error, at.host, str(status))
        standin.status = 0
        again = await run_on(host)
        assert again.trace.ended is not None and again.trace.ended.status != "failed"


async def test_a_refusal_at_connecting_is_told_and_the_next_try_works() -> None:
    standin = Standin(status=429)
    async with serving(standin) as at, hosted(at) as host:
        with pytest.raises(EngineError) as caught:
            await host.ready()
        assert (caught.value.code, host.status.phase) == ("server_busy", "failed")
        standin.status = 0
        await host.ready()
        assert host.status.phase == "ready"


async def test_a_server_that_is_gone_and_comes_back_is_asked_anew() -> None:
    """Also what it can do, since that may be another server."""
    standin = Standin()
    async with serving(standin) as at:
        host = at_url(at)
        await host.ready()
        assert host.cannot == {}
        standin.fault = said(then=abort)
    run = await run_on(host)  # Nobody listens any more.
    assert run.trace.ended is not None and run.trace.ended.error is not None
    assert run.trace.ended.error["code"] == "server_unreachable"
    told(run.trace.ended.error, at.host)
    await until(lambda: host.status.phase == "failed")
    with pytest.raises(EngineError, match="server_unreachable"):
        await host.ready()
    async with serving(lacking("seed"), port=int(at.host.rpartition(":")[2])):
        again = await run_on(host)
        assert again.trace.ended is not None and again.trace.ended.status != "failed"
        assert host.cannot == {"seed": "cannot.seed"} == host.status.cannot
    await host.close()


async def test_one_broken_stream_does_not_end_the_others() -> None:
    standin = Standin()
    async with serving(standin) as at, hosted(at) as host:
        engine = await host.ready()
        prompt = await engine.render([{"role": "user", "content": "Hi"}])
        chunks = engine.stream(prompt, Sampling(max_tokens=2000))
        await anext(chunks)
        standin.fault = said(then=abort)
        with pytest.raises(EngineError, match="server_broke_off"):
            await gather(engine, prompt, Sampling(max_tokens=8))
        assert [chunk.finish async for chunk in chunks][-1] == "length"
        assert await host.ready() is engine


async def test_a_very_slow_server_is_waited_for() -> None:
    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end: Body = {"index": 0, "text": "", "finish_reason": "stop"}
        usage: Body = {"prompt_tokens": 3, "completion_tokens": 1}
        for block in (HEAD, piece("Eight"), event({"choices": [end], "usage": usage})):
            await asyncio.sleep(0.2)  # the slowness itself
            writer.write(block)

    standin = Standin()
    async with serving(standin) as at, hosted(replace(at, silence=10.0)) as host:
        await host.ready()
        standin.fault = play
        run = await run_on(host)
        assert run.trace.nodes["0"].sampled == "Eight"


async def test_a_wrong_model_is_told_with_those_that_are_there() -> None:
    async with serving(Standin()) as at:
        async with hosted(at, "nonesuch") as host:
            with pytest.raises(EngineError) as caught:
                await host.ready()
            assert caught.value.code == "server_model"
            told(caught.value, at.host, "nonesuch", "standin, other")
        async with hosted(at, "other") as host:
            assert (await host.ready()).info.model == "other"


@asynccontextmanager
async def answering(*blocks: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of something that writes these blocks to whoever comes; without any, it waits."""
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(blocks)
        if not blocks:
            await reader.read()
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.gather(*served)


HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>Hello</h1>"
OTHERS = {
    "a page": ([HTML], "server_other"),
    "another protocol": ([b"SSH-2.0-OpenSSH_9.6\r\n"], "server_other"),
    "another API": ([HTML.replace(b"200 OK", b"404 No")], "server_other"),
    "JSON": ([HTML.replace(b"<h1>Hello</h1>", b'{"hello": 1}')], "server_other"),
    "nothing": ([], "server_silent"),
}


@pytest.mark.parametrize("other", OTHERS)
async def test_a_port_that_answers_something_else(other: str) -> None:
    blocks, code = OTHERS[other]
    async with answering(*blocks) as port:
        at = replace(place(f"http://127.0.0.1:{port}"), answer=0.5)
        with pytest.raises(EngineError) as caught:
            await UrlEngine.connect(at)
    assert caught.value.code == code
    told(caught.value, at.host)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/completions", "/tokenize", "/detokenize"])
async def test_a_server_that_hangs_while_it_is_asked_what_it_is(path: str) -> None:
    async with serving(Standin(mute=path)) as at:
        with pytest.raises(EngineError) as caught:
            await UrlEngine.connect(replace(at, answer=0.2))
    assert caught.value.code == "server_silent"
    told(caught.value, at.host)


async def test_a_template_that_is_not_read_again_as_it_is_cannot_be_continued() -> None:
    async with serving(Standin(inexact=True)) as at:
        engine = await UrlEngine.connect(at)
        await engine.close()
    assert engine.info.cannot["continue"] == "cannot.continue"


async def test_nobody_listens() -> None:
    with pytest.raises(EngineError) as caught:
        await UrlEngine.connect(place("http://127.0.0.1:1/v1"))
    assert caught.value.code == "server_unreachable"
    told(caught.value, "127.0.0.1:1")


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate with openssl")
async def test_a_certificate_that_nobody_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its authority is named."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    made += [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    await asyncio.to_thread(subprocess.run, made, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with answering(HTML, tls=context) as port:
        with pytest.raises(EngineError) as caught:
            await UrlEngine.connect(place(f"https://localhost:{port}/v1"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.raises(EngineError, match="server_other"):
            await UrlEngine.connect(place(f"https://localhost:{port}/v1"))
    assert caught.value.code == "server_certificate"
    told(caught.value, "localhost", "certificate")


async def test_a_server_without_chats_or_templates_is_refused() -> None:
    async with serving(lacking("chat", "template")) as at:
        with pytest.raises(EngineError) as caught:
            await UrlEngine.connect(at)
    assert caught.value.code == "server_template"
    told(caught.value, at.host)


# The key


async def test_the_key_is_sent_and_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    standin = Standin(key=KEY)
    async with serving(standin) as at:
        assert at.key == KEY and KEY not in repr(at)
        async with hosted(at) as host:
            run = await run_on(host)
            assert KEY not in repr(host.status)
        assert run.trace.ended is not None and run.trace.ended.status != "failed"
        assert KEY not in recording.write(run.events)
        with pytest.raises(EngineError) as caught:  # Its refusal repeats a key.
            await UrlEngine.connect(replace(at, key="wrong"))
    assert caught.value.code == "server_key"
    told(caught.value, at.host)
    assert KEY not in caplog.text


async def test_a_message_that_repeats_the_key_is_shown_without_it() -> None:
    standin = Standin()
    async with serving(standin) as at:
        engine = await UrlEngine.connect(replace(at, key=KEY))
        standin.fault = said(event({"error": {"message": f"do not use {KEY} here"}}))
        prompt = await engine.render([{"role": "user", "content": "Hi"}])
        with pytest.raises(EngineError) as caught:
            await gather(engine, prompt, Sampling(max_tokens=8))
        await engine.close()
    assert KEY not in str(caught.value) and "do not use … here" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("localhost:8000", "engine_url"),
        ("ftp://host/v1", "engine_url"),
        ("http://", "engine_url"),
        ("http://host:port/v1", "engine_url"),
        (f"http://me:{KEY}@host/v1", "engine_url_secret"),
        (f"http://host/v1?key={KEY}", "engine_url_secret"),
    ],
)
def test_what_is_no_address_is_refused(url: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        place(url)
    assert refused.value.code == code
    told(refused.value)


@pytest.mark.parametrize("key", ["sk-a\nsk-b", "sk a", "sk-é", "sk\0"])
def test_what_can_be_no_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        place("http://host/v1", key)
    assert refused.value.as_dict() == {"code": "engine_key", "fields": {}}
    told(refused.value, "THOUGHTSCOPE_API_KEY")
    assert place("http://host/v1", f" {KEY}\n").key == KEY


def test_an_address_may_end_in_v1_or_not() -> None:
    roots = {
        place(url).root for url in ("http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/")
    }
    assert roots == {"http://h:1"}
    assert place("https://host/v1").host == "host"


# What a server cannot do


async def test_a_strategy_that_needs_more_is_refused_before_it_runs() -> None:
    standin = lacking("completions")
    async with serving(standin) as at, hosted(at) as host:
        await host.ready()
        asked = len(standin.bodies)
        for strategy in ("direct", "zero_shot_cot", "self_consistency", "budget_forcing"):
            with pytest.raises(InvalidInput) as refused:
                await run_on(host, strategy)
            assert refused.value.fields["reason_code"] == "cannot.continue"
            told(refused.value, strategy)
        assert "whole chats" in error_text(refused.value.as_dict(), "en")
        assert "完整的对话" in error_text(refused.value.as_dict(), "zh")
        assert len(standin.bodies) == asked


CLUES = "\n".join(f"{place_}. a word of five letters" for place_ in CELLS)


@pytest.mark.parametrize(("task", "asked"), [("game24", "4 9 10 13"), ("crossword", CLUES)])
async def test_a_chat_serves_a_search_that_needs_no_continuation(task: str, asked: str) -> None:
    async with serving(lacking("completions")) as at, hosted(at) as host:
        method = REGISTRY["tree_of_thoughts"]
        question = Question(asked, "text", "en")
        params = build(method.params, {"task": task, "checked": False})
        driver = Driver(Run(await host.ready(), 7), method, question, params)
        async for _ in driver.frames():
            pass
        run = driver.run
        assert run.trace.ended is not None and run.trace.ended.status != "failed"
        assert "judge_written" in [note.code for note in run.trace.notes]
        assert any(run.trace.of_kind("proposal"))


@pytest.mark.parametrize("task", ["open", "writing"])
async def test_a_chat_is_not_asked_for_a_search_that_puts_words_into_its_mouth(task: str) -> None:
    async with serving(lacking("completions")) as at, hosted(at) as host:
        run, method = Run(await host.ready(), 7), REGISTRY["tree_of_thoughts"]
        with pytest.raises(InvalidInput, match=r"cannot\.continue"):
            Driver(run, method, QUESTION, build(method.params, {"task": task}))


async def test_what_was_not_counted_is_not_invented() -> None:
    async with serving(lacking("tokenize", "usage", "ids", "logprobs")) as at, hosted(at) as host:
        assert (await host.ready()).info.context == 4096
        assert (await what_it_lacks(at)).keys() >= {"count", "usage"}
    standin = Standin(lacking("tokenize", "usage", "ids", "logprobs").can | {"apply"})
    async with serving(standin) as at, hosted(at) as host:
        run = await run_on(host)
        assert run.trace.totals().uncounted == {"prompt", "sampled", "forced"}
    async with serving(Standin()) as at, hosted(at) as host:
        run = await run_on(host)
        totals = run.trace.totals()
        assert not totals.uncounted and totals.computed == totals.prompt > 0


async def test_what_was_computed_is_told_only_where_the_server_tells() -> None:
    async with serving(lacking("cached")) as at, hosted(at) as host:
        assert (await run_on(host)).trace.totals().computed is None


async def test_every_sampler_is_named_where_the_server_has_defaults_of_its_own() -> None:
    standin = Standin()
    async with serving(standin) as at, hosted(at) as host:
        await run_on(host)
    body = standin.bodies[-1]
    assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (0, 0.0, 1.0)
    assert body["cache_salt"] and isinstance(body["prompt"], list)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 100 tokens. However, your prompt contains 120 "
        "input tokens, which exceeds this limit even without any output tokens.",
        "request (120 tokens) exceeds the available context size (100 tokens), try increasing it",
    ],
)
async def test_an_overflow_that_only_the_server_sees_has_both_counts(message: str) -> None:
    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = HEAD.replace(b"200 OK", b"400 Bad")
        writer.write(head + event({"error": {"message": message}}).removeprefix(b"data: "))

    standin = Standin()
    async with serving(standin) as at:
        engine = await UrlEngine.connect(at)
        standin.fault = play
        with pytest.raises(ContextOverflow) as caught:
            await gather(engine, "Hi", Sampling(max_tokens=8))
        await engine.close()
    assert caught.value.fields == {"tokens": 120, "limit": 92}


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        (b"", {}),
        (b"<html>what?</html>", {}),
        (
            b'vllm:num_requests_waiting{engine="0"} 3.0\nvllm:num_requests_waiting{engine="1"} 1\n',
            {"num_requests_waiting": 4.0},
        ),
    ],
    ids=["none", "garbage", "two engines"],
)
async def test_a_server_s_own_counters_are_told_where_it_has_any(
    metrics: bytes, told: dict[str, float]
) -> None:
    async with serving(Standin(metrics=metrics)) as at, hosted(at) as host:
        engine = await host.ready()
        assert isinstance(engine, UrlEngine)
        assert await engine.metrics() == told


async def test_in_what_blocks_a_server_shares_prompts_is_asked_for() -> None:
    """What is computed of a prompt for five samples is told with it."""
    told = b'vllm:cache_config_info{block_size="16",enable_prefix_caching="True"} 1.0\n'
    async with serving(Standin(metrics=told)) as at, hosted(at) as host:
        engine = await host.ready()
        prompt = await engine.render([{"role": "user", "content": "Hi"}])
        tokens = await engine.count(prompt)
        samples = await gather(engine, prompt, Sampling(temperature=1.0, max_tokens=4), 5)
        computed = sum(s.usage.computed or 0 for s in samples if s.usage)
        assert computed == tokens + 4 * (tokens - (tokens - 1) // 16 * 16)
