"""The server's process: how it starts, what it tells nobody, and that it never stays behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from core.engine import Sampling
from core.errors import EngineDied, EngineUnavailable
from engines import process as child
from engines.llamacpp.engine import LlamaCpp
from engines.process import Child
from tests.engines.texts import Sample, begun, gather, until

ROOT = Path(__file__).resolve().parents[2]
CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children")
PARENT = """
import asyncio, sys
from pathlib import Path
from engines.llamacpp.engine import LlamaCpp
async def main():
    engine = await LlamaCpp.start(Path(sys.argv[1]), "parent", pool=512, slots=2)
    print(engine.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def runs(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children() -> list[int]:
    """The child processes of this one."""
    return [int(pid) for pid in CHILDREN.read_text().split()]


def arguments(pid: int) -> list[bytes]:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


def wanting_bos(model: Path, folder: Path) -> Path:
    """A copy of SmolLM2 that wants its BOS, which its template writes as well."""
    key = b"tokenizer.ggml.add_bos_token"
    data = bytearray(model.read_bytes())
    data[data.index(key) + len(key) + 4] = 1  # after the value's type
    path = folder / "bos.gguf"
    path.write_bytes(data)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_it_dies_with_its_parent_even_when_that_is_killed(
    smollm2: Path, tmp_path: Path
) -> None:
    """And it starts from any folder."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(smollm2)),
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert runs(pid)
    parent.kill()
    await parent.wait()
    await until(lambda: not runs(pid), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_running_server(smollm2: Path) -> None:
    """It tells strangers nothing, gives way to others, and is gone when it is closed."""
    engine = await LlamaCpp.start(smollm2, "SmolLM2", threads=1, pool=512, slots=2)
    url = engine._child.url
    try:
        assert engine.info.device == "CPU · 1 thread" and engine.info.context == 512
        assert os.getpriority(os.PRIO_PROCESS, engine.pid) > os.getpriority(os.PRIO_PROCESS, 0)
        assert arguments(engine.pid)[1:] == [b"-m", b"engines.llamacpp.child", b""]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
            for path in ("/props", "/slots", "/metrics"):
                assert (await stranger.get(path)).status_code == 401
            reply = await stranger.get("/health", headers={"Origin": "http://elsewhere.example"})
            allowed = reply.headers.get("access-control-allow-origin")
            assert allowed not in ("*", "http://elsewhere.example")
    finally:
        await engine.close()
    assert not engine.alive and not runs(engine.pid)
    await engine.close()
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await engine.count("text")


async def test_a_full_pool_is_emptied_of_old_prompts(smollm2: Path) -> None:
    """Requests that fill the pool one after the other, and side by side, are all whole."""
    engine = await LlamaCpp.start(smollm2, "SmolLM2", pool=512, slots=4)
    try:
        sampling = Sampling(temperature=1.0, max_tokens=40, seed=1)
        prompts = [f"Number {i}: " + f"{i} and " * 20 for i in range(8)]
        results = await asyncio.gather(*(gather(engine, p, sampling, 2) for p in prompts))
        assert all(s.tokens == 40 or s.finish == "stop" for samples in results for s in samples)
    finally:
        await engine.close()


async def test_killed_in_mid_stream(smollm2: Path) -> None:
    engine = await LlamaCpp.start(smollm2, "SmolLM2", pool=1024, slots=4)
    samples: list[Sample] = []
    try:
        sampling = Sampling(temperature=1.0, max_tokens=200)
        stream = asyncio.ensure_future(gather(engine, "A story:", sampling, 2, into=samples))
        await until(begun(samples))
        os.kill(engine.pid, signal.SIGKILL)
        with pytest.raises(EngineDied):
            await stream
        assert not engine.alive, "who sees the error can ask for the next engine"
        assert any(sample.text for sample in samples)
    finally:
        await engine.close()


async def test_closed_in_mid_stream(smollm2: Path) -> None:
    engine = await LlamaCpp.start(smollm2, "SmolLM2", pool=1024, slots=4)
    samples: list[Sample] = []
    sampling = Sampling(temperature=1.0, max_tokens=200)
    stream = asyncio.ensure_future(gather(engine, "A story:", sampling, 2, into=samples))
    await until(begun(samples))
    await engine.close()
    with pytest.raises(EngineDied):
        await stream
    assert engine.meter.active == 0


@pytest.mark.parametrize("damage", ["garbage", "truncated", "missing"])
async def test_a_file_that_is_no_model(smollm2: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model.gguf"
    if damage == "garbage":
        path.write_bytes(b"garbage" * 100)
    elif damage == "truncated":
        with smollm2.open("rb") as whole:
            path.write_bytes(whole.read(5_000_000))
    with pytest.raises(EngineUnavailable) as caught:
        await LlamaCpp.start(path, "broken")
    assert caught.value.code == "engine_start"
    reason = str(caught.value.fields["reason"])
    expected = {"garbage": "magic", "truncated": "corrupted or incomplete", "missing": "No such"}
    assert expected[damage] in reason and len(reason) <= child.REASON_CHARACTERS


async def test_a_child_that_cannot_start() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        await Child.start("engines.no_such_module", {})
    assert "no_such_module" in str(caught.value.fields["reason"])


async def test_a_start_that_takes_too_long(smollm2: Path) -> None:
    with pytest.raises(EngineUnavailable, match="engine_start"):
        await Child.start("engines.llamacpp.child", {"model": str(smollm2)}, seconds=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_start_that_is_given_up_leaves_nothing(smollm2: Path) -> None:
    others = set(children())  # those of other tests' fixtures
    starting = asyncio.ensure_future(LlamaCpp.start(smollm2, "SmolLM2", pool=512, slots=2))
    await until(lambda: bool(set(children()) - others))
    pids = set(children()) - others
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not any(runs(pid) for pid in pids)


async def test_a_bos_is_read_once(smollm2: Path, tmp_path: Path) -> None:
    path = wanting_bos(smollm2, tmp_path)
    engine = await LlamaCpp.start(path, "with BOS", pool=512, slots=2)
    try:
        bos = [1]
        prompt = await engine.render([{"role": "user", "content": "Hi"}])
        assert (await engine._prompt_tokens(prompt))[:2] != bos * 2
        for text in ("Hi", "<|im_start|>user", ""):
            tokens = await engine._prompt_tokens(text)
            assert tokens[:1] == bos and tokens[1:2] != bos
            (sample,) = await gather(engine, text, Sampling(max_tokens=1))
            assert sample.usage is not None and sample.usage.prompt == len(tokens)
    finally:
        await engine.close()
