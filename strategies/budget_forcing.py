"""Budget forcing, "Wait" (Muennighoff et al. 2025, s1, arXiv 2501.19393, section 3.1).

When the model wants to end its thinking, the end is held back and a word such as "Wait" is put into
its mouth, so that it thinks on; or its thinking is cut at a budget. Then the answer is asked for.
"""

from dataclasses import dataclass
from typing import Literal

from core.engine import Sampling
from core.errors import ContextOverflow, InvalidInput
from core.params import param
from core.question import Question
from core.run import Node, Run
from core.strategy import Strategy
from strategies import prompts
from strategies.loops import LOOPED, repetition
from strategies.thinking import Thinking, thinking

Mode = Literal["both", "extend", "cap"]
Span = Literal["run", "round"]

WORDS = ("Wait", "Hmm", "Alternatively", "等等", "让我再想想")
NONE = "none"
# An engine may put a token of its own, the BOS, before a prompt; `Run.count` does not count it.
_BOS = 1


@dataclass(frozen=True, slots=True)
class Params:
    """`mode`: "extend" holds ends back, "cap" cuts at the budget, "both" does both.

    `waits`: how many ends are held back at most, and `word` what is put in their place. `budget`,
    in sampled tokens of thinking, is for the whole run (the loop in the README of s1) or for each
    round anew (its evaluation harness). `probe` also asks, after each round, for the answer that
    would have been given then. `versus` and `versus_budget` think the same again with another word
    or budget; "none" and 0 are off.
    """

    mode: Mode = param("both", options=("both", "extend", "cap"), paper="both", needs="continue")
    waits: int = param(2, low=0, high=8, step=1, paper="1 – 6", needs="continue")
    word: str = param("Wait", options=WORDS, open=True, paper="Wait", needs="continue")
    budget: int = param(600, low=1, high=32_000, step=1, paper="32000", needs="continue")
    budget_for: Span = param("run", options=("run", "round"), paper="run", more=True)
    answer_tokens: int = param(64, low=1, high=1024, step=1, paper="32768")
    probe: bool = param(True, needs="continue")
    versus: str = param(NONE, options=(NONE, *WORDS), open=True, needs="continue", more=True)
    versus_budget: int = param(0, low=0, high=32_000, step=1, needs="continue", more=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one line of thought is stretched and bounded: up to `waits` times by `word`, and by
    `budget` sampled tokens (None: by the context alone), `anew` for each round or for all."""

    waits: int
    word: str
    budget: int | None
    anew: bool


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Think and answer; where it is compared, once more in another way. The first answer counts."""
    check(question, params)
    info = run.engine_info
    words = thinking(info.thinking, question.language)
    for name in ("word", "versus"):
        if token := words.forbidden(getattr(params, name), info.special_tokens):
            raise InvalidInput("word_delimiter", name=name, token=token)
    if not words.trained:
        run.note("adapted", opening=words.opening, closing=words.closed("", cut=True).strip())
    prompt = await run.render(prompts.ask(question))
    chains = [_Chain(run, question, words, plan, params) for plan in plans(params)]
    answers = [await chain.solve(prompt) for chain in chains]
    return answers[0]


def check(question: Question, params: Params) -> None:
    """Raises InvalidInput for a comparison that could not differ, and so would be ignored."""
    planned = plans(params)
    idle = [
        ("versus", params.versus != NONE and not planned[0].waits),
        ("versus_budget", params.versus_budget > 0 and planned[0].budget is None),
        ("versus_budget" if params.versus == NONE else "versus", planned[1:] == planned[:1]),
    ]
    for name, ignored in idle:
        if ignored:
            raise InvalidInput("versus_same", name=name, given=getattr(params, name))


def plans(params: Params) -> tuple[Plan, ...]:
    """The line of thought that was asked for, and the one that it is compared with, if any."""
    asked = _plan(params, params.word, params.budget)
    if params.versus == NONE and not params.versus_budget:
        return (asked,)
    word = params.word if params.versus == NONE else params.versus
    return asked, _plan(params, word, params.versus_budget or params.budget)


def _plan(params: Params, word: str, budget: int) -> Plan:
    return Plan(
        waits=0 if params.mode == "cap" else params.waits,
        word=word,
        budget=None if params.mode == "extend" else budget,
        anew=params.budget_for == "round",
    )


class _Chain:
    """One line of thought: a chain of rounds, and the answer to which they lead."""

    def __init__(
        self, run: Run, question: Question, words: Thinking, plan: Plan, params: Params
    ) -> None:
        self._run = run
        self._question = question
        self._words = words
        self._plan = plan
        self._params = params
        self._context = run.engine_info.context - _BOS
        self._text = ""  # the prompt, and all that was thought so far
        self._thoughts: list[str] = []
        self._cut = ""  # why the latest round was cut; "" where the model ended it

    async def solve(self, prompt: str) -> str | None:
        """The paper's loop: think; in place of the end a word, and think on; then answer."""
        plan, left = self._plan, self._plan.budget
        self._text, opening = self._words.opened(prompt)
        room = await self._first_room(opening)
        node = self._run.open("round", "0")
        await self._think(node, opening, left, room)
        for number in range(1, plan.waits + 1):
            left = left if left is None or plan.anew else left - self._sampled(node)
            if (left is not None and left <= 0) or self._cut == "context":
                break
            word = self._words.stretched(self._text, plan.word)
            room = await self._room(word)
            if room < 1:
                self._cut_off(node, "context")
                break
            await self._hold_back(node)
            node = node.child("round", str(number))
            await self._think(node, word, left, room)
        if not self._cut:
            node.mark("ended")
        return await self._answer(node.child("answer"))

    async def _think(self, node: Node, forced: str, left: int | None, room: int) -> None:
        """One round: at most what is `left` of the budget and what there is `room` for."""
        first = not self._thoughts
        sampling = Sampling(
            max_tokens=room if left is None else min(left, room),
            min_tokens=0 if first or "min_tokens" in self._run.engine_info.cannot else 1,
            stop=self._words.ends,
            reuse=not first,
        )
        await node.generate(self._text, sampling, forced)
        self._text = node.prompt + node.sampled
        self._measure(node)
        self._cut = ""
        if self._run.trace.nodes[node.id].finish == "length":
            self._cut_off(node, "context" if left is None or room < left else "budget")

    async def _hold_back(self, node: Node) -> None:
        """Do not accept the model's end. The probe comes before the next round, so that both
        continue what the engine has in its cache; nothing of it enters the chain."""
        if not self._cut:
            node.mark("suppressed")
        if self._params.probe:
            await self._answer(node.child("probe"))

    async def _answer(self, node: Node) -> str | None:
        """Close the thinking, and let the model answer."""
        closing = self._words.closed(self._text, cut=bool(self._cut))
        # Read anew, a text may have some tokens more than it was sampled in.
        room = self._context - await self._run.count(self._text + closing)
        most = min(self._params.answer_tokens, max(room, 1))
        await node.generate(self._text, Sampling(max_tokens=most), closing)
        return node.read(self._question, self._words.rule(cut=bool(self._cut)))

    async def _room(self, forced: str) -> int:
        """How many tokens may be sampled after `forced`, so that the closing and the answer fit."""
        closing = await self._run.count(self._words.closed("", cut=True))
        asked = await self._run.count(self._text + forced)
        return self._context - asked - closing - self._params.answer_tokens

    async def _first_room(self, opening: str) -> int:
        """Raises ContextOverflow where nothing can be thought."""
        room = await self._room(opening)
        if room < 1:
            tokens = await self._run.count(self._text + opening)
            raise ContextOverflow(tokens, max(0, tokens + room - 1))
        return room

    def _cut_off(self, node: Node, reason: str) -> None:
        self._cut = reason
        node.mark("cut", reason)
        noted = any(note.code == "context_full" for note in self._run.trace.notes)
        if reason == "context" and not noted:
            self._run.note("context_full", tokens=self._run.engine_info.context)

    def _measure(self, node: Node) -> None:
        """Score how much of the round was thought before."""
        share = repetition(node.sampled, self._thoughts)
        self._thoughts.append(node.sampled)
        if share is None:
            return
        node.score(share)
        if share >= LOOPED:
            node.mark("looped")

    def _sampled(self, node: Node) -> int:
        return self._run.trace.nodes[node.id].tokens


STRATEGY = Strategy(
    name="budget_forcing",
    solve=solve,
    params=Params,
    paper="Muennighoff et al. 2025, arXiv 2501.19393",
    departures=(
        "wait_delimiters",
        "wait_adapted",
        "wait_smaller",
        "wait_min_tokens",
        "wait_context",
        "wait_probe",
        "wait_loops",
        "wait_compare",
        "cleansing",
    ),
    check=check,
    needs=("continue", "count", "usage"),
)
