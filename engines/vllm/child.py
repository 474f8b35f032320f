"""The child process of engines.vllm.engine: starts vLLM's server, and ends all of it.

vLLM is several processes. This small one outlives none of them: it adopts what loses its parent,
and when its standard input ends, which happens also when the app is killed, it ends them all.
Should it be killed itself, the system kills the server.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from engines.vllm.processes import adopt, die_with_parent, end_all

POLL_SECONDS = 0.25
ANSWER_SECONDS = 5.0
# A server that is told to end gives its memory back in order; one that does not is killed.
PATIENCE_SECONDS = 5.0


def main() -> None:
    """Read the configuration from standard input, serve, and end when that ends."""
    config = json.loads(sys.stdin.readline())
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # The person's Ctrl-C is for the parent: this process ends when the parent lets it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt()
    with tempfile.TemporaryDirectory(prefix="thoughtscope-vllm-") as folder:
        server = _started(config, folder)
        threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
        if _listens(server, config["port"], config["environment"]["VLLM_API_KEY"]):
            print(json.dumps({"url": f"http://127.0.0.1:{config['port']}"}), file=answers)
            answers.flush()
        server.wait()
        end_all(os.getpid())
    os._exit(0)


def _started(config: dict[str, Any], folder: str) -> "subprocess.Popen[bytes]":
    """vLLM's server, which writes to our standard error."""
    if config["nice"]:
        os.nice(10)
    told = {**os.environ, **config["environment"], "TMPDIR": folder, "VLLM_RPC_BASE_PATH": folder}
    return subprocess.Popen(
        config["command"],
        env=told,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )


def _end_with_stdin(server: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of standard input, and end the server: `main` does the rest."""
    sys.stdin.read()
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(PATIENCE_SECONDS)
        return
    server.kill()


def _listens(server: "subprocess.Popen[bytes]", port: int, key: str) -> bool:
    """Wait until it answers; False if it ends before."""
    while server.poll() is None:
        if _healthy(port, key):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _healthy(port: int, key: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health", headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
