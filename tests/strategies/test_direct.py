"""Direct answering: the paper's zero-shot baseline, one greedy call after the answer trigger."""

import pytest

from core.engine import Sampling
from core.events import Delta
from core.run import derive_seed
from tests.strategies.asking import asked, turn

TRIGGERS = {
    ("number", "en"): "The answer (arabic numerals) is",
    ("yes_no", "en"): "The answer (Yes or No) is",
    ("text", "en"): "The answer is",
    ("number", "zh"): "答案（阿拉伯数字）是",
    ("yes_no", "zh"): "答案（是或否）是",
    ("text", "zh"): "答案是",
}


@pytest.mark.parametrize(("kind", "language"), TRIGGERS)
async def test_the_prompt_is_the_question_and_the_trigger_and_nothing_else(kind, language):
    run = await asked("direct", "x", "Q?", kind, language)
    assert [call.prompt for call in run.calls] == [turn("Q?") + TRIGGERS[kind, language]]


async def test_it_is_one_greedy_call_that_reads_its_prompt_anew():
    run = await asked("direct", " 4.", settings={"answer_tokens": 9})
    (call,) = run.calls
    assert call.n == 1
    assert call.sampling == Sampling(
        temperature=0.0, max_tokens=9, seed=derive_seed(7, "0"), reuse=False
    )


async def test_the_trigger_is_forced_and_the_answer_sampled():
    run = await asked("direct", " 4 apples")
    (node,) = run.nodes
    assert (node.kind, node.text) == ("answer", "The answer (arabic numerals) is 4 apples")
    assert node.sampled == " 4 apples"
    forced = [e.text for _, e in run.run.events if isinstance(e, Delta) and e.forced]
    assert forced == ["The answer (arabic numerals) is"]


@pytest.mark.parametrize(
    ("kind", "language", "question", "text", "answer"),
    [
        ("number", "en", "2 + 2?", " 4. Or is it 5?", "4"),
        ("number", "zh", "2 加 2 等于几？", "４。不是 5", "4"),
        ("choice", "en", "(A) x (B) y (C) z", " E? (B), not C.", "B"),
        ("choice", "zh", "Ａ．草 Ｂ．血", "Ｂ", "B"),
        ("yes_no", "en", "Can it?", " No. Yes was wrong.", "no"),
        ("yes_no", "zh", "能吗？", "否。", "no"),
        ("text", "en", "Letters?", ' "nk". That is all.', "nk"),
        ("text", "zh", "首都？", "：北京。", "北京"),
    ],
)
async def test_the_first_match_after_the_trigger_is_the_answer(
    kind, language, question, text, answer
):
    run = await asked("direct", text, question, kind, language)
    assert (run.status, run.answer) == ("answered", answer)
    assert run.nodes[0].extraction.rule == "first"


async def test_where_nothing_can_be_read_there_is_no_answer():
    run = await asked("direct", " a secret.")
    assert (run.status, run.answer) == ("no_answer", None)
    assert run.nodes[0].answered
    assert run.nodes[0].extraction is None
