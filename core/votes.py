"""Counting votes over sampled answers (Wang et al. 2022, arXiv 2203.11171, section 2).

A ballot is one path's answer; the ballots stand in the order in which the paths were asked for.
Counting is a pure function of them, so that a page can count again over the first k paths, by
another weight or another extraction rule, without asking the model anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from core.answers import canonical
from core.question import Kind

Weighting = Literal["count", "probability"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One path's vote. `answer` None abstains. `mean_logprob` is per sampled token, natural."""

    node: str
    answer: str | None
    mean_logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer and who voted for it. `answer` is written as its first voter wrote it."""

    key: str
    answer: str
    weight: float
    voters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """`candidates` in the order in which their answers first appeared; `winner` None if none.

    `tied` tells that the first place was shared, and went to the answer that appeared first.
    """

    candidates: tuple[Candidate, ...]
    abstained: tuple[str, ...]
    winner: Candidate | None
    tied: bool


def tally(ballots: Sequence[Ballot], kind: Kind, weighting: Weighting = "count") -> Tally:
    """Count. `probability` sums exp(mean token log-probability), the paper's normalised weighted
    sum; a path whose log-probability is not known then weighs nothing."""
    groups: dict[str, list[Ballot]] = {}
    for ballot in ballots:
        if ballot.answer is not None:
            groups.setdefault(canonical(ballot.answer, kind), []).append(ballot)
    candidates = tuple(
        Candidate(
            key,
            members[0].answer or "",
            math.fsum(_weight(ballot, weighting) for ballot in members),
            tuple(ballot.node for ballot in members),
        )
        for key, members in groups.items()
    )
    winner = max(candidates, key=lambda candidate: candidate.weight, default=None)
    return Tally(
        candidates,
        tuple(ballot.node for ballot in ballots if ballot.answer is None),
        winner,
        winner is not None and sum(c.weight == winner.weight for c in candidates) > 1,
    )


def _weight(ballot: Ballot, weighting: Weighting) -> float:
    if weighting == "count":
        return 1.0
    # A recording from outside may say anything; a probability is at most 1.
    return math.exp(min(ballot.mean_logprob, 0.0)) if ballot.mean_logprob is not None else 0.0
