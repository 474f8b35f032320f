"""What each engine does with the same model, and what our client adds to its server's time.

    python -m benchmarks.engines [--engine llama.cpp|url|transformers|vllm|http://host:port/v1] …
        [--model smollm2-135m] [--tokens 96] [--rounds 3]

`--engine` may be given several times; each is a row. "url" is the embedded engine's server, as any
server is reached by its address; the key of another one is taken from THOUGHTSCOPE_API_KEY.

load          until the engine is ready, its model lying on this disk
first token   of one short prompt, read anew
tokens/s      sampled tokens that were really made, over the time from the question to the last of
              them, in one call of 1, 8 and 40 paths
computed      prompt tokens that the engine computed, over those of all calls: of self-consistency
              with 8 paths, and of a small tree of thoughts on an open question
our overhead  time through our client over that of the same requests sent raw, in turn; the bound is
              1.05. transformers has no server in between
"""

import argparse
import asyncio
import importlib
import os
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from benchmarks.raw import overhead, spread
from core.driver import Driver
from core.engine import Engine, Sampling
from core.question import ask
from core.run import Run
from core.strategy import Strategy
from core.trace import Totals
from engines.host import LocalHost
from engines.llamacpp.engine import LlamaCpp
from engines.llamacpp.host import embedded
from engines.url.engine import at_url, place
from strategies import self_consistency, tree_of_thoughts

QUESTION = (
    "A shop sells 3 kinds of pens. It has 24 boxes of each kind and 12 pens in a box. On Monday it "
    "sells 100 pens, on Tuesday twice as many. How many pens are left?"
)
STORY = "Tell a long story about a lighthouse, a storm and the people who live by the sea."
PATHS = (1, 8, 40)
TREE = tree_of_thoughts.Params(task="open", breadth=2, thoughts=3, judgements=2, depth=2)
HEAD = (
    "engine",
    "load, s",
    "first token, ms",
    *(f"tokens/s, {n}" for n in PATHS),
    "computed / sent, 8 paths",
    "computed / sent, tree",
    "our overhead, 8",
    "our overhead, 40",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.engines", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--engine", action="append", metavar="NAME_OR_URL")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--tokens", type=int, default=96, help="longest path")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    chosen = given.engine or ["llama.cpp"]
    print(f"{given.model}, paths of at most {given.tokens} tokens, {given.rounds} rounds\n")
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for name in chosen:
        cells = asyncio.run(measure(name, given.model, given.tokens, given.rounds))
        print("| " + " | ".join(cells) + " |", flush=True)


async def measure(name: str, model: str, tokens: int, rounds: int) -> list[str]:
    """The cells of one engine's row."""
    async with standing(name, model) as host:
        began = time.monotonic()
        engine = await host.ready()
        cells = [f"{engine.info.engine}, {engine.info.device}", f"{time.monotonic() - began:.1f}"]
        async for cell in measured(engine, tokens, rounds):
            cells.append(cell)
            print(f"{name}: {HEAD[len(cells) - 1]}: {cell}", file=sys.stderr)
    return cells


async def measured(engine: Engine, tokens: int, rounds: int) -> AsyncGenerator[str, None]:
    """The cells after the load, one by one: on a processor a row takes minutes."""
    prompt = await engine.render([{"role": "user", "content": STORY}])
    sampling = Sampling(0.7, max_tokens=tokens, seed=0, reuse=False)
    yield await first_token(engine, prompt, rounds)
    for n in PATHS:
        yield await rate(engine, prompt, sampling, n, rounds)
    yield computed(await totals(engine, self_consistency.STRATEGY, votes(tokens)))
    yield computed(await totals(engine, tree_of_thoughts.STRATEGY, TREE))
    for n in PATHS[1:]:
        yield spread(await overhead(engine, prompt, sampling, n, rounds))


@asynccontextmanager
async def standing(name: str, model: str) -> AsyncGenerator[LocalHost, None]:
    """The host of an engine that is not started yet."""
    if name == "url":
        async with standing("llama.cpp", model) as inner:
            engine = await inner.ready()
            assert isinstance(engine, LlamaCpp)
            async with closing(at_url(place(engine.url, engine.key))) as host:
                yield host
    elif "://" in name:
        async with closing(at_url(place(name, os.environ.get("THOUGHTSCOPE_API_KEY", "")))) as host:
            yield host
    else:
        async with closing(HOSTS[name](model)) as host:
            yield host


@asynccontextmanager
async def closing(host: LocalHost) -> AsyncGenerator[LocalHost, None]:
    """Closes it at the end."""
    try:
        yield host
    finally:
        await host.close()


def by_name(module: str, function: str) -> Callable[[str], LocalHost]:
    """A host made where its library is installed: it is imported only then."""

    def made(model: str) -> LocalHost:
        host = getattr(importlib.import_module(module), function)(model)
        assert isinstance(host, LocalHost)
        return host

    return made


HOSTS: dict[str, Callable[[str], LocalHost]] = {
    "llama.cpp": embedded,
    "transformers": by_name("engines.in_process.host", "in_process"),
    "vllm": by_name("engines.vllm.host", "vllm"),
}


async def first_token(engine: Engine, prompt: str, rounds: int) -> str:
    """Milliseconds from the question to the first text; the median, after one to warm up."""
    sampling = Sampling(0.7, max_tokens=8, seed=0, reuse=False)
    times = []
    for _ in range(rounds + 1):
        began = time.monotonic()
        async with aclosing(engine.stream(prompt, sampling)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    times.append(time.monotonic() - began)
                    break
    return f"{1000 * statistics.median(times[1:]):.0f}"


async def rate(engine: Engine, prompt: str, sampling: Sampling, n: int, rounds: int) -> str:
    """Sampled tokens a second; the median."""
    rates = []
    for seed in range(rounds):
        tokens, began = 0, time.monotonic()
        asked = replace(sampling, seed=1000 * seed)
        async with aclosing(engine.stream(prompt, asked, n)) as chunks:
            async for chunk in chunks:
                tokens += chunk.tokens
        rates.append(tokens / (time.monotonic() - began))
    return f"{statistics.median(rates):.0f}"


def votes(tokens: int) -> self_consistency.Params:
    """Self-consistency with 8 paths."""
    return self_consistency.Params(paths=8, max_tokens=tokens)


async def totals(engine: Engine, strategy: Strategy, params: Any) -> Totals:
    """What a run of this strategy took."""
    driver = Driver(Run(engine, seed=0), strategy, ask(QUESTION), params)
    async with aclosing(driver.frames()) as frames:
        async for _trace in frames:
            pass
    trace = driver.run.trace
    assert trace.ended is not None and trace.ended.status in ("answered", "no_answer"), trace.ended
    return trace.totals()


def computed(run: Totals) -> str:
    """Prompt tokens computed over those of all calls."""
    if run.computed is None or not run.prompt or "prompt" in run.uncounted:
        return "not told"
    return f"{run.computed / run.prompt:.2f} ({run.computed:,} of {run.prompt:,})"


if __name__ == "__main__":
    main()
