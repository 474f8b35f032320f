"""Self-consistency: one prompt, many sampled paths, an answer read out of each, and a vote."""

from dataclasses import replace

import pytest

from core.engine import Sampling
from core.errors import EngineDied, InvalidInput
from core.events import Answered, Closed, Composed, Noted
from core.exemplars import Exemplar, ExemplarSet
from core.params import build
from core.question import Question
from core.run import derive_seed
from core.votes import tally
from engines.scripted import INFO
from strategies.self_consistency import STRATEGY
from tests.strategies.asking import asked, turn

TRIGGER = "Let's think step by step."
CLOSING = {
    ("number", "en"): "Finish with the sentence “The answer is N.”, where N is a number in digits.",
    ("yes_no", "zh"): "最后用一句话结束：“答案是：是。”或“答案是：否。”",
}


def paths(*texts):
    """A model whose sample i says the i-th text, and greedily, at temperature 0, "greedy"."""

    def reply(prompt, sampling, sample):
        return texts[sample] if sampling.temperature else " Greedily, the answer is 99."

    return reply


def says(*answers):
    return paths(*(f" So the answer is {answer}." for answer in answers))


async def vote(reply, count, **settings):
    return await asked("self_consistency", reply, settings={"paths": count, **settings})


@pytest.mark.parametrize(("kind", "language"), CLOSING)
async def test_the_prompt_is_the_question_the_closing_wish_and_the_trigger(kind, language):
    settings = {"paths": 2, "trigger": "first"}
    run = await asked("self_consistency", "x", "Q?", kind, language, settings)
    words = {"en": "First,", "zh": "首先，"}[language]
    assert run.calls[0].prompt == turn(f"Q?\n\n{CLOSING[kind, language]}") + words


async def test_all_paths_are_one_call_that_reads_its_prompt_anew():
    run = await vote(says(4, 4, 4), 3, temperature=0.5, top_k=0, max_tokens=48)
    (call,) = run.calls
    assert (call.n, call.prompt.endswith(TRIGGER)) == (3, True)
    assert call.sampling == Sampling(
        temperature=0.5, top_k=0, max_tokens=48, seed=derive_seed(7, "0"), reuse=False
    )
    assert [(n.kind, n.label, n.seed) for n in run.nodes] == [
        ("path", str(i + 1), derive_seed(7, "0") + i) for i in range(3)
    ]
    assert all(node.pieces[0].forced and node.pieces[0].text == TRIGGER for node in run.nodes)


async def test_the_defaults_are_eight_paths_at_temperature_0_7_and_top_k_40():
    run = await asked("self_consistency", "The answer is 4.")
    assert (run.calls[0].n, run.calls[0].sampling.temperature) == (8, 0.7)
    assert run.calls[0].sampling.top_k == 40


async def test_the_answer_of_most_paths_wins():
    run = await vote(says(5, 4, 4), 3)
    assert (run.status, run.answer) == ("answered", "4")
    assert run.trace.notes == []


async def test_each_path_is_read_as_soon_as_it_is_whole():
    texts = (" one two three four. The answer is 4.", " The answer is 5.", " Two. The answer is 4.")
    run = await vote(paths(*texts), 3)
    steps = [
        (type(event), event.node)
        for _, event in run.run.events
        if isinstance(event, Closed | Answered)
    ]
    assert steps == [(step, node) for node in ("1", "2", "0") for step in (Closed, Answered)]


async def test_the_votes_stand_in_the_order_of_the_paths_not_of_their_ends():
    long, short = " one two three. The answer is 4.", " The answer is 5."
    run = await vote(paths(long, short), 2)
    assert [ballot.answer for ballot in run.trace.ballots()] == ["4", "5"]
    assert run.answer == "4"


async def test_a_tie_goes_to_the_answer_that_appeared_first_and_says_so():
    run = await vote(says(5, 4, 4, 5), 4)
    assert run.answer == "5"
    assert run.trace.notes == [Noted("tie")]


async def test_a_path_without_an_answer_abstains():
    run = await vote(paths(" I do not know.", " The answer is 4.", " Hm."), 3)
    assert run.answer == "4"
    assert [node.extraction and node.extraction.value for node in run.nodes] == [None, "4", None]
    assert all(node.answered for node in run.nodes)


async def test_where_all_paths_abstain_there_is_no_answer():
    run = await vote(paths(" Hm.", " Who knows?"), 2)
    assert (run.status, run.answer, run.trace.notes) == ("no_answer", None, [])


async def test_the_rule_of_extraction_is_the_one_that_was_chosen():
    texts = paths(" 7 then 8. The answer is 4, of 9.", " 5 then 6")
    answers = {}
    for rule in ("marker", "marker_only", "last", "first"):
        run = await vote(texts, 2, rule=rule)
        answers[rule] = [node.extraction and node.extraction.value for node in run.nodes]
    assert answers == {
        "marker": ["4", "6"],
        "marker_only": ["4", None],
        "last": ["9", "6"],
        "first": ["7", "5"],
    }


async def test_votes_can_be_weighed_by_probability_and_counted_again_without_the_model():
    run = await vote(says(5, 4, 4), 3, weighting="probability")
    ballots = run.trace.ballots()
    assert [ballot.mean_logprob for ballot in ballots] == [-0.5] * 3
    weights = [c.weight for c in tally(ballots, "number", "probability").candidates]
    # exp(-0.5) = 0.6065307, once and twice
    assert weights == pytest.approx([0.6065307, 1.2130613], abs=1e-7)
    assert run.answer == "4"
    assert tally(ballots[:1], "number").winner.answer == "5"


async def test_paths_of_unknown_probability_weigh_nothing_and_the_first_answer_stands_tied():
    settings = {"paths": 3, "weighting": "probability"}
    run = await asked("self_consistency", says(5, 4, 4), settings=settings, logprob=None)
    assert run.answer == "5"
    assert run.trace.notes == [Noted("tie")]


async def test_the_greedy_path_is_shown_but_has_no_vote():
    run = await vote(says(4), 1, greedy=True)
    path, greedy = run.nodes
    assert (greedy.kind, greedy.extraction.value) == ("greedy", "99")
    assert [ballot.node for ballot in run.trace.ballots()] == [path.id]
    assert run.answer == "4"
    assert [(c.n, c.sampling.temperature, c.sampling.reuse) for c in run.calls] == [
        (1, 0.0, False),
        (1, 0.7, False),
    ]
    assert run.calls[0].prompt == run.calls[1].prompt


@pytest.mark.parametrize(
    ("kind", "language", "question", "texts", "answer"),
    [
        ("number", "zh", "几个？", ("答案是 １２。", "答案是 12 个。", "答案是 3。"), "12"),
        ("choice", "en", "(A) x (B) y", ("The answer is B.", "The answer is (B).", "A"), "B"),
        ("yes_no", "en", "Can it?", ("The answer is No.", "The answer is no", "Yes"), "no"),
        ("yes_no", "zh", "能吗？", ("答案是：否。", "答案是：否。", "答案是：是。"), "no"),
        ("text", "en", "Letters?", ("The answer is Nk.", "The answer is “nk”.", "x"), "Nk"),
        ("text", "zh", "首都？", ("答案是北京。", "答案是“北京”。", "答案是上海。"), "北京"),
    ],
)
async def test_equal_answers_vote_together_in_every_kind_and_language(
    kind, language, question, texts, answer
):
    settings = {"paths": 3}
    run = await asked("self_consistency", paths(*texts), question, kind, language, settings)
    assert run.answer == answer
    assert tally(run.trace.ballots(), kind).winner.weight == 2.0


async def test_the_same_seed_asks_the_same_and_another_seed_does_not():
    seeds = []
    for seed in (7, 7, 8):
        run = await asked("self_consistency", "The answer is 4.", seed=seed)
        seeds.append(run.calls[0].sampling.seed)
    assert seeds[0] == seeds[1] != seeds[2]


async def test_an_engine_that_dies_leaves_a_failed_run():
    run = await vote(lambda *_: EngineDied("killed"), 2)
    assert (run.status, run.error["code"]) == ("failed", "engine_died")
    assert [node.text for node in run.nodes] == [TRIGGER, TRIGGER]


SHOWN = ExemplarSet(
    "legs",
    "number",
    "en",
    (
        Exemplar("How many legs do 2 cats have?", "A cat has 4. 2 * 4 = 8.", "8"),
        Exemplar("Off?", "R.", "1", on=False),
        Exemplar("I had 6 eggs and ate 2. How many are left?", "6 - 2 = 4.", "4"),
    ),
)
PROMPT = (
    f"{turn('How many legs do 2 cats have?')}A cat has 4. 2 * 4 = 8. The answer is 8.\n"
    f"{turn('I had 6 eggs and ate 2. How many are left?')}6 - 2 = 4. The answer is 4.\n"
    f"{turn('2 + 2?')}"
)
UNCONTINUED = replace(INFO, cannot={"continue": "cannot.continue"})


async def vote_with_exemplars(reply, shown=SHOWN, **more):
    settings = {"paths": 3, "trigger": "exemplars", "exemplars": shown, **more.pop("settings", {})}
    return await asked("self_consistency", reply, settings=settings, **more)


async def test_all_paths_may_go_on_from_exemplars_and_nothing_is_forced():
    run = await vote_with_exemplars(says(5, 4, 4), settings={"max_tokens": 48})
    (call,) = run.calls
    assert (call.prompt, call.n) == (PROMPT, 3)
    assert call.sampling == Sampling(
        temperature=0.7, top_k=40, max_tokens=48, seed=derive_seed(7, "0"), reuse=True
    )
    assert not any(piece.forced for node in run.nodes for piece in node.pieces)
    assert (run.answer, run.trace.notes) == ("4", [])


async def test_the_greedy_path_goes_on_from_the_same_exemplars():
    run = await vote_with_exemplars(says(4, 4, 4), settings={"greedy": True})
    assert [(call.prompt, call.sampling.reuse) for call in run.calls] == [(PROMPT, True)] * 2


async def test_the_prompt_of_all_paths_is_told_in_its_parts_once():
    run = await vote_with_exemplars(says(4, 4, 4))
    assert [e.node for _, e in run.run.events if isinstance(e, Composed)] == ["0"]
    kinds = [part.kind for part in run.nodes[0].parts]
    assert kinds == ["frame", "exemplar", "exemplar", "question", "frame"]


async def test_a_trigger_is_told_in_no_parts_and_takes_no_exemplars():
    run = await vote_with_exemplars(says(4, 4, 4), settings={"trigger": "first"})
    assert (run.nodes[0].parts, "cats" in run.calls[0].prompt) == ((), False)


async def test_what_is_odd_about_the_exemplars_is_said():
    first, *_ = SHOWN.exemplars
    changed = replace(SHOWN, exemplars=(replace(first.sealed(), answer="9"),))
    run = await vote_with_exemplars(says(4, 4, 4), changed, kind="text", language="zh")
    assert run.trace.notes == [
        Noted("exemplars_kind"),
        Noted("exemplars_language"),
        Noted("exemplars_tampered", {"tampered": 1, "all": 1}),
    ]


async def test_exemplars_that_do_not_fit_are_refused_before_any_text():
    run = await vote_with_exemplars(says(4, 4, 4), info=replace(INFO, context=420))
    assert (run.error["code"], run.calls) == ("exemplars_long", [])


async def test_with_exemplars_an_engine_that_only_chats_serves_it():
    run = await vote_with_exemplars(says(4, 4, 4), info=UNCONTINUED)
    assert run.answer == "4"
    with pytest.raises(InvalidInput, match="strategy_cannot"):
        await vote_with_exemplars(says(4), info=UNCONTINUED, settings={"trigger": "first"})


def test_exemplars_that_are_all_off_are_refused_beforehand_where_they_are_asked_for():
    off = replace(SHOWN, exemplars=SHOWN.exemplars[1:2])
    question = Question("2 + 2?", "number", "en")
    STRATEGY.check(question, build(STRATEGY.params, {"exemplars": off}))
    with pytest.raises(InvalidInput, match="exemplars_none"):
        STRATEGY.check(question, build(STRATEGY.params, {"exemplars": off, "trigger": "exemplars"}))
