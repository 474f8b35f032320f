"""The Game of 24: the Tree of Thoughts against direct answers and chains of thought.

    python -m benchmarks.game24 [--model qwen2.5-coder-1.5b] [--count 10] [--seed 0] [--tree-only]

Puzzles that lie evenly over the easier half of all 1,362. Each is searched with the
defaults; then as many direct answers, and as many chains of thought, are sampled as come to the
same number of tokens. One more search is made one call after another, for its wall time. The last
table says how good the judge was: which states an exact solver can still bring to 24.
"""

import argparse
import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from benchmarks.accuracy import wilson
from components.views.outcome import solved
from core.arithmetic import check_answer, puzzles
from core.driver import Driver
from core.engine import Chunk, Engine, Sampling
from core.params import build
from core.question import Question, ask
from core.run import Run
from core.trace import Trace
from engines.llamacpp.host import embedded
from strategies import prompts
from strategies.tree_of_thoughts import STRATEGY, Params

WISH = (
    "Use each of the numbers {0} exactly once, with +, -, * and / and brackets, to make 24. "
    "Give one expression, such as (10 - 4) * (13 - 9)."
)
GROUP = {"direct": 8, "chain of thought": 2}
"""Samples asked for at once: few enough not to go far beyond the tokens allowed."""
BASELINES = (("direct", ""), ("chain of thought", "step_by_step"))
_EXPRESSION = re.compile(r"[-+*/()\d\s.]{7,}")


@dataclass(slots=True)
class Column:
    """What a method came to: `top` its own answer, `any` one of several, of `asked` puzzles."""

    asked: int = 0
    top: int = 0
    any: int = 0
    tokens: int = 0
    seconds: float = 0.0


class OneByOne:
    """An engine that is asked one thing at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self.info = engine.info
        self.render = engine.render
        self.count = engine.count

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        async with self._turn, aclosing(self._engine.stream(prompt, sampling, n)) as chunks:
            async for chunk in chunks:
                yield chunk


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.game24", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tree-only", action="store_true", help="leave out the other methods")
    given = parser.parse_args()
    asyncio.run(measure(given.model, given.count, given.seed, given.tree_only))


async def measure(model: str, count: int, seed: int, tree_only: bool) -> None:
    host = embedded(model)
    engine = await host.ready()
    columns = {"Tree of Thoughts": Column(), "direct": Column(), "chain of thought": Column()}
    sent = computed = 0
    judge: Counter[tuple[bool, bool]] = Counter()
    try:
        for number, puzzle in enumerate(easy(count)):
            trace, tokens = await searched(engine, puzzle, seed, columns["Tree of Thoughts"])
            totals = requests(trace)
            sent, computed = sent + totals[0], computed + totals[1]
            judge += judged(trace)
            for name, trigger in () if tree_only else BASELINES:
                await sampled(engine, puzzle, seed, tokens, trigger, GROUP[name], columns[name])
            print(f"{number + 1}/{count} {puzzle} {row(columns)}", file=sys.stderr, flush=True)
        ratio = 0.0 if tree_only else await one_by_one(engine, easy(count)[0], seed)
    finally:
        await host.close()
    print(f"{model}, {count} puzzles of the easier half, seed {seed}\n")
    print("| method | right | any of several right | tokens | seconds |\n|---|---|---|---|---|")
    for name, column in columns.items():
        if not column.asked:
            continue
        print(f"| {name} | {share(column.top, column)} | {share(column.any, column)} | ", end="")
        print(f"{column.tokens:,} | {column.seconds:.0f} |")
    print(f"\nprompt tokens computed over sent, a request counted once: {computed / sent:.2f}")
    print(f"states that can be won: {judge[True, True]} kept, {judge[True, False]} pruned")
    print(f"states that cannot: {judge[False, True]} kept, {judge[False, False]} pruned")
    if not tree_only:
        print(f"wall time of a search one call after another, over ours: {ratio:.2f}")


def judged(trace: Trace) -> Counter[tuple[bool, bool]]:
    """How many states below the root can still be won or not, and were kept or not."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for state, alive in solved(trace).items():
        marks = trace.nodes[state].marks
        if "kept" in marks or "pruned" in marks:
            counts[alive, "kept" in marks] += 1
    return counts


def easy(count: int) -> list[tuple[int, ...]]:
    """Puzzles at even distances over the easier half."""
    half = puzzles()[: len(puzzles()) // 2]
    return [half[i * len(half) // count] for i in range(count)]


async def searched(
    engine: Engine, puzzle: tuple[int, ...], seed: int, column: Column
) -> tuple[Trace, int]:
    """A search with the defaults; its trace and its tokens."""
    question = Question(" ".join(map(str, puzzle)), "text", "en")
    driver = Driver(Run(engine, seed), STRATEGY, question, build(Params, {}))
    began = time.monotonic()
    async for _ in driver.frames():
        pass
    trace = driver.run.trace
    finals = [node for node in trace.of_kind("state") if "final" in node.marks]
    column.asked += 1
    column.top += any("right" in node.marks and "winner" in node.marks for node in finals)
    column.any += any("right" in node.marks for node in finals)
    column.tokens += trace.totals().sampled
    column.seconds += time.monotonic() - began
    return trace, trace.totals().sampled


async def sampled(
    engine: Engine,
    puzzle: tuple[int, ...],
    seed: int,
    budget: int,
    trigger: str,
    group: int,
    column: Column,
) -> None:
    """Answers until they have come to as many tokens. `top` counts the first one alone."""
    question = ask(WISH.format(", ".join(map(str, puzzle))), "text", "en")
    forced = prompts.reasoning_trigger(trigger, "en") if trigger else "The expression is"
    prompt = await engine.render(prompts.ask(question), forced)
    right: list[bool] = []
    spent, began = 0, time.monotonic()
    while spent < budget:
        limits = Sampling(
            0.7, max_tokens=300 if trigger else 40, seed=seed * 1000 + len(right), logprobs=False
        )
        texts = [""] * group
        async for chunk in engine.stream(prompt, limits, group):
            texts[chunk.index] += chunk.text
            spent += chunk.tokens
        right += [is_right(text, puzzle) for text in texts]
    column.asked += 1
    column.top += right[0]
    column.any += any(right)
    column.tokens += spent
    column.seconds += time.monotonic() - began


def is_right(text: str, puzzle: tuple[int, ...]) -> bool:
    """Whether any expression in the text is right: generous to the answer's form."""
    found = (match.group().strip() for match in _EXPRESSION.finditer(text))
    return any(check_answer(expression, puzzle) == "right" for expression in found)


def requests(trace: Trace) -> tuple[int, int]:
    """Prompt tokens sent, a request with n samples counted once, and those computed."""
    called = [node for node in trace.nodes.values() if node.calls]
    sent = sum(node.prompt_tokens for node in called if node.sample == 0)
    return sent, sum(node.computed_tokens or 0 for node in called)


async def one_by_one(engine: Engine, puzzle: tuple[int, ...], seed: int) -> float:
    """Wall time of the same search one call after another, over ours."""
    alone, ours = Column(), Column()
    await searched(OneByOne(engine), puzzle, seed, alone)
    await searched(engine, puzzle, seed, ours)
    return (alone.seconds / alone.tokens) / (ours.seconds / ours.tokens)


def share(right: int, column: Column) -> str:
    low, high = wilson(right, column.asked)
    return f"{right}/{column.asked} ({max(low, 0):.0%} – {high:.0%})"


def row(columns: dict[str, Column]) -> str:
    return ", ".join(f"{name} {c.top} / {c.any} of {c.asked}" for name, c in columns.items())


if __name__ == "__main__":
    main()
