"""How soon there is a page, and what it weighs.

    python -m benchmarks.page [--rounds 3]

From `python app.py` on a machine without a model to a served page; from navigation to a page
that can be used, in a browser that starts with an empty cache, and the bytes that travelled.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.standing import browser

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.page", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    starts, loads, weights, strangers = [], [], [], 0
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as empty:
            start, load, weight, outside = asyncio.run(one(empty))
        starts.append(start)
        loads.append(load)
        weights.append(weight)
        strangers += outside
    print("| what | measured | bound |\n|---|---|---|")
    print(f"| `python app.py` to a served page, no model on disk | {spread(starts)} s | 10 s |")
    print(f"| page usable after navigation | {spread(loads)} s | 3 s |")
    print(f"| over the wire | {max(weights) / 1e6:.2f} MB | 1 MB |")
    print(f"| requests that left the host | {strangers} | 0 |")


async def one(empty: str) -> tuple[float, float, int, int]:
    """Start with nothing on disk and nothing to fetch from; returns seconds, seconds, bytes, n."""
    port = free_port()
    offline = {"THOUGHTSCOPE_CACHE": empty, "HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    began = time.monotonic()
    app = await asyncio.create_subprocess_exec(
        *(sys.executable, "app.py", "--port", str(port)),
        cwd=ROOT,
        env=os.environ | offline,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        await served(url)
        start = time.monotonic() - began
        await visit(url)  # the first visitor warms the server
        return start, *await visit(url)
    finally:
        app.terminate()
        await app.wait()


async def served(url: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        while True:
            try:
                (await client.get(url)).raise_for_status()
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def visit(url: str) -> tuple[float, int, int]:
    """Seconds until Run can be pressed, bytes received, requests to other hosts."""
    async with browser() as chromium:
        page = await chromium.new_page()
        wire = await page.context.new_cdp_session(page)
        await wire.send("Network.enable")
        sizes: list[int] = []
        outside: list[str] = []
        wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.on("request", lambda r: None if local(r.url, url) else outside.append(r.url))
        began = time.monotonic()
        await page.goto(url)
        await page.wait_for_selector("#run:enabled")
        usable = time.monotonic() - began
        await page.wait_for_function("window.Plotly && document.querySelector('.ts-badge .who')")
        await page.wait_for_load_state("load")
        return usable, int(sum(sizes)), len(outside)


def local(asked: str, url: str) -> bool:
    return asked.startswith((url, "data:", "blob:"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} – {max(values):.2f})"


if __name__ == "__main__":
    main()
