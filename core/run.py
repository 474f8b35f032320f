"""Run and Node: what a strategy holds, and the only place that calls an engine's `stream`."""

import hashlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from core.answers import Rule, extract, option_letters
from core.engine import Chunk, Engine, EngineInfo, Message, Sampling, asker
from core.events import (
    Answered,
    Closed,
    Composed,
    Delta,
    Event,
    Marked,
    Noted,
    Opened,
    Part,
    Progressed,
    Prompted,
    PromptRead,
    Scored,
    Weighed,
)
from core.question import Question
from core.trace import Trace

Clock = Callable[[], float]
Listener = Callable[[float, Event], None]

_SEED_SPACE = 2**31


def derive_seed(seed: int, node: str) -> int:
    """A node's seed, from the run's seed and the node's id alone: scheduling cannot move it."""
    digest = hashlib.sha256(f"{seed}/{node}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % _SEED_SPACE


class Run:
    """One question under one strategy. Emits events; holds the trace that they make."""

    def __init__(
        self,
        engine: Engine,
        seed: int,
        clock: Clock = time.monotonic,
        history: Iterable[tuple[float, Event]] = (),
    ) -> None:
        """`history`: the events of a run that this one continues, without its end."""
        self._engine = engine
        self._clock = clock
        self._listeners: list[Listener] = []
        self._children: Counter[str | None] = Counter()
        self.seed = seed
        self.trace = Trace()
        self.events: list[tuple[float, Event]] = []
        for moment, event in history:
            self._take_over(moment, event)
        self._began = clock() - self.trace.seconds

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self._clock() - self._began

    @property
    def engine_info(self) -> EngineInfo:
        """What the engine is and what it cannot do."""
        return self._engine.info

    def listen(self, listener: Listener) -> None:
        """Call `listener(time, event)` for each event from now on."""
        self._listeners.append(listener)

    def emit(self, event: Event) -> None:
        """Add an event to the history, stamped in seconds since the run began."""
        now = round(self.seconds, 4)
        self.trace.apply(now, event)
        self.events.append((now, event))
        for listener in self._listeners:
            listener(now, event)

    def node(self, node_id: str) -> "Node":
        """A node that was opened. Raises KeyError for one that was not."""
        return Node(self, self.trace.nodes[node_id].id)

    def _take_over(self, moment: float, event: Event) -> None:
        """An event of the run that is continued: a part of the history, told to nobody anew."""
        self.trace.apply(moment, event)
        self.events.append((moment, event))
        if isinstance(event, Opened):
            self._children[event.parents[0] if event.parents else None] += 1

    def progress(self, code: str, done: int, total: int) -> None:
        """Tell how far a step is that makes no text: the sentence `progress.<code>`."""
        self.emit(Progressed(code, done, total))

    def note(self, code: str, **fields: Any) -> None:
        """Tell the reader something; `code` names the sentence `note.<code>`."""
        self.emit(Noted(code, fields))

    def open(self, kind: str, label: str = "", parents: Sequence["Node"] = ()) -> "Node":
        """A new node, below the first of `parents`."""
        above = parents[0].id if parents else None
        sibling = self._children[above]
        self._children[above] += 1
        node_id = str(sibling) if above is None else f"{above}.{sibling}"
        self.emit(Opened(node_id, tuple(parent.id for parent in parents), kind, label))
        return Node(self, node_id)

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        """The model's chat template, open at the assistant's turn, then `prefill`.

        Control tokens written in a message are read as such by the model: that is noted, once.
        """
        special = self.engine_info.special_tokens
        written = [t for t in special if any(t in message["content"] for message in messages)]
        if written and not any(note.code == "control_tokens" for note in self.trace.notes):
            self.note("control_tokens", tokens=" ".join(written))
        return await self._engine.render(messages, prefill)

    async def count(self, text: str) -> int:
        """The number of tokens of `text`, special tokens read as such."""
        return await self._engine.count(text)

    async def sample(
        self, nodes: Sequence["Node"], prompt: str, sampling: Sampling, forced: str = ""
    ) -> AsyncGenerator["Node", None]:
        """Continue one prompt in all `nodes` at once, and yield each node when its text is whole.

        `forced` is put into the model's mouth: it ends the prompt, and is shown as forced. Where
        `sampling` has no seed it is derived from the run's seed and the first node's id.
        """
        if sampling.seed is None:
            sampling = replace(sampling, seed=derive_seed(self.seed, nodes[0].id))
        countable = forced and "count" not in self.engine_info.cannot
        forced_tokens = await self._engine.count(forced) if countable else 0
        for sample, node in enumerate(nodes):
            self.emit(Prompted(node.id, prompt + forced, sampling, sample, len(nodes)))
            if forced:
                self.emit(Delta(node.id, forced, forced_tokens, forced=True))
        unfinished = {node.id for node in nodes}
        asker.set(self)
        stream = self._engine.stream(prompt + forced, sampling, len(nodes))
        try:
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    node = nodes[chunk.index]
                    node.receive(chunk)
                    if chunk.finish:
                        unfinished.discard(node.id)
                        yield node
        finally:
            for node_id in sorted(unfinished):
                self.emit(Closed(node_id, "aborted"))


class Node:
    """A step of thought: a prompt, the text that continued it, and what was read out of it."""

    def __init__(self, run: Run, node_id: str) -> None:
        self._run = run
        self.id = node_id

    @property
    def text(self) -> str:
        """The text so far, forced and sampled."""
        return self._run.trace.nodes[self.id].text

    @property
    def sampled(self) -> str:
        """The text that the model made itself."""
        return self._run.trace.nodes[self.id].sampled

    @property
    def weights(self) -> Mapping[str, float]:
        """How probable each choice was, where it had to take one and the engine tells."""
        return self._run.trace.nodes[self.id].weights

    @property
    def prompt(self) -> str:
        """The exact prompt, with the forced text at its end."""
        return self._run.trace.nodes[self.id].prompt

    def child(self, kind: str, label: str = "") -> "Node":
        """A new node below this one."""
        return self._run.open(kind, label, [self])

    async def generate(self, prompt: str, sampling: Sampling, forced: str = "") -> str:
        """Continue `prompt` + `forced` once, in this node; returns the sampled text."""
        async with aclosing(self._run.sample([self], prompt, sampling, forced)) as finished:
            async for _ in finished:
                pass
        return self.sampled

    def receive(self, chunk: Chunk) -> None:
        """Take in a piece of text from the engine, or how far the prompt has been read."""
        if chunk.read:
            self._run.emit(PromptRead(self.id, *chunk.read))
        if chunk.text or chunk.tokens:
            self._run.emit(Delta(self.id, chunk.text, chunk.tokens, chunk.logprob))
        if chunk.weights:
            self._run.emit(Weighed(self.id, dict(chunk.weights)))
        if chunk.finish:
            prompt = (chunk.usage.prompt or 0) if chunk.usage else 0
            computed = chunk.usage.computed if chunk.usage else None
            self._run.emit(Closed(self.id, chunk.finish, prompt, computed))

    def read(self, question: Question, rule: Rule = "marker") -> str | None:
        """Read an answer out of the sampled text, record it, and return it; None abstains."""
        letters = option_letters(question.text)
        extraction = extract(self.sampled, question.kind, rule, letters)
        self._run.emit(Answered(self.id, extraction))
        return extraction.value if extraction else None

    def score(self, value: float, votes: Sequence[float] = (), by: Sequence["Node"] = ()) -> None:
        """Record a judge's value, the single votes that it was made of, and who cast them."""
        self._run.emit(Scored(self.id, value, tuple(votes), tuple(node.id for node in by)))

    def compose(self, parts: Sequence[Part]) -> None:
        """Record what its prompt is made of."""
        self._run.emit(Composed(self.id, tuple(parts)))

    def mark(self, status: str, reason: str = "") -> None:
        """Record a change of standing: kept, pruned …"""
        self._run.emit(Marked(self.id, status, reason))
