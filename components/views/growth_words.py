"""The growth of thinking, in words: what each round did to the answer, and what it cost."""

from collections.abc import Iterator
from typing import Any

from components.texts import Text, known
from components.views.reading import Reading
from components.views.rounds_sheet import Chain, Scene, counted, percent, quoted, said, short
from core.answers import same
from core.trace import Trace, TraceNode

MAX_STEPS = 20
"""Rounds that are told in words; more are only in recordings made by hand."""


def told(scene: Scene, chain: Chain) -> dict[str, Any]:
    """What happened, of what is finished: step by step, in sum, and what it cost."""
    final = chain.answer_after(chain.rounds[-1])
    done = final is not None and final.kind == "answer" and final.answered
    return {
        "steps": list(_steps(scene, chain))[:MAX_STEPS],
        "sum": _sum(scene, chain) if done else "",
        "tokens": _tokens(chain, scene.text) if done else "",
    }


def _steps(scene: Scene, chain: Chain) -> Iterator[list[str]]:
    """[what kind of step, its sentence], round after round."""
    text, word = scene.text, quoted(chain.terms, scene.text)
    before = None
    for number, node in enumerate(chain.rounds[:MAX_STEPS]):
        after = _answered(scene, chain, node)
        if after and before:
            kind = change(scene.trace, before, after)
            yield [kind, f"{_after(number, word, text)}{_change(kind, before, after, text)}"]
        elif after and after.node.kind == "probe" and not number:
            yield ["first", text("growth.first", word=word, answer=said(after, text))]
        if "looped" in node.marks:
            share = percent(node.value) or "–"
            yield ["looped", text("growth.looped", n=number, share=share)]
        before = after


def _answered(scene: Scene, chain: Chain, node: TraceNode) -> Reading | None:
    """The reading after a round; None where nothing was asked, or has been answered yet."""
    asked = chain.answer_after(node)
    return scene.readings[asked.id] if asked and asked.answered else None


def change(trace: Trace, before: Reading, after: Reading) -> str:
    """How one answer came out of another: "better", "worse", "same", "changed", "wrong" (another
    wrong one), "found", "lost" or "none"."""
    if before.answer is None:
        return "none" if after.answer is None else "found"
    if after.answer is None:
        return "lost"
    kind = trace.started.kind if trace.started else "text"
    if same(before.answer, after.answer, kind):
        return "same"
    verdicts = {
        ("wrong", "right"): "better",
        ("right", "wrong"): "worse",
        ("wrong", "wrong"): "wrong",
    }
    return verdicts.get((before.verdict, after.verdict), "changed")


def _after(number: int, word: str, text: Text) -> str:
    """ "After the first “Wait”: "."""
    key = f"growth.nth.{number}"
    nth = text(key) if known(key) else text("growth.nth", n=number)
    return text("growth.after", nth=nth, word=word)


def _change(kind: str, before: Reading, after: Reading, text: Text) -> str:
    if kind == "same" and after.verdict:
        kind = f"same_{after.verdict}"
    return text(f"growth.step.{kind}", before=_name(before), after=_name(after))


def _name(reading: Reading | None) -> str:
    return short(reading.answer) if reading and reading.answer is not None else "–"


def _sum(scene: Scene, chain: Chain) -> str:
    """The whole chain in one sentence."""
    text, first, waits = scene.text, chain.rounds[0], len(chain.rounds) - 1
    if not waits:
        cut = "cut" if "cut" in first.marks else "ended"
        return text(f"growth.sum.{cut}", tokens=counted(first.tokens, text))
    before = _answered(scene, chain, first)
    after = _answered(scene, chain, chain.rounds[-1])
    kind = change(scene.trace, before, after) if before and after else "unknown"
    added = chain.tokens - first.tokens
    factor = f"{chain.tokens / first.tokens:,.1f}" if first.tokens and added else ""
    return text(
        f"growth.sum.{kind}",
        word=quoted(chain.terms, text),
        times=text(f"growth.times.{waits}") if waits < 3 else text("growth.times", n=waits),
        tokens=counted(added, text),
        factor=text("growth.factor", n=factor) if factor else "",
        before=_name(before),
        after=_name(after),
    )


def _tokens(chain: Chain, text: Text) -> str:
    """Thinking, and apart from it probes and the answer."""
    asked = [node for nodes in chain.asked.values() for node in nodes]
    probes = sum(node.tokens for node in asked if node.kind == "probe")
    answer = sum(node.tokens for node in asked if node.kind == "answer")
    key = "growth.tokens" if probes else "growth.tokens_unprobed"
    return text(key, thinking=f"{chain.tokens:,}", probes=f"{probes:,}", answer=f"{answer:,}")
