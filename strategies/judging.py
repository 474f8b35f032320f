"""The judge of the Tree of Thoughts (Yao et al. 2023, section 3, question 3): value and vote."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.engine import Sampling
from core.run import Node, Run
from strategies.tasks.task import Call, Task
from strategies.thought_tree import State, together

_NUMBER = re.compile(r"\d+")
# Chinese has no spaces: "判断是sure" ends with a word of its own.
_LOOSE = re.IGNORECASE | re.ASCII


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one prompt to the judge gave: a vote for each judgement, and who cast it."""

    votes: tuple[float, ...]
    nodes: tuple[Node, ...]


class Judge:
    """Values states, or has them voted on. `form`: "choice" (the word is constrained, ours),
    "expected" (one call, weighed by the probability of each word, ours) or "written" (the paper's:
    the model writes freely, and its last line is read)."""

    def __init__(self, run: Run, task: Task, form: str, count: int, temperature: float) -> None:
        self._run = run
        self._task = task
        self._form = form
        self._count = 1 if form == "expected" else count
        self._temperature = temperature
        self._known: dict[str, Verdict] = {}
        self.unread = self.judgements = 0

    async def value(self, states: Sequence[State]) -> list[float]:
        """The value of each state, judged alone. Equal prompts are judged once; of states with
        the same thoughts the first has the value and the others 0, as in the paper."""
        first: dict[tuple[str, ...], State] = {}
        for state in states:
            if first.setdefault(state.thoughts, state) is not state:
                state.node.mark("duplicate")
        calls = {
            id(state): self._task.value(state.thoughts, written=self._form == "written")
            for state in first.values()
        }
        prompts = await self._prompts([call for asked in calls.values() for call in asked])
        await self._ask(calls, prompts, list(first.values()))
        return [
            self._valued(state, calls.get(id(state), []), prompts)
            if first[state.thoughts] is state
            else _score(state, 0.0)
            for state in states
        ]

    async def vote(self, states: Sequence[State]) -> list[float]:
        """How many votes each state gets when all are shown together."""
        call = self._task.vote([s.thoughts for s in states], written=self._form == "written")
        labels = [str(number) for number in range(1, len(states) + 1)]
        nodes = self._open(states)
        await self._judge(nodes, await self._run.render(call.messages), call, labels)
        tally = [0.0] * len(states)
        for node in nodes:
            for place, share in self._ballot(node, labels).items():
                tally[int(place) - 1] += share
        return [_score(state, value, by=nodes) for state, value in zip(states, tally, strict=True)]

    def _valued(self, state: State, calls: Sequence[Call], prompts: Mapping[int, str]) -> float:
        verdicts = [self._known[prompts[id(call)]] for call in calls]
        votes = [vote for verdict in verdicts for vote in verdict.votes]
        by = [node for verdict in verdicts for node in verdict.nodes]
        # Rounded once: equal judgements in another order are to tie exactly.
        return _score(state, math.fsum(votes), votes, by)

    async def _prompts(self, calls: Sequence[Call]) -> dict[int, str]:
        """The rendered prompt of each call, its forced words included, by the call's identity."""
        rendered: dict[tuple[str, ...], str] = {}
        for call in calls:
            key = tuple(message["content"] for message in call.messages)
            if key not in rendered:
                rendered[key] = await self._run.render(call.messages)
        return {id(call): rendered[tuple(m["content"] for m in call.messages)] for call in calls}

    async def _ask(
        self, calls: Mapping[int, Sequence[Call]], prompts: Mapping[int, str], states: list[State]
    ) -> None:
        """Ask every prompt that is not known yet, all together."""
        asked: dict[str, tuple[Call, list[State]]] = {}
        for state in states:
            for call in calls.get(id(state), []):
                prompt = prompts[id(call)]
                if prompt not in self._known:
                    asked.setdefault(prompt, (call, []))[1].append(state)
        for _call, equal in asked.values():
            for state in equal[1:]:
                state.node.mark("equal")
        await together(self._verdict(prompt, *of) for prompt, of in asked.items())

    async def _verdict(self, prompt: str, call: Call, states: Sequence[State]) -> None:
        nodes = self._open(states)
        labels = list(self._task.scores)
        await self._judge(nodes, prompt, call, labels)
        votes = []
        for node in nodes:
            shares = self._ballot(node, labels)
            votes.append(
                math.fsum(share * self._task.scores[word] for word, share in shares.items())
            )
        self._known[prompt] = Verdict(tuple(votes), tuple(nodes))

    def _open(self, states: Sequence[State]) -> list[Node]:
        parents = [state.node for state in states]
        return [self._run.open("judgement", parents=parents) for _ in range(self._count)]

    async def _judge(
        self, nodes: Sequence[Node], prompt: str, call: Call, labels: Sequence[str]
    ) -> None:
        """Sample the judgements of one prompt, in one request."""
        choices = () if self._form == "written" else tuple(f" {label}" for label in labels)
        sampling = Sampling(
            0.0 if self._form == "expected" else self._temperature,
            max_tokens=call.max_tokens,
            stop=call.stop,
            choices=choices,
        )
        async with aclosing(self._run.sample(nodes, prompt, sampling, call.forced)) as finished:
            async for _ in finished:
                pass

    def _ballot(self, node: Node, labels: Sequence[str]) -> dict[str, float]:
        """What one judgement says: a label and its share; {} if it cannot be read."""
        self.judgements += 1
        weights = node.weights
        if self._form == "expected" and weights:
            return {choice.strip(): share for choice, share in weights.items()}
        read = _word(node.sampled, labels)
        if read is None:
            self.unread += 1
            node.mark("unread")
            return {}
        return {read: 1.0}


def _word(text: str, labels: Sequence[str]) -> str | None:
    """The label in the last line of a judgement. Of a vote the whole number counts."""
    last = text.strip().split("\n")[-1]
    if labels and labels[0].isdigit():
        numbers = _NUMBER.findall(last)
        return numbers[-1] if numbers and numbers[-1] in labels else None
    found = [label for label in labels if re.search(rf"\b{label}\b", last, _LOOSE)]
    return found[0] if len(found) == 1 else None


def _score(
    state: State, value: float, votes: Sequence[float] = (), by: Sequence[Node] = ()
) -> float:
    state.node.score(value, votes, by)
    return value
