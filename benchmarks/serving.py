"""What the app costs beside its engine, and how soon it lets go.

    python -m benchmarks.serving [--model smollm2-135m] [--rounds 3] [--tokens 200]

Self-consistency with 8 paths through the whole app, drawn in a browser, against one raw request
with n = 8 of the same prompt, seed and limits to the same server, in turn; the prompt tokens that
the server says it computed; the time from Stop, and from closing the tab, to idle slots; and the
time from a chunk's leaving the engine to its text in the page.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page

from benchmarks.standing import Standing, ask, fill, opened, standing
from core.engine import Chunk, Sampling
from engines.llamacpp.engine import LlamaCpp
from engines.llamacpp.host import embedded
from strategies.prompts import TRIGGERS

QUESTION = (
    "A shop sells 3 kinds of pens. It has 24 boxes of each kind and 12 pens in a box. On Monday it "
    "sells 100 pens, on Tuesday twice as many. How many pens are left?"
)
LONG = " ".join([*(f"On day {day} it sells {7 * day % 31} pens." for day in range(60)), QUESTION])
PATHS = 8
# Every path has text, or has ended: now and then one says nothing at all.
WRITING = """(cards => cards.length === 8 && cards.every(card =>
    card.querySelector('.sampled') || !card.classList.contains('writing')
))([...document.querySelectorAll('#explore-paths .card')])"""
READING = "/[1-9][0-9,]* of /.test(document.querySelector('.headline .status').textContent)"
ENABLED = "!document.querySelector('#run').disabled"
TRIGGER = TRIGGERS["step_by_step"]["en"]

# Every change of a card's text: when, which card, how many characters.
WATCH = """() => {
  window.seen = [];
  const cards = document.querySelector('.ts-paths .cards');
  const look = () => [...cards.children].forEach((card, i) => {
    const text = card.querySelector('.card-text').textContent;
    window.seen.push([Date.now() / 1000, i, Array.from(text).length]);
  });
  new MutationObserver(look).observe(cards, {subtree: true, childList: true, characterData: true});
}"""


@dataclass(slots=True)
class Asked:
    """What the engine was asked, and (seconds, sample, characters so far) of each chunk."""

    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    chunks: list[tuple[float, int, int]] = field(default_factory=list)


@contextmanager
def overheard(engine: LlamaCpp) -> Iterator[Asked]:
    """Listen to what goes into and comes out of the engine's stream."""
    asked = Asked()

    async def stream(prompt: str, sampling: Sampling, n: int = 1) -> AsyncGenerator[Chunk, None]:
        asked.prompt, asked.sampling = prompt, sampling
        lengths = [len(TRIGGER)] * n
        async with aclosing(LlamaCpp.stream(engine, prompt, sampling, n)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    lengths[chunk.index] += len(chunk.text)
                    asked.chunks.append((time.time(), chunk.index, lengths[chunk.index]))
                yield chunk

    engine.stream = stream  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        del engine.stream


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.serving", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=200, help="longest path")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.model, given.rounds, given.tokens))
    print(f"{given.model}, {PATHS} paths of at most {given.tokens} tokens, {given.rounds} rounds\n")
    print("| what | measured | bound |\n|---|---|---|")
    for what, measured, bound in rows:
        print(f"| {what} | {measured} | {bound} |")


async def measure(model: str, rounds: int, tokens: int) -> list[tuple[str, str, str]]:
    async with standing(embedded(model)) as (app, chromium):
        rows = await cost(app, chromium, rounds, tokens)
        rows += [await lag(app, chromium, tokens)]
        rows += [await to_idle(app, chromium, rounds, "Stop")]
        rows += [await to_idle(app, chromium, rounds, "Stop", reading=True)]
        rows += [await to_idle(app, chromium, rounds, "closing the tab")]
    return rows


async def cost(
    app: Standing, chromium: Browser, rounds: int, tokens: int
) -> list[tuple[str, str, str]]:
    """Wall time through the app over wall time raw, pair by pair; prompt tokens computed."""
    ratios, computed, size = [], [], 1
    page = await opened(chromium, app.url)
    for seed in range(rounds):
        before = await counted(app)
        asked, through = await through_app(app, page, seed, tokens)
        computed.append(await counted(app) - before)
        began = time.monotonic()
        await app.on_server(raw(app, asked))
        ratios.append(through / (time.monotonic() - began))
        size = await app.on_server(app.engine.count(asked.prompt))
    await page.close()
    most = max(computed) / size
    return [
        ("8 paths through the app over one raw request, wall time", spread(ratios, "×"), "1.10"),
        ("prompt tokens computed over the prompt's length", f"{most:.2f}× of {size}", "1.10"),
    ]


async def through_app(app: Standing, page: Page, seed: int, tokens: int) -> tuple[Asked, float]:
    """Run in the browser; what the engine was asked, and the seconds from the click to the end."""
    await fill(page, QUESTION, seed, tokens)
    with overheard(app.engine) as asked:
        began = time.monotonic()
        await page.click("#run")
        await page.wait_for_selector("#run:disabled")
        # Seldom: by default the page is asked at every frame, which is work of its own.
        await page.wait_for_function(ENABLED, polling=50, timeout=600_000)
        return asked, time.monotonic() - began


async def raw(app: Standing, asked: Asked) -> None:
    """The same request, straight to the server; its answer is read and thrown away."""
    engine = app.engine
    body = engine._body(await engine._prompt_tokens(asked.prompt), asked.sampling, PATHS)
    async for _event in engine._connection.events("/v1/completions", body):
        pass


async def counted(app: Standing) -> float:
    """Prompt tokens that the server says it has computed since it started."""
    metrics = await app.on_server(app.engine.metrics())
    return metrics["prompt_tokens_total"]


async def lag(app: Standing, chromium: Browser, tokens: int) -> tuple[str, str, str]:
    """From a chunk's leaving the engine to its characters standing in the page."""
    page = await opened(chromium, app.url)
    await page.evaluate(WATCH)
    asked, _seconds = await through_app(app, page, 99, tokens)
    seen: list[tuple[float, int, int]] = await page.evaluate("window.seen")
    await page.close()
    lags = sorted(delays(asked, seen))
    median, high = statistics.median(lags), lags[int(0.95 * len(lags))]
    told = f"median {median * 1000:.0f} ms, 95th percentile {high * 1000:.0f} ms"
    return f"from engine to page, {len(lags)} chunks", told, "150 ms, 400 ms"


def delays(asked: Asked, seen: list[tuple[float, int, int]]) -> list[float]:
    """For each chunk, how long until its card had that many characters."""
    found = []
    for left, index, length in asked.chunks:
        shown = next((t for t, i, n in seen if i == index and n >= length and t >= left), None)
        if shown is not None:
            found.append(shown - left)
    assert len(found) > 0.9 * len(asked.chunks), "chunks never reached the page"
    return found


async def to_idle(
    app: Standing, chromium: Browser, rounds: int, how: str, reading: bool = False
) -> tuple[str, str, str]:
    """From the click, or the closing of the tab, until the server says that no slot works; while
    paths are written, or while the engine is `reading` a long prompt."""
    times = []
    for seed in range(rounds):
        page = await opened(chromium, app.url)
        await ask(page, LONG if reading else QUESTION, seed, 900)  # all 8 still fit at once
        await page.wait_for_function(READING if reading else WRITING, timeout=120_000)
        began = time.monotonic()
        await (page.click("#stop") if how == "Stop" else page.close())
        while await app.on_server(app.engine.active_slots()):  # noqa: ASYNC110 - only polling tells
            await asyncio.sleep(0.01)
        times.append(time.monotonic() - began)
        if how == "Stop":
            await page.close()
    bound = "2 s" if how != "Stop" else "" if reading else "0.5 s"
    what = f"from {how} to idle engine" + (f", at a prompt of {len(LONG.split())} words" * reading)
    return what, spread(times, " s"), bound


def spread(values: list[float], unit: str) -> str:
    """Median, least and most."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.2f}{unit} ({low:.2f} – {high:.2f})"


if __name__ == "__main__":
    main()
