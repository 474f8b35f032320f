"""The chains of a run of budget forcing, and what is known of one round, its answer and its end."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from components.texts import Text
from components.views.palette import Look
from components.views.reading import Lens, Reading
from core.answers import canonical
from core.trace import Trace, TraceNode

MAX_NODES = 200
"""Rounds, probes and answers that the page draws; a recording from outside may have any number."""

MAX_BUDGET = 1_000_000
"""A budget beyond this is not one that a run could have had."""

MAX_ANSWER = 60
"""Characters of an answer beside its letter; the inspector has all of it."""

MARKS = ("looped", "suppressed", "ended", "cut")
"""What is said of the end of a round, in the order in which it is shown."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What both views are drawn from. `looks` by canonical answer."""

    trace: Trace
    lens: Lens
    readings: Mapping[str, Reading]
    looks: Mapping[str, Look]
    text: Text

    def is_written(self, node: TraceNode) -> bool:
        """Whether it is being written now."""
        return node.closed is None and self.trace.ended is None

    def is_selected(self, node: TraceNode) -> bool:
        """Whether a person has picked it."""
        return node.id == self.lens.selected


@dataclass(frozen=True, slots=True)
class Terms:
    """What a chain was given: the `word` ("" where none is put in) and its `budget` in tokens, for
    the whole chain or for `each` round. None: no budget but the context."""

    word: str
    budget: int | None
    each: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """One line of thought: its rounds, in order, and by the id of each what was asked after it."""

    terms: Terms
    rounds: list[TraceNode] = field(default_factory=list)
    asked: dict[str, list[TraceNode]] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Sampled tokens of thinking; probes and the answer are none."""
        return sum(node.tokens for node in self.rounds)

    def answer_after(self, node: TraceNode) -> TraceNode | None:
        """The probe of a round or, after the last one, the answer."""
        asked = self.asked.get(node.id, [])
        return next(
            (found for found in asked if found.kind == "answer"), asked[0] if asked else None
        )


def thinking(trace: Trace) -> list[TraceNode]:
    """The nodes of the chains that are drawn, in the order in which they were opened."""
    return list(islice(trace.of_kind("round", "probe", "answer"), MAX_NODES))


def more(trace: Trace, text: Text) -> str:
    """That there are nodes which are not drawn; "" where all are."""
    every = sum(1 for _ in trace.of_kind("round", "probe", "answer"))
    return text("rounds.more", drawn=MAX_NODES, all=f"{every:,}") if every > MAX_NODES else ""


def chains(trace: Trace, nodes: Iterable[TraceNode]) -> list[Chain]:
    """The chains that these nodes make. A round that follows no other one begins a chain."""
    params = trace.started.params if trace.started else {}
    found: list[Chain] = []
    chain_of: dict[str, Chain] = {}
    for node in nodes:
        chain = chain_of.get(node.parents[0]) if node.parents else None
        if node.kind != "round":
            if chain is not None:
                chain.asked.setdefault(node.parents[0], []).append(node)
            continue
        if chain is None:
            chain = Chain(terms(params, second=bool(found)))
            found.append(chain)
        chain.rounds.append(node)
        chain_of[node.id] = chain
    return found


def terms(params: Mapping[str, Any], second: bool = False) -> Terms:
    """The terms of the first chain, or of the `second` one that it is compared with.

    Params of a recording may be of any type: what cannot be read is left out.
    """
    mode = params.get("mode")
    word, budget = _word(params.get("word")), _budget(params.get("budget"))
    if second:
        other = params.get("versus")
        word = (_word(other) if other != "none" else "") or word
        budget = _budget(params.get("versus_budget")) or budget
    return Terms(
        word="" if mode == "cap" else word,
        budget=None if mode == "extend" else budget,
        each=params.get("budget_for") == "round",
    )


def _word(given: Any) -> str:
    return given.strip()[:40] if isinstance(given, str) else ""


def _budget(given: Any) -> int | None:
    return given if type(given) is int and 0 < given <= MAX_BUDGET else None


def quoted(terms: Terms, text: Text) -> str:
    """The word as it is spoken of."""
    return text("rounds.word", word=terms.word) if terms.word else text("rounds.some_word")


def budget_name(terms: Terms, text: Text) -> str:
    """ "budget 600"; "" where there is none."""
    if terms.budget is None:
        return ""
    key = "rounds.budget_each" if terms.each else "rounds.budget"
    return text(key, n=f"{terms.budget:,}")


def chain_title(terms: Terms, text: Text) -> str:
    """ "“Wait”, budget 600"."""
    word = quoted(terms, text) if terms.word else ""
    budget = budget_name(terms, text) or (text("rounds.no_budget") if word else "")
    return text("rounds.and").join(filter(None, (word, budget))) or text("rounds.chain")


def counted(tokens: int, text: Text) -> str:
    """ "143 tokens"."""
    return text("rounds.token") if tokens == 1 else text("rounds.tokens", n=f"{tokens:,}")


def seconds(trace: Trace, node: TraceNode) -> float:
    """How long a node took, or has taken so far."""
    return (node.closed if node.closed is not None else trace.seconds) - node.opened


def percent(share: float | None) -> str:
    """A share as "82 %"; "" where it is none."""
    if share is None or not math.isfinite(share):
        return ""
    return f"{round(100 * min(max(share, 0.0), 1.0))} %"


def chip(scene: Scene, node: TraceNode) -> dict[str, Any]:
    """An answer as every view shows it. `state`: "read", "abstained", "asking" or "unfinished"."""
    reading, text = scene.readings[node.id], scene.text
    answer, started = reading.answer, scene.trace.started
    look = (
        scene.looks.get(canonical(answer, started.kind)) if started and answer is not None else None
    )
    state = "read" if answer is not None else _unread(scene, node)
    return {
        "id": node.id,
        "state": state,
        "letter": look.letter if look else {"abstained": "–", "asking": "…"}.get(state, "?"),
        "colour": look.colour if look else "",
        "ink": look.ink if look else "",
        "name": short(answer) if answer is not None else text(f"rounds.answer.{state}"),
        "verdict": reading.verdict,
        "said": said(reading, text) if answer is not None else text(f"rounds.answer.{state}"),
    }


def _unread(scene: Scene, node: TraceNode) -> str:
    if node.answered:
        return "abstained"
    broken = node.finish == "aborted" or scene.trace.ended is not None
    return "unfinished" if broken else "asking"


def said(reading: Reading, text: Text) -> str:
    """An answer in words: "18, right"."""
    if reading.answer is None:
        return text("rounds.answer.abstained")
    verdict = text(f"verdict.{reading.verdict}") if reading.verdict else ""
    return text("rounds.and").join(filter(None, (short(reading.answer), verdict)))


def short(answer: str, length: int = MAX_ANSWER) -> str:
    """An answer on one line."""
    line = " ".join(answer[: 4 * length].split())
    return line if len(line) <= length else line[: length - 1] + "…"


def how_it_ended(node: TraceNode, text: Text) -> dict[str, str]:
    """Each mark of a round that is known, in words."""
    return {mark: _mark(node, mark, text) for mark in MARKS if mark in node.marks}


def _mark(node: TraceNode, mark: str, text: Text) -> str:
    share = percent(node.value)
    if mark == "looped":
        return text("rounds.looped", share=share) if share else text("rounds.looped_some")
    if mark == "cut" and node.marks[mark] in ("budget", "context"):
        return text(f"rounds.cut.{node.marks[mark]}")
    return text(f"rounds.{mark}")


def round_facts(trace: Trace, node: TraceNode, text: Text) -> list[list[str]]:
    """What the inspector says of a round beside the numbers of any node, as [name, value] pairs:
    its part in the thinking of its chain, how much of it stood there before, and its end."""
    if node.kind != "round":
        return []
    ends = how_it_ended(node, text)
    ends.pop("looped", None)
    known = [
        ("part", _part(trace, node, text)),
        ("repeated", _repeated(node, text)),
        ("end", text("rounds.and").join(ends.values())),
    ]
    return [[text(f"rounds.fact.{name}"), value] for name, value in known if value]


def _repeated(node: TraceNode, text: Text) -> str:
    share = percent(node.value)
    return text("rounds.repeated", share=share) if share else ""


def _part(trace: Trace, node: TraceNode, text: Text) -> str:
    """Its share of the tokens and of the time of all rounds of its chain."""
    every = chains(trace, trace.of_kind("round"))
    chain = next(found for found in every if any(one is node for one in found.rounds))
    time = sum(seconds(trace, one) for one in chain.rounds)
    if not chain.tokens or time <= 0:
        return ""
    of_tokens, of_time = node.tokens / chain.tokens, seconds(trace, node) / time
    return text("rounds.part", tokens=percent(of_tokens), time=percent(of_time))
