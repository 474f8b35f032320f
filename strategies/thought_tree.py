"""The tree that a search grows: states, how they are expanded, and the limits of it all."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from core.engine import Sampling
from core.run import Node, Run
from strategies.tasks.task import Call, Task, Thought, Thoughts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """A node of the tree, and the thoughts on the way to it."""

    node: Node
    thoughts: Thoughts
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The most states, sampled tokens and seconds; looked at before each request."""

    states: int
    tokens: int
    seconds: int

    def reached(self, spent: "Spent", before: "Spent") -> str:
        """The name of the limit that is reached, or ""; what was spent `before` does not count."""
        if spent.states - before.states > self.states:
            return "states"
        if spent.tokens - before.tokens >= self.tokens:
            return "tokens"
        return "seconds" if spent.seconds - before.seconds >= self.seconds else ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has come to so far."""

    states: int
    tokens: int
    seconds: float

    @classmethod
    def by(cls, run: Run) -> "Spent":
        """Thoughts that were refused are no states."""
        states = sum(1 for node in run.trace.of_kind("state") if "invalid" not in node.marks)
        return cls(states, run.trace.totals().sampled, run.seconds)


@dataclass(frozen=True, slots=True)
class How:
    """How thoughts are made: `generation` as in Task, `count` samples of a thought, `proposals`
    samples of a list of them."""

    generation: str
    count: int
    proposals: int
    temperature: float


class ThoughtTree:
    """Grows states below states. Invalid thoughts stay in the tree with their reason only."""

    def __init__(self, run: Run, task: Task, how: How, limits: Limits) -> None:
        self.run = run
        self.task = task
        self.stopped = ""
        self._how = how
        self._limits = limits
        self._before = Spent.by(run)

    def root(self) -> State:
        """The state without any thought."""
        return State(self.run.open("state", self.task.root), ())

    async def expand(self, states: Sequence[State]) -> list[State]:
        """The states that follow, of all `states` at the same time, in the order of `states`."""
        if self.spent():
            return []
        grow = self._propose if self._how.generation == "propose" else self._sample
        return [child for grown in await together(map(grow, states)) for child in grown]

    def spent(self) -> bool:
        """Whether a limit is reached; the first time, it is noted."""
        if not self.stopped:
            self.stopped = self._limits.reached(Spent.by(self.run), self._before)
            if self.stopped:
                limit = getattr(self._limits, self.stopped)
                self.run.note(f"limit_{self.stopped}", limit=limit)
        return bool(self.stopped)

    def add(self, parent: State, thought: Thought, source: Sequence[Node] = ()) -> State:
        """A state below `parent`; marked as invalid if the thought is none."""
        node = self.run.open("state", thought.text, [parent.node, *source])
        if thought.invalid:
            node.mark("invalid", thought.invalid)
        return State(node, (*parent.thoughts, thought.text), thought.weight)

    async def _propose(self, state: State) -> list[State]:
        """One prompt lists thoughts (section 3, 2b)."""
        call = self.task.proposal(state.thoughts)
        if call is None:
            return []
        nodes = [state.node.child("proposal") for _ in range(self._how.proposals)]
        await self._generate(nodes, call)
        texts = [node.sampled for node in nodes]
        found = self.task.proposed(state.thoughts, texts)
        made = [self.add(state, thought, nodes[:1]) for thought in found]
        return [child for child, thought in zip(made, found, strict=True) if not thought.invalid]

    async def _sample(self, state: State) -> list[State]:
        """Each sample of one prompt is a thought (section 3, 2a)."""
        call = self.task.sample(state.thoughts)
        if call is None:
            return []
        nodes = [state.node.child("state") for _ in range(self._how.count)]
        await self._generate(nodes, call)
        made = []
        for node in nodes:
            thought = self.task.read(state.thoughts, node.sampled)
            if thought.invalid:
                node.mark("invalid", thought.invalid)
            else:
                made.append(State(node, (*state.thoughts, thought.text)))
        return made

    async def _generate(self, nodes: Sequence[Node], call: Call) -> None:
        prompt = await self.run.render(call.messages)
        sampling = Sampling(self._how.temperature, max_tokens=call.max_tokens, stop=call.stop)
        async with aclosing(self.run.sample(nodes, prompt, sampling, call.forced)) as finished:
            async for _ in finished:
                pass


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each returns, all at the same time. The first error ends the others, and is raised
    as itself and not as one of a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
