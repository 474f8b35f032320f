"""The growth of thinking: a bar a chain, round after round, with the answer that each led to."""

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from components.texts import Text
from components.view import view
from components.views.growth_words import told
from components.views.palette import Look
from components.views.reading import Lens, Reading
from components.views.rounds_sheet import (
    Chain,
    Scene,
    budget_name,
    chain_title,
    chains,
    chip,
    counted,
    how_it_ended,
    more,
    quoted,
    thinking,
)
from core.trace import Trace, TraceNode

FAR = 1.6
"""A budget of more than this many times what was used stands outside the scale."""

_LEAST = 50
_NICE = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
_TICKS = 5


def growth_view(**options: Any) -> gr.HTML:
    """Bars of tokens. Sends "node_select" with {id}."""
    return view("growth", **options)


def growth(
    trace: Trace,
    lens: Lens,
    readings: Mapping[str, Reading],
    looks: Mapping[str, Look],
    text: Text,
) -> dict[str, Any] | None:
    """All chains on one scale of tokens; None where there are none."""
    every = chains(trace, thinking(trace))
    if not every:
        return None
    end = scale_end(max(chain.tokens for chain in every), [limit(chain) for chain in every])
    scene = Scene(trace, lens, readings, looks, text)
    drawn = [_chain(scene, chain, end) for chain in every]
    return {
        "title": text("growth.title"),
        "running": trace.ended is None,
        "ticks": [{"at": _share(tick, end), "text": f"{tick:,}"} for tick in ticks(end)],
        "chains": drawn,
        "answers": _answers(drawn),
        "legend": _legend(drawn, every, text),
        "more": more(trace, text),
    }


def limit(chain: Chain) -> int | None:
    """The tokens at which the chain is cut; one with a budget for each round is in its last one."""
    budget = chain.terms.budget
    if budget is None or not chain.terms.each:
        return budget
    return chain.tokens - chain.rounds[-1].tokens + budget


def scale_end(used: int, limits: list[int | None]) -> int:
    """Where the scale ends: after what was used and every budget that is near it, at a round
    number, so that a bar grows into its scale and does not stretch it with every token."""
    near = [budget for budget in limits if budget is not None and budget <= FAR * used]
    wanted = max([used, _LEAST, *near])
    power: int = 10 ** (len(str(wanted)) - 2)
    return next(nice * power for nice in _NICE if nice * power >= wanted)


def ticks(end: int) -> list[int]:
    """A few round numbers from 0 to the end of the scale."""
    power: int = 10 ** (len(str(end)) - 2)
    step = next(nice * power for nice in (1, 2, 5, 10, 20, 50) if end <= _TICKS * nice * power)
    return list(range(0, end + 1, step))


def _share(tokens: float, end: int) -> float:
    return round(100 * tokens / end, 3)


def _chain(scene: Scene, chain: Chain, end: int) -> dict[str, Any]:
    """One bar, its budget, and what happened in words."""
    return {
        "title": chain_title(chain.terms, scene.text),
        "tokens": counted(chain.tokens, scene.text),
        "rounds": list(_rounds(scene, chain, end)),
        "budget": _budget(chain, end, scene.text),
        "told": told(scene, chain),
    }


def _rounds(scene: Scene, chain: Chain, end: int) -> Iterator[dict[str, Any]]:
    before = 0
    for number, node in enumerate(chain.rounds):
        asked = chain.answer_after(node)
        answer = _chip(scene, asked) if asked else None
        yield {
            "id": node.id,
            "number": str(number),
            "from": _share(before, end),
            "width": _share(node.tokens, end),
            "forced": number > 0,
            "marks": [mark for mark in how_it_ended(node, scene.text) if mark != "ended"],
            "writing": scene.is_written(node),
            "selected": scene.is_selected(node),
            "label": _label(scene.text, node, number, answer),
            "answer": answer,
        }
        before += node.tokens


def _chip(scene: Scene, node: TraceNode) -> dict[str, Any]:
    made = chip(scene, node)
    key = "growth.answered" if node.kind == "answer" else "growth.would_answer"
    return made | {
        "main": node.kind == "answer",
        "selected": scene.is_selected(node),
        "label": scene.text(key, answer=made["said"]),
    }


def _label(text: Text, node: TraceNode, number: int, answer: dict[str, Any] | None) -> str:
    """All that a segment shows, in words."""
    parts = [
        text("rounds.round", n=number),
        counted(node.tokens, text),
        *how_it_ended(node, text).values(),
        *([answer["label"]] if answer else []),
    ]
    return text("rounds.and").join(parts)


def _budget(chain: Chain, end: int, text: Text) -> dict[str, Any] | None:
    tokens = limit(chain)
    if tokens is None:
        return None
    name = budget_name(chain.terms, text)
    outside = tokens > end
    return {
        "at": 100 if outside else _share(tokens, end),
        "outside": outside,
        "text": f"{name} →" if outside else name,
    }


def _answers(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the letters stand for, each once."""
    chips = (one["answer"] for chain in drawn for one in chain["rounds"] if one["answer"])
    found = {each["letter"]: each for each in chips if each["state"] == "read"}
    shown = ("letter", "colour", "ink", "name", "verdict")
    return [{name: each[name] for name in shown} for each in found.values()]


def _legend(drawn: list[dict[str, Any]], every: list[Chain], text: Text) -> list[list[str]]:
    """What the signs on the bars mean; only of those that there are."""
    rounds = [one for chain in drawn for one in chain["rounds"]]
    there = {mark for one in rounds for mark in one["marks"]}
    there |= {"forced"} if any(one["forced"] for one in rounds) else set()
    words = dict.fromkeys(quoted(chain.terms, text) for chain in every if len(chain.rounds) > 1)
    filled = {"forced": text("growth.legend.forced", word=text("rounds.or").join(words))}
    order = ("forced", "looped", "cut")
    return [
        [sign, filled.get(sign) or text(f"growth.legend.{sign}")] for sign in order if sign in there
    ]
