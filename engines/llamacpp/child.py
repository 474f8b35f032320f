"""The child process of engines.llamacpp.engine: a llama.cpp server, and nothing of ours beside it.

It is a process of its own so that a crash in native code, or the system's out-of-memory killer,
costs a restart of the engine and not the app.
"""

import json
import os
import signal
import sys
from typing import Any, TextIO

# The tokens of prompts that are read in one step. A step cannot be ended, and nothing is heard
# meanwhile: larger ones take longer after Stop, smaller ones read more slowly (32: by a tenth).
BATCH = 64


def main() -> None:
    """Read the configuration from standard input, serve, and end when standard input ends."""
    config = json.loads(sys.stdin.readline())
    answers = _private_stdout()
    # The person's Ctrl-C is for the parent: this process ends when the parent lets it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
    server = _serve(config)
    print(json.dumps({"url": server.listening_address}), file=answers, flush=True)
    # While a model is loaded the library holds the interpreter's lock, so that a thread that
    # watched from the beginning would see the end of the parent no sooner.
    sys.stdin.read()
    os._exit(0)


def _private_stdout() -> TextIO:
    """The real standard output, for us; whatever the library prints goes to the log."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _serve(config: dict[str, Any]) -> Any:
    # OpenMP's threads wait for each other thousands of times a second. If they spin for long, one
    # other busy process makes all of this many times slower; not at all, and small models are slow.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    import xllamacpp  # OpenMP reads the environment when it is loaded.

    params = xllamacpp.CommonParams()
    params.model.path = config["model"]
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = config["threads"]
    params.cpuparams_batch.n_threads = config["threads"]
    # One pool of cells for all slots, so that the samples of a prompt share what was read of it.
    params.kv_unified = True
    params.n_ctx = config["pool"]
    params.n_parallel = config["slots"]
    params.n_batch = BATCH
    # Every streamed answer holds a thread; some are left for short questions.
    params.n_threads_http = config["slots"] + 8
    params.cache_ram_mib = config["cache_mib"]
    params.ctx_shift = False
    params.fit_params = False
    params.verbosity = 1
    _listen(params, config["key"])
    try:
        return xllamacpp.Server(params)
    except RuntimeError:  # llama.cpp has logged why.
        sys.exit(1)


def _listen(params: Any, key: str) -> None:
    """On this machine only, with a key, and closed to the pages of other sites."""
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = "http://none"
    params.ui = False
    params.endpoint_props = True
    params.endpoint_slots = True
    params.endpoint_metrics = True


if __name__ == "__main__":
    main()
