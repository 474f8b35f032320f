"""How often each strategy is right, and what it costs.

    python -m benchmarks.accuracy --data FILE.jsonl --first N --strategies a,b --model ID \\
        [--set self_consistency.paths=5] [--seed 0] [--results FILE]

FILE has a JSON object a line, with `question` and `answer`. Each answered question is appended to
the results file, and is not asked again when the same command is given again: it can be stopped
at any time. Accuracies come with Wilson's 95 % interval.
"""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.console import read_file
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

kept: dict[str, dict[str, Any]] = {}
"""By strategy, the demonstrations that its last run came to."""

RESULTS = Path(__file__).parent / "results"
Z = 1.96


@dataclass(frozen=True, slots=True)
class Result:
    """One question under one strategy. Tokens are sampled ones, of which `making` went into
    demonstrations; seconds are of the whole run."""

    strategy: str
    settings: str
    seed: int
    question: str
    expected: str
    answer: str | None
    right: bool
    tokens: int
    computed: int
    seconds: float
    status: str
    making: int = 0


def main() -> None:
    """Ask what has not been asked yet, then print the table."""
    given = arguments()
    mend(given.results)
    rows = [json.loads(line) for line in given.data.read_text(encoding="utf-8").splitlines()]
    asyncio.run(ask_all(given, rows[: given.first]))
    print(table(given, [result for result in done(given.results) if wanted(given, rows, result)]))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--first", type=int, required=True, metavar="N")
    parser.add_argument("--strategies", required=True, metavar="a,b")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--set", action="append", default=[], metavar="strategy.name=value")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    given.strategies = given.strategies.split(",")
    unknown = [name for name in given.strategies if name not in REGISTRY]
    if unknown:
        parser.error(f"unknown strategies: {', '.join(unknown)}; known: {', '.join(REGISTRY)}")
    model = Path(given.model).name
    given.results = given.results or RESULTS / f"accuracy-{given.data.stem}-{model}.jsonl"
    return given


def settings_of(given: argparse.Namespace, strategy: str) -> dict[str, str]:
    """The settings given for one strategy."""
    pairs = (setting.partition("=")[::2] for setting in given.set)
    mine = ((name.partition("."), value) for name, value in pairs)
    return {name[2]: value for name, value in mine if name[0] == strategy}


async def ask_all(given: argparse.Namespace, rows: list[dict[str, str]]) -> None:
    """Every question under every strategy, a question at a time, so that a stop is fair to all."""
    asked = {key(result) for result in done(given.results)}
    tasks = [(row, name) for row in rows for name in given.strategies]
    todo = [task for task in tasks if task_key(given, *task) not in asked]
    if not todo:
        return
    given.results.parent.mkdir(parents=True, exist_ok=True)
    host = embedded(given.model)
    try:
        engine = await host.ready()
        for number, (row, name) in enumerate(todo, start=1 + len(tasks) - len(todo)):
            result = await one(given, engine, row, name)
            with given.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
            mark = "right" if result.right else f"wrong: {result.answer} for {result.expected}"
            print(f"{number}/{len(tasks)} {name}: {mark}", file=sys.stderr, flush=True)
    finally:
        await host.close()


async def one(given: argparse.Namespace, engine: Engine, row: dict[str, str], name: str) -> Result:
    strategy, settings = REGISTRY[name], settings_of(given, name)
    params: Any = build(strategy.params, values(settings) | kept.get(name, {}))
    question = ask(row["question"], row.get("kind") or "number")  # type: ignore[arg-type]
    run = Run(engine, given.seed)
    async for _frame in Driver(run, strategy, question, params).frames():
        pass
    ended, totals = run.trace.ended, run.trace.totals()
    assert ended is not None
    if ended.status == "failed":
        raise SystemExit(f"{name} failed: {ended.error}")
    if run.trace.demonstrations is not None:  # made once, for all questions
        kept[name] = {"demonstrations": run.trace.demonstrations}
    right = ended.answer is not None and same(ended.answer, row["answer"], question.kind)
    return Result(
        name,
        json.dumps(settings, sort_keys=True),
        given.seed,
        row["question"],
        row["answer"],
        ended.answer,
        right,
        totals.sampled,
        totals.computed or 0,
        round(totals.seconds, 2),
        ended.status,
        sum(node.tokens for node in run.trace.nodes.values() if is_making(run.trace, node)),
    )


def values(settings: dict[str, str]) -> dict[str, Any]:
    """Settings with what stands in the files that they name ("@FILE")."""
    return {
        name: read_file(Path(value[1:])) if value.startswith("@") else value
        for name, value in settings.items()
    }


def is_making(trace: Trace, node: TraceNode) -> bool:
    """Whether a text was written on the way to a demonstration."""
    while node.parents:
        node = trace.nodes[node.parents[0]]
    return node.kind == "walk"


def done(path: Path) -> Iterator[Result]:
    """The results so far."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Result(**json.loads(line))


def mend(path: Path) -> None:
    """Drop a last line that was cut off when the program was killed; its question is asked anew."""
    if path.exists():
        written = path.read_bytes()
        path.write_bytes(written[: written.rfind(b"\n") + 1])


def key(result: Result) -> tuple[str, str, int, str]:
    return result.strategy, result.settings, result.seed, result.question


def task_key(
    given: argparse.Namespace, row: dict[str, str], name: str
) -> tuple[str, str, int, str]:
    settings = json.dumps(settings_of(given, name), sort_keys=True)
    return name, settings, given.seed, row["question"]


def wanted(given: argparse.Namespace, rows: list[dict[str, str]], result: Result) -> bool:
    keys = {task_key(given, row, name) for row in rows[: given.first] for name in given.strategies}
    return key(result) in keys


def wilson(right: int, asked: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share = right / asked
    middle = (share + Z * Z / (2 * asked)) / (1 + Z * Z / asked)
    spread = math.sqrt(share * (1 - share) / asked + Z * Z / (4 * asked * asked))
    spread *= Z / (1 + Z * Z / asked)
    return middle - spread, middle + spread


def table(given: argparse.Namespace, results: list[Result]) -> str:
    """A Markdown table: one row a strategy, means over its questions."""
    lines = [
        f"{given.model}, first {given.first} of {given.data.name}, seed {given.seed}",
        "",
        "| strategy | right | accuracy | 95 % interval | sampled tokens | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name in given.strategies:
        mine = [result for result in results if result.strategy == name]
        if not mine:
            continue
        right, asked = sum(result.right for result in mine), len(mine)
        low, high = wilson(right, asked)
        tokens = sum(result.tokens - result.making for result in mine) / asked
        seconds = sum(result.seconds for result in mine) / asked
        told = ", ".join(f"{k}={v}" for k, v in settings_of(given, name).items())
        lines.append(
            f"| {name}{f' ({told})' if told else ''} | {right}/{asked} | {right / asked:.0%} "
            f"| {low:.0%} – {high:.0%} | {tokens:.0f} | {seconds:.1f} |"
        )
        if making := sum(result.making for result in mine):
            lines.append(f"| … and once for the demonstrations | | | | {making} | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
