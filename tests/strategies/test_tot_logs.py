"""The released GPT-4 runs on the Game of 24 are decided as they were.

A scripted engine answers with the logged proposals and judgements; our search must keep the same
states at every step. The file is not part of this repository: another one of its form may be
named by THOUGHTSCOPE_TOT_RUNS.
"""

import json
import os
from collections import defaultdict, deque
from pathlib import Path

import pytest

from core.driver import Driver
from core.engine import Sampling
from core.params import build
from core.question import Question
from core.run import Run
from engines.scripted import INFO, ScriptedEngine
from strategies.tasks.game24 import Game24
from strategies.tree_of_thoughts import STRATEGY, Params, paper_settings

SHARED = Path(__file__).parents[3] / "shared" / "data" / "tot_game24_dev.jsonl"
FILE = Path(os.environ.get("THOUGHTSCOPE_TOT_RUNS", SHARED))
WORDS = {20: "sure", 1: "likely", 0.001: "impossible"}


def runs():
    if not FILE.exists():
        return []
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def thoughts(state):
    """A logged state as a path: its lines; the last line break ends the last one."""
    return tuple(state.removesuffix("\n").split("\n")) if state else ()


def votes(value):
    """The three judgements whose sum was logged; what could not be read is "unclear"."""
    sure, rest = divmod(round(value * 1000), 20_000)
    likely, impossible = divmod(rest, 1000)
    said = ["sure"] * sure + ["likely"] * likely + ["impossible"] * impossible
    return said + ["unclear"] * (3 - len(said))


class Logged:
    """Answers prompts as the log says: proposals in their order, judgements by their prompt."""

    def __init__(self, run):
        self.task = Game24(Question(run["steps"][0]["x"], "text", "en"), checked=False)
        self.replies = defaultdict(deque)
        self.votes = {}
        for step in run["steps"]:
            self._proposals(step)
            for state, value in zip(step["proposed"], step["values"], strict=True):
                path = thoughts(state)
                call = self.task.value(path, written=True)[0]
                # A duplicate was logged as 0 without having been asked about.
                self.votes.setdefault(self.key(call), votes(value))

    def _proposals(self, step):
        left = deque(step["proposed"])
        for state in step["states"]:
            lines = []
            while left and left[0].startswith(state):
                lines.append(left.popleft().removeprefix(state).removesuffix("\n"))
            self.replies[self.key(self.task.proposal(thoughts(state)))].append("\n".join(lines))
        assert not left

    def key(self, call):
        return "".join(f"<|{turn['role']}|>{turn['content']}\n" for turn in call.messages)

    def reply(self, prompt: str, sampling: Sampling, sample: int) -> str:
        asked = prompt.removesuffix("<|assistant|>")
        if asked in self.votes:
            return f"Let me see.\n{self.votes[asked][sample]}"
        return self.replies[asked].popleft()


async def searched(run):
    """The trace of our search on a logged run, with the paper's settings."""
    logged = Logged(run)
    engine = ScriptedEngine(
        logged.reply, info=INFO.__class__("scripted", "scripted", "none", 9_000)
    )
    params = build(Params, dict(paper_settings({"task": "game24"})))
    question = Question(run["steps"][0]["x"], "text", "en")
    driver = Driver(Run(engine, 0), STRATEGY, question, params)
    async for _ in driver.frames():
        pass
    return driver.run.trace


def path(trace, node):
    """The thoughts from the root to a node, as the log writes a state."""
    lines = []
    while trace.nodes[node].parents:
        lines.insert(0, trace.nodes[node].label + "\n")
        node = trace.nodes[node].parents[0]
    return "".join(lines)


def kept(trace, depth):
    """The states kept at a depth, in no order; and how many were judged there."""
    states = [n for n in trace.of_kind("state") if n.id.count(".") == depth]
    return sorted(path(trace, n.id) for n in states if "kept" in n.marks), len(states)


@pytest.mark.parametrize("run", runs() or [None], ids=lambda run: str(run and run["idx"]))
async def test_a_released_run_is_decided_as_it_was(run):
    if run is None:
        pytest.skip("the released runs are not on this machine")
    trace = await searched(run)
    assert trace.ended.status in ("answered", "no_answer"), trace.ended
    for depth, step in enumerate(run["steps"], 1):
        assert kept(trace, depth) == (sorted(step["selected"]), len(step["proposed"]))
    finals = [node for node in trace.of_kind("state") if "final" in node.marks]
    assert sorted(path(trace, n.id) for n in finals) == sorted(run["final"])
    right = {path(trace, n.id): "right" in n.marks for n in finals}
    assert [right[state] for state in run["final"]] == [bool(r) for r in run["reward"]]
    assert path(trace, next(n.id for n in finals if "winner" in n.marks)) == run["final"][0]
