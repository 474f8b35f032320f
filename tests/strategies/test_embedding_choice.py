"""Which embedding is taken: where its model may lie, and what is said where it lies nowhere."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from huggingface_hub import constants

from components.texts import table
from strategies.demonstrations import embedding
from strategies.demonstrations.embedding import FILES, LIBRARY, PACKAGE, REVISION, embedder
from tests.conftest import ROOT

CONTENT = {name: f"what is in {name}".encode() for name in FILES}
OTHER_FORMAT = "pytorch_model.bin"


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is installed, nothing is in the Hub's cache, and the Hub may not be asked."""
    embedding._model.cache_clear()
    installed(monkeypatch)
    monkeypatch.setattr(embedding, "SHA256", hashlib.sha256(CONTENT[embedding.WEIGHTS]).hexdigest())
    monkeypatch.setattr(embedding, "_loaded", lambda folder: folder)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield
    embedding._model.cache_clear()


def installed(monkeypatch: pytest.MonkeyPatch, **origins: Path | None) -> None:
    """These packages alone seem to be installed, with these files as their `__init__`."""

    def find_spec(name: str) -> ModuleSpec | None:
        if name not in origins:
            return None
        return ModuleSpec(name, None, origin=str(origins[name]))

    monkeypatch.setattr(embedding.importlib.util, "find_spec", find_spec)


def write(folder: Path, **changed: bytes) -> Path:
    for name, data in (CONTENT | changed).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def packaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **changed: bytes) -> Path:
    folder = write(tmp_path / PACKAGE / "model", **changed)
    package = tmp_path / PACKAGE / "__init__.py"
    installed(monkeypatch, **{LIBRARY: None, PACKAGE: package})
    return folder


def cached(tmp_path: Path, commit: str, *, main: bool = False) -> Path:
    """The files in the Hub's cache, as its client keeps them."""
    repository = tmp_path / "huggingface" / "models--sentence-transformers--all-MiniLM-L6-v2"
    if main:
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(commit)
    return write(repository / "snapshots" / commit)


def test_without_the_library_it_is_tfidf(tmp_path):
    cached(tmp_path, REVISION)
    assert (embedder().name, embedder().why) == ("TF-IDF", "embedding.tfidf")


def test_the_package_has_the_model_and_nobody_is_asked(monkeypatch, tmp_path):
    folder = packaged(monkeypatch, tmp_path)
    monkeypatch.setattr(embedding, "_snapshot", lambda *_args, **_how: pytest.fail("asked"))
    taken = embedder()
    assert (taken.name, taken.why) == ("all-MiniLM-L6-v2", "embedding.minilm")
    assert taken.model == folder


@pytest.mark.parametrize("main", [True, False])
def test_the_hub_s_cache_has_the_model(monkeypatch, tmp_path, main):
    folder = cached(tmp_path, "0" * 40 if main else REVISION, main=main)
    installed(monkeypatch, **{LIBRARY: None})
    assert embedder().model == folder


def test_where_nobody_has_the_model_it_is_said(monkeypatch, caplog):
    installed(monkeypatch, **{LIBRARY: None})
    assert (embedder().name, embedder().why) == ("TF-IDF", "embedding.no_model")
    assert caplog.text.count("cannot be had") == 1  # looked for once


@pytest.mark.parametrize("changed", [{embedding.WEIGHTS: b"other"}, {"vocab.txt": None}])
def test_a_package_with_other_weights_or_without_a_file_is_not_taken(
    monkeypatch, tmp_path, changed
):
    folder = packaged(monkeypatch, tmp_path)
    for name, data in changed.items():
        (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    assert embedder().why == "embedding.no_model"
    elsewhere = cached(tmp_path, REVISION)
    embedding._model.cache_clear()
    assert embedder().model == elsewhere


def test_a_model_that_cannot_be_loaded_is_said(monkeypatch, tmp_path):
    packaged(monkeypatch, tmp_path)
    monkeypatch.setattr(embedding, "_loaded", lambda folder: None)
    assert embedder().why == "embedding.no_model"


def test_what_a_map_needs_is_imported_by_then():
    script = """
import sys
from strategies.demonstrations.embedding import TfIdf, embedder
embedder()
before = set(sys.modules)
from strategies.demonstrations.chart import charting
list(charting(["a train", "a ship"], "a ship", 2, 1, TfIdf("")))
late = [name for name in set(sys.modules) - before if name.startswith(("sklearn", "scipy"))]
print(sorted(late))
"""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_every_reason_is_a_sentence():
    reasons = {f"embedding.{reason}" for reason in ("tfidf", "minilm", "no_model")}
    assert reasons <= table("en").keys() & table("zh").keys()


class Handler(BaseHTTPRequestHandler):
    """The Hub's API for this one model, as its client asks it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if f"/resolve/{REVISION}/" in path:
            data = CONTENT[path.partition(f"/resolve/{REVISION}/")[2]]
            etag = hashlib.sha1(data).hexdigest()
            self.reply(data, {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION})
        else:
            files = [
                {"type": "file", "path": name, "size": len(data), "oid": "0" * 40}
                for name, data in (CONTENT | {OTHER_FORMAT: b"code"}).items()
            ]
            self.reply(json.dumps(files).encode(), {"Content-Type": "application/json"})

    def reply(self, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a Hub that can be reached was asked for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        files = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield server.asked
        server.shutdown()
        thread.join()


def test_the_hub_has_the_model_and_only_what_is_needed_is_fetched(monkeypatch, hub, capfd):
    installed(monkeypatch, **{LIBRARY: None})
    folder = embedder().model
    assert {name: (folder / name).read_bytes() for name in FILES} == CONTENT
    assert not [path for path in hub if path.endswith(OTHER_FORMAT)]
    assert capfd.readouterr() == ("", "")


def test_what_is_in_the_cache_is_not_fetched_again(monkeypatch, tmp_path, hub):
    installed(monkeypatch, **{LIBRARY: None})
    cached(tmp_path, REVISION)
    assert embedder().name == "all-MiniLM-L6-v2"
    assert hub == []


def test_chinese_questions_are_compared_without_the_english_model(monkeypatch, tmp_path):
    packaged(monkeypatch, tmp_path)
    assert embedder().why == "embedding.minilm"
    assert (embedder("zh").name, embedder("zh").why) == ("TF-IDF", "embedding.chinese")
