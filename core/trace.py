"""The state of a run, folded from its events; the same for a live run and for a replay."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from core.answers import Extraction
from core.engine import Finish, Sampling
from core.events import (
    Answered,
    Closed,
    Composed,
    Delta,
    Demonstrated,
    Ended,
    Event,
    Mapped,
    Marked,
    Noted,
    Opened,
    Part,
    Progressed,
    Prompted,
    PromptRead,
    Scored,
    Started,
    Weighed,
)
from core.exemplars import ExemplarSet
from core.votes import Ballot


@dataclass(slots=True)
class Piece:
    """A stretch of a node's text, all sampled or all forced, as the chunks it came in."""

    forced: bool
    chunks: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.chunks)


@dataclass(slots=True)
class TraceNode:
    """A node as far as it has come. Times are seconds since the run began."""

    id: str
    parents: tuple[str, ...]
    kind: str
    label: str
    opened: float
    prompt: str = ""
    sampling: Sampling | None = None
    sample: int = 0
    of: int = 1
    calls: int = 0
    pieces: list[Piece] = field(default_factory=list)
    tokens: int = 0
    forced_tokens: int = 0
    logprob: float | None = None
    weighed: int = 0
    prompt_tokens: int = 0
    computed_tokens: int | None = None
    finish: Finish | None = None
    first_token: float | None = None
    closed: float | None = None
    answered: bool = False
    extraction: Extraction | None = None
    value: float | None = None
    votes: tuple[float, ...] = ()
    by: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    prompt_read: tuple[int, int] | None = None
    """Of a prompt that is being read: the tokens read so far, and all of them."""

    @property
    def text(self) -> str:
        """Forced and sampled text together, in order."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def status(self) -> str:
        """The last of its marks; `marks` maps each one, in order, to its reason."""
        return next(reversed(self.marks), "")

    @property
    def sampled(self) -> str:
        """The text that the model made itself; answers are read, and their spans count, in it."""
        return "".join(piece.text for piece in self.pieces if not piece.forced)

    @property
    def uncounted(self) -> frozenset[str]:
        """Which of its tokens ("prompt", "sampled", "forced") are not known: where there is text
        there are tokens."""
        kinds = {"forced" if piece.forced else "sampled" for piece in self.pieces}
        counts = {"sampled": self.tokens, "forced": self.forced_tokens}
        unknown = {kind for kind in kinds if not counts[kind]}
        if self.finish in ("stop", "length") and not self.prompt_tokens:
            unknown.add("prompt")
        return frozenset(unknown)

    @property
    def mean_logprob(self) -> float | None:
        """Natural log-probability per sampled token, over the tokens whose own is known."""
        return self.logprob / self.weighed if self.logprob is not None and self.weighed else None

    @property
    def seed(self) -> int | None:
        """The seed of this very sample."""
        if self.sampling is None or self.sampling.seed is None:
            return None
        return self.sampling.seed + self.sample

    def add(self, delta: Delta) -> None:
        """Append a stretch of text; log-probabilities count for sampled tokens only."""
        if delta.text:
            if not self.pieces or self.pieces[-1].forced != delta.forced:
                self.pieces.append(Piece(delta.forced))
            self.pieces[-1].chunks.append(delta.text)
        if delta.forced:
            self.forced_tokens += delta.tokens
            return
        self.tokens += delta.tokens
        if delta.logprob is not None:
            self.logprob = (self.logprob or 0.0) + delta.logprob
            self.weighed += delta.tokens


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run has cost so far. `computed` is None where no engine told.

    `uncounted` names those of the others ("prompt", "sampled", "forced") that are too small, since
    the tokens of some text were not told.
    """

    calls: int
    prompt: int
    computed: int | None
    sampled: int
    forced: int
    seconds: float
    uncounted: frozenset[str] = frozenset()

    @property
    def rate(self) -> float:
        """Sampled tokens a second, over the whole run."""
        return self.sampled / self.seconds if self.seconds > 0 else 0.0


class Trace:
    """Folds events. `version` grows with each one, so that views know when to look again."""

    def __init__(self) -> None:
        self.started: Started | None = None
        self.nodes: dict[str, TraceNode] = {}
        self.notes: list[Noted] = []
        self.ended: Ended | None = None
        self.progress: Progressed | None = None
        self.map: Mapped | None = None
        self.demonstrations: ExemplarSet | None = None
        self.seconds = 0.0
        self.version = 0

    def apply(self, time: float, event: Event) -> None:
        """Take in one event. Raises ValueError if it cannot follow what came before."""
        if (self.started is None) != isinstance(event, Started):
            raise ValueError("the first event, and no other, is Started")
        if self.ended is not None or time < self.seconds:
            raise ValueError("nothing follows Ended, and time does not run back")
        self._fold(time, event)
        self.seconds = time
        self.version += 1

    def _fold(self, time: float, event: Event) -> None:
        match event:
            case Started():
                self.started = event
            case Opened():
                self._open(time, event)
            case Noted():
                self.notes.append(event)
            case Ended():
                self.ended, self.progress = event, None
            case Progressed() | Mapped() | Demonstrated():
                self._fold_selection(event)
            case _:
                if event.node not in self.nodes:
                    raise ValueError(f"no node {event.node!r} was opened")
                if isinstance(event, Marked) and event.status == "winner":
                    for node in self.nodes.values():  # there is one at a time
                        node.marks.pop("winner", None)
                _fold_node(self.nodes[event.node], time, event)

    def _open(self, time: float, event: Opened) -> None:
        if event.node in self.nodes or any(p not in self.nodes for p in event.parents):
            raise ValueError(f"node {event.node!r} is opened twice or before its parents")
        self.nodes[event.node] = TraceNode(
            event.node, event.parents, event.kind, event.label, opened=time
        )

    def _fold_selection(self, event: Progressed | Mapped | Demonstrated) -> None:
        match event:
            case Progressed():
                self.progress = event
            case Mapped():
                _check_map(event)
                self.map, self.progress = event, None
            case Demonstrated():
                self.demonstrations = event.demonstrations

    def of_kind(self, *kinds: str) -> Iterator[TraceNode]:
        """Nodes of these kinds, in the order in which they were opened."""
        return (node for node in self.nodes.values() if node.kind in kinds)

    def ballots(self) -> list[Ballot]:
        """The votes of all paths that have been read, in the order of the paths."""
        return [
            Ballot(node.id, node.extraction.value if node.extraction else None, node.mean_logprob)
            for node in self.of_kind("path")
            if node.answered
        ]

    def totals(self) -> Totals:
        """The ledger. A call is one sampled text; prompts count once for each call."""
        called = [node for node in self.nodes.values() if node.calls]
        computed = [n.computed_tokens for n in called if n.computed_tokens is not None]
        return Totals(
            calls=sum(node.calls for node in called),
            prompt=sum(node.prompt_tokens for node in called),
            computed=sum(computed) if computed else None,
            sampled=sum(node.tokens for node in called),
            forced=sum(node.forced_tokens for node in called),
            seconds=self.seconds,
            uncounted=frozenset(kind for node in called for kind in node.uncounted),
        )

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Nodes with their text, answer, value and cost; an edge from each parent to its child."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        for node in self.nodes.values():
            graph.add_node(node.id, **_attributes(node))
            graph.add_edges_from((parent, node.id) for parent in node.parents)
        return graph


def _fold_node(node: TraceNode, time: float, event: Event) -> None:
    match event:
        case Prompted():
            node.prompt, node.sampling = event.prompt, event.sampling
            node.sample, node.of = event.sample, event.of
            node.calls += 1
        case PromptRead():
            node.prompt_read = (event.done, event.total)
        case Delta():
            if not event.forced:
                node.prompt_read = None
                if node.first_token is None:
                    node.first_token = time
            node.add(event)
        case Closed():
            node.finish, node.closed, node.prompt_read = event.finish, time, None
            node.prompt_tokens += event.prompt_tokens
            if event.computed_tokens is not None:
                node.computed_tokens = (node.computed_tokens or 0) + event.computed_tokens
        case _:
            _fold_reading(node, event)


def _fold_reading(node: TraceNode, event: Event) -> None:
    """What was found out about a node, other than its text."""
    match event:
        case Answered():
            node.answered, node.extraction = True, event.extraction
        case Scored():
            node.value, node.votes, node.by = event.value, event.votes, event.by
        case Weighed():
            node.weights = dict(event.weights)
        case Composed():
            node.parts = event.parts
        case Marked():
            node.marks.pop(event.status, None)  # said again, it is the last one again
            node.marks[event.status] = event.reason


def _check_map(drawn: Mapped) -> None:
    """Raises ValueError where a map from a file would not hold together."""
    sizes = {len(drawn.questions), len(drawn.points), len(drawn.clusters)}
    known = len(drawn.centres)
    if len(sizes) != 1 or any(cluster >= known for cluster in drawn.clusters):
        raise ValueError("a map has a place and a known cluster for each question")


def _attributes(node: TraceNode) -> dict[str, Any]:
    return {
        "kind": node.kind,
        "label": node.label,
        "text": node.text,
        "tokens": node.tokens,
        "answer": node.extraction.value if node.extraction else None,
        "value": node.value,
        "status": node.status,
    }
