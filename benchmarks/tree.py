"""How soon the tree on the page follows the tree of thoughts.

    python -m benchmarks.tree [--seconds 10] [--rounds 5]

A made-up tree on a page of its own, with the real view and the real inspector, server and browser
on this machine. With every update a state is added and one is judged, so everything may move.
Lag: from the value's leaving the server until the frame that shows it is painted.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import AsyncGenerator
from typing import Any

import gradio as gr
from playwright.async_api import Browser, Page

from benchmarks.standing import browser
from components.frame import frame, frame_view
from components.listening import LIVE, QUIET
from components.texts import texts
from components.theme import theme
from components.view import ASSETS
from components.views import inspector
from components.views.reading import Lens, read
from components.views.tree import tree, tree_view
from core.events import Closed, Delta, Opened, Scored, Started
from core.trace import Trace

D3 = ASSETS / "vendor" / "d3-hierarchy.min.js"
EN = texts("en")
STARTED = Started("tree_of_thoughts", "…", "text", "en", {}, 0, "none", "none", "none", 0)
FANOUT = 5

# The number of the update is the root's label. A message comes after the frame was painted.
WATCH = """() => {
  window.seen = [];
  const root = document.querySelector('.ts-tree .state .thought');
  const channel = new MessageChannel();
  channel.port1.onmessage = ({ data }) => window.seen.push([Date.now() / 1000, data]);
  new MutationObserver(() => channel.port2.postMessage(Number(root.textContent)))
    .observe(root, { childList: true, characterData: true, subtree: true });
}"""
# Seconds from a click on `target` until `reached` holds in a painted frame.
SINCE_CLICK = """([target, reached]) => new Promise((done, failed) => {
  const began = performance.now();
  const holds = new Function(`return ${reached}`);
  const look = () => {
    if (performance.now() - began > 20_000) { failed(new Error(reached)); return; }
    if (!holds()) { requestAnimationFrame(look); return; }
    setTimeout(() => done((performance.now() - began) / 1000));
  };
  document.querySelector(target).click();
  requestAnimationFrame(look);
})"""


class Growing:
    """A tree of `size` states, each below one of the first that has room; it can grow."""

    def __init__(self, size: int) -> None:
        self.trace = Trace()
        self.states = [""]
        self._random = random.Random(size)
        self._at(STARTED)
        self._at(Opened("0", (), "state", "0"))
        self.states = ["0"]
        while len(self.states) < size:
            self.grow()

    def grow(self) -> None:
        """One state more, and a value for one that has none."""
        here = len(self.states)
        parent = self.states[(here - 1) // FANOUT]
        node = f"{parent}.{here}"
        self.states.append(node)
        self._at(Opened(node, (parent,), "state"))
        self._at(Delta(node, f"{here} - 9 = {here - 9} (left: {here} 4 10)", 12))
        self._at(Closed(node, "stop"))
        self._at(Scored(self.states[-FANOUT:][0], self._random.choice((60.0, 21.0, 3.0, 0.003))))

    def value(self, update: int) -> dict[str, Any]:
        """A frame; the root's label tells which update it is."""
        self.trace.nodes["0"].label = str(update)
        return frame({"tree": tree(self.trace, Lens(), EN)})

    def _at(self, event: Any) -> None:
        self.trace.apply(self.trace.seconds + 0.001, event)


class Pages:
    """The app; `sent` holds when each update left."""

    def __init__(self) -> None:
        self.growing = Growing(1)
        self.sent: dict[int, float] = {}
        self.making: list[float] = []
        self.seconds = 0.0
        self.rate = 0.0
        gr.set_static_paths([D3])
        with gr.Blocks(analytics_enabled=False) as self.blocks:
            start = gr.Button("start", elem_id="start")
            show = gr.Button("show", elem_id="show")
            drawn = frame_view("explore")
            view = tree_view(elem_id="explore-tree")
            shown = frame_view("shown")
            inspector.inspector_view(elem_id="shown-inspector")
        with self.blocks:
            start.click(self._stream, None, drawn, **LIVE)
            show.click(self._show, None, drawn, **QUIET)
            view.node_select(self._inspect, None, shown, **QUIET)

    def prepare(self, size: int, rate: float, seconds: float) -> None:
        """What the next page streams."""
        self.growing = Growing(size - int(rate * seconds))
        self.rate, self.seconds, self.sent, self.making = rate, seconds, {}, []

    async def _stream(self) -> AsyncGenerator[dict[str, Any], None]:
        began = time.monotonic()
        for update in range(1, int(self.rate * self.seconds) + 1):
            self.growing.grow()
            making = time.perf_counter()
            value = self.growing.value(update)
            self.making.append(time.perf_counter() - making)
            self.sent[update] = time.time()
            yield value
            await asyncio.sleep(max(began + update / self.rate - time.monotonic(), 0))

    # Handlers are coroutines: the tree grows on the same loop, so nobody reads half of it.
    async def _show(self) -> dict[str, Any]:
        return self.growing.value(0)

    async def _inspect(self, event: gr.EventData) -> Any:
        trace = self.growing.trace
        sheet = inspector.inspect(trace, read(trace, Lens())[event._data["id"]], EN)
        return frame({"inspector": sheet})

    def launch(self) -> str:
        _app, url, _share = self.blocks.queue(default_concurrency_limit=None).launch(
            prevent_thread_lock=True,
            quiet=True,
            theme=theme(),
            css_paths=[ASSETS / "style.css"],
            head=f'<script defer src="gradio_api/file={D3}"></script>',
            ssr_mode=False,
        )
        return str(url)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.tree", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=10.0, help="of each stream")
    parser.add_argument("--rounds", type=int, default=5, help="clicks and first paints")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.seconds, given.rounds))
    print("| what | measured | bound |\n|---|---|---|")
    for what, measured, bound in rows:
        print(f"| {what} | {measured} | {bound} |")


async def measure(seconds: float, rounds: int) -> list[tuple[str, str, str]]:
    pages = Pages()
    url = pages.launch()
    try:
        async with browser() as chromium:
            rows = await lag(pages, url, chromium, 200, 10, seconds, "60 ms")
            rows += await lag(pages, url, chromium, 1_000, 5, seconds, "150 ms")
            rows += [await click(pages, url, chromium, rounds, seconds)]
            return [*rows, await first_paint(pages, url, chromium, rounds)]
    finally:
        await asyncio.to_thread(pages.blocks.close, verbose=False)


async def opened(chromium: Browser, url: str) -> Page:
    page = await chromium.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(url)
    await page.wait_for_function("window.d3 && document.querySelector('#start')")
    await page.wait_for_load_state("networkidle")
    return page


async def lag(
    pages: Pages, url: str, chromium: Browser, size: int, rate: int, seconds: float, bound: str
) -> list[tuple[str, str, str]]:
    """Stream, and compare when each update left with when it was seen; one overtaken counts too."""
    pages.prepare(size, rate, seconds)
    page = await opened(chromium, url)
    await page.click("#show")
    await page.wait_for_selector(".ts-tree .state")
    await page.evaluate(WATCH)
    await page.click("#start")
    await asyncio.sleep(seconds + 1)
    seen = await page.evaluate("window.seen")
    await page.close()
    delays = [
        min(when for when, shown in seen if shown >= update) - left
        for update, left in pages.sent.items()
    ]
    what = f"lag, {size:,} nodes, {rate} updates a second"
    making = f"making the value of {size:,} nodes"
    return [(what, quantiles(delays), bound), (making, quantiles(pages.making), "")]


async def click(
    pages: Pages, url: str, chromium: Browser, rounds: int, seconds: float
) -> tuple[str, str, str]:
    """While 200 nodes stream: from a click on a state to its text in the inspector."""
    pages.prepare(200, 10, max(seconds, rounds + 2.0))
    page = await opened(chromium, url)
    await page.click("#start")
    await page.wait_for_selector(".ts-tree .state")
    waits = []
    for place in range(1, rounds + 1):
        node = pages.growing.states[place]
        target = f".ts-tree .state[data-id='{node}']"
        text = pages.growing.trace.nodes[node].text
        reached = f"document.querySelector('.ts-inspector').textContent.includes('{text}')"
        waits.append(await page.evaluate(SINCE_CLICK, [target, reached]))
        await asyncio.sleep(0.5)
    await page.close()
    return "click to inspector, while 200 nodes stream", quantiles(waits), "300 ms"


async def first_paint(
    pages: Pages, url: str, chromium: Browser, rounds: int
) -> tuple[str, str, str]:
    """From asking for a whole tree of 1,000 nodes, all of them shown, to its first frame."""
    pages.prepare(1_000, 0, 0)
    waits = []
    for _ in range(rounds):
        page = await opened(chromium, url)
        reached = "document.querySelectorAll('.ts-tree .state').length === 1000"
        waits.append(await page.evaluate(SINCE_CLICK, ["#show", reached]))
        await page.close()
    return "first paint of 1,000 nodes", quantiles(waits), "1000 ms"


def quantiles(seconds: list[float]) -> str:
    """The median, and the 95th percentile."""
    ordered = sorted(seconds)
    late = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
    return f"median {statistics.median(ordered) * 1e3:.0f} ms, 95 % {late * 1e3:.0f} ms"


if __name__ == "__main__":
    main()
