"""What "Wait" brings: the answers after 0, 1, 2 and 4 Waits, and a vote of about as many tokens.

    python -m benchmarks.waits --data FILE.jsonl [--first 20] [--model qwen2.5-coder-1.5b] \\
        [--seed 0] [--budget 1200] [--results FOLDER]

FILE has a JSON object a line, with `question` and `answer`. Each question is thought about once,
with four Waits; the probe after each round is the answer that fewer Waits would have given. Then it
is asked by self-consistency, with as many paths as come to about the same number of tokens. Every
run is kept as a recording, and is not made again when the same command is given again.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.accuracy import RESULTS, wilson
from core import recording
from core.answers import same
from core.driver import Driver
from core.engine import Engine
from core.params import build
from core.question import ask
from core.run import Run
from core.trace import Trace, TraceNode
from engines.llamacpp.host import embedded
from engines.models.catalogue import DEFAULT
from strategies import REGISTRY

COUNTS = (0, 1, 2, 4)
PATHS = 40


@dataclass(frozen=True, slots=True)
class Stop:
    """What would have come of one question had it been stopped after so many Waits."""

    right: bool
    tokens: int
    loops: int


def main() -> None:
    """Make the runs that are not there yet, then print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.waits", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--first", type=int, default=20, metavar="N")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=int, default=1_200)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    given.results = given.results or RESULTS / f"waits-{given.data.stem}-{Path(given.model).name}"
    rows = [json.loads(line) for line in given.data.read_text(encoding="utf-8").splitlines()]
    pairs = asyncio.run(ask_all(given, rows[: given.first]))
    print(f"{given.model}, first {len(pairs)} of {given.data.name}, seed {given.seed}\n")
    print(table([stops(waited) for waited, _voted in pairs], [vote(voted) for _, voted in pairs]))


async def ask_all(
    given: argparse.Namespace, rows: list[dict[str, str]]
) -> list[tuple[Trace, Trace]]:
    """Of each question the run with four Waits, and the vote."""
    given.results.mkdir(parents=True, exist_ok=True)
    host, pairs = embedded(given.model), []
    try:
        engine = await host.ready()
        for number, row in enumerate(rows, start=1):
            waits = {"waits": max(COUNTS), "budget": given.budget}
            waited = await one(given, engine, row, "budget_forcing", waits)
            voted = await one(given, engine, row, "self_consistency", {"paths": paths(waited)})
            pairs.append((waited, voted))
            marks = ["right" if stop.right else "wrong" for stop in stops(waited)]
            told = f"{', '.join(marks)}; vote {'right' if vote(voted).right else 'wrong'}"
            print(f"{number}/{len(rows)}: {told}", file=sys.stderr, flush=True)
    finally:
        await host.close()
    return pairs


async def one(
    given: argparse.Namespace, engine: Engine, row: dict[str, str], name: str, settings: Any
) -> Trace:
    """The run from its recording, or made now and recorded."""
    key = json.dumps([row["question"], given.seed, settings], sort_keys=True)
    file = given.results / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.jsonl"
    if file.exists():
        return recording.read(file.read_bytes()).trace()
    strategy = REGISTRY[name]
    run = Run(engine, given.seed)
    params: Any = build(strategy.params, settings)
    driver = Driver(run, strategy, ask(row["question"], "number"), params, row["answer"])
    async for _frame in driver.frames():
        pass
    assert run.trace.ended is not None
    if run.trace.ended.status == "failed":
        raise SystemExit(f"{name} failed: {run.trace.ended.error}")
    file.write_text(recording.write(run.events), encoding="utf-8")
    return run.trace


def paths(waited: Trace) -> int:
    """How many paths come to about as many tokens as were thought."""
    thought = [node.tokens for node in waited.of_kind("round")]
    return min(max(round(sum(thought) / max(thought[0], 1)), 1), PATHS)


def stops(trace: Trace) -> list[Stop]:
    """After each of `COUNTS` Waits; where there were fewer, after the last."""
    rounds = list(trace.of_kind("round"))
    asked = {node.parents[0]: node for node in trace.of_kind("probe", "answer")}
    made = []
    for count in COUNTS:
        until = rounds[: count + 1]
        tokens = sum(node.tokens for node in until)
        loops = sum("looped" in node.marks for node in until)
        made.append(Stop(is_right(trace, asked[until[-1].id]), tokens, loops))
    return made


def vote(trace: Trace) -> Stop:
    assert trace.started is not None and trace.ended is not None
    answer, tokens = trace.ended.answer, trace.totals().sampled
    right = answer is not None and same(answer, trace.started.reference, "number")
    return Stop(right, tokens, 0)


def is_right(trace: Trace, node: TraceNode) -> bool:
    assert trace.started is not None
    return node.extraction is not None and same(
        node.extraction.value, trace.started.reference, "number"
    )


def table(waited: list[list[Stop]], voted: list[Stop]) -> str:
    """A Markdown table: a row for each number of Waits, and one for the vote."""
    first = [every[0] for every in waited]
    rows = [
        "| | right | 95 % interval | tokens thought | wrong to right | right to wrong | loops |",
        "|---|---|---|---|---|---|---|",
    ]
    for place, count in enumerate(COUNTS):
        rows.append(line(f"{count} Waits", [every[place] for every in waited], first))
    return "\n".join([*rows, line("self-consistency", voted, first)])


def line(name: str, mine: list[Stop], first: list[Stop]) -> str:
    """Right ones, tokens a question, and what changed against no Wait."""
    right, asked = sum(stop.right for stop in mine), len(mine)
    low, high = wilson(right, asked)
    tokens = sum(stop.tokens for stop in mine) / asked
    gained = sum(stop.right and not was.right for stop, was in zip(mine, first, strict=True))
    lost = sum(was.right and not stop.right for stop, was in zip(mine, first, strict=True))
    loops = sum(stop.loops for stop in mine)
    return (
        f"| {name} | {right}/{asked} | {low:.0%} – {high:.0%} | {tokens:.0f} "
        f"| {gained} | {lost} | {loops} |"
    )


if __name__ == "__main__":
    main()
