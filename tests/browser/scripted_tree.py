"""What the scripted engine says to the prompts of a Game of 24: true steps, and true judgements."""

import re
from fractions import Fraction
from itertools import combinations

from core.arithmetic import Step, reachable, solve, step_text

NOT_LEFT = "7 + 7 = 14 (left: 14)"
PROPOSES, ANSWERS, CHECKS = "You are given numbers.", "Write the steps", "Is the answer correct"
JUDGES = "Can these numbers make 24"


def tree_reply(prompt: str) -> str | None:
    """The reply to a prompt of the task, or None to any other."""
    last = prompt.rsplit("<|user|>", 1)[1].split("\n<|assistant|>")[0]
    if PROPOSES in prompt:
        return "\n".join([NOT_LEFT, *steps(last.removeprefix("Numbers: "))])
    if ANSWERS in prompt:
        numbers = last.split("\n")[0].removeprefix("Numbers: ")
        return f" {solve([int(number) for number in numbers.split()])} = 24"
    if CHECKS in prompt:
        return " sure"
    if JUDGES in prompt:
        return " sure" if reachable(fractions(last)) else " impossible"
    return None


def steps(left: str) -> list[str]:
    """Two sums and two differences, or what there is of them."""
    made = []
    numbers = fractions(left)
    for one, two in combinations(range(len(numbers)), 2):
        rest = [n for place, n in enumerate(numbers) if place not in (one, two)]
        high, low = max(numbers[one], numbers[two]), min(numbers[one], numbers[two])
        for op, result in (("-", high - low), ("*", high * low)):
            remaining = tuple(sorted([*rest, result]))
            made.append(step_text(Step(high, op, low, result, remaining)))
    return made


def fractions(left: str) -> list[Fraction]:
    return [Fraction(number) for number in re.findall(r"-?[\d./]+", left)]
