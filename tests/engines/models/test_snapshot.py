"""A model of several files comes from the Hub by its own client, against a stand-in."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from core.errors import ModelError
from engines.models.job import Progress
from engines.models.snapshot import fetch_snapshot

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"[" + b" " * 5_000 + b"]",
    "model.safetensors": bytes(range(256)) * 400,
    "pytorch_model.bin": b"this could be code",
}
WANTED = {name: data for name, data in FILES.items() if not name.endswith(".bin")}


class Handler(BaseHTTPRequestHandler):
    """The Hub's API for one repository, owner/tiny, as its client asks it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        if "/resolve/" in path and name in FILES:
            headers = {"ETag": f'"{digest(FILES[name])}"', "X-Repo-Commit": COMMIT}
            self.reply(FILES[name], headers, body=body)
        elif path.startswith("/api/models/owner/tiny/tree/"):
            self.reply(json.dumps([described(name) for name in FILES]).encode())
        elif path.startswith("/api/models/owner/tiny"):
            siblings = [{"rfilename": name} for name in FILES]
            about = {"id": "owner/tiny", "sha": COMMIT, "siblings": siblings}
            self.reply(json.dumps(about).encode())
        else:
            self.reply(b"", {"X-Error-Code": "RepoNotFound"}, 404)

    def reply(
        self,
        data: bytes,
        headers: dict[str, str] | None = None,
        status: int = 200,
        *,
        body: bool = True,
    ) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


def digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


def described(name: str) -> dict[str, object]:
    data = FILES[name]
    return {"type": "file", "path": name, "size": len(data), "oid": digest(data)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", url)
    files = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("server")
def test_what_is_wanted_is_fetched_once_and_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[Progress] = []
    folder = fetch_snapshot("owner/tiny", seen.append, threading.Event())
    assert contents(folder) == WANTED
    total = sum(map(len, WANTED.values()))
    assert (seen[-1].source, seen[-1].done, seen[-1].total) == ("127.0.0.1", total, total)
    again: list[Progress] = []
    assert fetch_snapshot("owner/tiny", again.append, threading.Event()) == folder
    assert not again
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("server")
def test_it_can_be_broken_off_and_taken_up() -> None:
    cancelled = threading.Event()
    with pytest.raises(ModelError, match="fetch_cancelled"):
        fetch_snapshot("owner/tiny", lambda _: cancelled.set(), cancelled)
    folder = fetch_snapshot("owner/tiny", lambda _: None, threading.Event())
    assert contents(folder) == WANTED


def test_what_was_fetched_serves_without_a_network(server: ThreadingHTTPServer) -> None:
    folder = fetch_snapshot("owner/tiny", lambda _: None, threading.Event())
    server.shutdown()
    server.server_close()
    assert fetch_snapshot("owner/tiny", lambda _: None, threading.Event()) == folder


@pytest.mark.usefixtures("server")
def test_a_repository_that_is_not_there_is_told() -> None:
    with pytest.raises(ModelError, match="model_unknown"):
        fetch_snapshot("owner/missing", lambda _: None, threading.Event())
