"""Auto-CoT on a scripted engine: the map, the walks, the demonstrations, and the question asked.

The embedding is given here: three clusters on a line, far apart, in each of which the questions lie
outward from the centre in the order of their numbers.
"""

import asyncio
import random
import threading
from dataclasses import replace

import numpy as np
import pytest

from core import recording
from core.driver import Driver
from core.errors import EngineDied, InvalidInput
from core.events import (
    Closed,
    Composed,
    Demonstrated,
    Ended,
    Mapped,
    Noted,
    Opened,
    Progressed,
    Prompted,
)
from core.exemplars import Exemplar, dump, load
from core.params import build
from core.pool import Pool
from core.question import Question
from core.run import Run
from engines.scripted import INFO, ScriptedEngine
from strategies import auto_cot
from strategies.auto_cot import STRATEGY
from strategies.demonstrations.vectors import Embedded
from tests.core.builders import Gate
from tests.strategies.asking import Asked, asked, turn

WIDE = replace(INFO, context=20_000)
QUESTION = Question("What is asked?", "number", "en")
TRIGGER = "Let's think step by step."
BRIEF = "Reason in at most five short sentences."
SECOND = "\nTherefore, the answer (arabic numerals) is"
OFFSETS = (0.0, 0.1, 0.2, -0.3)  # from the centre, which is their mean
NAMES = tuple(f"Question {cluster}{place}?" for cluster in "abc" for place in range(4))
POOL = Pool("mine", tuple(Question(name, "number", "en") for name in NAMES))
GOOD = (" 2 + 2\n= 4. It is 4.", " 4")
TOLD = "2 + 2 = 4. It is 4."


def line(text):
    """The place of "Question b2?" is near 20; whatever else is asked lies at 1."""
    if not text.startswith("Question "):
        return (1.0, 0.0)
    cluster, place = text[9], int(text[10])
    return (10.0 * ("abc".index(cluster) + 1) + OFFSETS[place], 0.0)


class Given:
    """An embedding by a function of the text."""

    name, why = "given", "embedding.tfidf"

    def __init__(self, place=line):
        self.place = place

    def embed(self, texts, asked):
        yield len(texts)
        rows = np.array([self.place(text) for text in texts])
        return Embedded(rows, np.array(self.place(asked)))


@pytest.fixture(autouse=True)
def given(monkeypatch):
    """Puts the given embedding, or another, in the place of the machine's own."""

    def put(embedding):
        monkeypatch.setattr(auto_cot, "embedder", lambda *_: embedding)

    put(Given())
    return put


def writes(told=None, final=" So it is 7. The answer is 7."):
    """A model: of the questions named in `told` its rationale and answer, of others good ones."""
    told = told or {}

    def reply(prompt, sampling, sample):
        last = prompt.rpartition("<|user|>")[2]
        rationale, answer = told.get(last.partition("\n")[0][9:-1], GOOD)
        if "Therefore, " in last or "所以，答案" in last:
            return answer
        return rationale if last.startswith("Question ") else final

    return reply


async def made(reply=None, pool=POOL, question=QUESTION, **more):
    settings = {"pool": pool, "k": 3, **more.pop("settings", {})}
    given = (question.text, question.kind, question.language)
    return await asked("auto_cot", reply or writes(), *given, settings, **{"info": WIDE, **more})


def walks(run):
    """Of each walk what became of it and, by the question's name, of its candidates."""
    found = {}
    for walk in run.trace.of_kind("walk"):
        below = [n for n in run.trace.of_kind("candidate") if n.parents == (walk.id,)]
        seen = [(name(run, node), node.marks) for node in below]
        found[walk.label] = (walk.status, seen)
    return found


def name(run, node):
    return run.trace.map.questions[int(node.label)][9:-1]


def by_cluster(run):
    """The walks by the letter of the cluster, whatever number it has."""
    questions, clusters = run.trace.map.questions, run.trace.map.clusters
    letters = {str(c): q[9] for q, c in zip(questions, clusters, strict=True)}
    return {letters[label]: found for label, found in walks(run).items() if label in letters}


def rejected(place, reason):
    return (place, {"rejected": reason})


def shown(run):
    """The demonstrations, by the names of their questions."""
    return [each.question[9:-1] for each in run.trace.demonstrations.exemplars]


def codes(run):
    return [note.code for note in run.trace.notes]


async def test_a_run_charts_walks_demonstrates_and_asks():
    run = await made()
    assert (run.status, run.answer) == ("answered", "7")
    wanted = (Progressed, Mapped, Demonstrated, Composed, Ended)
    kinds = [type(event) for _, event in run.run.events if isinstance(event, wanted)]
    assert kinds == [Progressed] * kinds.count(Progressed) + [*wanted[1:]]
    told = [e.code for _, e in run.run.events if isinstance(e, Progressed)]
    assert list(dict.fromkeys(told)) == ["embedding", "clustering", "projecting"]
    assert [node.kind for node in run.nodes] == [
        *["walk"] * 3,
        *["candidate"] * 3,
        *["answer"] * 3,
        "rationale",
    ]
    assert [node.label for node in run.trace.of_kind("walk")] == ["0", "1", "2"]
    assert [node.label for node in run.trace.of_kind("rationale")] == [""]


async def test_the_map_is_of_the_pool_with_its_seed_and_what_embedded_it():
    run = await made(settings={"cluster_seed": 5})
    drawn = run.trace.map
    assert (drawn.questions, drawn.by, drawn.seed) == (NAMES, "given", 5)
    assert len(drawn.centres) == 3 and drawn.asked is not None
    for first in range(0, 12, 4):
        assert len(set(drawn.clusters[first : first + 4])) == 1
    assert run.trace.notes[0] == Noted("map", {"by": "given", "reason_code": "embedding.tfidf"})


async def test_the_question_nearest_to_each_centre_is_taken_where_it_passes():
    run = await made()
    assert by_cluster(run) == {
        letter: ("found", [(f"{letter}0", {"taken": ""})]) for letter in "abc"
    }
    assert sorted(shown(run)) == ["a0", "b0", "c0"]
    assert shown(run) == [seen[0][0] for _, seen in walks(run).values()]


async def test_the_walk_goes_outward_and_says_why_each_was_rejected():
    told = {
        "a0": (" 1\n2\n3\n4\n5\n6.", " 6"),
        "a1": (" It is 4", " 4"),
        "a2": (" It is four.", " four"),
        "b0": (" It is 4. " + "so " * 12 + "it is.", " 4"),
    }
    run = await made(writes(told))
    assert by_cluster(run)["a"] == (
        "found",
        [
            rejected("a0", "many_lines"),
            rejected("a1", "no_full_stop"),
            rejected("a2", "no_answer"),
            ("a3", {"taken": ""}),
        ],
    )
    assert by_cluster(run)["b"][1] == [rejected("b0", "answer_not_at_end"), ("b1", {"taken": ""})]


async def test_a_candidate_refused_by_its_question_has_no_text_and_one_tried_has_both_stages():
    asked_itself = replace(QUESTION, text="question  A0?")
    run = await made(question=asked_itself)
    first, second = (n for n in run.trace.of_kind("candidate") if name(run, n)[0] == "a")
    assert (first.calls, first.text, first.marks) == (0, "", {"rejected": "asked"})
    assert second.text == TRIGGER + GOOD[0]
    assert [piece.forced for piece in second.pieces] == [True, False]
    (answer,) = [node for node in run.trace.of_kind("answer") if node.parents == (second.id,)]
    assert (answer.sampled, answer.extraction.value) == (GOOD[1], "4")


async def test_a_long_question_is_passed_over_without_asking_the_model():
    texts = ("Question a0? " + "word " * 60, *NAMES[1:])
    pool = Pool("long", tuple(Question(text, "number", "en") for text in texts))
    run = await made(pool=pool)
    assert [marks for _, marks in by_cluster(run)["a"][1]] == [
        {"rejected": "long_question"},
        {"taken": ""},
    ]
    assert not any("word word" in call.prompt for call in run.calls)


@pytest.mark.parametrize(("brief", "wish"), [(True, f"\n\n{BRIEF}"), (False, "")])
async def test_a_candidate_is_asked_by_both_stages_of_zero_shot_cot(brief, wish):
    run = await made(settings={"brief": brief, "rationale_tokens": 64, "max_tokens": 32})
    node = next(node for node in run.trace.of_kind("candidate") if name(run, node) == "b0")
    assert node.prompt == turn(f"Question b0?{wish}") + TRIGGER
    assert (node.sampling.max_tokens, node.sampling.temperature) == (64, 0.0)
    answer = run.trace.nodes[f"{node.id}.0"]
    assert answer.prompt == node.prompt + GOOD[0] + SECOND


async def test_the_walks_run_at_once():
    run = await made()
    steps = [type(event) for _, event in run.run.events if isinstance(event, Prompted | Closed)]
    assert steps[:4] == [Prompted, Prompted, Prompted, Closed]


async def test_the_question_is_asked_with_the_demonstrations_and_the_trigger():
    run = await made(settings={"max_tokens": 32})
    turns = "".join(
        f"{turn(f'Question {place}?')}{TRIGGER} {TOLD} The answer is 4.\n" for place in shown(run)
    )
    last = run.calls[-1]
    assert last.prompt == turns + turn("What is asked?") + TRIGGER
    assert (last.sampling.max_tokens, last.sampling.temperature) == (32, 0.0)
    assert last.sampling.reuse
    node = run.nodes[-1]
    assert (node.text, node.pieces[0].forced) == (TRIGGER + " So it is 7. The answer is 7.", True)
    assert [part.kind for part in node.parts] == [
        "frame",
        "exemplar",
        "exemplar",
        "exemplar",
        "question",
        "frame",
    ]


async def test_a_demonstration_is_the_question_the_flattened_rationale_and_the_answer():
    run = await made()
    whence = run.trace.demonstrations.origin
    for each in run.trace.demonstrations.exemplars:
        assert (each.rationale, each.answer, each.equation) == (TOLD, "4", "")
        assert each.made and not each.tampered and each.on
    assert (run.trace.demonstrations.kind, run.trace.demonstrations.language) == ("number", "en")
    assert (whence.model, whence.pool, whence.by) == ("scripted", "mine", "given")
    assert (whence.selection, whence.k, whence.seed) == ("cluster", 3, 192)
    assert whence.digest == POOL.digest


async def kept(first, reply=None, changed=None, **more):
    """The next question, with the demonstrations of the run before."""
    demonstrations = changed or first.trace.demonstrations
    settings = {"demonstrations": demonstrations, **more.pop("settings", {})}
    question = more.pop("question", Question("What is asked next?", "number", "en"))
    return await made(reply, question=question, settings=settings, **more)


async def test_the_next_question_uses_them_again_without_any_new_rationale():
    first = await made()
    run = await kept(first)
    assert [node.kind for node in run.nodes] == ["rationale"]
    assert (len(run.calls), run.trace.map) == (1, None)
    assert run.trace.notes == [Noted("demonstrations_kept", {"kept": 3})]
    assert run.trace.demonstrations == first.trace.demonstrations
    before, after = first.calls[-1].prompt, run.calls[0].prompt
    assert after == before.replace("What is asked?", "What is asked next?")


async def test_they_may_come_from_a_file():
    first = await made()
    saved = load(dump(first.trace.demonstrations))
    assert codes(await kept(first, changed=saved)) == ["demonstrations_kept"]


async def test_a_pool_that_has_become_too_small_does_not_matter_while_they_fit():
    run = await made(pool=Pool("few", POOL.questions[:3]), settings={"k": 3})
    again = await kept(run, pool=Pool("few", POOL.questions[:3]))
    assert codes(again) == ["demonstrations_kept"]


OTHERS = [
    {"info": replace(WIDE, model="another")},
    {"pool": Pool("mine", POOL.questions[:-1])},
    {"pool": replace(POOL, name="renamed")},
    *(
        {"settings": {setting: value}}
        for setting, value in {
            "k": 2,
            "cluster_seed": 193,
            "trigger": "First,",
            "brief": False,
            "question_words": 59,
            "rationale_lines": 4,
            "rationale_tokens": 128,
            "tries": 9,
            "selection": "random",
        }.items()
    ),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
async def test_for_another_pool_model_or_setting_they_are_made_anew(other):
    run = await kept(await made(), **other)
    assert codes(run)[:2] == ["demonstrations_anew", "map"]
    assert run.status == "answered"
    assert any(node.kind == "candidate" for node in run.nodes)


async def test_what_does_not_bear_on_them_does_not_make_them_anew():
    run = await kept(await made(), settings={"max_tokens": 100}, seed=8)
    assert codes(run) == ["demonstrations_kept"]


async def test_retrieved_ones_are_for_one_question_only():
    first = await made(settings={"selection": "retrieval"})
    retrieval = {"settings": {"selection": "retrieval"}}
    assert codes(await kept(first, question=QUESTION, **retrieval)) == ["demonstrations_kept"]
    assert codes(await kept(first, **retrieval))[0] == "demonstrations_anew"


def wronged(run):
    """The demonstrations, with a wrong answer in the second one."""
    demonstrations = run.trace.demonstrations
    first, second, *others = demonstrations.exemplars
    return replace(demonstrations, exemplars=(first, replace(second, answer="5"), *others))


async def test_one_that_was_changed_is_used_stays_marked_and_is_said():
    first = await made()
    run = await kept(first, changed=wronged(first))
    assert codes(run) == ["demonstrations_kept", "exemplars_tampered"]
    assert run.trace.notes[1].fields == {"tampered": 1, "all": 3}
    assert "The answer is 5." in run.calls[0].prompt
    assert [part.tampered for part in run.nodes[0].parts] == [False, False, True] + [False] * 3
    assert [each.tampered for each in run.trace.demonstrations.exemplars] == [False, True, False]


@pytest.mark.parametrize("own", [False, True])
async def test_what_a_person_changed_or_added_is_not_lost_for_other_settings(own):
    first = await made()
    changed = wronged(first)
    if own:
        mine = (*first.trace.demonstrations.exemplars, Exemplar("Q?", "R.", "4"))
        changed = replace(changed, exemplars=mine)
    run = await kept(first, changed=changed, settings={"k": 2})
    assert run.error == {"code": "demonstrations_changed", "fields": {}}
    assert (run.calls, run.nodes, run.trace.demonstrations) == ([], [], None)


async def test_they_may_be_used_as_they_stand_for_anything():
    first = await made()
    other = {"info": replace(WIDE, model="another"), "pool": Pool("none")}
    run = await kept(first, changed=wronged(first), settings={"reuse": "always"}, **other)
    assert codes(run) == ["demonstrations_kept", "exemplars_tampered"]
    assert (run.status, len(run.calls)) == ("answered", 1)


async def test_one_that_is_the_question_asked_is_left_out_of_the_prompt_and_said():
    first = await made()
    run = await kept(first, question=Question("question  A0?", "number", "en"))
    assert codes(run) == ["demonstrations_kept", "demonstration_asked"]
    assert "Question a0?" not in run.calls[0].prompt
    assert "Question b0?" in run.calls[0].prompt
    assert len(run.trace.demonstrations.exemplars) == 3


def all_off(demonstrations):
    off = tuple(replace(each, on=False) for each in demonstrations.exemplars)
    return replace(demonstrations, exemplars=off)


async def test_where_all_are_switched_off_new_ones_are_made_and_what_was_changed_is_not_lost():
    first = await made()
    run = await kept(first, changed=all_off(first.trace.demonstrations))
    assert codes(run)[0] == "demonstrations_anew"
    assert len(run.trace.demonstrations.shown) == 3
    run = await kept(first, changed=all_off(wronged(first)))
    assert (run.error["code"], run.calls) == ("demonstrations_changed", [])
    off = all_off(first.trace.demonstrations)
    run = await kept(first, changed=off, settings={"reuse": "always"})
    assert (run.error["code"], run.calls) == ("exemplars_none", [])


async def test_those_that_are_switched_off_stay_out():
    first = await made()
    demonstrations = first.trace.demonstrations
    off = tuple(replace(each, on=False) for each in demonstrations.exemplars[:2])
    changed = replace(demonstrations, exemplars=(*off, demonstrations.exemplars[2]))
    run = await kept(first, changed=changed)
    assert run.trace.notes == [Noted("demonstrations_kept", {"kept": 1})]
    assert run.calls[0].prompt.count("<|assistant|>") == 2


async def test_questions_alike_leave_clusters_empty_which_is_said(given):
    given(Given(lambda text: (10.0 if text[9] == "a" else 20.0, 0.0)))
    run = await made()
    assert sorted(status for status, _ in walks(run).values()) == ["empty", "found", "found"]
    assert [n.fields for n in run.trace.notes if n.code == "clusters_empty"] == [
        {"empty": 1, "k": 3}
    ]
    assert "walks_exhausted" not in codes(run)
    assert len(shown(run)) == 2


async def test_a_cluster_in_which_none_passes_is_said_and_not_filled():
    run = await made(writes(dict.fromkeys(("a0", "a1", "a2", "a3"), (" Hm", " 4"))))
    status, seen = by_cluster(run)["a"]
    assert (status, len(seen)) == ("exhausted", 4)
    assert Noted("walks_exhausted", {"exhausted": 1, "k": 3}) in run.trace.notes
    assert sorted(shown(run)) == ["b0", "c0"]
    assert (run.status, run.answer) == ("answered", "7")


async def test_where_none_passes_at_all_the_run_fails_and_asks_nothing():
    run = await made(lambda *_: " Hm")
    assert (run.status, run.error["code"]) == ("failed", "demonstrations_none")
    assert run.error["fields"] == {"tried": 12}
    assert run.trace.demonstrations is None
    assert not list(run.trace.of_kind("rationale"))


async def test_in_a_cluster_so_many_rationales_are_tried_and_no_more():
    bad = dict.fromkeys(("a0", "a1", "a2"), (" Hm", " 4"))
    question = replace(QUESTION, text=NAMES[0])  # costs no rationale
    run = await made(writes(bad), question=question, settings={"tries": 2})
    status, seen = by_cluster(run)["a"]
    assert status == "exhausted"
    assert seen == [
        rejected("a0", "asked"),
        rejected("a1", "no_full_stop"),
        rejected("a2", "no_full_stop"),
    ]
    run = await made(writes(bad), question=question, settings={"tries": 3})
    assert by_cluster(run)["a"][0] == "found"


@pytest.mark.parametrize("seed", [192, 193])
async def test_random_q_takes_the_pool_in_the_order_of_its_seed(seed):
    order = list(range(12))
    random.Random(seed).shuffle(order)
    run = await made(settings={"selection": "random", "cluster_seed": seed})
    (walk,) = run.trace.of_kind("walk")
    assert (walk.label, walk.status) == ("random", "found")
    assert [int(node.label) for node in run.trace.of_kind("candidate")] == order[:3]
    assert shown(run) == [NAMES[index][9:-1] for index in order[:3]]


async def test_retrieval_q_takes_the_nearest_first_and_passes_over_those_without_an_answer():
    told = {"c1": (" Hm.", " none"), "c2": (" Anything goes\nhere", " 4")}
    run = await made(writes(told), settings={"selection": "retrieval"})
    assert shown(run) == ["c2", "c0", "c3"]
    assert walks(run)["retrieval"] == (
        "found",
        [
            ("c2", {"taken": ""}),
            rejected("c1", "no_answer"),
            ("c0", {"taken": ""}),
            ("c3", {"taken": ""}),
        ],
    )


async def test_retrieval_q_does_not_retrieve_the_question_itself():
    run = await made(
        question=replace(QUESTION, text=NAMES[10]), settings={"selection": "retrieval"}
    )
    assert walks(run)["retrieval"][1][0] == rejected("c2", "asked")
    assert "c2" not in shown(run)


async def test_ranked_candidates_are_asked_as_many_at_once_as_are_missing():
    run = await made(settings={"selection": "random"})
    steps = [type(event) for _, event in run.run.events if isinstance(event, Prompted | Closed)]
    assert steps[:4] == [Prompted] * 3 + [Closed]


async def test_a_ranking_that_runs_out_is_exhausted_and_what_there_is_is_used():
    told = dict.fromkeys((each[9:-1] for each in NAMES[2:]), (" Hm.", " none"))
    run = await made(writes(told), settings={"selection": "random"})
    assert next(iter(walks(run).values()))[0] == "exhausted"
    assert sorted(shown(run)) == ["a0", "a1"]


def check(**settings):
    STRATEGY.check(QUESTION, build(STRATEGY.params, {"pool": POOL, **settings}))


async def test_a_pool_smaller_than_k_is_refused_before_anything_runs():
    with pytest.raises(InvalidInput) as refused:
        check(k=13)
    assert (refused.value.code, refused.value.fields) == ("pool_small", {"have": 12, "k": 13})
    check(k=12)
    run = await made(settings={"k": 13})
    assert run.error == {"code": "pool_small", "fields": {"have": 12, "k": 13}}
    assert (run.calls, run.trace.map) == ([], None)


async def test_questions_of_another_kind_are_left_out_or_not():
    mixed = Pool("mixed", (*POOL.questions[:8], *of_kind("yes_no", NAMES[8:])))
    with pytest.raises(InvalidInput) as refused:
        check(pool=mixed, k=9)
    assert refused.value.fields == {"have": 8, "k": 9}
    run = await made(pool=mixed, settings={"k": 2})
    assert run.trace.map.questions == NAMES[:8]
    check(pool=mixed, k=9, same_kind=False)
    run = await made(pool=mixed, settings={"same_kind": False})
    assert run.trace.map.questions == NAMES


def of_kind(kind, names):
    return tuple(Question(each, kind, "en") for each in names)


async def test_a_chinese_question_has_chinese_demonstrations():
    texts = ("三只猫一共有几条腿？", "五辆车一共有几个轮子？", "两个人一共有几只手？")
    pool = Pool("zh", tuple(Question(text, "number", "zh") for text in texts))

    def reply(prompt, sampling, sample):
        last = prompt.rpartition("<|user|>")[2]
        if "所以，" in last:
            return " 12。"
        return "每个有 4。\n一共有 12。" if last.startswith(texts) else "一共是 7。答案是 7。"

    question = Question("六只鸟一共有几只翅膀？", "number", "zh")
    run = await made(reply, pool, question, settings={"k": 1})
    (one,) = run.trace.demonstrations.exemplars
    told = f"{one.question}\n<|assistant|>让我们一步一步地思考。每个有 4。 一共有 12。答案是 12。\n"
    assert run.calls[-1].prompt == f"<|user|>{told}{turn(question.text)}让我们一步一步地思考。"
    assert run.answer == "7"
    assert run.trace.demonstrations.language == "zh"
    first = next(run.trace.of_kind("candidate"))
    assert (
        first.prompt
        == turn(f"{one.question}\n\n请用不超过五句简短的话推理。") + first.pieces[0].text
    )


def driver_of(engine):
    params = build(STRATEGY.params, {"pool": POOL, "k": 3})
    return Driver(Run(engine, 7), STRATEGY, QUESTION, params)


async def stopped(driver, reached):
    """A run that is stopped as soon as it has come so far."""
    frames = driver.frames()
    looking = asyncio.ensure_future(drained(frames))
    async with asyncio.timeout(10):
        await reached
        await driver.stop()
        await looking
    return driver.run.trace


async def drained(frames):
    async for _ in frames:
        pass


async def test_a_run_that_is_stopped_while_the_map_is_made_ends_and_asks_nothing(given):
    reached, release = threading.Event(), threading.Event()

    class Slow(Given):
        def embed(self, texts, asked):
            reached.set()
            release.wait(10)
            return (yield from super().embed(texts, asked))

    given(Slow())
    engine = ScriptedEngine(writes(), info=WIDE)
    trace = await stopped(driver_of(engine), asyncio.to_thread(reached.wait, 10))
    assert (trace.ended.status, trace.map, engine.calls) == ("stopped", None, [])
    assert trace.progress is None
    release.set()


@pytest.mark.parametrize("words", [0, 10, 40])
async def test_a_run_that_is_stopped_on_its_walks_leaves_no_call_open(words):
    gate = Gate(words)
    engine = ScriptedEngine(writes(), info=WIDE, gate=gate)
    trace = await stopped(driver_of(engine), gate.reached.wait())
    assert trace.ended.status == "stopped"
    assert engine.calls and all(call.closed for call in engine.calls)
    assert all(node.finish for node in trace.nodes.values() if node.calls)
    assert "aborted" in {node.finish for node in trace.nodes.values()}


async def test_if_the_engine_dies_on_one_walk_the_others_are_let_go():
    def reply(prompt, sampling, sample):
        return EngineDied("killed") if "Question b0?" in prompt else GOOD[0]

    run = await made(reply)
    assert (run.status, run.error["code"]) == ("failed", "engine_died")
    assert all(node.finish for node in run.nodes if node.calls)


async def test_demonstrations_that_do_not_fit_are_refused_with_their_count():
    first = await made()
    run = await kept(first, info=replace(WIDE, context=420))
    assert run.error["code"] == "exemplars_long"
    assert run.error["fields"]["exemplars"] == 3
    assert run.calls == []


async def test_an_engine_that_cannot_be_made_to_continue_is_refused():
    with pytest.raises(InvalidInput, match="strategy_cannot"):
        await made(info=replace(WIDE, cannot={"continue": "cannot.continue"}))


async def test_an_engine_that_cannot_count_serves_it():
    run = await made(info=replace(WIDE, cannot={"count": "cannot.count"}))
    assert run.status == "answered"
    assert {part.tokens for part in run.nodes[-1].parts} == {None}


async def test_a_recording_of_it_replays_to_the_same_trace():
    run = await made(writes({"a0": (" Hm", " 4")}))
    again = await kept(run, changed=wronged(run))
    for each in (run, again):
        replayed = recording.read(recording.write(each.run.events).encode()).trace()
        assert replayed.nodes == each.trace.nodes
        assert replayed.map == each.trace.map
        assert replayed.demonstrations == each.trace.demonstrations
        assert replayed.notes == each.trace.notes
        assert replayed.ended == each.trace.ended
    assert again.trace.started.params["pool"] == {
        "name": "mine",
        "questions": 12,
        "digest": POOL.digest,
    }


async def test_the_same_run_again_has_the_same_events():
    def told(run: Asked):
        return [event for _, event in run.run.events if isinstance(event, Opened | Mapped | Noted)]

    assert told(await made()) == told(await made())


def test_the_prompt_can_be_seen_before_it_is_sent_once_there_are_demonstrations():
    assert STRATEGY.dialogues(QUESTION, build(STRATEGY.params, {})) == ()
    demonstration = {"exemplars": [{"question": "Q?", "rationale": "R.", "answer": "4"}]}
    given = {"demonstrations": {"thoughtscope_exemplars": 1, **demonstration}}
    (dialogue,) = STRATEGY.dialogues(QUESTION, build(STRATEGY.params, given))
    assert [(each.asked, each.told) for each in dialogue.turns] == [
        ("Q?", f"{TRIGGER} R. The answer is 4.")
    ]
    assert dialogue.asked == QUESTION.text
