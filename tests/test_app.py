"""The command line, as a script would use it: real processes, a real small model."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app import parser
from components.texts import texts
from core import recording
from tests.conftest import ROOT, App, free_port
from tests.engines.openai_standin import Standin, lacking, serving

QUESTION = "How many legs does a spider have?"


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.parametrize("strategy", ["direct", "zero_shot_cot", "self_consistency"])
def test_a_run_prints_only_the_answer_and_records_what_happened(smollm2, tmp_path, strategy):
    file = tmp_path / "run.jsonl"
    settings = ["--set", "max_tokens=48"] if strategy != "direct" else []
    settings += ["--set", "paths=4"] if strategy == "self_consistency" else []
    options = ["--model", str(smollm2), "--seed", "3", "--record", str(file)]
    done = command("run", strategy, QUESTION, *settings, *options)
    loaded = recording.read(file.read_bytes())
    ended = loaded.trace().ended
    assert (loaded.started.strategy, loaded.started.seed) == (strategy, 3)
    assert loaded.started.engine == "llama.cpp"
    assert done.returncode == (0 if ended.status == "answered" else 3)
    assert done.stdout == (f"{ended.answer}\n" if ended.answer is not None else "")
    assert "tokens sampled in" in done.stderr


def test_a_run_without_an_answer_exits_with_3(smollm2):
    settings = ["--set", "paths=1", "--set", "max_tokens=16", "--set", "rule=marker_only"]
    options = [*settings, "--set", "trigger=Once upon a time", "--model", str(smollm2)]
    done = command("run", "self_consistency", "Tell me of the sea.", *options)
    assert (done.returncode, done.stdout) == (3, "")


def test_a_failed_run_exits_with_1_and_says_both_counts(smollm2):
    done = command("run", "direct", "sea " * 9_000, "--model", str(smollm2))
    assert (done.returncode, done.stdout) == (1, "")
    assert "8,160" in done.stderr or "8160" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "direct"], "required"),
        (["run", "guessing", QUESTION], "invalid choice"),
        (["run", "direct", "  "], "Write a question first."),
        (["run", "direct", QUESTION, "--set", "answer_tokens=0"], "answer_tokens"),
        (["run", "direct", QUESTION, "--set", "colour=red"], "colour"),
        (["run", "direct", QUESTION, "--set", "answer_tokens"], "name=value"),
        (["run", "direct", QUESTION, "--seed", "x"], "invalid int"),
        (["--port", "x"], "invalid int"),
        (["--at-once", "-1"], "argument --at-once: '-1' is no whole number"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(arguments, said):
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_an_unknown_model_is_refused_with_the_known_ones():
    done = command("run", "direct", QUESTION, "--model", "nonesuch")
    assert done.returncode == 1
    assert "qwen2.5-coder-1.5b" in done.stderr


def test_no_network_and_no_model_is_said_with_what_to_do(tmp_path):
    offline = {"HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    done = command("run", "direct", QUESTION, THOUGHTSCOPE_CACHE=str(tmp_path), **offline)
    assert done.returncode == 1
    assert "--model" in done.stderr


def test_a_server_that_is_not_there_is_said_with_its_address():
    url = f"http://127.0.0.1:{free_port()}/v1"
    done = command("run", "direct", QUESTION, "--engine", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert url[7:-3] in done.stderr and "Traceback" not in done.stderr


def test_an_engine_that_is_no_address_is_refused():
    done = command("run", "direct", QUESTION, "--engine", "localhost:8000")
    assert done.returncode == 2
    assert "localhost:8000" in done.stderr and "http://host:8000/v1" in done.stderr


def test_it_is_said_which_engine_was_taken_and_why(tmp_path):
    done = command("run", "direct", QUESTION, "--model", str(tmp_path / "none.gguf"))
    assert "Engine: llama.cpp, embedded (no GPU for vLLM here)" in done.stderr


def test_what_stands_before_the_command_counts_and_what_stands_after_it_overrules():
    words = ["--engine", "http://a", "--model", "m", "run", "direct", QUESTION]
    given = parser().parse_args(words)
    assert (given.engine, given.model) == ("http://a", "m")
    assert parser().parse_args([*words, "--engine", "http://b"]).engine == "http://b"
    given = parser().parse_args(["run", "direct", QUESTION])
    assert (given.engine, given.model) == (None, None)


def test_a_run_on_a_server_uses_the_key_of_the_environment_and_records_it_nowhere(tmp_path):
    file = tmp_path / "run.jsonl"
    standin = Standin(key="sk-very-secret")
    with in_thread(standin) as at:
        options = ["--engine", f"{at.root}/v1", "--record", str(file), "--model", "other"]
        done = command("run", "direct", QUESTION, *options, THOUGHTSCOPE_API_KEY=standin.key)
        refused = command("run", "direct", QUESTION, *options, THOUGHTSCOPE_API_KEY="wrong")
    assert done.returncode in (0, 3), done.stderr
    started = recording.read(file.read_bytes()).started
    assert (started.model, started.engine, started.device) == ("other", "vLLM", at.host)
    assert refused.returncode == 1 and "THOUGHTSCOPE_API_KEY" in refused.stderr
    for written in (done.stdout, done.stderr, refused.stderr, file.read_text(encoding="utf-8")):
        assert standin.key not in written


def test_a_page_on_a_server_is_there_also_before_the_server_is(tmp_path):
    running = App(tmp_path, "--engine", f"http://127.0.0.1:{free_port()}/v1")
    running.close()
    assert "Nobody answers" in running.log.read_text(encoding="utf-8")


def test_a_page_on_a_server_shows_from_the_beginning_what_that_cannot_do(tmp_path):
    with in_thread(lacking("completions", key="sk-very-secret")) as at:
        options = ("--engine", f"{at.root}/v1")
        running = App(tmp_path, *options, THOUGHTSCOPE_API_KEY="sk-very-secret")
        try:
            page = httpx.get(f"{running.url}/config", timeout=30.0).text
        finally:
            running.close()
    marked = f"{texts('en')('strategy.direct')} – {texts('en')('cannot.continue')}"
    assert marked in page
    assert "sk-very-secret" not in page + running.log.read_text(encoding="utf-8")


@contextmanager
def in_thread(standin):
    """The stand-in, served while this thread does other things; gives its address."""
    served, ended = threading.Event(), asyncio.Event()
    found = []

    async def serve():
        async with serving(standin) as at:
            found.extend((at, asyncio.get_running_loop()))
            served.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    served.wait(10)
    at, loop = found
    try:
        yield at
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


def test_models_lists_the_catalogue():
    done = command("models")
    assert done.returncode == 0
    names = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert names == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"]
    assert "(default)" in done.stdout.splitlines()[0]


def test_a_port_that_is_taken_is_said_in_a_line(smollm2):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = command("--port", port, "--model", str(smollm2))
    assert done.returncode == 1
    assert port in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Only this machine can reach this page. Its limits (0 is none): --at-once 4 "),
        (("--host", "0.0.0.0"), "Others can reach this page. Its limits (0 is none): --at-once 2 "),
    ],
)
def test_the_limits_that_hold_are_said_at_the_start(smollm2, tmp_path, options, said):
    running = App(tmp_path, "--model", str(smollm2), *options)
    running.close()
    assert said in running.log.read_text(encoding="utf-8")


def test_the_recordings_that_ship_are_real_small_and_valid():
    folder = ROOT / "assets" / "recordings"
    files = sorted(folder.glob("*.jsonl"))
    assert len(files) >= 5
    for file in files:
        loaded = recording.read(file.read_bytes())
        assert file.stat().st_size < 300_000
        assert (loaded.started.model, loaded.started.engine) == ("qwen2.5-coder-1.5b", "llama.cpp")


def test_no_model_is_committed():
    listed = subprocess.run(
        ["git", "ls-files", "*.gguf", "*.bin", "*.safetensors"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""


def test_the_page_imports_nothing_heavy():
    probe = "import sys, components.page; print([m for m in ('torch', 'vllm') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=Path(ROOT), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_page_ends_when_it_is_told_to_also_where_interrupts_are_ignored(
    smollm2: Path, tmp_path: Path
):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for its background
    try:
        running = App(tmp_path, "--model", str(smollm2))
    finally:
        signal.signal(signal.SIGINT, before)
    running.close()
    assert running.process.returncode == 0
