"""Votes are counted as in the paper: a majority, or a sum weighted by probability."""

import math

import pytest

from core.votes import Ballot, tally


def ballots(*answers, logprobs=()):
    logprobs = logprobs or [None] * len(answers)
    pairs = zip(answers, logprobs, strict=True)
    return [Ballot(str(number), answer, logprob) for number, (answer, logprob) in enumerate(pairs)]


def test_the_answer_with_most_votes_wins():
    votes = tally(ballots("3", "5", "5"), "number")
    assert (votes.winner.answer, votes.winner.weight, votes.tied) == ("5", 2.0, False)


def test_candidates_stand_in_the_order_in_which_their_answers_appeared_with_their_voters():
    votes = tally(ballots("9", "5", "9", "5", "5"), "number")
    assert [(c.answer, c.voters) for c in votes.candidates] == [
        ("9", ("0", "2")),
        ("5", ("1", "3", "4")),
    ]


def test_equal_answers_in_different_dress_share_a_candidate_named_by_its_first_voter():
    votes = tally(ballots("New York", "new york", "Boston"), "text")
    assert [(c.key, c.answer, c.weight) for c in votes.candidates] == [
        ("newyork", "New York", 2.0),
        ("boston", "Boston", 1.0),
    ]


def test_a_tie_goes_to_the_answer_that_appeared_first_and_is_told():
    votes = tally(ballots("4", "2", "2", "4", "1"), "number")
    assert (votes.winner.answer, votes.tied) == ("4", True)


def test_a_shared_second_place_is_no_tie():
    assert not tally(ballots("4", "4", "1", "2"), "number").tied


def test_a_path_without_an_answer_abstains():
    votes = tally(ballots(None, "7", None, None), "number")
    assert votes.abstained == ("0", "2", "3")
    assert (votes.winner.answer, votes.winner.weight) == ("7", 1.0)


@pytest.mark.parametrize("weighting", ["count", "probability"])
def test_where_all_abstain_or_nobody_votes_there_is_no_winner(weighting):
    for none in (ballots(None, None), []):
        votes = tally(none, "number", weighting)
        assert (votes.winner, votes.candidates, votes.tied) == (None, (), False)


def test_weights_are_the_sum_of_the_exponentials_of_the_mean_log_probabilities():
    cast = ballots("1", "1", "2", logprobs=[-2.0, -3.0, -0.5])
    votes = tally(cast, "number", "probability")
    # exp(-2) + exp(-3) = 0.1353353 + 0.0497871 = 0.1851224; exp(-0.5) = 0.6065307
    assert [c.weight for c in votes.candidates] == pytest.approx([0.1851224, 0.6065307], abs=1e-7)
    assert votes.winner.answer == "2"
    assert tally(cast, "number", "count").winner.answer == "1"


def test_a_path_of_unknown_probability_weighs_nothing_but_stays_a_voter():
    votes = tally(ballots("1", "1", "2", logprobs=[None, None, -9.0]), "number", "probability")
    assert votes.winner.answer == "2"
    assert (votes.candidates[0].weight, votes.candidates[0].voters) == (0.0, ("0", "1"))


def test_a_probability_is_at_most_one_whatever_a_recording_says():
    votes = tally(ballots("1", "2", logprobs=[1e308, 0.0]), "number", "probability")
    assert [c.weight for c in votes.candidates] == [1.0, 1.0]
    assert math.isfinite(votes.winner.weight)


def test_counting_the_first_k_paths_needs_nothing_but_their_ballots():
    cast = ballots("4", "2", None, "2")
    winners = [tally(cast[:k], "number") for k in range(5)]
    assert [v.winner and v.winner.answer for v in winners] == [None, "4", "4", "4", "2"]
    assert [v.tied for v in winners] == [False, False, True, True, False]
