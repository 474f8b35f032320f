"""How much of the prompts with exemplars is read, and how much is there from the question before.

    python -m benchmarks.exemplars [--model qwen2.5-coder-1.5b] [--questions 4] [--paths 8] \\
        [--max-tokens 128]

On an engine that has just started: the same exemplars, one question after the other by few-shot
chain of thought, then one more by self-consistency with them. A prompt is counted as sent once for
each of its samples, as in the totals of a run.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.driver import Driver
from core.engine import Engine
from core.params import build
from core.question import ask
from core.run import Run
from engines.llamacpp.host import embedded
from engines.models.catalogue import DEFAULT
from strategies import REGISTRY

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples.json"
EXEMPLARS = "arithmetic_en"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one question took: samples, prompt tokens sent (of all samples) and computed, sampled
    tokens, and seconds until the first token and in all."""

    asked: str
    samples: int
    sent: int
    computed: int
    sampled: int
    first: float
    seconds: float

    @property
    def ratio(self) -> float:
        """Computed over sent."""
        return self.computed / self.sent


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.exemplars", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--questions", type=int, default=4, help="one after the other")
    parser.add_argument("--paths", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=128, help="of each text")
    given = parser.parse_args()
    costs = asyncio.run(measure(given.model, given.questions, given.paths, given.max_tokens))
    print(f"{given.model}, {EXEMPLARS}, texts of at most {given.max_tokens} tokens\n")
    print(table(costs))


async def measure(model: str, count: int, paths: int, max_tokens: int) -> list[Cost]:
    """Ask `count` questions, then one more with `paths` paths."""
    texts = questions()[: count + 1]
    both = {"exemplars": EXEMPLARS, "max_tokens": max_tokens}
    voting = both | {"paths": paths, "trigger": "exemplars"}
    host = embedded(model)
    try:
        engine = await host.ready()
        costs = [await cost(engine, "few_shot_cot", text, both) for text in texts[:-1]]
        return [*costs, await cost(engine, "self_consistency", texts[-1], voting)]
    finally:
        await host.close()


def questions() -> list[str]:
    """Our examples that want a number, in English."""
    rows = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    asked = [ask(row["question"]) for row in rows]
    return [each.text for each in asked if (each.kind, each.language) == ("number", "en")]


async def cost(engine: Engine, name: str, text: str, settings: Mapping[str, Any]) -> Cost:
    """One question, asked and finished. Raises SystemExit where its run failed."""
    strategy, run, began = REGISTRY[name], Run(engine, seed=0), time.monotonic()
    params: Any = build(strategy.params, settings)
    async for _frame in Driver(run, strategy, ask(text, "number"), params).frames():
        pass
    ended, totals = run.trace.ended, run.trace.totals()
    if ended is None or ended.status == "failed":
        raise SystemExit(f"{name} failed: {ended and ended.error}")
    if totals.computed is None:
        raise SystemExit("this engine does not tell what it computed")
    firsts = [n.first_token for n in run.trace.nodes.values() if n.first_token is not None]
    seconds = time.monotonic() - began
    asked = f"{name}: {text[:40]}…"
    return Cost(
        asked, totals.calls, totals.prompt, totals.computed, totals.sampled, min(firsts), seconds
    )


def table(costs: list[Cost]) -> str:
    """A Markdown table, a row for each question in the order of asking."""
    rows = [
        "| | samples | prompt tokens sent | computed | computed / sent | sampled "
        "| first token, s | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for number, each in enumerate(costs, start=1):
        rows.append(
            f"| {number}. {each.asked} | {each.samples} | {each.sent} | {each.computed} "
            f"| {each.ratio:.3f} | {each.sampled} | {each.first:.2f} | {each.seconds:.1f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
