"""Few-shot chain of thought: exemplars as turns, in one or two of the forms that the paper has."""

import asyncio
from dataclasses import replace

import pytest

from core.engine import Sampling
from core.errors import EngineDied, InvalidInput
from core.events import Closed, Composed, Noted, Prompted
from core.exemplars import Exemplar, ExemplarSet, bundled
from core.params import build
from core.question import Question
from engines.scripted import INFO
from strategies.few_shot_cot import STRATEGY
from tests.strategies.asking import asked, turn

QUESTION = Question("2 + 2?", "number", "en")
CATS = Exemplar("How many legs do 2 cats have?", "A cat has 4 legs. 2 * 4 = 8.", "8", "2 * 4 = 8")
EGGS = Exemplar("I had 6 eggs and ate 2. How many are left?", " 6 - 2 = 4.\n", "4 ", "6 - 2 = 4")
SET = ExemplarSet("legs", "number", "en", (CATS, EGGS))
ZH = ExemplarSet(
    "腿", "number", "zh", (Exemplar("两只猫有几条腿？", "每只 4 条。共 8 条。", "8", "2 * 4 = 8"),)
)
TOLD = {
    "cot": ["A cat has 4 legs. 2 * 4 = 8. The answer is 8.", "6 - 2 = 4. The answer is 4."],
    "standard": ["The answer is 8.", "The answer is 4."],
    "equation": ["2 * 4 = 8. The answer is 8.", "6 - 2 = 4. The answer is 4."],
    "dots": ["......... The answer is 8.", "......... The answer is 4."],
    "after": ["The answer is 8. A cat has 4 legs. 2 * 4 = 8.", "The answer is 4. 6 - 2 = 4."],
}
TOLD_ZH = {
    "cot": "每只 4 条。共 8 条。答案是 8。",
    "standard": "答案是 8。",
    "equation": "2 * 4 = 8。答案是 8。",
    "dots": ".........答案是 8。",
    "after": "答案是 8。每只 4 条。共 8 条。",
}
UNCONTINUED = replace(INFO, cannot={"continue": "cannot.continue", "count": "cannot.count"})


def prompt(*pairs, question="2 + 2?"):
    """What the scripted engine's template makes of exemplars and a question."""
    turns = [f"<|user|>{said}\n<|assistant|>{told}\n" for said, told in pairs]
    return "".join(turns) + turn(question)


async def shown(text=" The answer is 4.", exemplars=SET, question="2 + 2?", **more):
    settings = {"exemplars": exemplars, "max_tokens": 48, **more.pop("settings", {})}
    return await asked("few_shot_cot", text, question, settings=settings, **more)


@pytest.mark.parametrize("form", TOLD)
async def test_each_form_says_exactly_this_of_each_exemplar(form):
    run = await shown(settings={"form": form})
    first, second = TOLD[form]
    (call,) = run.calls
    assert call.prompt == prompt((CATS.question, first), (EGGS.question, second))
    assert [(node.kind, node.label) for node in run.nodes] == [("few_shot", form)]
    assert (run.status, run.answer) == ("answered", "4")


@pytest.mark.parametrize("form", TOLD_ZH)
async def test_each_form_in_chinese(form):
    settings = {"form": form}
    run = await shown("答案是 12。", ZH, "三只猫？", language="zh", settings=settings)
    assert run.calls[0].prompt == prompt(("两只猫有几条腿？", TOLD_ZH[form]), question="三只猫？")
    assert run.answer == "12"


async def test_an_exemplar_without_a_rationale_is_its_answer_alone():
    bare = replace(SET, exemplars=(replace(CATS, rationale=""),))
    run = await shown(exemplars=bare)
    assert run.calls[0].prompt == prompt((CATS.question, "The answer is 8."))


async def test_the_text_goes_on_greedily_and_nothing_is_put_into_the_models_mouth():
    run = await shown()
    (call,) = run.calls
    assert (call.n, call.sampling.temperature, call.sampling.max_tokens) == (1, 0.0, 48)
    assert call.sampling == Sampling(max_tokens=48, seed=call.sampling.seed)
    assert call.sampling.reuse
    (node,) = run.nodes
    assert [(piece.forced, piece.text) for piece in node.pieces] == [(False, " The answer is 4.")]


async def test_where_none_is_chosen_the_set_that_fits_the_question_is_shown():
    run = await asked("few_shot_cot", "The answer is 4.", kind="number", language="zh")
    ours = bundled()["arithmetic_zh"].exemplars
    assert run.calls[0].prompt.startswith(f"<|user|>{ours[0].question}\n")
    assert run.calls[0].prompt.count("<|assistant|>") == len(ours) + 1


async def test_the_answer_stands_behind_the_last_marker():
    text = " The answer is 3. No: the answer is 4. That is 2 * 2."
    assert (await shown(text)).answer == "4"


async def test_where_the_answer_comes_first_the_first_marker_counts():
    text = " The answer is 4. For 2 + 2 is 4, and the answer is 5 for 2 + 3."
    assert (await shown(text, settings={"form": "after"})).answer == "4"


async def test_a_text_without_an_answer_is_none():
    run = await shown(" I do not know.")
    assert (run.status, run.answer) == ("no_answer", None)


async def test_two_forms_are_two_nodes_and_the_first_ones_answer_counts():
    def reply(prompt, sampling, sample):
        return " The answer is 4." if "A cat has" in prompt else " The answer is 5."

    for form, versus, answer in (("cot", "standard", "4"), ("standard", "cot", "5")):
        run = await shown(reply, settings={"form": form, "versus": versus})
        assert [(node.id, node.label) for node in run.nodes] == [("0", form), ("1", versus)]
        assert run.answer == answer
        values = {node.label: node.extraction.value for node in run.nodes}
        assert values == {"cot": "4", "standard": "5"}


async def test_two_forms_stream_together():
    both = asyncio.Barrier(2)  # no word comes unless each of two texts waits for one
    async with asyncio.timeout(10):
        run = await shown(
            settings={"versus": "standard"}, gate=lambda: asyncio.ensure_future(both.wait())
        )
    assert run.status == "answered"
    kinds = [type(event) for _, event in run.run.events if isinstance(event, Prompted | Closed)]
    assert kinds == [Prompted, Prompted, Closed, Closed]


async def test_if_one_of_two_fails_the_other_is_let_go_before_the_run_ends():
    held = asyncio.Event()

    def reply(prompt, sampling, sample):
        return "one two three" if "A cat has" in prompt else EngineDied("killed")

    run = await shown(
        reply, settings={"versus": "standard"}, gate=lambda: asyncio.ensure_future(held.wait())
    )
    assert (run.status, run.error["code"]) == ("failed", "engine_died")
    assert all(call.closed for call in run.calls if "A cat has" in call.prompt)
    assert run.nodes[0].finish == "aborted"
    assert run.nodes[0].text == ""


async def test_exemplars_that_are_off_stay_out_and_the_others_keep_their_order():
    off = replace(CATS, question="Off?", on=False)
    run = await shown(exemplars=replace(SET, exemplars=(EGGS, off, CATS)))
    told = TOLD["cot"]
    assert run.calls[0].prompt == prompt((EGGS.question, told[1]), (CATS.question, told[0]))


async def test_a_set_of_which_all_are_off_is_refused():
    off = replace(SET, exemplars=(replace(CATS, on=False),))
    run = await shown(exemplars=off)
    assert (run.error, run.calls) == ({"code": "exemplars_none", "fields": {}}, [])


@pytest.mark.parametrize("forms", [("equation", "none"), ("cot", "dots"), ("dots", "equation")])
async def test_a_missing_equation_is_refused_by_its_number_before_anything_is_asked(forms):
    lacking = replace(SET, exemplars=(CATS, replace(EGGS, equation=" ")))
    settings = dict(zip(("form", "versus"), forms, strict=True))
    run = await shown(exemplars=lacking, settings=settings)
    assert run.error == {"code": "exemplar_equation", "fields": {"number": 2}}
    assert (run.calls, run.nodes) == ([], [])
    with pytest.raises(InvalidInput, match="exemplar_equation"):
        checked(exemplars=lacking, **settings)


@pytest.mark.parametrize("forms", [("cot", "standard"), ("after", "none")])
async def test_forms_without_an_equation_need_none(forms):
    lacking = replace(SET, exemplars=(replace(CATS, equation=""),))
    settings = dict(zip(("form", "versus"), forms, strict=True))
    checked(exemplars=lacking, **settings)
    assert (await shown(exemplars=lacking, settings=settings)).status == "answered"


async def test_an_equation_is_not_missed_where_the_exemplar_is_off():
    off = replace(CATS, equation="", on=False)
    checked(exemplars=replace(SET, exemplars=(off, EGGS)), form="dots")


def checked(**settings):
    STRATEGY.check(QUESTION, build(STRATEGY.params, settings))


def test_the_same_form_twice_is_refused():
    with pytest.raises(InvalidInput) as refused:
        checked(form="dots", versus="dots")
    assert refused.value.code == "versus_same"
    assert refused.value.fields == {"name": "versus", "given": "dots"}


async def test_exemplars_that_do_not_fit_are_refused_with_the_counts_before_any_text():
    tokens = len(prompt((CATS.question, TOLD["cot"][0]), (EGGS.question, TOLD["cot"][1])).split())
    narrow = replace(INFO, context=60)
    run = await shown(info=narrow)
    assert run.error["code"] == "exemplars_long"
    fields = run.error["fields"]
    assert (fields["exemplars"], fields["writes"], fields["context"]) == (2, 48, 60)
    assert fields["tokens"] >= tokens
    assert run.calls == []
    fits = replace(INFO, context=fields["tokens"] + 48)
    assert (await shown(info=fits)).status == "answered"
    assert (await shown(info=replace(fits, context=fits.context - 1))).calls == []


async def test_of_two_forms_neither_is_asked_where_one_does_not_fit():
    standard = await shown(settings={"form": "standard"})
    needed = sum(part.tokens for part in standard.nodes[0].parts) + 48
    run = await shown(
        info=replace(INFO, context=needed), settings={"form": "standard", "versus": "cot"}
    )
    assert (run.error["code"], run.calls) == ("exemplars_long", [])


async def test_each_prompt_is_told_in_its_parts_before_it_is_sent():
    tampered = replace(EGGS.sealed(), answer="5")
    run = await shown(exemplars=replace(SET, exemplars=(CATS, tampered)))
    kinds = [type(e) for _, e in run.run.events if isinstance(e, Composed | Prompted)]
    assert kinds == [Composed, Prompted]
    (node,) = run.nodes
    assert [(part.kind, part.label, part.tampered) for part in node.parts] == [
        ("frame", "", False),
        ("exemplar", "1", False),
        ("exemplar", "2", True),
        ("question", "", False),
        ("frame", "", False),
    ]
    assert (node.parts[0].start, node.parts[-1].end) == (0, len(node.prompt))
    assert all(part.tokens > 0 for part in node.parts)


async def test_what_the_reader_should_know_of_the_exemplars_is_said_once():
    odd = replace(ZH, exemplars=(replace(ZH.exemplars[0].sealed(), answer="9"), *ZH.exemplars))
    run = await shown("Yes", odd, kind="yes_no", settings={"versus": "standard"})
    assert run.trace.notes == [
        Noted("exemplars_kind"),
        Noted("exemplars_language"),
        Noted("exemplars_tampered", {"tampered": 1, "all": 2}),
    ]


async def test_a_change_that_is_switched_off_is_not_said():
    off = replace(CATS.sealed(), answer="9", on=False)
    assert (await shown(exemplars=replace(SET, exemplars=(off, EGGS)))).trace.notes == []


async def test_an_engine_that_only_chats_and_cannot_count_serves_it():
    run = await shown(info=UNCONTINUED)
    assert (run.status, run.answer) == ("answered", "4")
    assert {part.tokens for part in run.nodes[0].parts} == {None}
    assert STRATEGY.lacks(UNCONTINUED.cannot, build(STRATEGY.params, {})) == ""


async def test_where_nobody_counts_the_engine_itself_refuses_what_does_not_fit():
    run = await shown(info=replace(UNCONTINUED, context=60))
    assert run.error["code"] == "context_overflow"


def test_the_prompt_can_be_seen_before_it_is_sent():
    params = build(STRATEGY.params, {"exemplars": SET, "form": "standard"})
    (dialogue,) = STRATEGY.dialogues(QUESTION, params)
    assert [(turn.asked, turn.told) for turn in dialogue.turns] == [
        (CATS.question, "The answer is 8."),
        (EGGS.question, "The answer is 4."),
    ]
    assert (dialogue.asked, dialogue.form) == ("2 + 2?", "standard")
    beside = build(STRATEGY.params, {"exemplars": SET, "form": "dots", "versus": "cot"})
    assert [each.form for each in STRATEGY.dialogues(QUESTION, beside)] == ["dots", "cot"]
