"""Models that think in tests of budget forcing, and what every trace of it must keep to."""

from collections.abc import Iterable
from dataclasses import replace

from core.engine import EngineInfo
from core.trace import Trace, TraceNode
from engines.scripted import INFO
from strategies.budget_forcing import Params, plans

THINK: EngineInfo = replace(INFO, thinking=("<think>\n", "\n</think>\n\n"))
CLOSINGS = ("Final Answer:", "最终答案：", "</think>\n\n")


def thinker(*thoughts: str):
    """A model that thinks these thoughts, the last one for ever, and then ends them by itself.

    The answer is the number of the thoughts that it has had, in a sentence unless asked for.
    """
    had = 0

    def reply(prompt, sampling, sample):
        nonlocal had
        if prompt.endswith(CLOSINGS):
            return f" {had}." if prompt.endswith(CLOSINGS[:2]) else f" The answer is {had}."
        had += 1
        text = thoughts[min(had, len(thoughts)) - 1]
        return f"{text}</think>\n\nThe answer is 99." if sampling.stop else text

    return reply


def chains(trace: Trace) -> list[list[TraceNode]]:
    """The rounds of each line of thought, in order."""
    found: list[list[TraceNode]] = []
    for node in trace.of_kind("round"):
        if node.parents:
            line = next(line for line in found if line[-1].id == node.parents[0])
            line.append(node)
        else:
            found.append([node])
    return found


def asked_of(trace: Trace, node: TraceNode) -> list[str]:
    """The kinds of the answers that hang on a round."""
    return [n.kind for n in trace.of_kind("probe", "answer") if n.parents == (node.id,)]


def keeps_the_contract(trace: Trace, params: Params) -> None:
    """Whatever the model does, a run that came to its end looks like this."""
    assert trace.ended is not None
    lines = chains(trace)
    assert len(lines) == len(plans(params))
    for plan, rounds in zip(plans(params), lines, strict=True):
        assert [node.label for node in rounds] == [str(i) for i in range(len(rounds))]
        assert len(rounds) <= plan.waits + 1
        for node in rounds[:-1]:
            assert asked_of(trace, node) == ["probe"] * params.probe
            assert ("suppressed" in node.marks) == (node.finish == "stop")
            assert ("cut" in node.marks) == (node.finish == "length")
            assert "ended" not in node.marks
        assert asked_of(trace, rounds[-1]) == ["answer"]
        assert ("ended" in rounds[-1].marks) != ("cut" in rounds[-1].marks)
        assert "suppressed" not in rounds[-1].marks
        _within(plan.budget, plan.anew, rounds)
    for node in trace.nodes.values():
        assert node.pieces[0].forced and node.prompt.endswith(node.pieces[0].text)
        assert node.answered == (node.kind != "round")
        assert node.value is None or 0 <= node.value <= 1
    first = next(trace.of_kind("answer"))
    assert trace.ended.answer == (first.extraction.value if first.extraction else None)


def _within(budget: int | None, anew: bool, rounds: Iterable[TraceNode]) -> None:
    if budget is None:
        assert all(node.marks.get("cut") != "budget" for node in rounds)
        return
    spent = 0
    for node in rounds:
        spent = node.tokens if anew else spent + node.tokens
        assert spent <= budget
        assert node.marks.get("cut") != "budget" or spent == budget
