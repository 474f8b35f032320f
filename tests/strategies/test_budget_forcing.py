"""Budget forcing: the loop of s1, prompt by prompt, its limits, its marks and its refusals."""

import asyncio
import itertools
import os
import random
from dataclasses import replace

import pytest

from core.driver import Driver
from core.engine import Sampling
from core.errors import InvalidInput
from core.events import Marked, Noted
from core.params import build, specs
from core.question import Question, ask
from core.run import Run, derive_seed
from engines.llamacpp.engine import LlamaCpp
from engines.scripted import INFO, ScriptedEngine
from strategies import REGISTRY
from strategies.budget_forcing import WORDS, Params
from tests.core.builders import Gate
from tests.strategies.asking import asked, turn
from tests.strategies.waits import THINK, chains, keeps_the_contract, thinker

PROMPT = turn("2 + 2?")
END = "\n</think>\n\n"
S1 = replace(INFO, thinking=("<|im_start|>think\n", "\n<|im_start|>answer\n"))


async def think(*thoughts, info=THINK, question="2 + 2?", kind="number", language="en", **settings):
    """A run on a model that thinks these thoughts; every finished run keeps to the contract."""
    run = await asked(
        "budget_forcing", thinker(*thoughts), question, kind, language, settings, info=info
    )
    if run.status in ("answered", "no_answer"):
        keeps_the_contract(run.trace, build(Params, settings))
    return run


def rounds(run):
    return list(run.trace.of_kind("round"))


def marks(run):
    return [node.marks for node in rounds(run)]


def prompts_of(run):
    return [call.prompt for call in run.calls]


def forced(run):
    return [[piece.text for piece in node.pieces if piece.forced] for node in run.nodes]


# The loop, step by step.


async def test_the_prompts_are_those_of_the_papers_loop():
    run = await think(" Two.\n", " Three.\n", " Four.\n")
    first = PROMPT + "<think>\n"
    assert prompts_of(run) == [
        first,
        first + " Two.\n</think>\n\n",
        first + " Two.\nWait",
        first + " Two.\nWait Three.\n</think>\n\n",
        first + " Two.\nWait Three.\nWait",
        first + " Two.\nWait Three.\nWait Four.\n</think>\n\n",
    ]
    assert [node.prompt for node in run.nodes] == prompts_of(run)
    assert (run.status, run.answer) == ("answered", "3")


async def test_the_nodes_are_rounds_below_rounds_with_a_probe_or_the_answer_below_each():
    run = await think(" Two.", " Three.", " Four.")
    assert [(n.id, n.parents, n.kind, n.label) for n in run.nodes] == [
        ("0", (), "round", "0"),
        ("0.0", ("0",), "probe", ""),
        ("0.1", ("0",), "round", "1"),
        ("0.1.0", ("0.1",), "probe", ""),
        ("0.1.1", ("0.1",), "round", "2"),
        ("0.1.1.0", ("0.1.1",), "answer", ""),
    ]
    assert forced(run) == [["<think>\n"], [END], ["Wait"], [END], ["Wait"], [END]]
    assert marks(run) == [{"suppressed": ""}, {"suppressed": ""}, {"ended": ""}]
    answers = [node.extraction for node in run.nodes if node.kind != "round"]
    assert [(found.value, found.rule) for found in answers] == [
        ("1", "marker"),
        ("2", "marker"),
        ("3", "marker"),
    ]


async def test_every_call_is_greedy_and_only_the_first_reads_its_prompt_anew():
    run = await think(" Two words.", " Three.", " Four.", waits=1, budget=10, answer_tokens=5)
    stop = ("</think>",)
    assert [(call.n, call.sampling) for call in run.calls] == [
        (1, Sampling(0.0, max_tokens=10, stop=stop, seed=derive_seed(7, "0"), reuse=False)),
        (1, Sampling(0.0, max_tokens=5, seed=derive_seed(7, "0.0"))),
        (1, Sampling(0.0, max_tokens=8, min_tokens=1, stop=stop, seed=derive_seed(7, "0.1"))),
        (1, Sampling(0.0, max_tokens=5, seed=derive_seed(7, "0.1.0"))),
    ]


async def test_an_engine_without_a_least_length_is_asked_without_it():
    info = replace(THINK, cannot={"min_tokens": "cannot.min_tokens"})
    run = await think(" Two.", info=info)
    assert {call.sampling.min_tokens for call in run.calls} == {0}
    assert "wait_min_tokens" in REGISTRY["budget_forcing"].departures


async def test_the_words_of_s1_are_its_own():
    run = await asked("budget_forcing", " Four.", info=S1, settings={"waits": 0})
    first = PROMPT + "<|im_start|>think\n"
    assert prompts_of(run) == [first, first + " Four.\n<|im_start|>answer\n"]
    assert run.calls[0].sampling.stop == ("<|im_start|>answer",)


async def test_a_model_that_was_not_trained_to_think_gets_stand_ins_and_that_is_said():
    run = await think(" Two.", " Three.\n", info=INFO)
    first = PROMPT + "Let's think step by step."
    assert prompts_of(run) == [
        first,
        first + " Two.\n\nFinal Answer:",
        first + " Two.\nWait",
        first + " Two.\nWait Three.\n\nFinal Answer:",
        first + " Two.\nWait Three.\nWait",
        first + " Two.\nWait Three.\nWait Three.\n\nFinal Answer:",
    ]
    words = {"opening": "Let's think step by step.", "closing": "Final Answer:"}
    assert run.trace.notes == [Noted("adapted", words)]
    assert {call.sampling.stop for call in run.calls} == {()}
    found = [node.extraction.rule for node in run.nodes if node.kind != "round"]
    assert found == ["first"] * 3
    assert marks(run)[-1] == {"ended": ""}


async def test_the_stand_ins_are_chinese_for_a_chinese_question():
    run = await think("二加二得四。", info=INFO, question="2 加 2？", language="zh", word="等等")
    first = turn("2 加 2？") + "让我们一步一步地思考。"
    assert prompts_of(run)[:3] == [
        first,
        first + "二加二得四。\n\n最终答案：",
        first + "二加二得四。\n等等",
    ]
    words = {"opening": "让我们一步一步地思考。", "closing": "最终答案："}
    assert run.trace.notes == [Noted("adapted", words)]


async def test_a_model_that_was_trained_to_think_needs_no_note():
    run = await think(" Two.")
    assert run.trace.notes == []


@pytest.mark.parametrize(
    ("written", "opening"),
    [
        ("", "<think>\n"),
        ("<think>\n", "<think>\n"),
        ("<think>", "<think>"),
        ("<think>\n\n</think>\n\n", "<think>\n"),
    ],
)
async def test_an_opening_that_the_template_writes_is_not_put_twice(written, opening):
    class Opening(ScriptedEngine):
        async def render(self, messages, prefill=""):
            return await super().render(messages, prefill) + written

    engine = Opening(thinker(" Four."), THINK)
    run = await driven(Driver(Run(engine, 7), REGISTRY["budget_forcing"], QUESTION, Params()))
    assert engine.calls[0].prompt == PROMPT + opening
    assert run.trace.nodes["0"].pieces[0].forced
    assert run.trace.nodes["0"].pieces[0].text == opening


# Modes, words and budgets.


async def test_cap_never_holds_an_end_back():
    run = await think(" Two.", mode="cap", waits=8)
    assert prompts_of(run) == [PROMPT + "<think>\n", PROMPT + "<think>\n Two." + END]
    assert marks(run) == [{"ended": ""}]


async def test_cap_cuts_at_the_budget_and_asks_for_the_final_answer():
    run = await think(" one" * 50, mode="cap", budget=3)
    first = PROMPT + "<think>\n one one one"
    assert prompts_of(run)[1] == first + END + "Final Answer:"
    assert marks(run) == [{"cut": "budget"}]
    assert run.nodes[1].extraction.rule == "first"


async def test_a_cut_in_chinese_asks_in_chinese():
    run = await think("一 二 三 四", language="zh", budget=2)
    assert prompts_of(run)[1].endswith(END + "最终答案：")


async def test_extend_has_no_budget_but_the_context():
    run = await think(" one" * 400 + ".", mode="extend", budget=1)
    assert [node.tokens for node in rounds(run)] == [400, 400, 400]
    assert [(n.marks, n.sampling.max_tokens > 600) for n in rounds(run)] == [
        ({"suppressed": "", "looped": ""}, True),
        ({"suppressed": "", "looped": ""}, True),
        ({"ended": "", "looped": ""}, True),
    ]


async def test_without_waits_nothing_is_held_back():
    run = await think(" Two.", waits=0)
    assert [node.kind for node in run.nodes] == ["round", "answer"]


async def test_the_budget_is_for_all_rounds_together():
    run = await think(" a b c", " d e", " f" * 99, budget=8)
    assert [(n.tokens, n.sampling.max_tokens) for n in rounds(run)] == [(3, 8), (2, 5), (3, 3)]
    assert marks(run)[2]["cut"] == "budget"


async def test_no_wait_follows_a_cut_for_it_used_the_whole_budget():
    run = await think(" a" * 99, budget=8)
    assert [node.kind for node in run.nodes] == ["round", "answer"]
    assert marks(run) == [{"looped": "", "cut": "budget"}]


async def test_with_a_budget_for_each_round_the_word_follows_a_cut_too():
    run = await think(" a b c d", budget=3, budget_for="round")
    first = PROMPT + "<think>\n"
    assert prompts_of(run) == [
        first,
        first + " a b c" + END + "Final Answer:",
        first + " a b cWait",
        first + " a b cWait a b c" + END + "Final Answer:",
        first + " a b cWait a b cWait",
        first + " a b cWait a b cWait a b c" + END + "Final Answer:",
    ]
    assert marks(run) == [{"cut": "budget"}] * 3


async def test_an_end_with_nothing_left_of_the_budget_is_accepted_and_is_no_cut():
    run = await think(" a b", " c", budget=3)
    assert [node.tokens for node in rounds(run)] == [2, 1]
    assert marks(run) == [{"suppressed": ""}, {"ended": ""}]
    assert prompts_of(run)[-1].endswith(" a bWait c" + END)


async def test_a_budget_of_one_token_is_one_token():
    run = await think(" a b", budget=1)
    assert [node.tokens for node in rounds(run)] == [1]
    assert prompts_of(run)[1] == PROMPT + "<think>\n a" + END + "Final Answer:"


@pytest.mark.parametrize("info", [THINK, INFO], ids=["trained", "adapted"])
async def test_a_model_that_ends_at_once_every_time_is_asked_every_time(info):
    run = await think("", info=info, waits=3)
    assert [node.sampled for node in rounds(run)] == [""] * 4
    assert [list(mark) for mark in marks(run)] == [["suppressed"]] * 3 + [["ended"]]
    assert all(node.value is None for node in rounds(run))
    assert "WaitWait" in prompts_of(run)[-1].replace("\n", "")


async def test_what_a_model_says_behind_its_closing_delimiter_is_not_sampled():
    run = await think("", waits=1)
    assert prompts_of(run)[-1] == PROMPT + "<think>\nWait" + END
    assert "99" not in "".join(node.text for node in run.nodes)


async def test_a_word_of_ones_own_is_put_as_it_is():
    run = await think(" a", word="Let me check ${x}: ")
    assert prompts_of(run)[2] == PROMPT + "<think>\n aLet me check ${x}: "


def test_the_words_that_are_proposed_are_the_papers_and_chinese_ones():
    spec = next(spec for spec in specs(Params) if spec.name == "word")
    assert spec.options == WORDS == ("Wait", "Hmm", "Alternatively", "等等", "让我再想想")
    assert spec.open


# The probe.


async def test_without_the_probe_only_the_end_is_asked():
    run = await think(" a", " b", probe=False)
    assert [(n.id, n.kind) for n in run.nodes] == [
        ("0", "round"),
        ("0.0", "round"),
        ("0.0.0", "round"),
        ("0.0.0.0", "answer"),
    ]


@pytest.mark.parametrize("info", [THINK, INFO], ids=["trained", "adapted"])
@pytest.mark.parametrize("budget_for", ["run", "round"])
async def test_a_probe_is_what_a_run_with_fewer_waits_answers(info, budget_for):
    settings = {"budget": 9, "budget_for": budget_for, "info": info}
    thoughts = (" a b", " c d e", " f" * 20)
    long = await think(*thoughts, waits=2, **settings)
    probes = [*long.trace.of_kind("probe", "answer")]
    assert len(probes) == 3
    for waits, probe in enumerate(probes):
        short = await think(*thoughts, waits=waits, **settings)
        answer = next(short.trace.of_kind("answer"))
        assert (probe.prompt, probe.text, probe.extraction) == (
            answer.prompt,
            answer.text,
            answer.extraction,
        )
        assert short.answer == str(waits + 1)


async def test_the_probe_does_not_change_the_thinking():
    with_probe = await think(" a b", " c", " d")
    without = await think(" a b", " c", " d", probe=False)
    assert [node.text for node in rounds(with_probe)] == [node.text for node in rounds(without)]
    assert [n.sampling.max_tokens for n in rounds(with_probe)] == [
        n.sampling.max_tokens for n in rounds(without)
    ]


# The comparison.


async def test_the_same_again_with_another_word():
    run = await think(" a b", versus="Hmm", waits=1)
    first, second = chains(run.trace)
    assert [node.id for node in first] == ["0", "0.1"]
    assert [node.id for node in second] == ["1", "1.1"]
    first_words, second_words = [[n.pieces[0].text for n in line] for line in (first, second)]
    assert first_words == ["<think>\n", "Wait"]
    assert second_words == ["<think>\n", "Hmm"]
    assert second[0].opened >= max(n.closed for n in run.nodes if n.id.startswith("0"))
    assert not second[0].sampling.reuse
    answers = [node.extraction.value for node in run.trace.of_kind("answer")]
    assert answers == ["2", "4"]
    assert run.answer == "2"


async def test_the_same_again_with_another_budget():
    run = await think(" a b c d e f", versus_budget=2, waits=1, budget=4)
    first, second = chains(run.trace)
    assert ([n.tokens for n in first], [n.tokens for n in second]) == ([4], [2])
    run = await think(" a b c", versus_budget=2, waits=1, budget=4, versus="Hmm")
    first, second = chains(run.trace)
    assert [[n.tokens for n in line] for line in (first, second)] == [[3, 1], [2]]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"versus": "Wait"}, "versus"),
        ({"versus": "Hmm", "mode": "cap"}, "versus"),
        ({"versus": "Hmm", "mode": "cap", "versus_budget": 9}, "versus"),
        ({"versus": "Hmm", "waits": 0}, "versus"),
        ({"versus_budget": 600}, "versus_budget"),
        ({"versus_budget": 9, "mode": "extend"}, "versus_budget"),
        ({"versus_budget": 9, "mode": "extend", "versus": "Hmm"}, "versus_budget"),
    ],
)
async def test_a_comparison_that_could_not_differ_is_refused(settings, name):
    strategy, question = REGISTRY["budget_forcing"], ask("2 + 2?")
    with pytest.raises(InvalidInput) as refused:
        strategy.check(question, build(Params, settings))
    assert (refused.value.code, refused.value.fields["name"]) == ("versus_same", name)
    run = await think(" a", **settings)
    assert (run.error["code"], run.calls) == ("versus_same", [])


# What is refused.


@pytest.mark.parametrize("name", ["word", "versus"])
@pytest.mark.parametrize(
    ("info", "word", "token"),
    [
        (THINK, "Wait</think>", "</think>"),
        (THINK, "<think>Wait", "<think>"),
        (THINK, "Wait<|user|>", "<|user|>"),
        (INFO, "a <|assistant|> b", "<|assistant|>"),
        (S1, "<|im_start|>answer", "<|im_start|>answer"),
    ],
)
async def test_a_word_with_a_delimiter_or_a_control_token_is_refused(name, info, word, token):
    run = await think(" a", info=info, **{name: word})
    assert run.error == {"code": "word_delimiter", "fields": {"name": name, "token": token}}
    assert (run.calls, run.nodes) == ([], [])


@pytest.mark.parametrize("word", ["</think>", "Let's think step by step."])
async def test_what_is_no_delimiter_of_this_model_is_a_word_like_any_other(word):
    run = await think(" a", info=INFO, word=word)
    assert run.status == "answered"


@pytest.mark.parametrize("name", ["word", "versus"])
@pytest.mark.parametrize("empty", ["", "  ", "\n\t", "\ud800"])
def test_a_word_that_is_empty_or_broken_is_refused(name, empty):
    with pytest.raises(InvalidInput) as refused:
        build(Params, {name: empty})
    assert (refused.value.code, refused.value.fields["name"]) == ("param_empty", name)


async def test_an_engine_that_cannot_continue_text_is_not_asked():
    info = replace(THINK, cannot={"continue": "cannot.continue"})
    with pytest.raises(InvalidInput) as refused:
        await asked("budget_forcing", "", info=info)
    assert refused.value.fields == {"name": "budget_forcing", "reason_code": "cannot.continue"}
    needing = {spec.name for spec in specs(Params) if spec.needs == "continue"}
    assert needing == {
        "mode",
        "waits",
        "word",
        "budget",
        "probe",
        "versus",
        "versus_budget",
    }


# The context.

# The prompt with the opening has 4 words; the closing, with what it may ask for, 5, and an answer
# here 3. One token is left for what an engine may put before a text. "Wait" joins the last word.
TAKEN = 4 + 5 + 3 + 1


def narrow(thought, info=THINK):
    return replace(info, context=TAKEN + thought)


async def test_the_context_cuts_a_round_in_order():
    run = await think(" a b c d e f g h", info=narrow(5), answer_tokens=3)
    assert marks(run) == [{"cut": "context"}]
    assert [node.tokens for node in rounds(run)] == [5]
    assert run.trace.notes == [Noted("context_full", {"tokens": TAKEN + 5})]
    assert prompts_of(run)[1].endswith(" a b c d e" + END + "Final Answer:")
    assert (run.status, run.answer) == ("answered", "1")


async def test_where_the_budget_ends_with_the_context_it_is_the_budget_that_cuts():
    run = await think(" a b c d e f g h", info=narrow(5), answer_tokens=3, budget=5)
    assert (marks(run), run.trace.notes) == ([{"cut": "budget"}], [])


@pytest.mark.parametrize("mode", ["both", "extend"])
async def test_the_context_may_be_full_before_a_wait(mode):
    run = await think(" a b c d e", info=narrow(5), answer_tokens=3, mode=mode)
    assert marks(run) == [{"cut": "context"}]
    assert rounds(run)[0].finish == "stop"
    assert [node.kind for node in run.nodes] == ["round", "answer"]
    assert [note.code for note in run.trace.notes] == ["context_full"]
    assert prompts_of(run)[1].endswith(END + "Final Answer:")


async def test_a_context_that_fills_in_mid_run_ends_the_thinking_there():
    run = await think(" a b c", info=narrow(8), answer_tokens=3, waits=8, mode="extend")
    assert [node.tokens for node in rounds(run)] == [3, 3, 2]
    assert [list(mark) for mark in marks(run)] == [["suppressed"], ["suppressed"], ["cut"]]
    run = await think(
        " a b c", info=narrow(8), answer_tokens=3, waits=8, budget=3, budget_for="round"
    )
    assert [node.tokens for node in rounds(run)] == [3, 3, 2]
    assert marks(run)[-1] == {"cut": "context"}


async def test_a_full_context_is_told_once_though_both_lines_of_thought_meet_it():
    run = await think(" a" * 9, info=narrow(5), answer_tokens=3, versus="Hmm")
    assert [line[-1].marks["cut"] for line in chains(run.trace)] == ["context"] * 2
    assert [note.code for note in run.trace.notes] == ["context_full"]


async def test_a_question_that_leaves_no_room_to_think_does_not_fit():
    run = await think(" a", info=narrow(1), answer_tokens=3)
    assert [(node.kind, node.tokens) for node in run.nodes] == [("round", 1), ("answer", 1)]
    run = await think(" a", info=narrow(0), answer_tokens=3)
    assert run.error == {"code": "context_overflow", "fields": {"tokens": 4, "limit": 3}}
    assert (run.status, run.calls, run.nodes) == ("failed", [], [])


async def test_a_text_that_is_longer_read_anew_has_a_shorter_answer_and_never_overflows():
    class Longer(ScriptedEngine):
        """Counts 3 tokens more once anything was thought."""

        async def count(self, text):
            return await super().count(text) + 3 * (" a" in text)

    engine = Longer(thinker(" a" * 99), narrow(5))
    params = Params(answer_tokens=3, waits=0)
    run = await driven(Driver(Run(engine, 7), REGISTRY["budget_forcing"], QUESTION, params))
    assert [call.sampling.max_tokens for call in engine.calls] == [5, 1]
    assert run.trace.ended.answer == "1"


async def test_thinking_that_the_context_has_cut_is_over_though_it_is_shorter_read_anew():
    class Shorter(ScriptedEngine):
        """Counts 3 tokens less once anything was thought."""

        async def count(self, text):
            return await super().count(text) - 3 * (" a" in text)

    engine = Shorter(thinker(" a" * 99), narrow(5))
    settings = Params(answer_tokens=3)
    run = await driven(Driver(Run(engine, 7), REGISTRY["budget_forcing"], QUESTION, settings))
    assert [node.kind for node in run.trace.nodes.values()] == ["round", "answer"]
    assert run.trace.nodes["0"].marks["cut"] == "context"


# Loops.


async def test_a_round_that_says_what_was_said_is_scored_and_marked_before_it_is_held_back():
    run = await think(" So it is four again.", " So it is four again.", " No it is five.")
    assert [node.value for node in rounds(run)] == [0.0, 1.0, 0.0]
    assert [list(mark) for mark in marks(run)] == [
        ["suppressed"],
        ["looped", "suppressed"],
        ["ended"],
    ]


async def test_a_second_line_of_thought_does_not_repeat_the_first():
    run = await think(" So it is four again.", waits=1, versus="Hmm")
    assert [node.value for node in rounds(run)] == [0.0, 1.0, 0.0, 1.0]


# Stop.

QUESTION = Question("2 + 2?", "number", "en")


async def driven(driver):
    async for _ in driver.frames():
        pass
    return driver.run


def held(words, **settings):
    """A driver whose engine lets some words through and then waits."""
    gate = Gate(words)
    engine = ScriptedEngine(thinker(" a b c"), THINK, gate=gate)
    params = build(Params, settings)
    return Driver(Run(engine, 7), REGISTRY["budget_forcing"], QUESTION, params), gate, engine


async def test_stop_inside_a_round_keeps_what_was_thought():
    # Three words and the end of the first round; then one word of the second one.
    driver, gate, engine = held(5, probe=False)
    running = asyncio.create_task(driven(driver))
    await gate.reached.wait()
    await driver.stop()
    run = await running
    first, second = run.trace.nodes.values()
    assert run.trace.ended.status == "stopped"
    assert (first.sampled, first.finish, first.marks) == (" a b c", "stop", {"suppressed": ""})
    assert (second.text, second.finish, second.marks) == ("Wait a", "aborted", {})
    assert second.value is None
    assert all(call.closed for call in engine.calls)


async def test_stop_between_rounds_keeps_the_rounds_that_are_done():
    driver, _gate, engine = held(99, probe=False)
    stops = []

    def stop_once_held_back(_time, event):
        if isinstance(event, Marked) and event.status == "suppressed" and not stops:
            stops.append(asyncio.ensure_future(driver.stop()))

    driver.run.listen(stop_once_held_back)
    run = await driven(driver)
    await asyncio.gather(*stops)
    first, *rest = run.trace.nodes.values()
    assert run.trace.ended.status == "stopped"
    assert (first.sampled, first.finish) == (" a b c", "stop")
    assert [(node.sampled, node.finish) for node in rest] == [("", "aborted")]
    assert all(call.closed for call in engine.calls)


# Whatever is set, and whatever the model does.


def random_settings(chance, longest):
    """Settings that a person might choose; now and then with a comparison."""
    settings = {
        "mode": chance.choice(["both", "both", "cap", "extend"]),
        "waits": chance.randint(0, 4),
        "word": chance.choice(WORDS),
        "budget": chance.randint(1, longest),
        "budget_for": chance.choice(["run", "round"]),
        "answer_tokens": chance.randint(1, 8),
        "probe": chance.random() < 0.5,
    }
    if chance.random() < 0.3 and settings["mode"] != "extend":
        settings["versus_budget"] = settings["budget"] + 1
    return settings


async def test_the_budget_holds_in_200_random_settings():
    chance = random.Random(11)
    overflows = cut = 0
    for _ in range(200):
        settings = random_settings(chance, 40)
        base = chance.choice([THINK, INFO, S1])
        info = replace(base, context=chance.choice([16, 60, 200, 2048]))
        thoughts = [" a" * chance.choice([0, 1, 7, 40, 300]) for _ in range(5)]
        run = await think(*thoughts, info=info, **settings)
        overflows += run.status == "failed"
        cut += any(mark.get("cut") == "context" for mark in marks(run))
        if run.status == "failed":
            assert (run.error["code"], run.nodes) == ("context_overflow", [])
    assert 0 < overflows < 60 and cut > 10, "both were tried, and most runs were whole"


# On a real model.

# 200 take about seven minutes on two busy cores: THOUGHTSCOPE_SETTINGS=200 tries them.
REAL_SETTINGS = int(os.environ.get("THOUGHTSCOPE_SETTINGS", "12"))


@pytest.fixture
async def smollm2_engine(smollm2):
    running = await LlamaCpp.start(smollm2, "smollm2-135m")
    yield running
    await running.close()


async def really(engine, question, **settings):
    params = build(Params, settings)
    run = await driven(Driver(Run(engine, 5), REGISTRY["budget_forcing"], ask(question), params))
    assert run.trace.ended.status in ("answered", "no_answer"), run.trace.ended.error
    keeps_the_contract(run.trace, params)
    return run.trace


async def test_smollm2_keeps_to_the_budget_in_random_settings(smollm2_engine):
    chance = random.Random(12)
    questions = itertools.cycle(["How many legs do 3 cats have?", "三只猫有几条腿？", "Hi."])
    for _ in range(REAL_SETTINGS):
        settings = random_settings(chance, 24)
        if settings["mode"] == "extend":
            settings["mode"] = "both"
        await really(smollm2_engine, next(questions), **settings)


async def test_smollm2_reads_little_more_than_each_text_once(smollm2_engine):
    trace = await really(
        smollm2_engine, "How many legs do 3 cats have?", waits=3, budget=200, probe=False
    )
    called = list(trace.nodes.values())
    assert len(called) > 2
    computed = sum(node.computed_tokens for node in called)
    new = called[0].prompt_tokens + sum(n.forced_tokens + n.tokens for n in called)
    assert computed <= 1.02 * (new - called[0].forced_tokens)
    assert all(node.computed_tokens <= node.forced_tokens + 8 for node in called[1:])


async def test_smollm2_answers_a_probe_as_a_run_with_fewer_waits(smollm2_engine):
    question = "How many legs do 3 cats have?"
    long = await really(smollm2_engine, question, budget_for="round", budget=40)
    for waits, probe in enumerate(long.of_kind("probe", "answer")):
        short = await really(smollm2_engine, question, budget_for="round", budget=40, waits=waits)
        answer = next(short.of_kind("answer"))
        assert (probe.prompt, probe.text) == (answer.prompt, answer.text)
