"""Runs the Tree of Thoughts on a scripted engine, and reads the tree that it has grown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.driver import Driver
from core.engine import Message, Sampling
from core.params import build
from core.question import Kind, Language, Question
from core.run import Run
from core.strategy import Edit
from core.trace import TraceNode
from engines.scripted import INFO, ScriptedEngine
from strategies.tasks.task import Call, Task, Thought, Thoughts, user
from strategies.tree_of_thoughts import STRATEGY, Params
from tests.strategies.asking import Asked, Text

WIDE = replace(INFO, context=20_000)

Told = Mapping[str, str | Sequence[str]]


class Letters(Task):
    """A task to search in: a thought is a letter, and capital letters are none. States of the
    same letters are judged by the same prompt."""

    generation, evaluation, search = "propose", "value", "bfs"
    depth = 2
    prune_at = 1.0  # one "likely" is not enough to go on, depth-first

    def proposal(self, thoughts: Thoughts) -> Call | None:
        return Call(user(f"after {''.join(thoughts)}".strip()))

    def proposed(self, thoughts: Thoughts, texts: Sequence[str]) -> list[Thought]:
        return [self.read(thoughts, word) for text in texts for word in text.split()]

    def sample(self, thoughts: Thoughts) -> Call | None:
        return Call(user(f"one after {''.join(thoughts)}".strip()), "Letter:")

    def read(self, thoughts: Thoughts, text: str) -> Thought:
        letter = text.strip()
        return Thought(letter, "capital" if letter.isupper() or not letter else "")

    def value(self, thoughts: Thoughts, *, written: bool) -> list[Call]:
        return [Call(user(f"judge {''.join(sorted(thoughts))}"), "" if written else "Verdict:")]

    def vote(self, states: Sequence[Thoughts], *, written: bool) -> Call:
        return Call(user(f"vote {' '.join(map(''.join, states))}"), "" if written else "Number")

    def answer(self, thoughts: Thoughts) -> str | None:
        return "".join(thoughts) or None


def says(told: Told):
    """A model that answers each prompt of `Letters` as told, one text for all its samples or a
    text each. It proposes nothing, and judges "likely", where it was told nothing."""

    def reply(prompt: str, sampling: Sampling, sample: int) -> str:
        asked = wish(prompt)
        text = told.get(asked, "likely" if asked.startswith("judge") else "")
        text = text if isinstance(text, str) else text[sample]
        return f" {text}" if sampling.choices else text

    return reply


def wish(prompt: str) -> str:
    """What a prompt of `Letters` asks for."""
    return prompt.removeprefix("<|user|>").partition("\n")[0]


def prompt(messages: Sequence[Message], forced: str = "") -> str:
    """A prompt as the scripted engine renders it."""
    turns = "".join(f"<|{turn['role']}|>{turn['content']}\n" for turn in messages)
    return f"{turns}<|assistant|>{forced}"


def driver_of(
    reply: Text | Told,
    task: str = "letters",
    text: str = "?",
    kind: Kind = "text",
    language: Language = "en",
    old: Asked | None = None,
    edit: Edit | None = None,
    clock=None,
    weigh=None,
    gate=None,
    cannot=(),
    **settings,
) -> tuple[Driver, ScriptedEngine]:
    """A driver of a new run, or of one that continues `old` with an edit."""
    if isinstance(reply, Mapping):
        reply = says(reply)
    answer = (lambda *_: reply) if isinstance(reply, str) else reply
    info = replace(WIDE, cannot=dict.fromkeys(cannot, "cannot.min_tokens"))
    engine = ScriptedEngine(answer, info=info, weigh=weigh, gate=gate)
    history = old.run.events[:-1] if old else ()
    run = Run(engine, 7, **({"clock": clock} if clock else {}), history=history)
    # `Letters` is no option on the page, so the task is set past the check.
    params = replace(build(Params, settings), task=task)
    return Driver(run, STRATEGY, Question(text, kind, language), params, edit=edit), engine


async def searched(reply: Text | Told, *question: str, **more) -> Asked:
    """A finished run of the Tree of Thoughts; `question`: task, text, kind, language."""
    driver, engine = driver_of(reply, *question, **more)
    async for _ in driver.frames():
        pass
    return Asked(driver.run, engine)


def path(run: Asked, node: TraceNode) -> tuple[str, ...]:
    """The thoughts from the root to a state."""
    thoughts: tuple[str, ...] = ()
    while node.parents:
        thoughts = (node.label or node.sampled.strip(), *thoughts)
        node = run.trace.nodes[node.parents[0]]
    return thoughts


def states(run: Asked, mark: str = "") -> list[str]:
    """The states, or those with a mark, in the order in which they were opened; the root is ""."""
    found = [node for node in run.trace.of_kind("state") if not mark or mark in node.marks]
    return ["".join(path(run, node)) for node in found]


def state(run: Asked, letters: str) -> TraceNode:
    """The first state of these letters."""
    nodes = list(run.trace.of_kind("state"))
    return next(node for node in nodes if "".join(path(run, node)) == letters)


def values(run: Asked) -> dict[str, float | None]:
    """What the judge gave each state below the root; the first of duplicates counts."""
    return {name: state(run, name).value for name in states(run) if name}


def asked_for(run: Asked, what: str = "") -> list[str]:
    """What the prompts asked for, in their order."""
    return [wish(call.prompt) for call in run.calls if wish(call.prompt).startswith(what)]


def notes(run: Asked) -> list[tuple[str, dict]]:
    return [(note.code, note.fields) for note in run.trace.notes]
