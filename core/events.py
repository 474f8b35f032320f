"""What can happen in a run. The history of a run is the list of its events.

The time of an event, in seconds since the run began, stands beside it and not in it.
`core.recording` writes events to a file and checks those that it reads.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from core.answers import Extraction
from core.engine import Finish, Sampling
from core.exemplars import ExemplarSet
from core.question import Kind, Language

Count = Annotated[int, Field(ge=0)]
Logprob = Annotated[float, Field(le=0)]

Point = tuple[float, float]

Outcome = Literal["answered", "no_answer", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Started:
    """The run as it was asked for. `reference` is the right answer if one was given, else ""."""

    strategy: str
    question: str
    kind: Kind
    language: Language
    params: dict[str, Any]
    seed: int
    model: str
    engine: str
    device: str
    context: int
    reference: str = ""
    special_tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A node came to be. Its id is its path ("0.2.1"); it may have several parents."""

    node: str
    parents: tuple[str, ...]
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Prompted:
    """The exact text sent to the engine. `sample` of `of`: which of the samples made at once."""

    node: str
    prompt: str
    sampling: Sampling
    sample: Count = 0
    of: Count = 1


@dataclass(frozen=True, slots=True)
class PromptRead:
    """So many of the `total` tokens of a node's prompt have been read; told of long ones alone."""

    node: str
    done: Count
    total: Count


@dataclass(frozen=True, slots=True)
class Delta:
    """Text was added to a node: sampled by the model, or `forced` into its mouth."""

    node: str
    text: str
    tokens: Count
    logprob: Logprob | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A node's text is whole. Prompt tokens: all of them, and those computed for this node."""

    node: str
    finish: Finish
    prompt_tokens: Count = 0
    computed_tokens: Count | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A judge gave a node `value`, made of the single `votes`, each from the node in `by`."""

    node: str
    value: float
    votes: tuple[float, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """How probable each choice was where a node had to take one; they add up to 1."""

    node: str
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer was read out of a node's text; None: there was none, the node abstains."""

    node: str
    extraction: Extraction | None


@dataclass(frozen=True, slots=True)
class Marked:
    """A node's standing changed: kept, pruned, invalid … `reason` is a code, `reason.<code>`."""

    node: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something the reader should know. `code` names the sentence `note.<code>`."""

    code: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a prompt, in characters from `start` to `end`: one of its exemplars, the
    question, or what frames them. `tokens` is None where nobody counts them. An exemplar's
    `label` is its number; it is `tampered` with where a person changed it."""

    kind: Literal["frame", "exemplar", "question"]
    start: Count
    end: Count
    tokens: Count | None = None
    label: str = ""
    tampered: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """What a node's prompt is made of: parts that cover it, in their order."""

    node: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a step is that makes no text; `code` names the sentence `progress.<code>`."""

    code: str
    done: Count
    total: Count


@dataclass(frozen=True, slots=True)
class Mapped:
    """A pool of questions as a map: for each its place and its cluster, an index into `centres`.

    Places lie between 0 and 1. `asked` is the place of the question asked; `by` what embedded them.
    """

    questions: tuple[str, ...]
    points: tuple[Point, ...]
    clusters: tuple[Count, ...]
    centres: tuple[Point, ...]
    asked: Point | None
    by: str
    seed: int


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """The demonstrations that a selection came to."""

    demonstrations: ExemplarSet


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. `error` is ThoughtscopeError.as_dict() where it failed."""

    status: Outcome
    answer: str | None = None
    error: dict[str, Any] | None = None


Event = (
    Started
    | Opened
    | Prompted
    | PromptRead
    | Delta
    | Closed
    | Scored
    | Weighed
    | Answered
    | Marked
    | Noted
    | Composed
    | Progressed
    | Mapped
    | Demonstrated
    | Ended
)

EVENT_TYPES: dict[str, type[Event]] = {kind.__name__.lower(): kind for kind in get_args(Event)}
