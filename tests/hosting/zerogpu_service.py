"""A stand-in for the service that lends GPUs on ZeroGPU."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Service:
    """It always has a GPU. `asked` are the paths, with their queries."""

    url: str = ""
    asked: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator["Service"]:
        service = cls()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                service.asked.append(self.path)
                lent = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "t"}
                body = json.dumps(lent).encode() if self.path.startswith("/schedule") else b""
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            service.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield service
            finally:
                server.shutdown()
                thread.join()
