"""What 40 streams of 50 tokens a second each cost the app's process.

    python -m benchmarks.streams [--paths 40] [--rate 50] [--seconds 20] [--rounds 3] [--together]
        [--apart]

A server in a process of its own (benchmarks.paced) sends the tokens; who takes them in is, in turn,
the engine's client alone; self-consistency, without a page; and the whole page, drawn in a browser.
The processor time is this process's own, user and system, from the question to the end of the run:
that of the server and of the browser is not in it. With 2,000 tokens a second half a core is 250 µs
for each, from the wire to the page.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from benchmarks.standing import ask, opened, standing
from core.driver import Driver
from core.engine import EngineInfo, Feature, Sampling
from core.question import ask as asked
from core.run import Run
from engines.host import LocalHost
from engines.url.engine import Place, UrlEngine, place
from engines.url.openai import VllmServer
from strategies import self_consistency

QUESTION = "How many pens are left?"
ENABLED = "!document.querySelector('#run').disabled"
BOUND = "0.5"


@dataclass(frozen=True, slots=True)
class Load:
    """So many paths of `tokens` tokens each, from the server at `server`."""

    server: Place
    paths: int
    tokens: int
    apart: bool

    def engine(self) -> UrlEngine:
        """An engine on that server. What it can do is known, and is not tried."""
        connection = self.server.connection()
        cannot: dict[Feature, str] = {"n": "cannot.n"} if self.apart else {}
        info = EngineInfo("paced", "vLLM", self.server.host, 32_768, cannot=cannot)
        vllm = VllmServer(connection, info)
        vllm.manner.named = vllm.manner.ids = vllm.manner.usage = vllm.manner.raw = True
        return UrlEngine(vllm, self.server)


@dataclass(slots=True)
class Cost:
    """Processor seconds and wall seconds."""

    processor: float = 0.0
    wall: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """What this process needs in the block."""
    cost = Cost()
    began, used = time.monotonic(), time.process_time()
    yield cost
    cost.processor, cost.wall = time.process_time() - used, time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.streams", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--paths", type=int, default=40)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second, each path")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--together", action="store_true", help="all paths' tokens leave at once")
    parser.add_argument("--apart", action="store_true", help="a request for each path")
    parser.add_argument("--only", choices=STAGES, help="one stage alone, to be looked into")
    given = parser.parse_args()
    chosen = [given.only] if given.only else list(STAGES)
    costs = asyncio.run(measure(given, chosen))
    how = "at once" if given.together else "one by one"
    how += " in a request for each path" if given.apart else " in one request"
    print(
        f"{given.paths} paths at {given.rate:g} tokens a second for {given.seconds:g} s, ", end=""
    )
    print(f"sent {how}; {given.rounds} rounds\n")
    print("| taken in by | processor, in cores | µs a token | seconds | bound |")
    print("|---|---|---|---|---|")
    for stage in chosen:
        told = row(costs[stage], given.seconds, given.paths * given.rate)
        print(f"| {STAGES[stage][0]} | {told} | {BOUND if stage == 'page' else ''} |")


async def measure(given: argparse.Namespace, chosen: list[str]) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {stage: [] for stage in chosen}
    async with paced(given) as load:
        for _ in range(given.rounds):
            for stage in chosen:
                costs[stage].append(await STAGES[stage][1](load))
    return costs


@asynccontextmanager
async def paced(given: argparse.Namespace) -> AsyncGenerator[Load, None]:
    """The server, and the load that it makes."""
    words = ["--rate", str(given.rate), "--seconds", str(given.seconds)]
    words += ["--together"] if given.together else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.paced", *words),
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        server = place(f"http://127.0.0.1:{port}/v1")
        yield Load(server, given.paths, int(given.rate * given.seconds), given.apart)
    finally:
        process.terminate()
        await process.wait()


async def client(load: Load) -> Cost:
    """The engine's client, and nothing that would look at what it brings."""
    engine, tokens = load.engine(), 0
    sampling = Sampling(0.7, max_tokens=load.tokens, seed=0, reuse=False)
    with measured() as cost:
        async with aclosing(engine.stream("Pens?", sampling, load.paths)) as chunks:
            async for chunk in chunks:
                tokens += chunk.tokens
    await engine.close()
    assert tokens == load.paths * load.tokens, tokens
    return cost


async def run(load: Load) -> Cost:
    """Self-consistency as the page makes it: events, trace and frames, which nobody draws."""
    engine = load.engine()
    params = self_consistency.Params(paths=load.paths, max_tokens=load.tokens)
    with measured() as cost:
        made = Run(engine, seed=0)
        driver = Driver(made, self_consistency.STRATEGY, asked(QUESTION), params)
        async with aclosing(driver.frames()) as frames:
            async for _trace in frames:
                pass
    await engine.close()
    assert made.trace.ended is not None and made.trace.ended.status == "answered"
    assert made.trace.totals().sampled == load.paths * load.tokens
    return cost


async def page(load: Load) -> Cost:
    """The whole app, and a browser that shows every frame."""

    async def start(_path: Path) -> UrlEngine:
        return load.engine()

    host = LocalHost("paced", lambda *_: Path(), start, engine="vLLM")
    async with standing(host) as (app, chromium):
        tab = await opened(chromium, app.url)
        with measured() as cost:
            await ask(tab, QUESTION, 0, load.tokens, load.paths)
            await tab.wait_for_selector("#run:disabled")
            # Seldom: asking is work of this process, too.
            await tab.wait_for_function(ENABLED, polling=1_000, timeout=600_000)
        await shown(tab, load)
    return cost


async def shown(tab: Page, load: Load) -> None:
    """The last words of every path have to stand in the page."""
    texts = await tab.locator(".card-text").all_inner_texts()
    assert sum("The answer is" in text for text in texts) == load.paths


def how(given: argparse.Namespace) -> str:
    """How the tokens come, in words."""
    when = "at once" if given.together else "one by one"
    where = "a request for each path" if given.apart else "one request"
    return f"sent {when} in {where}; {given.rounds} rounds\n"


def row(costs: list[Cost], seconds: float, rate: float) -> str:
    """Cores over the time that the texts should take (a busy machine may take longer, which is to
    lower nothing), microseconds a token, and the seconds that it took."""
    cores = [cost.processor / seconds for cost in costs]
    median = statistics.median(cores)
    wall = statistics.median(cost.wall for cost in costs)
    return (
        f"{median:.2f} ({min(cores):.2f} – {max(cores):.2f}) | {1e6 * median / rate:.0f} "
        f"| {wall:.1f}"
    )


STAGES: dict[str, tuple[str, Callable[[Load], Awaitable[Cost]]]] = {
    "client": ("the engine's client", client),
    "run": ("a run, without a page", run),
    "page": ("the whole page, with a browser", page),
}

if __name__ == "__main__":
    main()
