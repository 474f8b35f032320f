"""How long the map of a pool takes, step by step, and whether its clusters are seen on it.

    python -m benchmarks.maps [--sizes 100 500 2000] [--k 8] [--rounds 3]

Questions of ten kinds and about 40 words, with made-up names; TF-IDF, and all-MiniLM-L6-v2 where
requirements-embeddings.txt is installed. Libraries and models are loaded before, and that time is
told by itself. The best of the rounds counts: others may be using the machine. The last column is
the share of texts that lie nearest to the centre of their own cluster, on the plane.
"""

import argparse
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from strategies.demonstrations.chart import Chart, Progress, charting
from strategies.demonstrations.embedding import embedder
from strategies.demonstrations.tfidf import TfIdf
from strategies.demonstrations.vectors import Embedder

SEED = 192
BOUND = 5.0  # seconds, for 2,000 texts with TF-IDF
SYLLABLES = (
    "ba",
    "che",
    "di",
    "fo",
    "gu",
    "ha",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "ty",
    "ve",
)
THINGS = ("pears", "kites", "stamps", "bricks", "pens", "cups", "shells", "ropes", "maps", "bells")
PLACES = ("market", "harbour", "school", "library", "farm", "station", "museum", "bakery")
KINDS = (
    "{a} buys {n} {t} at the {p} for {m} dollars each and pays with a note. How much is left?",
    "A train leaves the {p} at {n} o'clock and runs {m} kilometres per hour. How far is {c}?",
    "{a} is {n} years older than {b}, and together they are {m} years old. How old is {b} today?",
    "{a} shares {m} {t} equally among {n} friends at the {p}. How many {t} does each friend get?",
    "The floor of the {p} is {n} metres wide and {m} metres long. What area do the tiles cover?",
    "{a} paints a fence of the {p} in {n} hours, {b} in {m} hours. How long do they need together?",
    "Out of {m} {t} in the {p}, {n} percent are broken. How many {t} of {a} are still whole?",
    "The clock of the {p} loses {n} minutes a day. After how many days has it lost {m} minutes?",
    "{a} fills a tank with {n} litres a minute while {m} litres leak out. When is the tank full?",
    "{a} draws {n} of the {m} {t} without looking. What is the chance that {b} gets the red one?",
)
ASIDES = (
    "{b} stood beside the {p} and counted {t} all morning, since nobody else had the time for it.",
    "It had rained since {n} in the morning, and {b} had left the {t} in front of the {p}.",
    "Nobody at the {p} knew why {b} had brought so many {t}, and nobody dared to ask.",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.maps", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    began = time.perf_counter()
    taken = embedders()
    print(f"libraries and models were loaded in {time.perf_counter() - began:.1f} s")
    print(f"\nk = {given.k}, seed {SEED}; seconds, best of {given.rounds}\n")
    print("| embedding | texts | vectors | k-means | plane | all | longest step | bound | seen |")
    print("|---|---|---|---|---|---|---|---|---|")
    for each in taken:
        for size in given.sizes:
            pool = questions(size)
            rounds = [measure(pool, given.k, each) for _ in range(given.rounds)]
            print(row(each.name, size, min(rounds, key=lambda times: times.all)))


def embedders() -> list[Embedder]:
    """TF-IDF, and the model where there is one."""
    best = embedder()
    return [best] if isinstance(best, TfIdf) else [TfIdf("embedding.tfidf"), best]


def questions(number: int) -> list[str]:
    """So many different questions, the same each time."""
    chance = random.Random(SEED)
    return [_question(chance, KINDS[index % len(KINDS)]) for index in range(number)]


def _question(chance: random.Random, kind: str) -> str:
    # Made-up names, so that there are many different words, as in questions of many people.
    blanks: dict[str, str | int] = {name: _name(chance) for name in "abc"}
    blanks |= {"n": chance.randint(2, 20), "m": chance.randint(21, 400)}
    blanks |= {"t": chance.choice(THINGS), "p": chance.choice(PLACES)}
    return f"{chance.choice(ASIDES)} {kind}".format(**blanks)


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=3)).capitalize()


@dataclass(slots=True)
class Times:
    """Seconds of each kind of step, of all, and of the longest; and the share that is seen."""

    steps: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    all: float = 0.0
    longest: float = 0.0
    seen: float = 0.0


def measure(pool: list[str], k: int, each: Embedder) -> Times:
    """One map. A step belongs to the progress that was told before it."""
    times, code = Times(), "embedding"
    before = time.perf_counter()
    for step in charting(pool, pool[0], k, SEED, each):
        now = time.perf_counter()
        times.steps[code] += now - before
        times.longest = max(times.longest, now - before)
        before = now
        if isinstance(step, Progress):
            code = step.code
        else:
            times.seen = seen(step)
    times.all = sum(times.steps.values())
    return times


def seen(chart: Chart) -> float:
    """The share of texts that lie nearest to the centre of their own cluster, on the plane."""
    points, centres = np.array(chart.points), np.array(chart.centres)
    apart = np.linalg.norm(points[:, None, :] - centres[None, :, :], axis=2)
    return float(np.mean(apart.argmin(axis=1) == np.array(chart.clusters)))


def row(name: str, size: int, times: Times) -> str:
    parts = [times.steps[code] for code in ("embedding", "clustering", "projecting")]
    numbers = " | ".join(f"{seconds:.2f}" for seconds in (*parts, times.all, times.longest))
    bound = f"{BOUND:g}" if size == 2000 and name == "TF-IDF" else ""
    return f"| {name} | {size:,} | {numbers} | {bound} | {times.seen:.0%} |"


if __name__ == "__main__":
    main()
