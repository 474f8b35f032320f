"""Choices are weighed by the tokens that they begin with, and only where that can be told."""

from collections.abc import Sequence

import pytest

from engines.server.weights import Step, Weighing

VERDICTS = ("sure", "likely", "impossible")


def step(sampled: str, **likeliest: float) -> Step:
    """`_` stands for a space, and `END` for the end of the text."""
    named = {"" if n == "END" else n.replace("_", " "): p for n, p in likeliest.items()}
    return Step(sampled.encode(), named.get(sampled, 0.001), encoded(named))


def encoded(named: dict[str, float]) -> list[tuple[bytes, float]]:
    return [(text.encode(), probability) for text, probability in named.items()]


def weighed(choices: Sequence[str], *steps: Step) -> dict[str, float] | None:
    weighing = Weighing(choices)
    for one in steps:
        weighing.take(one)
    weights = weighing.weights
    return None if weights is None else dict(weights)


def test_the_first_token_decides() -> None:
    first = step("likely", The=0.5, likely=0.3, sure=0.1)
    expected = {"sure": 0.25, "likely": 0.75, "impossible": 0.0}
    assert weighed(VERDICTS, first) == pytest.approx(expected)
    assert weighed(VERDICTS, first, step("", END=1.0)) == pytest.approx(expected)


def test_every_token_that_begins_a_choice_counts_for_it() -> None:
    first = step("im", im=0.2, imp=0.1, su=0.05, s=0.05, surely=0.3, Sure=0.3)
    expected = {"sure": 0.25, "likely": 0.0, "impossible": 0.75}
    assert weighed(VERDICTS, first) == pytest.approx(expected)


def test_a_space_before_it_counts_where_the_choice_has_one() -> None:
    first = step("yes", _yes=0.6, yes=0.1, no=0.3)
    assert weighed(("yes", "no"), first) == pytest.approx({"yes": 0.25, "no": 0.75})
    first = step(" yes", _yes=0.6, yes=0.1, _no=0.2)
    assert weighed((" yes", " no"), first) == pytest.approx({" yes": 0.75, " no": 0.25})


def test_the_sampled_token_counts_where_it_is_not_among_the_likeliest() -> None:
    first = Step(b"sure", 0.01, encoded({"The": 0.9, "likely": 0.03}))
    assert weighed(VERDICTS, first) == pytest.approx(
        {"sure": 0.25, "likely": 0.75, "impossible": 0.0}
    )


def test_nothing_is_told_where_none_of_the_likeliest_begins_a_choice() -> None:
    assert weighed(VERDICTS, Step(b"sure", 0.01, encoded({"The": 0.9, "A": 0.03}))) is None
    assert weighed(VERDICTS, Step(b"sure", 0.0, encoded({"likely": 0.0}))) is None
    assert weighed(VERDICTS) is None
    assert weighed(VERDICTS, step("what", sure=0.5)) is None


def test_the_first_token_that_differs_decides() -> None:
    choices = ("the cat", "the dog")
    first = step("the", the=0.5, th=0.2, A=0.3)
    second = step(" dog", _cat=0.1, _dog=0.3, END=0.6)
    assert weighed(choices, first, second) == pytest.approx({"the cat": 0.25, "the dog": 0.75})
    assert weighed(choices, first) is None
    assert weighed(choices, first, second, step("", END=1.0)) is not None


def test_a_shared_token_is_divided_by_what_came_next() -> None:
    choices = ("1", "10", "2")
    first = step("1", **{"1": 0.4, "2": 0.4})
    ended, longer = (step(sampled, END=0.3, **{"0": 0.1, "5": 0.6}) for sampled in ("", "0"))
    expected = {"1": 0.375, "10": 0.125, "2": 0.5}
    assert weighed(choices, first, ended) == pytest.approx(expected)
    assert weighed(choices, first, longer) == pytest.approx(expected)
    whole = step("1", **{"1": 0.4, "10": 0.2, "2": 0.4})
    assert weighed(choices, whole, ended) == pytest.approx({"1": 0.3, "10": 0.3, "2": 0.4})


def test_a_shared_token_that_was_not_sampled_cannot_be_divided() -> None:
    choices = ("1", "10", "2")
    assert weighed(choices, step("2", **{"1": 0.4, "2": 0.4})) is None
    assert weighed(choices, step("10", **{"1": 0.4, "10": 0.4})) is None
    assert weighed(("1", "10"), step("10", **{"1": 0.4, "10": 0.4})) is None
    twice = step("1", **{"1": 0.4, "2": 0.4}), step("", END=0.5, **{"0": 0.5})
    assert weighed(("1", "10", "2", "20"), *twice) is None
    weights = weighed(choices, step("2", **{"1": 0.001, "10": 0.2, "2": 0.6}))
    assert weights == pytest.approx({"1": 0.0, "10": 0.25, "2": 0.75})
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)


def test_bytes_are_told_apart_within_a_character() -> None:
    yes, no = "是".encode(), "不".encode()
    first = Step(yes[:1], 0.3, [(yes[:1], 0.3), (no, 0.1)])
    assert weighed(("是", "不"), first) == pytest.approx({"是": 0.75, "不": 0.25})


def test_where_a_token_was_left_out_nothing_is_told() -> None:
    yes = "是".encode()
    assert weighed(("是", "不"), Step(yes[2:], 0.9, [(yes[2:], 0.9), (b"a", 0.1)])) is None
