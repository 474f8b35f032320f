"""Strategies on vLLM, end to end."""

import pytest

from core import recording
from core.driver import Driver
from core.params import build
from core.question import ask
from core.run import Run
from engines.vllm.engine import Vllm
from strategies import REGISTRY

pytestmark = pytest.mark.asyncio(loop_scope="session")

SETTINGS = {
    "self_consistency": {"paths": 8, "max_tokens": 40},
    "tree_of_thoughts": {"task": "open", "depth": 2, "thoughts": 2},
    "budget_forcing": {"budget": 60, "answer_tokens": 8, "versus": "Hmm"},
}


async def finished(engine: Vllm, name: str) -> Run:
    strategy = REGISTRY[name]
    run = Run(engine, 5)
    params = build(strategy.params, SETTINGS[name])
    question = ask("How many legs do 3 cats have?")
    async for _frame in Driver(run, strategy, question, params).frames():
        pass
    return run


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_strategy_ends_records_and_replays(engine: Vllm, name: str) -> None:
    run = await finished(engine, name)
    assert run.trace.ended is not None
    assert run.trace.ended.status in ("answered", "no_answer")
    for node in (node for node in run.trace.nodes.values() if node.calls):
        assert node.sampled or node.finish == "stop"
        assert node.prompt.endswith(node.pieces[0].text)
    replayed = recording.read(recording.write(run.events).encode()).trace()
    assert replayed.totals() == run.trace.totals()
    totals = run.trace.totals()
    assert totals.prompt and totals.computed and totals.computed < totals.prompt


async def test_a_judge_keeps_to_its_words(engine: Vllm) -> None:
    run = await finished(engine, "tree_of_thoughts")
    judged = list(run.trace.of_kind("judgement"))
    assert judged
    assert {node.sampled for node in judged} <= {" sure", " likely", " impossible"}


async def test_rounds_of_thinking_keep_their_least_length(engine: Vllm) -> None:
    """Budget forcing asks for one token after each word that it puts in."""
    assert "min_tokens" not in engine.info.cannot
    run = await finished(engine, "budget_forcing")
    rounds = list(run.trace.of_kind("round"))
    assert rounds and all(node.sampled for node in rounds)
