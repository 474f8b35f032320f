"""How an Auto-CoT run selects its demonstrations: walks, their candidates, and what became of each.

Zhang et al. 2022, arXiv 2210.03493, section 4. Read from the trace alone, so that a replay and a
recording from outside are read as a live run is.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.texts import Text, known
from core.errors import InvalidInput
from core.exemplars import SCHEMA, ExemplarSet, parse
from core.lengths import lines, words
from core.trace import Trace, TraceNode

STRATEGY = "auto_cot"
BY_QUESTION = ("long_question", "asked", "duplicate")
"""Rules that look at a question alone: what they reject was never asked."""

LIMITS = {"long_question": "question_words", "many_lines": "rationale_lines"}
"""The rules that measure something, and the settings that bound it."""

_STANDINGS = ("taken", "rejected")
_ENDS = ("found", "exhausted", "empty")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that a walk came to. `index`: its place in the pool, None where there is no such.

    `standing`: "trying", "taken", "rejected" (with the code of the rule as its `reason`), or
    "unfinished" where the run ended before. `answer`: the node in which its answer was read.
    """

    node: TraceNode
    index: int | None
    standing: str
    reason: str
    answer: TraceNode | None


@dataclass(frozen=True, slots=True)
class Walk:
    """`cluster`: an index, or None for the one walk of Random-Q and Retrieval-Q (`label` "random",
    "retrieval"). `standing`: "walking", "found", "exhausted" (too few candidates passed), "empty"
    (nothing to walk through; such a cluster has no centre) or "unfinished"."""

    label: str
    cluster: int | None
    standing: str
    candidates: tuple[Candidate, ...]

    @property
    def taken(self) -> int:
        """How many of its candidates became demonstrations."""
        return sum(candidate.standing == "taken" for candidate in self.candidates)


def walks(trace: Trace) -> list[Walk]:
    """All walks of a run, in their order, each with its candidates in theirs."""
    tried: dict[str, list[TraceNode]] = defaultdict(list)
    answers: dict[str, TraceNode] = {}
    for node in trace.of_kind("candidate", "answer"):
        above = node.parents[0] if node.parents else ""
        if node.kind == "answer":
            answers[above] = node
        else:
            tried[above].append(node)
    return [_walk(trace, node, tried[node.id], answers) for node in trace.of_kind("walk")]


def is_selection(trace: Trace) -> bool:
    """Whether this is an Auto-CoT run, also one that has hardly begun."""
    named = trace.started is not None and trace.started.strategy == STRATEGY
    return named or trace.map is not None or any(trace.of_kind("walk"))


def belongs_to_candidate(trace: Trace, node: TraceNode) -> bool:
    """Whether a node is about a question of the pool, and not about the one that was asked."""
    above = (trace.nodes[parent].kind for parent in node.parents[:1])
    return node.kind in ("walk", "candidate") or "candidate" in above


def question_of(trace: Trace, candidate: Candidate) -> str:
    """The question's text; "" where the recording has no map."""
    known_place = trace.map is not None and candidate.index is not None
    return trace.map.questions[candidate.index] if known_place else ""  # type: ignore[union-attr,index]


def pool_number(label: str) -> str:
    """A candidate's label as people count, from 1."""
    return str(int(label) + 1) if re.fullmatch(r"[0-9]{1,6}", label) else label[:20]


def kept(trace: Trace) -> ExemplarSet | None:
    """What a run was given to answer with at once; None where it made its own, or has not begun."""
    if trace.map is not None or not any(trace.of_kind("rationale")):
        return None
    given = trace.started.params.get("demonstrations") if trace.started else None
    if not isinstance(given, Mapping) or not given.get("exemplars"):
        return None
    try:
        return parse({**given, "thoughtscope_exemplars": SCHEMA})
    except InvalidInput:  # a setting in a recording from outside may be anything
        return None


def demonstrations(trace: Trace) -> ExemplarSet | None:
    """Those that a run answers with: its own, or those that it was given."""
    return trace.demonstrations or kept(trace)


def are_kept(trace: Trace) -> bool:
    """Whether a run answers with demonstrations from before: then no pool was looked at."""
    return trace.map is None and demonstrations(trace) is not None


def why(trace: Trace, candidate: Candidate, text: Text) -> str:
    """Which rule rejected it: with its limit and what was measured where both are known."""
    code, limit = candidate.reason, limit_of(trace, candidate.reason)
    measured = _measured(trace, candidate)
    if limit is not None and measured > limit:
        return text(f"measured.{code}", n=f"{measured:,}", limit=limit)
    return reason(code, text)


def reason(code: str, text: Text) -> str:
    """A rule in words; one that is not known is named."""
    key = f"reason.{code}"
    return text(key) if known(key) else text("unknown", code=code[:80])


def limit_of(trace: Trace, code: str) -> int | None:
    """The limit that a rule had in this run."""
    limit = trace.started.params.get(LIMITS.get(code, "")) if trace.started else None
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else None


def happened(trace: Trace, candidate: Candidate, text: Text) -> str:
    """What became of a candidate, in words."""
    words = text(f"candidate.{candidate.standing}")
    if candidate.standing != "rejected":
        return words
    return text("candidate.because", what=words, why=why(trace, candidate, text))


def status(trace: Trace, text: Text) -> str:
    """What an Auto-CoT run is doing, or what its answer rests on; "" for any other run."""
    if not is_selection(trace) or (trace.ended is not None and trace.ended.status != "answered"):
        return ""
    shown = demonstrations(trace)
    if shown is not None:
        return _asking(trace, len(shown.shown), text)
    if trace.ended is not None:
        return ""
    if trace.map is None:
        return text("selection.mapping") if trace.progress else ""
    return _made(trace, text)


def progress_words(code: str, text: Text) -> str:
    """A long step in words; one that is not known is named."""
    key = f"progress.{code}"
    return text(key) if known(key) else code[:80]


def _asking(trace: Trace, shown: int, text: Text) -> str:
    state = "asking" if trace.ended is None else "asked"
    from_before = "_kept" if are_kept(trace) else ""
    return text(f"selection.{state}{from_before}", n=shown)


def _made(trace: Trace, text: Text) -> str:
    every = walks(trace)
    made, wanted = sum(walk.taken for walk in every), _wanted(trace, every)
    if wanted is None:
        return text("selection.making_some", n=made)
    return text("selection.making", n=made, all=wanted)


def _wanted(trace: Trace, every: list[Walk]) -> int | None:
    """How many demonstrations there are to be, if that is known."""
    if any(walk.cluster is not None for walk in every):
        return len(every)
    k: Any = trace.started.params.get("k") if trace.started else None
    return k if isinstance(k, int) and not isinstance(k, bool) else None


def _walk(
    trace: Trace, node: TraceNode, tried: list[TraceNode], answers: Mapping[str, TraceNode]
) -> Walk:
    ended = "unfinished" if trace.ended is not None else ""
    standing = node.status if node.status in _ENDS else ended or "walking"
    candidates = tuple(_candidate(trace, one, answers.get(one.id)) for one in tried)
    cluster = int(node.label) if re.fullmatch(r"[0-9]{1,3}", node.label) else None
    return Walk(node.label, cluster, standing, candidates)


def _candidate(trace: Trace, node: TraceNode, answer: TraceNode | None) -> Candidate:
    ended = "unfinished" if trace.ended is not None else "trying"
    standing = node.status if node.status in _STANDINGS else ended
    index = _index(node.label, trace.map.questions if trace.map else ())
    return Candidate(node, index, standing, node.marks.get("rejected", ""), answer)


def _index(label: str, of: tuple[Any, ...]) -> int | None:
    """A label that is a place in `of`."""
    if not re.fullmatch(r"[0-9]{1,6}", label):
        return None
    return int(label) if int(label) < len(of) else None


def _measured(trace: Trace, candidate: Candidate) -> int:
    """What a rule with a limit measured; 0 where it measures nothing."""
    if candidate.reason == "long_question":
        return words(question_of(trace, candidate))
    if candidate.reason == "many_lines":
        return lines(candidate.node.sampled)
    return 0
