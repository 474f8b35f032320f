"""Tokens are drawn with the probabilities that are asked for, by numbers of the sample's own."""

import pytest
import torch

from core.engine import Sampling
from engines.sampler import Dice, draw, without

PROBABILITIES = [0.1, 0.4, 0.2, 0.3]
ROW = torch.tensor([PROBABILITIES]).log()
LAST = 1 - 2**-53  # The largest number that a die can show; rounded to single precision it is 1.


def drawn(sampling: Sampling, *numbers: float) -> list[int]:
    return [int(draw(ROW, sampling, [number])) for number in numbers]


def shares(sampling: Sampling) -> list[float]:
    """How often each token is drawn."""
    numbers = [(i + 0.5) / 1000 for i in range(1000)]
    tokens = draw(ROW.expand(1000, -1), sampling, numbers)
    return (torch.bincount(tokens, minlength=4) / 1000).tolist()


def test_at_temperature_0_the_likeliest() -> None:
    assert drawn(Sampling(), 0.0, 0.5, LAST) == [1, 1, 1]


def test_each_token_has_its_share() -> None:
    assert shares(Sampling(1.0)) == pytest.approx(PROBABILITIES, abs=0.002)


def test_temperature_comes_first() -> None:
    squared = [p * p / 0.3 for p in PROBABILITIES]
    assert shares(Sampling(0.5)) == pytest.approx(squared, abs=0.002)
    assert shares(Sampling(0.5, top_p=0.5)) == pytest.approx([0, 1, 0, 0])
    assert shares(Sampling(1e-30)) == [0, 1, 0, 0]


def test_top_k_keeps_the_likeliest() -> None:
    assert shares(Sampling(1.0, top_k=2)) == pytest.approx([0, 4 / 7, 0, 3 / 7], abs=0.002)
    assert shares(Sampling(1.0, top_k=9)) == pytest.approx(PROBABILITIES, abs=0.002)


def test_top_p_keeps_the_fewest_that_are_enough() -> None:
    assert shares(Sampling(1.0, top_p=0.75)) == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9], abs=0.002)
    assert shares(Sampling(1.0, top_p=0.65)) == pytest.approx([0, 4 / 7, 0, 3 / 7], abs=0.002)
    assert shares(Sampling(1.0, top_p=0.0001)) == [0, 1, 0, 0]
    both = Sampling(1.0, top_k=2, top_p=0.5)
    assert shares(both) == [0, 1, 0, 0], "of those that top_k has left"


def test_the_ends_of_the_line_are_tokens_that_are_possible() -> None:
    row = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]])
    for sampling in (Sampling(1.0), Sampling(1.0, top_k=3), Sampling(1.0, top_p=0.99)):
        ends = {int(draw(row, sampling, [number])) for number in (0.0, LAST)}
        assert ends == {1, 3}


def test_tokens_can_be_ruled_out() -> None:
    assert drawn_without([1]) == 3
    assert drawn_without([1, 3]) == 2
    assert ROW.argmax() == 1, "the logits are as they were"


def drawn_without(tokens: list[int]) -> int:
    return int(draw(without(ROW, tokens), Sampling(), [0.0]))


def test_a_die_depends_on_its_seed_alone() -> None:
    first, again, other = Dice(7), Dice(7), Dice(8)
    throws = [first.throw() for _ in range(5)]
    assert [again.throw() for _ in range(5)] == throws
    assert all(0 <= number < 1 for number in throws)
    assert other.throw() not in throws
    assert 0 <= Dice(-1).throw() < 1 and 0 <= Dice(2**70).throw() < 1
