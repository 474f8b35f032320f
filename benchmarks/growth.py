"""How soon the page follows a long thinking.

    python -m benchmarks.growth [--tokens 4000] [--rounds 8] [--rate 10]

A made-up run of budget forcing on a page of its own, with the real views of the rounds and of their
growth, server and browser on this machine. Lag: from the value's leaving the server until the text
that it brought stands in a painted frame.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncGenerator
from typing import Any

import gradio as gr
from playwright.async_api import Browser

from benchmarks.standing import browser
from benchmarks.tree import quantiles
from components.frame import frame, frame_view
from components.listening import LIVE
from components.texts import texts
from components.theme import theme
from components.view import ASSETS
from components.views.growth import growth, growth_view
from components.views.palette import looks
from components.views.reading import Lens, read
from components.views.rounds import rounds, rounds_view
from core.answers import Extraction
from core.events import Answered, Closed, Delta, Marked, Opened, Scored, Started
from core.trace import Trace

EN = texts("en")
PARAMS = {"mode": "both", "waits": 7, "word": "Wait", "budget": 4_000}
STARTED = Started("budget_forcing", "…", "number", "en", PARAMS, 0, "none", "none", "none", 0)
WORDS = ("so", "the", "number", "of", "pens", "that", "are", "left", "would", "be", "three")

# The length of all that was sampled tells which update it is. A message comes after the paint.
WATCH = """() => {
  window.seen = [];
  const root = document.querySelector('.ts-rounds');
  const channel = new MessageChannel();
  channel.port1.onmessage = ({ data }) => window.seen.push([Date.now() / 1000, data]);
  const length = () => [...root.querySelectorAll('.round .sampled')]
    .reduce((sum, node) => sum + node.textContent.length, 0);
  new MutationObserver(() => channel.port2.postMessage(length()))
    .observe(root, { childList: true, characterData: true, subtree: true });
}"""


class Thinking:
    """A chain of rounds that grows; after each of them there is a probe."""

    def __init__(self, rounds: int, tokens: int) -> None:
        self.trace = Trace()
        self.length = 0
        self._chance = random.Random(tokens)
        self._each = tokens // rounds
        self._node = "0"
        self._at(STARTED)
        self._open(0)

    def grow(self, tokens: int) -> None:
        """Some tokens more, and a new round where the last one is full."""
        node = self.trace.nodes[self._node]
        if node.tokens >= self._each:
            self._next(int(node.label) + 1)
        for _ in range(tokens):
            word = f" {self._chance.choice(WORDS)}"
            self.length += len(word)
            self._at(Delta(self._node, word, 1))

    def value(self) -> dict[str, Any]:
        lens = Lens()
        readings = read(self.trace, lens)
        seen = looks(readings.values(), "number")
        return frame(
            {
                "growth": growth(self.trace, lens, readings, seen, EN),
                "rounds": rounds(self.trace, lens, readings, seen, EN),
            }
        )

    def _next(self, number: int) -> None:
        self._at(Closed(self._node, "stop"))
        self._at(Scored(self._node, 0.25))
        self._at(Marked(self._node, "suppressed"))
        probe = f"{self._node}.0"
        self._at(Opened(probe, (self._node,), "probe"))
        self._at(Delta(probe, "\n\nFinal Answer:", 4, forced=True))
        self._at(Delta(probe, f" {number}.", 2))
        self._at(Closed(probe, "stop"))
        self._at(Answered(probe, Extraction(str(number), 1, 2, "first")))
        above, self._node = self._node, f"{self._node}.1"
        self._at(Opened(self._node, (above,), "round", str(number)))
        self._at(Delta(self._node, "\nWait", 2, forced=True))

    def _open(self, number: int) -> None:
        self._at(Opened(self._node, (), "round", str(number)))
        self._at(Delta(self._node, "Let's think step by step.", 6, forced=True))

    def _at(self, event: Any) -> None:
        self.trace.apply(self.trace.seconds + 0.001, event)


class Pages:
    """The app; `sent` holds when each length of text left, `making` what its frame cost to make."""

    def __init__(self, tokens: int, rounds: int, rate: float) -> None:
        self._step, self._rate = max(round(tokens / 400), 1), rate
        self._thinking = Thinking(rounds, tokens)
        self.updates = tokens // self._step
        self.sent: dict[int, float] = {}
        self.making: list[float] = []
        with gr.Blocks(analytics_enabled=False) as self.blocks:
            start = gr.Button("start", elem_id="start")
            drawn = frame_view("explore")
            growth_view(elem_id="explore-growth")
            rounds_view(elem_id="explore-rounds")
            start.click(self._stream, None, drawn, **LIVE)

    async def _stream(self) -> AsyncGenerator[dict[str, Any], None]:
        began = time.monotonic()
        for update in range(1, self.updates + 1):
            self._thinking.grow(self._step)
            making = time.perf_counter()
            value = self._thinking.value()
            self.making.append(time.perf_counter() - making)
            self.sent[self._thinking.length] = time.time()
            yield value
            await asyncio.sleep(max(began + update / self._rate - time.monotonic(), 0))

    def launch(self) -> str:
        _app, url, _share = self.blocks.queue(default_concurrency_limit=None).launch(
            prevent_thread_lock=True,
            quiet=True,
            theme=theme(),
            css_paths=[ASSETS / "style.css"],
            ssr_mode=False,
        )
        return str(url)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.growth", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--tokens", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--rate", type=float, default=10.0, help="updates a second")
    given = parser.parse_args()
    pages = Pages(given.tokens, given.rounds, given.rate)
    delays = asyncio.run(measure(pages))
    what = f"{given.tokens:,} tokens in {given.rounds} rounds, {given.rate:g} updates a second"
    print("| what | measured | bound |\n|---|---|---|")
    print(f"| lag, {what} | {quantiles(delays)} | 150 ms |")
    print(f"| making a frame | {quantiles(pages.making)} | |")


async def measure(pages: Pages) -> list[float]:
    url = pages.launch()
    try:
        async with browser() as chromium:
            return await lag(pages, url, chromium)
    finally:
        await asyncio.to_thread(pages.blocks.close, verbose=False)


async def lag(pages: Pages, url: str, chromium: Browser) -> list[float]:
    """Stream, and compare when each update left with when it was seen; one overtaken counts too."""
    page = await chromium.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(url)
    await page.wait_for_selector("#start")
    await page.wait_for_load_state("networkidle")
    await page.evaluate(WATCH)
    await page.click("#start")
    longest = f"window.seen.length && window.seen.at(-1)[1] >= {await everything(pages)}"
    await page.wait_for_function(longest, polling=200, timeout=120_000)
    seen = await page.evaluate("window.seen")
    await page.close()
    return [
        min(when for when, shown in seen if shown >= length) - left
        for length, left in pages.sent.items()
    ]


async def everything(pages: Pages) -> int:
    """The length of the text when all updates have left."""
    while len(pages.sent) < pages.updates:  # noqa: ASYNC110 - the stream runs elsewhere
        await asyncio.sleep(0.1)
    return max(pages.sent)


if __name__ == "__main__":
    main()
