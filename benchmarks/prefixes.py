"""How much of its prompts a search reads, and how long it takes.

    python -m benchmarks.prefixes [--model smollm2-135m] [--rounds 1] [--proposal 200]

The requests of a breadth-first search in the Game of 24, two states kept at each of three depths:
for each kept state one long proposal, for each new state one short judgement, sampled three times.
Proposals share one long prefix, judgements another. What is asked does not depend on what is
answered, so that three ways of asking can be compared, each on an engine that has just started:
all requests of a step at once, without an order (naive); at once, as the engine orders them; and
one after the other.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import permutations

from core.engine import Sampling
from engines.llamacpp.engine import LlamaCpp
from engines.llamacpp.host import embedded
from engines.llamacpp.lanes import Lanes

State = tuple[int, ...]

ROOT: State = (4, 5, 6, 10)
DEPTHS, KEPT, STATES = 3, 2, 16
VERDICTS = ("sure", "likely", "impossible")
SAMPLES = 3

PROPOSE = """\
Use two of the input numbers and one of + - * / to get a new number. List possible next steps, each
with the numbers that are left after it, as in the examples.

Input: 2 8 8 14
Possible next steps:
2 + 8 = 10 (left: 8 10 14)
8 / 2 = 4 (left: 4 8 14)
14 + 2 = 16 (left: 8 8 16)
2 * 8 = 16 (left: 8 14 16)
8 - 2 = 6 (left: 6 8 14)
14 - 8 = 6 (left: 2 6 8)
14 / 2 = 7 (left: 7 8 8)
14 - 2 = 12 (left: 8 8 12)

Input: 3 5 9
Possible next steps:
3 + 5 = 8 (left: 8 9)
9 - 5 = 4 (left: 3 4)
3 * 5 = 15 (left: 9 15)
9 / 3 = 3 (left: 3 5)

Input: {numbers}
Possible next steps:"""

JUDGE = """\
Can the given numbers reach 24, each used exactly once, with + - * /? Answer with one word: sure,
likely or impossible.

Numbers: 10 14
10 + 14 = 24
Verdict: sure

Numbers: 11 12
11 + 12 = 23, 12 - 11 = 1, 11 * 12 = 132
Verdict: impossible

Numbers: 4 4 10
4 + 4 + 10 = 18, 4 * 10 - 4 = 36, (10 - 4) * 4 = 24
Verdict: sure

Numbers: 4 9 11
9 + 11 + 4 = 24
Verdict: sure

Numbers: 5 7 8
5 + 7 + 8 = 20, (8 - 5) * 7 = 21; not found now, but the numbers are in a reasonable range
Verdict: likely

Numbers: 10 10 11
10 + 10 + 11 = 31, (11 - 10) * 10 = 10; the numbers are all too big
Verdict: impossible

Numbers: 1 3 3
1 * 3 * 3 = 9, (1 + 3) * 3 = 12; the numbers are all too small
Verdict: impossible

Numbers: {numbers}
Verdict:"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: what a user would say, `n` times continued."""

    text: str
    sampling: Sampling
    n: int = 1


@dataclass(slots=True)
class Cost:
    """What a search took, in tokens and seconds.

    `sent` counts the prompt of n samples once, `sent_by_sample` n times, as a run's totals do.
    """

    requests: int = 0
    sent: int = 0
    sent_by_sample: int = 0
    computed: int = 0
    sampled: int = 0
    seconds: float = 0.0


class Unordered(Lanes):
    """Lets everybody in at once."""

    @asynccontextmanager
    async def turn(
        self, prompt: Sequence[int], writes: int, asker: Hashable = None
    ) -> AsyncGenerator[None, None]:
        yield


async def together(requests: list[Awaitable[None]]) -> None:
    await asyncio.gather(*requests)


async def in_turn(requests: list[Awaitable[None]]) -> None:
    for request in requests:
        await request


Way = Callable[[list[Awaitable[None]]], Awaitable[None]]
WAYS: dict[str, tuple[Way, type[Lanes]]] = {
    "at once, naive": (together, Unordered),
    "at once, as shipped": (together, Lanes),
    "one after the other": (in_turn, Unordered),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.prefixes", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=200, help="longest proposal")
    given = parser.parse_args()
    costs: dict[str, list[Cost]] = {name: [] for name in WAYS}
    for _ in range(given.rounds):
        for name in WAYS:
            costs[name].append(asyncio.run(measure(given.model, name, given.tokens)))
    print(f"{given.model}, proposals of at most {given.tokens} tokens, {given.rounds} rounds\n")
    print(table(costs))


async def measure(model: str, name: str, tokens: int) -> Cost:
    """One search, on an engine that has just started."""
    way, lanes = WAYS[name]
    host = embedded(model)
    try:
        engine = await host.ready()
        assert isinstance(engine, LlamaCpp)
        engine._lanes = lanes()
        return await search(engine, way, tokens)
    finally:
        await host.close()


async def search(engine: LlamaCpp, way: Way, tokens: int) -> Cost:
    """Ask all that a search asks. The seconds are those of its steps together."""
    cost = Cost()
    for asks in steps(tokens):
        requests: list[Awaitable[None]] = []
        for ask in asks:
            prompt = await engine.render([{"role": "user", "content": ask.text}])
            requests.append(answered(engine, prompt, ask, cost))
        began = time.monotonic()
        await way(requests)
        cost.seconds += time.monotonic() - began
    return cost


def steps(tokens: int) -> Iterator[list[Ask]]:
    """What may be asked at once, step by step."""
    propose = Sampling(temperature=0.7, max_tokens=tokens, seed=0)
    judge = Sampling(temperature=0.7, max_tokens=8, choices=VERDICTS, seed=0)
    kept = [ROOT]
    for _ in range(DEPTHS):
        yield [Ask(PROPOSE.format(numbers=shown(state)), propose) for state in kept]
        found = dict.fromkeys(new for state in kept for new in following(state))
        states = list(found)[:STATES]
        yield [Ask(JUDGE.format(numbers=shown(state)), judge, SAMPLES) for state in states]
        kept = states[:KEPT]


def following(state: State) -> Iterator[State]:
    """What is left after one operation, in natural numbers."""
    for one, other, *rest in permutations(state):
        results = [one + other, one - other, one * other]
        if other and not one % other:
            results.append(one // other)
        for result in results:
            if result >= 0:
                yield tuple(sorted([result, *rest]))


def shown(state: State) -> str:
    return " ".join(map(str, state))


async def answered(engine: LlamaCpp, prompt: str, ask: Ask, cost: Cost) -> None:
    """One request, added to the cost."""
    cost.requests += 1
    async with aclosing(engine.stream(prompt, ask.sampling, ask.n)) as chunks:
        async for chunk in chunks:
            cost.sampled += chunk.tokens
            if chunk.usage:
                read = chunk.usage.prompt or 0
                cost.sent += read if chunk.index == 0 else 0
                cost.sent_by_sample += read
                cost.computed += chunk.usage.computed or 0


def table(costs: dict[str, list[Cost]]) -> str:
    """A Markdown table: the tokens of the first round, the seconds of all."""
    lines = [
        "| asked | requests | sampled | prompt tokens sent | computed | computed / sent "
        "| computed / sent by sample | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, rounds in costs.items():
        cost = rounds[0]
        seconds = [cost.seconds for cost in rounds]
        lines.append(
            f"| {name} | {cost.requests} | {cost.sampled} | {cost.sent} | {cost.computed} "
            f"| {cost.computed / cost.sent:.3f} | {cost.computed / cost.sent_by_sample:.3f} "
            f"| {statistics.median(seconds):.1f} ({min(seconds):.1f} – {max(seconds):.1f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
