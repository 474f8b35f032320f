"""The Game of 24 (Yao et al. 2023, arXiv 2305.10601, section 4.1), calculated exactly.

Four whole numbers, each used once with + - * / and brackets, are to make 24. A person's puzzle,
a thought of a model ("13 - 9 = 4 (left: 4 4 10)") and an answer are read and checked here, and
whether 24 can still be reached is found by going through all that can be done. Nothing is
rounded and nothing is evaluated as code; whatever is read is bounded before it is calculated.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations_with_replacement, product
from typing import TypeVar

from core.errors import InvalidInput

TARGET = 24
MAX = 100
MAX_NUMBERS = 4
MAX_LINE = 200
MAX_EXPRESSION = 200
MAX_NESTING = 20

Numbers = tuple[int, int, int, int]
Group = tuple[int, ...]
Ways = Mapping[int, str]  # what a way comes to with the stand-ins, and how it is written

N = TypeVar("N", int, Fraction)

_PRIME = 2**61 - 1

# One character for one: what people and models write for the plain sign.
_PLAIN = str.maketrans(
    "０１２３４５６７８９．＋－−–—＊×✕✖·⋅∙÷／∕（）＝≈：",
    "0123456789.+----*******///()==:",
)
_SEPARATOR = re.compile(r"[\s,，、;；]+")
_WHOLE = re.compile(r"[+-]?[0-9]+")
# "(2) 10 - 4" is numbered, "(10) - 4" is not.
_MARKER = re.compile(
    r"\s*(?:[-*•>]{1,3}\s+|[*`$]{1,3}|(?:step\s)?\(?[0-9]{1,2}[.):]\s+(?![-+*/x]\s)){0,3}",
    re.IGNORECASE,
)
_DECIMAL = r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?"
_NUMBER = rf"-?[0-9]{{1,12}}/[0-9]{{1,12}}(?!\.?[0-9])|{_DECIMAL}"


def _equation(first: str) -> re.Pattern[str]:
    """`a op b = c`, each number alone or in brackets, with no further calculation after it."""
    left, right, result = (rf"(?:({n})|\(\s?({n})\s?\))" for n in (first, _NUMBER, _NUMBER))
    end = r"(?!\.?[0-9])(?!\s*[-+*/x]\s*[(0-9])"
    return re.compile(rf"{left}\s*([-+*/x])\s*{right}\s*=\s*{result}{end}", re.IGNORECASE)


# "8/3/2" begins with the fraction 8/3 or ends with 3/2; the numbers that are left tell which.
_EQUATIONS = (_equation(_NUMBER), _equation(_DECIMAL))
_ANSWER = re.compile(r"\s*(?:answer\s*:)?", re.IGNORECASE)
_TOKEN = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|[-+*/()])")


class InvalidStep(ValueError):
    """A thought that is no step. `reason` is "no_arithmetic" (it is not of the form a op b = c),
    "not_left" (it takes numbers that are not there), "wrong_result" or "division_by_zero"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Step:
    """Two of the numbers became one. `remaining` is what there is after it, in order of size."""

    left: Fraction
    op: str
    right: Fraction
    result: Fraction
    remaining: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """A number as it was written; `decimals` digits stand after its point."""

    value: Fraction
    decimals: int

    def means(self, number: Fraction) -> bool:
        """Whether it is that number, or that number rounded to the digits written."""
        if not self.decimals:
            return number == self.value
        return abs(number - self.value) <= Fraction(f"5e-{self.decimals + 1}")


def read_puzzle(text: str) -> Numbers:
    """Four whole numbers from 1 to `MAX`, apart by spaces or commas. Raises InvalidInput."""
    words = [word for word in _SEPARATOR.split(text.translate(_PLAIN)) if word]
    if len(words) != 4:
        raise InvalidInput("game24_count", count=len(words))
    first, second, third, fourth = map(_puzzle_number, words)
    return first, second, third, fourth


def check_step(line: str, available: Sequence[Fraction]) -> Step:
    """Read a thought as a step from the numbers `available`. Raises InvalidStep.

    A list marker may stand in front. A number is written whole, as a fraction or with decimals,
    and then possibly rounded; what the line says of the numbers left is not read, since they are
    calculated. Characters past `MAX_LINE` are not read.
    """
    text = line[:MAX_LINE].translate(_PLAIN)
    start = _end(_MARKER, text)
    fault = "no_arithmetic"
    for equation in _EQUATIONS:
        found = equation.match(text, start)
        if found:
            step = _step([word for word in found.groups() if word], available)
            if isinstance(step, Step):
                return step
            fault = step if fault in ("no_arithmetic", "not_left") else fault
    raise InvalidStep(fault)


def written(number: Fraction) -> str:
    """ "4"; "1.5" where three decimals are enough to be exact; otherwise "2/3"."""
    if number.denominator == 1 or 1000 % number.denominator:
        return str(number)
    whole, thousandths = divmod(abs(number.numerator) * 1000 // number.denominator, 1000)
    return f"{'-' if number < 0 else ''}{whole}.{thousandths:03d}".rstrip("0")


def step_text(step: Step) -> str:
    """The step as `check_step` reads it: "13 - 9 = 4 (left: 4 4 10)"."""
    left, right, result = map(written, (step.left, step.right, step.result))
    remaining = " ".join(map(written, step.remaining))
    return f"{left} {step.op} {right} = {result} (left: {remaining})"


def reachable(numbers: Sequence[Fraction | int], target: int = TARGET) -> bool:
    """Whether `target` can be made of the numbers, each used once; of at most `MAX_NUMBERS`."""
    if not 1 <= len(numbers) <= MAX_NUMBERS:
        raise ValueError(f"{len(numbers)} numbers")
    return _reachable(tuple(sorted(map(Fraction, numbers))), target)


def solutions(numbers: Sequence[int]) -> int:
    """In how many essentially different ways the numbers make 24: fewer is harder.

    Two ways are one if they would agree with any other numbers in the place of these, equal ones
    staying equal and 1 staying 1. So order and brackets that change nothing do not count, nor
    which of two equal numbers is meant, nor where one multiplies or divides by 1, nor signs
    turned twice, as in (1 - 5) * (2 - 8) and (5 - 1) * (8 - 2); and 6 * 4 + 5 - 5 is 6 * 4 * 5 / 5.
    But 2 + 2 and 2 * 2 are two.
    """
    return len(_endings(_positive(numbers)))


def solve(numbers: Sequence[int]) -> str | None:
    """An expression that makes 24, with as few divisions and subtractions as any found; None if
    there is none. No number on its way is negative."""
    found = _endings(_positive(numbers)).values()
    easiest = min(found, key=lambda text: (text.count("/"), text.count("-"), text), default=None)
    return easiest and easiest.removeprefix("(").removesuffix(")")


def check_answer(expression: str, numbers: Sequence[int]) -> str:
    """ "right", or what is wrong: "not_an_expression", "wrong_numbers" (not each of them once) or
    "wrong_value". "Answer:" may stand in front; from the first "=" on nothing is read."""
    text = expression.translate(_PLAIN).partition("=")[0]
    text = text[_end(_ANSWER, text) :].rstrip()
    try:
        tokens = _tokens(text)
        value = _Reader(tokens).read()
    except ValueError:
        return "not_an_expression"
    used = Counter(Fraction(token) for token in tokens if token[0].isdigit())
    if used != Counter(map(Fraction, numbers)):
        return "wrong_numbers"
    return "right" if value == TARGET else "wrong_value"


@lru_cache(maxsize=1)
def puzzles() -> tuple[Numbers, ...]:
    """All four numbers from 1 to 13 that make 24, from easy (many solutions) to hard."""
    ways = {n: solutions(n) for n in combinations_with_replacement(range(1, 14), 4)}
    return tuple(sorted((n for n in ways if ways[n]), key=lambda n: (-ways[n], n)))


def _puzzle_number(word: str) -> int:
    if not _WHOLE.fullmatch(word):
        raise InvalidInput("game24_whole", given=word[:80])
    number = int(word) if len(word) <= 20 else -1  # int() itself refuses very long ones
    if not 1 <= number <= MAX:
        raise InvalidInput("game24_range", given=word[:80], low=1, high=MAX)
    return number


def _end(pattern: re.Pattern[str], text: str) -> int:
    """Where what the pattern takes from the beginning of the text ends."""
    found = pattern.match(text)
    return found.end() if found else 0


def _step(words: Sequence[str], available: Sequence[Fraction]) -> Step | str:
    """The step that left, op, right and result describe, or the reason why there is none."""
    op = words[1].lower().replace("x", "*")
    try:
        left, right, result = (_read(words[place]) for place in (0, 2, 3))
    except ZeroDivisionError:
        return "division_by_zero"
    fault = "not_left"
    for one in _meant(left, available):
        others = list(map(Fraction, available))
        others.remove(one)
        for two in _meant(right, others):
            value = _calculated(one, op, two)
            if value is not None and result.means(value):
                others.remove(two)
                return Step(one, op, two, value, tuple(sorted([*others, value])))
            fault = "division_by_zero" if value is None else "wrong_result"
    return fault


def _read(word: str) -> _Written:
    return _Written(Fraction(word), len(word.partition(".")[2]))


def _meant(number: _Written, available: Sequence[Fraction]) -> list[Fraction]:
    """Those of the numbers that were meant, the exact one before those that round to it."""
    fitting = {one for one in map(Fraction, available) if number.means(one)}
    return sorted(fitting, key=lambda one: (abs(one - number.value), one))


def _calculated(left: Fraction | None, op: str, right: Fraction | None) -> Fraction | None:
    """None is what a division by zero makes, and what is made of it."""
    if left is None or right is None or (op == "/" and not right):
        return None
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    return left * right if op == "*" else left / right


def _tokens(text: str) -> list[str]:
    if len(text) > MAX_EXPRESSION:
        raise ValueError("too long")
    tokens, place = [], 0
    text = text.lower().replace("x", "*")
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise ValueError("no token")
        tokens.append(found[1])
        place = found.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens of an expression. Raises ValueError where it is none."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = [*tokens, ""]
        self._next = 0

    def read(self) -> Fraction | None:
        """The value of the whole expression, None where it divides by zero."""
        value = self._sum(0)
        if self._tokens[self._next]:
            raise ValueError("something follows the expression")
        return value

    def _sum(self, depth: int) -> Fraction | None:
        value = self._product(depth)
        while op := self._take("+-"):
            value = _calculated(value, op, self._product(depth))
        return value

    def _product(self, depth: int) -> Fraction | None:
        value = self._single(depth)
        while op := self._take("*/"):
            value = _calculated(value, op, self._single(depth))
        return value

    def _single(self, depth: int) -> Fraction | None:
        """A number, something in brackets, or the negative of one of these."""
        if depth > MAX_NESTING:
            raise ValueError("too deep")
        if self._take("-"):
            return _calculated(Fraction(0), "-", self._single(depth + 1))
        if self._take("("):
            value = self._sum(depth + 1)
            if not self._take(")"):
                raise ValueError("a bracket is not closed")
            return value
        return Fraction(self._take("0123456789"))

    def _take(self, beginnings: str) -> str:
        """The next token if it begins with one of these characters, otherwise ""."""
        token = self._tokens[self._next]
        if not token or token[0] not in beginnings:
            return ""
        self._next += 1
        return token


@lru_cache(maxsize=4096)
def _reachable(numbers: tuple[Fraction, ...], target: int) -> bool:
    return any(number == target for number in _made(numbers))


@lru_cache(maxsize=1024)
def _values(numbers: tuple[Fraction, ...]) -> frozenset[Fraction]:
    return frozenset(_made(numbers))


def _made(numbers: tuple[Fraction, ...]) -> Iterator[Fraction]:
    """All that can be made of the numbers, each used once; the same may come more than once."""
    if len(numbers) == 1:
        yield numbers[0]
    for left, right in _splits(numbers):
        for one, two in product(_values(left), _values(right)):
            yield from (one + two, one - two, two - one, one * two)
            if two:
                yield one / two
            if one:
                yield two / one


@lru_cache(maxsize=4096)
def _endings(numbers: Group) -> Ways:
    """The ways to make 24, found from both ends: what the last calculation joins to what."""
    if len(numbers) == 1:
        return _ways(numbers).get(Fraction(TARGET), {})
    endings: dict[int, str] = {}
    for left, right in _splits(numbers):
        for needed, has, op, swapped in _needs(left):
            if needed in _ways(right):
                _join(endings, _ways(left)[has], op, _ways(right)[needed], swapped)
    return endings


@lru_cache(maxsize=256)
def _needs(numbers: Group) -> tuple[tuple[Fraction, Fraction, str, bool], ...]:
    """What would make 24 with each value of the numbers, by which operation, in which order."""
    needs: list[tuple[Fraction, Fraction, str, bool]] = []
    for has in _ways(numbers):
        needs += [
            (TARGET - has, has, "+", False),
            (has - TARGET, has, "-", False),
            (has + TARGET, has, "-", True),
        ]
        if has:
            needs += [
                (TARGET / has, has, "*", False),
                (has / TARGET, has, "/", False),
                (has * TARGET, has, "/", True),
            ]
    return tuple(needs)


@lru_cache(maxsize=1024)
def _ways(numbers: Group) -> Mapping[Fraction, Ways]:
    """What the numbers make without going below nought, and in which ways.

    Nothing is lost by that: of a difference and its opposite one is not negative, and wherever
    the other is added or multiplied, this one can be subtracted or multiplied.
    """
    if len(numbers) == 1:
        return {Fraction(numbers[0]): {_stand_in(numbers[0]): str(numbers[0])}}
    ways: dict[Fraction, dict[int, str]] = {}
    for left, right in _splits(numbers):
        for (one, ones), (two, twos) in product(_ways(left).items(), _ways(right).items()):
            for op, swapped in _operations(one, two):
                value = _calculated(two, op, one) if swapped else _calculated(one, op, two)
                if value is not None:
                    _join(ways.setdefault(value, {}), ones, op, twos, swapped)
    return ways


def _operations(one: Fraction, two: Fraction) -> Iterable[tuple[str, bool]]:
    """What can be done with two numbers, and whether the second then comes first."""
    return ("+", False), ("-", one < two), ("*", False), ("/", False), ("/", True)


def _join(into: dict[int, str], ones: Ways, op: str, twos: Ways, swapped: bool) -> None:
    """Every way to the one number with every way to the other; ways that are one meet here."""
    if swapped:
        ones, twos = twos, ones
    for (one, first), (two, second) in product(ones.items(), twos.items()):
        into.setdefault(_stood_in(one, op, two), f"({first} {op} {second})")


def _stand_in(number: int) -> int:
    """Some large number for each number but 1, with no relation to it or to the others'."""
    if number == 1:
        return 1
    return int.from_bytes(blake2b(str(number).encode(), digest_size=16).digest()) % _PRIME


def _stood_in(one: int, op: str, two: int) -> int:
    """The same calculation with the numbers' stand-ins: two ways are one if they agree in it.

    Modulo a prime of 61 bits, two that differ agree with a chance of some 10^-18.
    """
    if op == "+":
        return (one + two) % _PRIME
    if op == "-":
        return (one - two) % _PRIME
    return one * (two if op == "*" else pow(two, _PRIME - 2, _PRIME)) % _PRIME


def _splits(numbers: tuple[N, ...]) -> Iterable[tuple[tuple[N, ...], tuple[N, ...]]]:
    """The different ways to part the numbers into two groups, the smaller one first."""
    splits: dict[tuple[tuple[N, ...], tuple[N, ...]], None] = {}
    for mask in range(1, 2 ** (len(numbers) - 1)):
        groups: tuple[list[N], list[N]] = [], []
        for place, number in enumerate(numbers):
            groups[mask >> place & 1].append(number)
        small, large = sorted(map(tuple, groups), key=lambda group: (len(group), group))
        splits[small, large] = None
    return splits


def _positive(numbers: Sequence[int]) -> Group:
    if not 1 <= len(numbers) <= MAX_NUMBERS or min(numbers) < 1:
        raise ValueError(f"not one to {MAX_NUMBERS} numbers from 1 on: {numbers}")
    return tuple(sorted(numbers))
