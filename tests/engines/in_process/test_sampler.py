"""Tokens are drawn with the probabilities that are asked for, by numbers of the sample's own."""

import pytest
import torch

from core.engine import Sampling
from engines.in_process.sampler import Dice, draw, without

PROBABILITIES = [0.1, 0.4, 0.2, 0.3]
ROW = torch.tensor([PROBABILITIES]).log()
TRIES = 20_000


def shares(sampling: Sampling) -> list[float]:
    """How often each token is drawn."""
    numbers = Dice(1).throw(4 * TRIES).view(TRIES, 4)
    tokens = draw(ROW.expand(TRIES, -1), sampling, numbers)
    return (torch.bincount(tokens, minlength=4) / TRIES).tolist()


def test_at_temperature_0_the_likeliest() -> None:
    assert shares(Sampling()) == [0, 1, 0, 0]
    assert int(draw(ROW, Sampling(), None)) == 1


def test_each_token_has_its_share() -> None:
    assert shares(Sampling(1.0)) == pytest.approx(PROBABILITIES, abs=0.015)


def test_temperature_comes_first() -> None:
    squared = [p * p / 0.3 for p in PROBABILITIES]
    assert shares(Sampling(0.5)) == pytest.approx(squared, abs=0.015)
    assert shares(Sampling(0.5, top_p=0.5)) == pytest.approx([0, 1, 0, 0])
    assert shares(Sampling(1e-30)) == [0, 1, 0, 0]


def test_top_k_keeps_the_likeliest() -> None:
    assert shares(Sampling(1.0, top_k=2)) == pytest.approx([0, 4 / 7, 0, 3 / 7], abs=0.015)
    assert shares(Sampling(1.0, top_k=9)) == pytest.approx(PROBABILITIES, abs=0.015)


def test_top_p_keeps_the_fewest_that_are_enough() -> None:
    assert shares(Sampling(1.0, top_p=0.75)) == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9], abs=0.015)
    assert shares(Sampling(1.0, top_p=0.65)) == pytest.approx([0, 4 / 7, 0, 3 / 7], abs=0.015)
    assert shares(Sampling(1.0, top_p=0.0001)) == [0, 1, 0, 0]
    both = Sampling(1.0, top_k=2, top_p=0.5)
    assert shares(both) == [0, 1, 0, 0], "of those that top_k has left"


def test_what_is_impossible_is_never_drawn() -> None:
    row = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]])
    for sampling in (Sampling(1.0), Sampling(1.0, top_k=3), Sampling(1.0, top_p=0.99)):
        numbers = Dice(2).throw(500).view(100, 5)
        assert set(draw(row.expand(100, -1), sampling, numbers).tolist()) == {1, 3}


def test_last_bits_change_no_token() -> None:
    """Nor where most of the probability is shared by thousands of unlikely tokens."""
    row = torch.randn(1, 50_000, generator=torch.Generator().manual_seed(1))
    nearly = row + 1e-6 * torch.randn(1, 50_000, generator=torch.Generator().manual_seed(2))
    throws = [Dice(seed).throw(50_000)[None] for seed in range(100)]
    tokens = [[int(draw(r, Sampling(1.0), numbers)) for numbers in throws] for r in (row, nearly)]
    assert tokens[0] == tokens[1] and len(set(tokens[0])) > 90


def test_tokens_can_be_ruled_out() -> None:
    assert drawn_without([1]) == 3
    assert drawn_without([1, 3]) == 2
    assert ROW.argmax() == 1, "the logits are as they were"


def drawn_without(tokens: list[int]) -> int:
    return int(draw(without(ROW, tokens), Sampling(), None))


def test_a_die_depends_on_its_seed_alone() -> None:
    first, again, other = Dice(7), Dice(7), Dice(8)
    throws = [first.throw(5) for _ in range(3)]
    assert all(torch.equal(again.throw(5), numbers) for numbers in throws)
    assert not torch.equal(other.throw(5), throws[0])
    for seed in (-1, 2**70):
        assert bool((Dice(seed).throw(5) > 0).all())
