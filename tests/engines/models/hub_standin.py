"""Stand-ins on this machine for the Hub and for a package index, with the faults they have."""

import hashlib
import json
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from engines.models.catalogue import Model, Part


@dataclass
class Hub:
    """What the stand-in holds, how it misbehaves, and what it was asked.

    `files` maps "owner/repo/file" to bytes. `breaks` gives, for each coming reply, after how many
    body bytes the connection is cut. `stalls` makes it wait there for `resume` instead.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    stalls: bool = False
    resume: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    linked_etag: bool = True
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    got_ranges: list[str] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        return cast("HubServer", self.server).hub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(path)
        if self.hub.status:
            self.reply(self.hub.status, {})
        elif path in self.hub.pages:
            self.reply(200, {"Content-Type": "text/html"}, self.hub.pages[path])
        elif path.startswith("/api/models/"):
            self.describe(path.removeprefix("/api/models/"))
        elif "/resolve/main/" in path:
            self.redirect(path.lstrip("/").replace("/resolve/main/", "/"))
        elif path.removeprefix("/blob/") in self.hub.files:
            self.blob(path.removeprefix("/blob/"))
        else:
            self.reply(404, {})

    def describe(self, repo: str) -> None:
        held = {k.removeprefix(f"{repo}/"): v for k, v in self.hub.files.items() if repo in k}
        if not held:
            self.reply(404, {"X-Error-Code": "RepoNotFound"})
            return
        siblings = [{"rfilename": name, "size": len(d), "lfs": lfs(d)} for name, d in held.items()]
        about = {"id": repo, "siblings": siblings, "gguf": {"context_length": 4096}}
        about["cardData"] = {"license": "mit"}
        self.reply(200, {"Content-Type": "application/json"}, json.dumps(about).encode())

    def redirect(self, name: str) -> None:
        if name not in self.hub.files:
            self.reply(404, {"X-Error-Code": "EntryNotFound"})
            return
        headers = {"Location": f"/blob/{name}"}
        if self.hub.linked_etag:
            digest = hashlib.sha256(self.hub.files[name]).hexdigest()
            headers |= {"X-Linked-Etag": f'"{digest}"'}
        self.reply(302, headers)

    def blob(self, name: str) -> None:
        data = self.hub.files[name]
        asked = self.headers.get("Range", "")
        self.hub.got_ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0) if self.hub.ranges else 0
        if start:
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.reply(206, {"Content-Range": span}, data[start:])
        else:
            self.reply(200, {}, data)

    def reply(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.hub.breaks.pop(0) if self.hub.breaks and status in (200, 206) else len(body)
        self.wfile.write(body[:cut])
        self.hub.sent.append(len(body[:cut]))
        if cut < len(body):
            self.wfile.flush()
            if self.hub.stalls:
                self.hub.resume.wait(30)
            self.close_connection = True


class HubServer(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients may hang up
            raise


@contextmanager
def serving() -> Iterator[Hub]:
    """A Hub that listens on this machine for as long as the block lasts."""
    with HubServer(("127.0.0.1", 0), Handler) as server:
        server.hub = Hub(url=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.hub
        finally:
            server.hub.resume.set()
            server.shutdown()
            thread.join()


def lfs(data: bytes) -> dict[str, object]:
    """The Hub's description of a large file."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}


def model_of(data: bytes, *pieces: int) -> Model:
    """A model whose file is `data`; on PyPI in parts of `pieces` bytes."""
    parts = tuple(
        Part(f"tiny-part{n}==1.0", f"tiny_part{n}/data/part.bin", size)
        for n, size in enumerate(pieces, start=1)
    )
    digest = hashlib.sha256(data).hexdigest()
    return Model("tiny", "owner/tiny", "tiny.gguf", len(data), digest, "mit", 4096, parts)


def write_wheels(folder: Path, data: bytes, model: Model) -> None:
    """Put the wheels of the model's parts into `folder`."""
    start = 0
    for number, part in enumerate(model.packages, start=1):
        name = f"tiny_part{number}-1.0"
        record: dict[str, str | bytes] = {
            part.member: data[start : start + part.bytes],
            f"{name}.dist-info/METADATA": (
                f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
            ),
            f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            f"{name}.dist-info/RECORD": "",
        }
        with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
            for path, content in record.items():
                wheel.writestr(path, content)
        start += part.bytes
