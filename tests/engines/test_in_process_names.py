"""What a name means to transformers in process; and what is said where it means nothing."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import RepositoryNotFoundError

from core.errors import EngineUnavailable, ModelError
from engines.in_process import host as in_process_host
from engines.in_process.engine import LIBRARIES, InProcess, missing_libraries
from engines.in_process.host import bring_model, in_process
from engines.models import snapshot
from engines.models.job import Progress
from tests.conftest import ROOT
from tests.engines.models.hub_standin import Hub, serving

THINK = ("<think>\n", "\n</think>\n\n")


def brought(name: str) -> Path:
    return bring_model(name, lambda _progress: None, threading.Event())


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="model_load"):
        brought(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert brought(str(tmp_path)) == tmp_path


def test_a_file_has_to_be_gguf(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF")
    assert brought(str(path)) == path
    path.write_bytes(b"MZ")
    with pytest.raises(ModelError, match="model_not_gguf"):
        brought(str(path))


@pytest.mark.parametrize("name", ["nonsense", "none.gguf", ""])
def test_a_name_that_means_nothing_is_refused_at_once(name: str) -> None:
    with pytest.raises(ModelError, match=r"model_unknown|model_path"):
        in_process(name)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("smollm2-135m", "gguf smollm2-135m"),
        ("owner/repo:file.gguf", "gguf owner/repo:file.gguf"),
        ("owner/repo", "snapshot owner/repo"),
    ],
)
def test_a_hub_id_is_safetensors_unless_it_names_a_file(
    name: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(source: str, *_: object, **__: object) -> Path:
        return Path(f"gguf {source}")

    def fetch_snapshot(source: str, *_: object) -> Path:
        return Path(f"snapshot {source}")

    monkeypatch.setattr(in_process_host, "resolve", lambda given: given)
    monkeypatch.setattr(in_process_host, "fetch", fetch)
    monkeypatch.setattr(in_process_host, "fetch_snapshot", fetch_snapshot)
    assert str(brought(name)) == asked


@pytest.mark.parametrize(
    ("name", "shown", "found"),
    [
        ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", THINK),
        ("QwQ-32B", "QwQ-32B", THINK),
        ("Llama-3.2-1B", "Llama-3.2-1B", None),
    ],
)
async def test_the_engine_is_told_its_name_and_its_delimiters(
    name: str, shown: str, found: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    async def start(_path: Path, name: str, *, thinking: object, **_: object) -> InProcess:
        told.append((name, thinking))
        raise EngineUnavailable("engine_packages", missing="torch")

    folder = tmp_path / name.rpartition("/")[2]
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    monkeypatch.setattr(in_process_host, "fetch_snapshot", lambda *_: folder)
    monkeypatch.setattr(in_process_host.InProcess, "start", start)
    host = in_process(name if "/" in name else str(folder))
    assert (host.status.model, host.status.engine) == (shown, "transformers")
    with pytest.raises(EngineUnavailable):
        await host.ready()
    assert host.status.phase == "failed"
    await host.close()
    assert told == [(shown, found)]


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.in_process.engine.LIBRARIES", ("json", "no_such_one", "nor_this"))
    missing = missing_libraries()
    assert missing is not None and missing.fields == {"missing": "no_such_one, nor_this"}


def test_what_is_needed_is_required_and_explained() -> None:
    text = (ROOT / "requirements-transformers.txt").read_text(encoding="utf-8")
    assert text.startswith("-r requirements.txt\n")
    for library in LIBRARIES:
        assert re.search(rf"^#.+\n{library}[=>]=[\d.]+$", text, re.MULTILINE), library


def test_the_default_install_needs_none_of_it() -> None:
    """Choosing this engine by name imports neither library."""
    code = (
        "import sys, engines.in_process.host as host; host.in_process('smollm2-135m');"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serving() as standin:
        monkeypatch.setattr(constants, "ENDPOINT", standin.url)
        yield standin


def download(monkeypatch: pytest.MonkeyPatch, result: Path | Exception) -> list[dict[str, Any]]:
    """Stands in for the Hub's client; returns what it is asked."""
    asked: list[dict[str, Any]] = []

    def snapshot_download(repo: str, **options: Any) -> str:
        asked.append({"repo": repo, **options})
        if isinstance(result, Exception):
            raise result
        bar = options["tqdm_class"](desc="Reconstructing", total=0, unit="B", unit_scale=True)
        bar.total = 30
        bar.update(10)
        bar.update(20)
        return str(result)

    monkeypatch.setattr(snapshot, "snapshot_download", snapshot_download)
    return asked


def test_a_snapshot_is_fetched_and_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.safetensors").touch()
    seen: list[Progress] = []
    asked = download(monkeypatch, tmp_path)
    assert snapshot.fetch_snapshot("owner/repo", seen.append, threading.Event()) == tmp_path
    assert [(step.done, step.total, step.phase) for step in seen] == [
        (10, 30, "fetching"),
        (30, 30, "fetching"),
    ]
    assert "*.bin" not in asked[0]["allow_patterns"]
    assert capfd.readouterr() == ("", "")


def test_a_repository_without_safetensors_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    download(monkeypatch, tmp_path)
    with pytest.raises(ModelError, match="model_no_safetensors"):
        brought("owner/repo")


def test_fetching_can_be_broken_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cancelled = threading.Event()
    download(monkeypatch, tmp_path)
    with pytest.raises(ModelError, match="fetch_cancelled"):
        snapshot.fetch_snapshot("owner/repo", lambda _: cancelled.set(), cancelled)
    with pytest.raises(ModelError, match="fetch_cancelled"):
        snapshot.fetch_snapshot("owner/repo", lambda _: None, cancelled)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx2.ConnectError("no way there"), "model_unreachable"),
        (OSError("no cache"), "model_unreachable"),
    ],
)
def test_a_hub_that_cannot_be_asked_is_told(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    download(monkeypatch, error)
    with pytest.raises(ModelError, match=code):
        brought("owner/repo")


def test_a_repository_that_is_not_there_is_told(hub: Hub) -> None:
    with pytest.raises(ModelError, match="model_unknown") as caught:
        brought("owner/missing")
    assert isinstance(caught.value.__cause__, RepositoryNotFoundError)
