"""What the editors of the form show, and what the prompt in it comes to, without a page."""

import asyncio
import re
import zlib
from dataclasses import replace

import pytest

from components.asking import pools
from components.asking.composing import UNASKED, Composer, checksum
from components.asking.editors import changed
from components.asking.exemplars import EDITORS, as_value, editor_data
from components.asking.form import DETECT, Asked
from components.asking.preview import MAX_TEXT, costs_data, prompt_data, segments, wrong
from components.drafts import Costs, Draft, Preview
from components.texts import table, texts
from components.view import ASSETS
from core import exemplars, pool
from core.engine import EngineInfo
from core.errors import EngineError
from core.events import Part
from core.exemplars import Exemplar, ExemplarSet, Origin, bundled
from core.pool import Pool
from core.question import Question
from engines.scripted import INFO, ScriptedEngine, ScriptedHost
from strategies import REGISTRY

EN, ZH = texts("en"), texts("zh")
SETS = {"exemplars": "exemplars"}
ARITHMETIC = bundled()["arithmetic_en"]


class Counting(ScriptedEngine):
    """Notes which texts it is asked to count."""

    counted: list[str]

    def __init__(self, info: EngineInfo = INFO) -> None:
        super().__init__(lambda *_: "", info)
        self.counted = []

    async def count(self, text: str) -> int:
        self.counted.append(text)
        return await super().count(text)


def asked(question: str = "How many are 3 + 4?", kind: str = DETECT, **params) -> Asked:
    settings = {"exemplars": "", "form": "cot", "versus": "none", "max_tokens": 400} | params
    return Asked(question, "", kind, DETECT, None, "few_shot_cot", settings)


async def seen(form: Asked, engine: ScriptedEngine | None = None, language="en", **host) -> Preview:
    composer = Composer(ScriptedHost(engine or ScriptedEngine(lambda *_: ""), **host))
    return await composer.preview(form, REGISTRY["few_shot_cot"], SETS, language)


async def test_the_prompt_is_the_one_that_is_sent_and_its_parts_cover_it():
    preview = await seen(asked())
    assert preview.fits == "arithmetic_en" and preview.error is None
    (draft,) = preview.drafts
    assert "".join(draft.prompt[part.start : part.end] for part in draft.parts) == draft.prompt
    assert [part.kind for part in draft.parts].count("exemplar") == 8
    assert draft.prompt.endswith("How many are 3 + 4?\n<|assistant|>")
    assert draft.tokens == sum(part.tokens for part in draft.parts)
    assert prompt_data(preview, EN, "en")["drafts"][0]["title"] == ""


async def test_of_two_forms_both_prompts_are_shown_and_the_longer_one_must_fit():
    preview = await seen(asked(form="standard", versus="cot"))
    standard, cot = preview.drafts
    assert standard.tokens < cot.tokens
    drawn = prompt_data(preview, EN, "en")["drafts"]
    assert [draft["title"].lower() for draft in drawn] == [
        EN(f"option.form.{form}").lower() for form in ("standard", "cot")
    ]
    for draft, shown in zip(preview.drafts, drawn, strict=True):
        assert f"{draft.tokens:,} of" in shown["share"]
    room = INFO.context - cot.tokens
    tight = await seen(asked(form="standard", versus="cot", max_tokens=room + 8))
    assert tight.over == 8 and wrong(tight, EN, "en") == EN("prompt.over", n="8")
    assert [d["over"] for d in prompt_data(tight, EN, "en")["drafts"]] == [False, True]


async def test_exemplars_cost_what_their_parts_have_also_those_switched_off():
    off = replace(
        ARITHMETIC,
        exemplars=(replace(ARITHMETIC.exemplars[0], on=False), *ARITHMETIC.exemplars[1:]),
    )
    whole, part = await seen(asked()), await seen(asked(exemplars=as_value(off)))
    assert part.costs["exemplars"].tokens == whole.costs["exemplars"].tokens
    assert None not in part.costs["exemplars"].tokens
    assert len(part.drafts[0].parts) == len(whole.drafts[0].parts) - 1
    saved = whole.costs["exemplars"].tokens[0]
    assert part.drafts[0].tokens == whole.drafts[0].tokens - saved


async def test_a_half_written_exemplar_is_said_and_the_others_keep_their_costs():
    half = replace(ARITHMETIC, exemplars=(*ARITHMETIC.exemplars, Exemplar("Only this?", "", "")))
    preview = await seen(asked(exemplars=as_value(half)))
    assert preview.error is not None and preview.error["code"] == "exemplar_empty"
    *others, last = preview.costs["exemplars"].tokens
    assert all(others) and last is None
    (draft,) = preview.drafts
    assert len(draft.parts) == 11 and "Only this?" not in draft.prompt


async def test_what_a_person_changed_is_told_by_digest():
    first, *rest = ARITHMETIC.exemplars
    mine = replace(
        ARITHMETIC, exemplars=(replace(first, answer="0"), *rest, Exemplar("a?", "", "b"))
    )
    preview = await seen(asked(exemplars=as_value(mine)))
    assert preview.costs["exemplars"].tampered == (True, *[False] * 8)
    assert [part.tampered for part in preview.drafts[0].parts[1:3]] == [True, False]


async def test_it_never_waits_for_an_engine():
    preview = await asyncio.wait_for(seen(asked(), waiting=asyncio.Event()), 5)
    (draft,) = preview.drafts
    assert preview.counting == "waiting" and draft.tokens is None
    assert "<|user|>" not in draft.prompt and "3 + 4" in draft.prompt
    assert set(preview.costs["exemplars"].tokens) == {None}
    assert EN("prompt.waiting") in prompt_data(preview, EN, "en")["said"]


async def test_an_engine_that_cannot_count_shows_none():
    info = replace(INFO, cannot={"count": "cannot.count"})
    preview = await seen(asked(), ScriptedEngine(lambda *_: "", info))
    assert preview.counting == "cannot" and preview.drafts[0].prompt.startswith("<|user|>")
    assert set(costs_data(preview, "exemplars", EN)["tokens"]) == {"–"}
    drawn = prompt_data(preview, EN, "en")
    assert drawn["said"] == EN("prompt.uncounted")
    assert [(draft["share"], draft["bar"]) for draft in drawn["drafts"]] == [("", None)]


async def test_only_what_has_changed_is_counted_again():
    engine = Counting()
    composer = Composer(ScriptedHost(engine))
    await composer.preview(asked("How many are 3 + 4?"), REGISTRY["few_shot_cot"], SETS, "en")
    engine.counted.clear()
    await composer.preview(asked("How many are 3 + 45?"), REGISTRY["few_shot_cot"], SETS, "en")
    assert engine.counted == ["How many are 3 + 45?"]


async def test_a_fault_of_the_engine_is_said():
    class Faulty(ScriptedEngine):
        async def count(self, text: str) -> int:
            raise EngineError("engine_refused", status=500, message="no")

    preview = await seen(asked(), Faulty(lambda *_: ""))
    assert "500" in wrong(preview, EN, "en")


async def test_without_a_question_the_language_is_the_readers():
    english, chinese = await seen(asked(" ")), await seen(asked(""), language="zh")
    assert (english.fits, chinese.fits) == ("arithmetic_en", "arithmetic_zh")
    assert english.unasked and UNASKED in english.drafts[0].prompt
    assert EN("prompt.unasked") in prompt_data(english, EN, "en")["said"]
    assert (await seen(asked("", kind="yes_no"))).fits == "yes_no_en"


async def test_what_cannot_be_run_is_said_in_words():
    preview = await seen(asked(max_tokens=2000))
    over = preview.drafts[0].tokens + 2000 - INFO.context
    assert preview.over == over > 0
    assert wrong(preview, EN, "en") == EN("prompt.over", n=f"{over:,}")
    same = await seen(asked(versus="cot"))
    assert same.error is not None and same.error["code"] == "versus_same" and len(same.drafts) == 1
    unread = await seen(asked(exemplars="{]"))
    assert unread.error is not None and unread.error["code"] == "exemplars_syntax"
    assert (await seen(asked(kind="poem"))).error["code"] == "param_choice"
    large = await seen(asked(exemplars='{"a": "' + "x" * exemplars.MAX_BYTES + '"}'))
    assert large.error["code"] == "exemplars_large"


async def test_settings_without_exemplars_are_said():
    form = replace(asked(), strategy="auto_cot", params={"demonstrations": ""})
    composer = Composer(ScriptedHost(ScriptedEngine(lambda *_: "")))
    sets = {"demonstrations": "demonstrations"}
    preview = await composer.preview(form, REGISTRY["auto_cot"], sets, "en")
    assert preview.unused and prompt_data(preview, EN, "en")["said"] == EN("prompt.unused")


def test_the_script_asks_for_no_word_that_it_is_not_given():
    script = (ASSETS / "js" / "exemplars.js").read_text("utf-8")
    wanted = set(re.findall(r"word\('(\w+)'", script)) | {"question", "rationale", "equation"}
    for editor in EDITORS:
        given = editor_data(editor, Preview(), ZH, "zh")["words"]
        assert wanted - given.keys() == set()


def test_every_set_of_ours_has_a_name():
    for language in ("en", "zh"):
        assert {f"exemplars.set.{name}" for name in bundled()} <= table(language).keys()
        assert {f"pool.ours.{name}" for name in pool.bundled()} <= table(language).keys()


def test_a_value_is_the_set_and_no_markup():
    hostile = ExemplarSet("<b>", exemplars=(Exemplar("<script>a</script>", "", "b"),))
    value = as_value(hostile)
    assert "<" not in value and exemplars.load(value) == hostile
    assert as_value(exemplars.MATCHING) == ""


@pytest.mark.parametrize("value", ["", '{"a": "小明 has 3 pens"}', "x" * 100_000])
def test_the_sum_of_a_value(value):
    assert checksum(value) == zlib.adler32(value.encode())


def test_who_made_demonstrations_is_told_with_translated_names():
    origin = Origin("a-model", "zh", "d", "cluster", 8, 192, "TF-IDF", "{}")
    made = Preview(costs={"demonstrations": _costs(origin)})
    said = costs_data(made, "demonstrations", EN)["origin"]
    for words in ("a-model", EN("pool.ours.zh"), EN("option.selection.cluster"), "8", "192"):
        assert words in said
    foreign = Preview(costs={"demonstrations": _costs(replace(origin, pool="{x}", selection="?"))})
    assert "“{x}”: ?," in costs_data(foreign, "demonstrations", EN)["origin"]


def _costs(origin):
    return Costs(1, (), (), origin)


def test_a_run_s_demonstrations_are_put_there_only_if_they_are_others():
    made = ExemplarSet("auto", exemplars=(Exemplar("a?", "b.", "c"),))
    assert exemplars.load(changed(made, exemplars.MATCHING)) == made
    for demonstrations in (None, made):
        assert not isinstance(changed(demonstrations, made), str)


def test_special_tokens_are_told_apart_and_a_long_part_is_cut():
    assert segments("<s>a<s>", ("<s>",)) == [["token", "<s>"], ["text", "a"], ["token", "<s>"]]
    assert segments("a", ()) == [["text", "a"]]
    long = "x" * (MAX_TEXT + 1)
    preview = Preview(drafts=(Draft(long, (Part("exemplar", 0, len(long), 3, "1", True),)),))
    part = prompt_data(preview, EN, "en")["drafts"][0]["parts"][0]
    assert part["text"] == [["text", "x" * MAX_TEXT]] and f"{len(long):,}" in part["cut"]
    assert (part["name"], part["changed"]) == ("Exemplar 1", EN("exemplars.tampered"))


def test_the_bar_never_goes_beyond_the_context():
    drafts = (Draft("x", (Part("frame", 0, 1, 900),)),)
    preview = Preview(drafts=drafts, writes=400, context=1_000, counting="counted")
    drawn = prompt_data(preview, EN, "en")
    (draft,) = drawn["drafts"]
    assert draft["bar"] == [0.9, 0.1] and draft["over"] and "300" in drawn["wrong"]
    assert prompt_data(replace(preview, context=0), EN, "en")["drafts"][0]["bar"] is None


def own(*questions: Question) -> Pool:
    return Pool(pools.OWN, questions)


@pytest.mark.parametrize(
    "questions",
    [
        (Question("How many are 3 + 4?", "number", "en"), Question("Is it?", "yes_no", "en")),
        (Question("How many are 3 + 4?", "text", "en"),),
        (Question('{"question": "no"}', "text", "en"), Question("Who?", "text", "en")),
        (Question("a,b,c?,d", "text", "en"), Question("e,f,g?,h", "text", "en")),
        (Question("小明有几支笔？", "number", "zh"),),
    ],
)
def test_a_pool_in_the_text_box_is_read_again_as_it_was(questions):
    assert pool.parse(pools.as_text(own(*questions)), pools.OWN).pool == own(*questions)


def test_a_plain_pool_is_a_question_a_line():
    plain = own(Question("How many are 3 + 4?", "number", "en"), Question("Who?", "text", "en"))
    assert pools.as_text(plain) == "How many are 3 + 4?\nWho?"


def test_what_is_said_of_a_pool():
    ours = len(pool.bundled()["en"].questions)
    assert pools.look("en", "")("en") == {"said": f"{ours} questions.", "wrong": False}
    assert pools.look("", "ignored")("en")["said"] == ""
    assert pools.look("own", " ")("zh")["said"] == ZH("pool.none")
    counted = pools.look("own", "a?\nb?\n\nA?\n")("en")["said"]
    assert counted == "2 questions. Left out: 1 repeated, 1 empty."
    refused = pools.look("own", "a\0b")("zh")
    assert refused["wrong"] and refused["said"] == ZH("error.pool_binary")
