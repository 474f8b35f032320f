"""A stand-in for vLLM's server: it is called as vLLM is, logs as vLLM does, and fails as told.

How it is to fail stands in VLLM_STANDIN: "fits 4096" (a longer context does not fit into the
cache), "device" (the GPU's memory is short, whatever is asked), "root" (an error of another kind,
told by several processes), "taken" (the port is, at first), "hang" (it is never ready). Each try is
written, a line of JSON, to the file VLLM_STANDIN_TRIES.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.engines.openai_standin import Body, Standin, serving

HEAD = "(EngineCore pid=7) ERROR 11-22 18:27:20 [core.py:1510] "
SLEEPER = "import time; time.sleep(600)"


class Server(Standin):
    """Has what else vLLM has."""

    def _asked(self, path: str, body: Body) -> Body:
        return {} if path == "/health" else super()._asked(path, body)


def main() -> None:
    print("(APIServer pid=1) INFO 11-22 18:19:41 [model.py:733] Resolved architecture", flush=True)
    given = options()
    play, _, number = os.environ.get("VLLM_STANDIN", "").partition(" ")
    tried({**vars(given), "environ": sorted(os.environ), "play": play})
    if play == "fits" and given.max_model_len > int(number):
        fail(
            f"ValueError: To serve at least one request with the model's max seq len "
            f"({given.max_model_len}), (9.0 GiB KV cache is needed, which is larger than the "
            f"available KV cache memory (1.0 GiB)."
        )
    if play == "device":
        fail("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.")
    if play == "root":
        fail("ValueError: No such attention.", "RuntimeError: Worker failed with error 'No such'")
    if play == "taken" and len(Path(os.environ["VLLM_STANDIN_TRIES"]).read_text().splitlines()) < 2:
        fail("OSError: [Errno 98] Address already in use")
    # A process that has a session of its own, and a parent that has ended, is still one of ours.
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])"
    subprocess.run([sys.executable, "-c", orphan], start_new_session=True, check=True)
    print("(Worker pid=9) INFO 11-22 18:19:59 [runner.py:68] Starting to load model", flush=True)
    if play == "hang":
        asyncio.run(asyncio.sleep(600))
    asyncio.run(serve(given))


def options() -> argparse.Namespace:
    """The command line, of which all that is not known is refused."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("model", "served-model-name", "host", "allowed-origins", "middleware", "dtype"):
        parser.add_argument(f"--{name}")
    for name in ("port", "max-model-len", "block-size"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--gpu-memory-utilization", type=float)
    parser.add_argument("--generation-config")
    for name in ("prefix-caching", "prompt-tokens-details"):
        parser.add_argument(f"--enable-{name}", action="store_true")
    for name in ("fastapi-docs", "uvicorn-access-log"):
        parser.add_argument(f"--disable-{name}", action="store_true")
    parser.add_argument("--enforce-eager", action="store_true")
    return parser.parse_args()


def tried(what: Body) -> None:
    with Path(os.environ["VLLM_STANDIN_TRIES"]).open("a") as tries:
        tries.write(json.dumps(what) + "\n")


def fail(*errors: str) -> None:
    """As vLLM's processes do: each tells of it again."""
    for error in (
        *errors,
        "RuntimeError: Engine core initialization failed. See root cause above.",
    ):
        print(f"{HEAD}Traceback (most recent call last):\n{HEAD}{error}", flush=True)
    sys.exit(1)


async def serve(given: argparse.Namespace) -> None:
    server = Server(model=given.served_model_name, key=os.environ["VLLM_API_KEY"])
    async with serving(server, given.port):
        print("INFO:     Application startup complete.", flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    main()
