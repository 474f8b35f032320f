"""Zero-shot chain of thought: the two stages of the paper, prompt by prompt."""

import pytest

from core.engine import Sampling
from core.errors import InvalidInput
from core.events import Delta
from core.params import build
from core.run import derive_seed
from strategies import REGISTRY
from tests.strategies.asking import asked, turn

RATIONALE = " Two and two are 4. Five is 5."


def two_stages(rationale=RATIONALE, answer=" 4."):
    """A model that reasons, and then answers once an answer trigger closes the prompt."""

    def reply(prompt, sampling, sample):
        return answer if prompt.endswith((" is", "是")) else rationale

    return reply


async def test_the_second_prompt_is_the_first_with_trigger_rationale_and_answer_trigger():
    run = await asked("zero_shot_cot", two_stages())
    first = turn("2 + 2?") + "Let's think step by step."
    second = first + RATIONALE + "\nTherefore, the answer (arabic numerals) is"
    assert [call.prompt for call in run.calls] == [first, second]
    assert [node.prompt for node in run.nodes] == [first, second]


async def test_both_stages_are_greedy_within_their_own_limits():
    limits = {"max_tokens": 40, "answer_tokens": 5}
    run = await asked("zero_shot_cot", two_stages(), settings=limits)
    assert [(call.n, call.sampling) for call in run.calls] == [
        (1, Sampling(0.0, max_tokens=40, seed=derive_seed(7, "0"), reuse=False)),
        (1, Sampling(0.0, max_tokens=5, seed=derive_seed(7, "0.0"))),
    ]


async def test_a_rationale_that_is_too_long_is_cut_and_still_read_out():
    run = await asked("zero_shot_cot", two_stages("one " * 99), settings={"max_tokens": 16})
    rationale, answer = run.nodes
    assert (rationale.finish, rationale.tokens) == ("length", 16)
    assert run.calls[1].prompt == rationale.prompt + rationale.sampled + answer.pieces[0].text
    assert run.answer == "4"


async def test_the_answer_stands_below_the_rationale_and_both_triggers_are_forced():
    run = await asked("zero_shot_cot", two_stages())
    assert [(n.id, n.parents, n.kind) for n in run.nodes] == [
        ("0", (), "rationale"),
        ("0.0", ("0",), "answer"),
    ]
    forced = [e.text for _, e in run.run.events if isinstance(e, Delta) and e.forced]
    assert forced == [
        "Let's think step by step.",
        "\nTherefore, the answer (arabic numerals) is",
    ]
    assert [node.sampled for node in run.nodes] == [RATIONALE, " 4."]


async def test_the_answer_is_read_from_the_second_stage_only():
    run = await asked("zero_shot_cot", two_stages("The answer is 9.", " 4, not 5."))
    assert (run.status, run.answer) == ("answered", "4")
    assert [node.answered for node in run.nodes] == [False, True]
    assert run.nodes[1].extraction.rule == "first"


async def test_a_second_stage_without_an_answer_is_no_answer_whatever_the_rationale_said():
    run = await asked("zero_shot_cot", two_stages("The answer is 9.", " unknown."))
    assert (run.status, run.answer) == ("no_answer", None)


@pytest.mark.parametrize(
    ("kind", "language", "question", "trigger", "text", "answer"),
    [
        ("number", "en", "2 + 2?", "\nTherefore, the answer (arabic numerals) is", " 4", "4"),
        (
            "choice",
            "en",
            "(A) x (B) y (C) z",
            "\nTherefore, among A through C, the answer is",
            *"CC",
        ),
        ("choice", "en", "Which?", "\nTherefore, among A through E, the answer is", *"EE"),
        ("yes_no", "en", "Can it?", "\nTherefore, the answer (Yes or No) is", " Yes.", "yes"),
        ("text", "en", "Letters?", "\nTherefore, the answer is", " nk.", "nk"),
        ("number", "zh", "几个？", "\n所以，答案（阿拉伯数字）是", " １２ 个", "12"),
        ("choice", "zh", "哪个？ A. 草 B. 血", "\n所以，在 A 到 B 中，答案是", " Ｂ", "B"),
        ("yes_no", "zh", "能吗？", "\n所以，答案（是或否）是", "：不能。", "no"),
        ("text", "zh", "首都？", "\n所以，答案是", "北京。", "北京"),
    ],
)
async def test_each_kind_has_its_trigger_in_both_languages(
    kind, language, question, trigger, text, answer
):
    run = await asked("zero_shot_cot", two_stages(answer=text), question, kind, language)
    assert run.calls[1].prompt.endswith(RATIONALE + trigger)
    assert run.answer == answer


@pytest.mark.parametrize(
    ("setting", "language", "words"),
    [
        ("step_by_step", "zh", "让我们一步一步地思考。"),
        ("first", "en", "First,"),
        ("think", "zh", "让我们想一想"),
        ("Abracadabra! ${x}", "en", "Abracadabra! ${x}"),
    ],
)
async def test_the_trigger_can_be_chosen_or_written(setting, language, words):
    settings = {"trigger": setting}
    run = await asked("zero_shot_cot", two_stages(), "Q", "number", language, settings)
    assert run.calls[0].prompt == turn("Q") + words


@pytest.mark.parametrize("strategy", ["zero_shot_cot", "self_consistency"])
@pytest.mark.parametrize("empty", ["", "  ", "\n\t", "\ud800"])
def test_a_trigger_that_is_empty_or_broken_is_refused(strategy, empty):
    with pytest.raises(InvalidInput) as refused:
        build(REGISTRY[strategy].params, {"trigger": empty})
    assert (refused.value.code, refused.value.fields["name"]) == ("param_empty", "trigger")
