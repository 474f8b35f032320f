"""How soon the map of a pool is there, follows its walks, and answers the pointer.

    python -m benchmarks.maps_view [--rounds 3]

A made-up pool on a page of its own, with the real view, server and browser on this machine. With
every update one more candidate was taken. First paint and lag: from the frame's leaving the server
until it is painted. Hover: from the pointer's move in the page until the question is painted.
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
from components.listening import LIVE
from components.texts import texts
from components.theme import theme
from components.view import ASSETS
from components.views import pool_map, selecting
from components.views.reading import Lens
from core.events import Mapped, Marked, Opened, Started
from core.trace import Trace

EN = texts("en")
STARTED = Started("auto_cot", "…", "number", "en", {}, 0, "none", "none", "none", 0)
SIZES = (120, 500, 2_000)
CLUSTERS = 8
UPDATES = 40
RATE = 7.0
HOVERS = 40

# How many marks there are tells which update it is. A message comes after the frame was painted.
WATCH = """() => {
  window.seen = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = ({ data }) => window.seen.push([Date.now() / 1000, data]);
  const host = document.querySelector('.ts-map');
  let last = -1;
  const look = () => {
    const drawn = host.querySelector('.points circle[cx]');
    const marks = drawn ? host.querySelectorAll('.marks .mark').length : -1;
    if (marks === last) return;
    last = marks;
    channel.port2.postMessage(marks);
  };
  new MutationObserver(look).observe(host, { childList: true, attributes: true, subtree: true });
}"""
# Seconds from each of `places` being pointed at until its question is painted.
POINT = """async (places) => {
  const svg = document.querySelector('.map-drawing');
  const box = svg.getBoundingClientRect();
  const circles = [...document.querySelectorAll('.points circle')];
  const text = document.querySelector('.map-seen-text');
  const took = [];
  for (const place of places) {
    const [x, y] = ['cx', 'cy'].map((name) => Number(circles[place].getAttribute(name)));
    const before = text.textContent;
    const began = performance.now();
    svg.dispatchEvent(new PointerEvent('pointermove',
      { clientX: box.left + x, clientY: box.top + y, bubbles: true }));
    await new Promise((done) => {
      const look = () => (text.textContent !== before || performance.now() - began > 2_000
        ? setTimeout(done) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    took.push((performance.now() - began) / 1000);
  }
  return took;
}"""


def mapped(size: int) -> Mapped:
    """A pool of made-up questions of about 30 words, around so many centres."""
    chance = random.Random(size)
    centres = tuple((chance.uniform(0.1, 0.9), chance.uniform(0.2, 0.8)) for _ in range(CLUSTERS))
    clusters = tuple(chance.randrange(CLUSTERS) for _ in range(size))
    points = tuple(
        (centres[own][0] + chance.gauss(0, 0.05), centres[own][1] + chance.gauss(0, 0.05))
        for own in clusters
    )
    questions = tuple(f"Question {n}: " + "how many more words " * 7 for n in range(size))
    return Mapped(questions, points, clusters, centres, (0.5, 0.5), "TF-IDF", 192)


class Pages:
    """The app; `sent` holds when each update left."""

    def __init__(self) -> None:
        self.size = SIZES[0]
        self.sent: dict[int, float] = {}
        with gr.Blocks(analytics_enabled=False) as self.blocks:
            start = gr.Button("start", elem_id="start")
            drawn = frame_view("explore")
            pool_map.map_view(elem_id="explore-map")
        with self.blocks:
            start.click(self._stream, None, drawn, **LIVE)

    async def _stream(self) -> AsyncGenerator[dict[str, Any], None]:
        trace, drawn = Trace(), mapped(self.size)
        trace.apply(0.0, STARTED)
        trace.apply(0.0, drawn)
        trace.apply(0.0, Opened("0", (), "walk", "0"))
        fixed = pool_map.fixed(drawn, EN)
        for update in range(UPDATES):
            if update:
                node = f"0.{update}"
                trace.apply(0.0, Opened(node, ("0",), "candidate", str(update)))
                trace.apply(0.0, Marked(node, "taken"))
            self.sent[update] = time.time()
            walks = selecting.walks(trace)
            moving = pool_map.moving(trace, Lens(), walks, EN)
            yield frame({"pool": fixed, "map": moving})
            await asyncio.sleep(1.0 if not update else 1 / RATE)


async def measure(
    chromium: Browser, pages: Pages, url: str
) -> tuple[float, list[float], list[float]]:
    """Seconds until the first paint, of each later update, and of each hover."""
    page: Page = await chromium.new_page(viewport={"width": 1440, "height": 900})
    pages.sent = {}
    await page.goto(url)
    await page.wait_for_selector(".ts-map", state="attached")
    await page.evaluate(WATCH)
    await page.click("#start")
    await page.wait_for_function(f"window.seen.some(([, marks]) => marks === {UPDATES - 1})")
    seen = {marks: at for at, marks in reversed(await page.evaluate("window.seen"))}
    chance = random.Random(7)
    places = [chance.randrange(pages.size) for _ in range(HOVERS)]
    hovers = await page.evaluate(POINT, list(dict.fromkeys(places)))
    await page.close()
    lags = [seen[update] - pages.sent[update] for update in range(1, UPDATES) if update in seen]
    return seen[0] - pages.sent[0], lags, hovers


async def table(rounds: int) -> None:
    pages = Pages()
    style = (ASSETS / "style.css").read_text("utf-8")
    _app, url, _share = pages.blocks.launch(
        prevent_thread_lock=True, quiet=True, theme=theme(), css=style
    )
    print("| questions | first paint | a frame, median | slowest | hover, median | slowest |")
    print("|---|---|---|---|---|---|")
    try:
        async with browser() as chromium:
            for size in SIZES:
                pages.size = size
                made = [await measure(chromium, pages, url) for _ in range(rounds)]
                print(row(size, made))
    finally:
        await asyncio.to_thread(pages.blocks.close, verbose=False)


def row(size: int, made: list[tuple[float, list[float], list[float]]]) -> str:
    """Of all rounds together, in milliseconds."""
    lags = [lag for _, each, _ in made for lag in each]
    hovers = [hover for _, _, each in made for hover in each]
    figures = (
        max(first for first, _, _ in made),
        *(statistics.median(lags), max(lags)),
        *(statistics.median(hovers), max(hovers)),
    )
    return f"| {size:,} | " + " | ".join(f"{1000 * each:.0f} ms" for each in figures) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.maps_view", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(table(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
