"""What a task tells the Tree of Thoughts: how thoughts are asked for, read, judged and checked.

Yao et al. 2023 (arXiv 2305.10601), section 3, questions 1 to 3. The search (question 4) is in
`strategies.tree_of_thoughts` and knows nothing of any task; a new task is one file beside this.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from core.engine import Message
from core.question import Question

Thoughts = tuple[str, ...]
"""A state: the thoughts on the way to it."""

Scores = Mapping[str, float]
Settings = Mapping[str, int | float | str | bool]

Generation = Literal["propose", "sample"]
Evaluation = Literal["value", "vote"]
Search = Literal["bfs", "dfs"]


@dataclass(frozen=True, slots=True)
class Call:
    """One prompt: the messages, the words put into the model's mouth, and where its text ends."""

    messages: tuple[Message, ...]
    forced: str = ""
    max_tokens: int = 200
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thought:
    """One more thought. `invalid` is the reason why it is none (`reason.<code>`), or "".

    `weight` is how sure the model says it is; where weights differ, they order the thoughts.
    """

    text: str
    invalid: str = ""
    weight: float = 0.0


class Task(ABC):
    """A question as a tree: the root is no thought at all, a leaf is a whole solution."""

    generation: ClassVar[Generation]
    evaluation: ClassVar[Evaluation]
    search: ClassVar[Search]
    depth: ClassVar[int]
    scores: ClassVar[Scores] = {"sure": 20, "likely": 1, "impossible": 0.001}
    """What a judgement's words are worth; the values of a state are the sums of its judgements."""
    prune_at: ClassVar[float] = 0.01
    """Depth-first search turns back from states whose value is not above this: here, from those
    that every judgement calls impossible."""
    continues: ClassVar[bool] = False
    """Whether words of ours open the model's turn also where the judge answers in its own words."""
    paper: ClassVar[Settings] = {}
    """The paper's own settings for this task, by the names in the strategy's Params."""

    def __init__(self, question: Question, checked: bool) -> None:
        """`checked`: refuse thoughts that break the task's rules. Raises InvalidInput."""
        self.question = question
        self.checked = checked

    @property
    def root(self) -> str:
        """The problem, as it is shown at the root."""
        return self.question.text

    @property
    def warning(self) -> str:
        """The code of a note to give beforehand, or ""."""
        return ""

    def proposal(self, thoughts: Thoughts) -> Call | None:
        """The prompt that lists next thoughts; None where nothing can follow."""
        raise NotImplementedError

    def proposed(self, thoughts: Thoughts, texts: Sequence[str]) -> list[Thought]:
        """The thoughts in what the model wrote, one text for each sample of the prompt."""
        raise NotImplementedError

    def sample(self, thoughts: Thoughts) -> Call | None:
        """The prompt of which each sample is a next thought; None where nothing can follow."""
        raise NotImplementedError

    def read(self, thoughts: Thoughts, text: str) -> Thought:
        """The thought in one sample, or in what a person wrote."""
        return Thought(text.strip(), "" if text.strip() else "empty")

    def value(self, thoughts: Thoughts, *, written: bool) -> list[Call]:
        """What the judge is asked about one state; `written`: it may write before its word."""
        raise NotImplementedError

    def vote(self, states: Sequence[Thoughts], *, written: bool) -> Call:
        """What the judge is asked about all `states`: the number of the best one."""
        raise NotImplementedError

    def closing(self, thoughts: Thoughts) -> Call | None:
        """The prompt that reads the answer out of a last state; None where it is the answer."""
        return None

    @abstractmethod
    def answer(self, thoughts: Thoughts) -> str | None:
        """The answer that a last state is, or None."""

    def check(self, thoughts: Thoughts) -> str:
        """ "right" or "wrong" where that can be told without knowing the answer, otherwise ""."""
        return ""

    def is_last(self, thoughts: Thoughts, depth: int) -> bool:
        """Whether a state is a whole solution."""
        return len(thoughts) >= depth


def user(*parts: str) -> tuple[Message, ...]:
    """One turn of a person, its parts apart by empty lines."""
    return ({"role": "user", "content": "\n\n".join(parts)},)


def dialogue(intro: str, examples: Sequence[tuple[str, str]], last: str) -> tuple[Message, ...]:
    """The examples as turns that have been taken, so that a chat model goes on in their form."""
    turns: list[Message] = []
    for asked, told in examples:
        turns.append({"role": "user", "content": asked})
        turns.append({"role": "assistant", "content": told})
    turns.append({"role": "user", "content": last})
    turns[0] = {"role": "user", "content": f"{intro}\n\n{turns[0]['content']}"}
    return tuple(turns)
