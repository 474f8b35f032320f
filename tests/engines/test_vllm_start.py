"""How vLLM's server is started, and fails, and ends: with a stand-in for it, in real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components.texts import error_text
from core.engine import Sampling
from core.errors import EngineDied, EngineUnavailable, ModelError
from engines.vllm import host as vllm_host
from engines.vllm.card import Card, processor
from engines.vllm.engine import Vllm
from engines.vllm.fit import GIB
from engines.vllm.guard import Guard
from engines.vllm.host import missing, vllm
from engines.vllm.processes import descendants
from engines.vllm.start import device
from tests.conftest import ROOT
from tests.engines.test_child import arguments, children, runs
from tests.engines.texts import Sample, begun, gather, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="vLLM runs on Linux")

STANDIN = "tests.engines.vllm_standin"
GPU = Card("NVIDIA Stand-in", 24 * GIB, 20 * GIB, 3)
CPU = Card("CPU · 2 threads", 24 * GIB, 20 * GIB)
PARENT = f"""
import asyncio, sys
from pathlib import Path
from engines.vllm.card import Card, processor
from engines.vllm.engine import Vllm
async def main():
    card = Card("a card", 24 << 30, 20 << 30, 3)
    await Vllm.start(Path(sys.argv[1]), "m", on=lambda: card, server="{STANDIN}")
    print("up", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


FAILING = f"""
import asyncio, sys
from pathlib import Path
from engines.host import LocalHost
from engines.vllm.card import Card
from engines.vllm.engine import Vllm
from engines.vllm.processes import descendants
async def start(folder):
    card = Card("a card", 24 << 30, 20 << 30, 3)
    return await Vllm.start(folder, "m", on=lambda: card, server="{STANDIN}")
async def main():
    host = LocalHost("m", lambda *_: Path(sys.argv[1]), start)
    engine = await host.ready()
    print(engine.pid, *descendants(engine.pid), flush=True)
    raise RuntimeError("as if by a fault of ours")
asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder, as far as it is looked at: 1 GiB, 112 KiB a token on a GPU."""
    made = tmp_path / "-model"
    made.mkdir()
    config = {
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40_960,
    }
    (made / "config.json").write_text(json.dumps(config))
    with (made / "model.safetensors").open("wb") as weights:
        weights.truncate(1 << 30)
    (made / "tokenizer.json").write_text("{}")
    (made / "chat_template.jinja").write_text("{{ messages }}")
    return made


@dataclass
class Told:
    """What is told of a start."""

    news: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, **news: Any) -> None:
        self.news.append(news)

    def each(self, name: str) -> list[Any]:
        return list(dict.fromkeys(news[name] for news in self.news))


@pytest.fixture
def tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    path = tmp_path / "tries.jsonl"
    monkeypatch.setenv("VLLM_STANDIN_TRIES", str(path))
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def play(tries: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda what: monkeypatch.setenv("VLLM_STANDIN", what)


async def started(folder: Path, card: Card = GPU, **options: Any) -> Vllm:
    return await Vllm.start(folder, "m", on=lambda: card, server=STANDIN, **options)


def standins() -> set[int]:
    """All processes below this one, but those of other tests' fixtures."""
    return set(descendants(os.getpid()))


async def test_a_gpu_s_server(folder: Path, tries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "kept")
    told = Told()
    before = standins()
    engine = await started(folder, tell=told, thinking=("<think>\n", "\n</think>\n\n"))
    try:
        info = engine.info
        assert (info.model, info.engine, info.device) == ("m", "vLLM", "NVIDIA Stand-in · 19 GiB")
        assert info.thinking == ("<think>\n", "\n</think>\n\n") and info.cannot == {}
        assert info.special_tokens == ("<|user|>", "<|end|>", "<|assistant|>")
        assert info.context == 4096, "what the server says"
        (asked,) = tries()
        assert (asked["served_model_name"], asked["host"]) == ("m", "127.0.0.1")
        assert asked["model"] == str(folder)
        assert (asked["max_model_len"], asked["gpu_memory_utilization"]) == (32_768, 0.791)
        assert asked["enable_prefix_caching"] and asked["enable_prompt_tokens_details"]
        assert not asked["enforce_eager"]
        assert {"VLLM_API_KEY", "VLLM_NO_USAGE_STATS", "HF_HUB_OFFLINE"} <= set(asked["environ"])
        for pid in standins() - before:
            assert not any(engine.key.encode() in word for word in arguments(pid))
        (sample,) = await gather(engine, await engine.render([]), Sampling(max_tokens=4), 1)
        assert sample.tokens == 4 == engine.meter.tokens, "those of warming up are not counted"
    finally:
        await engine.close()
    assert not engine.alive and standins() <= before
    assert told.each("detail") == ["badge.starting_server", "badge.weights"]
    assert told.each("context") == [32_768]
    assert "0.791 of it, and texts of up to 32768 tokens" in told.news[-1]["log"]
    await engine.close()
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await engine.count("text")


async def test_a_processor_s_server(folder: Path, tries: Any) -> None:
    engine = await started(folder, CPU)
    try:
        (asked,) = tries()
        assert asked["gpu_memory_utilization"] is None
        assert asked["enforce_eager"] and asked["dtype"] == "float32"
        assert {"VLLM_CPU_KVCACHE_SPACE"} <= set(asked["environ"])
        await until(lambda: engine.memory > 1 << 20)
        assert os.getpriority(os.PRIO_PROCESS, engine.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        await engine.close()


async def test_where_memory_is_short_the_next_smaller_context_is_tried_and_said(
    folder: Path, tries: Any, play: Any
) -> None:
    play("fits 4096")
    told = Told()
    engine = await started(folder, tell=told)
    try:
        assert [asked["max_model_len"] for asked in tries()] == [32_768, 16_384, 8_192, 4_096]
        assert len({asked["gpu_memory_utilization"] for asked in tries()}) == 1
        assert told.each("context") == [32_768, 16_384, 8_192, 4_096]
        assert "badge.smaller" in told.each("detail")
        assert engine.plan.context == 4096
    finally:
        await engine.close()


@pytest.mark.parametrize("what", ["fits 1024", "device"])
async def test_where_nothing_fits_that_is_said(
    folder: Path, tries: Any, play: Any, what: str
) -> None:
    play(what)
    before = standins()
    with pytest.raises(EngineUnavailable) as caught:
        await started(folder)
    assert caught.value.code == "engine_no_memory"
    asked = tries()
    assert [each["max_model_len"] for each in asked] == [32_768, 16_384, 8_192, 4_096, 2_048]
    shares = [each["gpu_memory_utilization"] for each in asked]
    assert shares == sorted(shares, reverse=True)
    assert (shares[-1] < shares[0]) == (what == "device")
    assert standins() <= before
    for language in ("en", "zh"):
        sentence = error_text(caught.value.as_dict(), language)
        assert "2048" in sentence and "NVIDIA Stand-in" in sentence


async def test_a_second_app_on_a_full_gpu_is_told_how_much_is_free(
    folder: Path, tries: Any, tmp_path: Path
) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        await started(folder, Card("NVIDIA Stand-in", 24 * GIB, 2 * GIB, 0))
    assert caught.value.fields == {
        "model": "m",
        "device": "NVIDIA Stand-in",
        "free": 2.0,
        "needed": 4.3,
    }
    assert not (tmp_path / "tries.jsonl").exists()


async def test_the_root_of_a_failure_is_told(folder: Path, play: Any) -> None:
    play("root")
    told = Told()
    with pytest.raises(EngineUnavailable) as caught:
        await started(folder, tell=told)
    assert caught.value.code == "engine_start"
    assert caught.value.fields["reason"] == "ValueError: No such attention."
    assert "See root cause above" in told.news[-1]["log"], "the whole log is at hand"


async def test_a_port_that_was_taken_meanwhile_is_changed(
    folder: Path, tries: Any, play: Any
) -> None:
    play("taken")
    engine = await started(folder)
    await engine.close()
    first, second = tries()
    assert first["port"] != second["port"]
    assert first["max_model_len"] == second["max_model_len"]


async def test_a_server_that_is_never_ready_is_ended(folder: Path, play: Any) -> None:
    play("hang")
    before = standins()
    with pytest.raises(EngineUnavailable) as caught:
        await started(folder, seconds=2.0)
    assert caught.value.as_dict() == {"code": "engine_slow", "fields": {"seconds": 2}}
    assert standins() <= before


async def test_a_start_that_is_given_up_leaves_nothing(folder: Path, play: Any) -> None:
    play("hang")
    before = standins()
    told = Told()
    starting = asyncio.ensure_future(started(folder, tell=told))
    await until(lambda: "badge.weights" in told.each("detail"))
    assert len(standins() - before) >= 3, "us, the server, and what has a session of its own"
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert standins() <= before


async def test_nothing_outlives_the_app_when_that_is_killed(folder: Path, tries: Any) -> None:
    """Not even what has a session of its own, and lost its parent."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None and await parent.stdout.readline() == b"up\n"
    family = descendants(parent.pid)
    assert len(family) == 3
    parent.kill()
    await parent.wait()
    await until(lambda: not any(runs(pid) for pid in family), 10)


async def test_nothing_outlives_the_app_when_that_fails(folder: Path, tries: Any) -> None:
    """asyncio then cancels every task there is, also those that watch the server."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FAILING, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    family = [int(pid) for pid in (await parent.stdout.readline()).split()]
    assert len(family) == 3
    await parent.wait()
    await until(lambda: not any(runs(pid) for pid in family), 10)


@pytest.mark.parametrize("victim", ["server", "watcher"])
async def test_killed_in_mid_stream(folder: Path, tries: Any, victim: str) -> None:
    """The text is kept, and the server is gone when the error is seen."""
    before = set(children())
    engine = await started(folder)
    family = [engine.pid, *descendants(engine.pid)]
    (server,) = [pid for pid in family if STANDIN.encode() in arguments(pid)]
    samples: list[Sample] = []
    try:
        sampling = Sampling(temperature=1.0, max_tokens=3000)
        stream = asyncio.ensure_future(gather(engine, "A story:", sampling, 2, into=samples))
        await until(begun(samples))
        os.kill(server if victim == "server" else engine.pid, signal.SIGKILL)
        with pytest.raises(EngineDied):
            await stream
        assert not engine.alive, "who sees the error can ask for the next engine"
        assert any(sample.text for sample in samples)
        await until(lambda: not runs(server))
    finally:
        await engine.close()
    assert set(children()) <= before
    assert not any(runs(pid) for pid in family)


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def code() -> str | None:
        reason = missing()
        assert reason is None or "{" not in error_text(reason.as_dict(), "en")
        return reason and reason.code

    monkeypatch.setattr(vllm_host.importlib.util, "find_spec", lambda _name: None)
    assert code() == "vllm_missing"
    monkeypatch.setattr(vllm_host.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(vllm_host, "for_processors", lambda: False)
    monkeypatch.setattr(vllm_host, "best_card", lambda: None)
    assert code() == "vllm_no_gpu"
    monkeypatch.setattr(vllm_host, "best_card", lambda: GPU)
    assert code() is None
    monkeypatch.setattr(vllm_host, "best_card", lambda: None)
    monkeypatch.setattr(vllm_host, "for_processors", lambda: True)
    assert code() is None
    monkeypatch.setattr(vllm_host.sys, "platform", "darwin")
    assert code() == "vllm_platform"


async def test_a_host_without_vllm_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_host.importlib.util, "find_spec", lambda _name: None)
    host = vllm(str(folder))
    with pytest.raises(EngineUnavailable, match="vllm_missing"):
        await host.ready()
    assert (host.status.phase, host.status.engine) == ("failed", "vLLM")
    await host.close()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("smollm2-135m", "vllm_gguf"),
        ("owner/repo:file.gguf", "vllm_gguf"),
        ("nonsense", "model_unknown"),
        ("/no/such/folder", "model_unknown"),
    ],
)
def test_a_name_that_means_nothing_to_vllm_is_refused_at_once(name: str, code: str) -> None:
    with pytest.raises(ModelError) as caught:
        vllm(name)
    assert caught.value.code == code


def test_a_gguf_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="vllm_gguf"):
        vllm(str(tmp_path / "m.gguf"))


@pytest.mark.parametrize(
    ("card", "cpu", "model"), [(None, False, "1.7B"), (GPU, False, "4B"), (GPU, True, "1.7B")]
)
def test_without_a_name_it_is_chosen_for_the_card(
    monkeypatch: pytest.MonkeyPatch, card: Card | None, cpu: bool, model: str
) -> None:
    monkeypatch.setattr(vllm_host, "best_card", lambda: card)
    monkeypatch.setattr(vllm_host, "for_processors", lambda: cpu)
    assert vllm().status.model == f"Qwen/Qwen3-{model}"


async def test_a_folder_without_a_template_is_refused_before_anything_is_started(
    folder: Path,
) -> None:
    (folder / "chat_template.jinja").unlink()
    host = vllm(str(folder))
    with pytest.raises(ModelError, match="model_template"):
        await host.ready()
    await host.close()


@pytest.mark.parametrize(
    ("kind", "given", "answer"),
    [
        ("http", b"Bearer secret", "app"),
        ("http", b"Bearer wrong", "http.response.start"),
        ("http", b"", "http.response.start"),
        ("websocket", b"", "websocket.close"),
        ("lifespan", b"", "app"),
    ],
)
async def test_the_guard_lets_in_who_has_the_key(
    monkeypatch: pytest.MonkeyPatch, kind: str, given: bytes, answer: str
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    sent: list[str] = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        sent.append("app")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    scope = {"type": kind, "headers": [(b"authorization", given)] if given else []}
    await Guard(app)(scope, None, send)
    assert sent[0] == answer
    assert ("app" in sent) == (answer == "app")


@pytest.mark.parametrize("cpu", [True, False])
async def test_a_vllm_built_for_processors_is_not_sent_to_a_gpu(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cpu: bool
) -> None:
    seen: list[Any] = []

    async def start(*_given: Any, on: Any, **_options: Any) -> Vllm:
        seen.append(on)
        raise EngineUnavailable("vllm_no_gpu")

    monkeypatch.setattr(vllm_host, "missing", lambda: None)
    monkeypatch.setattr(vllm_host, "for_processors", lambda: cpu)
    monkeypatch.setattr(vllm_host.Vllm, "start", start)
    host = vllm(str(folder))
    with pytest.raises(EngineUnavailable, match="vllm_no_gpu"):
        await host.ready()
    await host.close()
    assert seen == [processor if cpu else device]
