"""How a trace is being read: which paths count, by which rule and weight; what is picked out.

Reading again never generates: the texts are there, and extraction and votes are pure functions.
"""

from dataclasses import dataclass

from components.views.selecting import belongs_to_candidate
from core.answers import Extraction, Rule, extract, option_letters, same
from core.trace import Trace, TraceNode
from core.votes import Ballot, Tally, Weighting, tally


@dataclass(slots=True)
class Lens:
    """What a person set beside the picture. None means: as the run itself did it."""

    first: int | None = None
    weighting: Weighting | None = None
    rule: Rule | None = None
    focus: str | None = None
    solving: bool = False
    selected: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A node and the answer found in it under the lens. `verdict`: "right", "wrong" or "", which it
    also is where another question was answered."""

    node: TraceNode
    extraction: Extraction | None
    verdict: str

    @property
    def answer(self) -> str | None:
        """The answer's value; None: it abstains, or is not finished."""
        return self.extraction.value if self.extraction else None


def read(trace: Trace, lens: Lens) -> dict[str, Reading]:
    """Every node's reading, by id. Another rule is applied to sampled paths only: a second stage
    has its own rule by definition."""
    return {node.id: _read(trace, node, lens) for node in trace.nodes.values()}


def verdict(trace: Trace, answer: str | None) -> str:
    """Right or wrong against the right answer that the person gave; "" if none was given."""
    started = trace.started
    if started is None or not started.reference.strip() or answer is None:
        return ""
    return "right" if same(answer, started.reference, started.kind) else "wrong"


def count(trace: Trace, lens: Lens, readings: dict[str, Reading]) -> Tally | None:
    """The vote under the lens, over the first k paths; None where there are no paths."""
    paths = voting(trace, lens)
    if not paths or trace.started is None:
        return None
    ballots = [
        Ballot(node.id, readings[node.id].answer, node.mean_logprob)
        for node in paths
        if node.answered
    ]
    return tally(ballots, trace.started.kind, weighting(trace, lens))


def voting(trace: Trace, lens: Lens) -> list[TraceNode]:
    """The first k sampled paths."""
    return list(trace.of_kind("path"))[: lens.first]


def weighting(trace: Trace, lens: Lens) -> Weighting:
    """The lens's weighting, or the run's own."""
    own = trace.started.params.get("weighting") if trace.started else None
    return lens.weighting or ("probability" if own == "probability" else "count")


def _read(trace: Trace, node: TraceNode, lens: Lens) -> Reading:
    extraction = node.extraction
    started = trace.started
    if lens.rule and node.answered and node.kind in ("path", "greedy") and started:
        letters = option_letters(started.question)
        extraction = extract(node.sampled, started.kind, lens.rule, letters)
    own = extraction is not None and not belongs_to_candidate(trace, node)
    return Reading(node, extraction, verdict(trace, extraction.value if own else None))  # type: ignore[union-attr]
