"""The strategies on a real small model, end to end: what must hold whatever it answers."""

import pytest

from core import recording
from core.driver import Driver
from core.params import build
from core.question import ask
from core.run import Run
from engines.llamacpp.engine import LlamaCpp
from strategies import REGISTRY

SETTINGS = {
    "direct": {},
    "zero_shot_cot": {"max_tokens": 40},
    "self_consistency": {"paths": 8, "max_tokens": 40},
    "few_shot_cot": {"versus": "standard", "max_tokens": 16},
    # So small a model hardly passes the rules of a cluster.
    "auto_cot": {"selection": "random", "k": 2, "rationale_tokens": 40, "max_tokens": 16},
    "tree_of_thoughts": {"task": "open", "depth": 2, "thoughts": 2},
    "budget_forcing": {"budget": 60, "answer_tokens": 8, "versus": "Hmm"},
}


@pytest.fixture
async def engine(smollm2):
    running = await LlamaCpp.start(smollm2, "smollm2-135m")
    yield running
    await running.close()


async def finished(engine, name, question, seed=5, **settings):
    strategy = REGISTRY[name]
    run = Run(engine, seed)
    params = build(strategy.params, SETTINGS[name] | settings)
    async for _frame in Driver(run, strategy, ask(question), params).frames():
        pass
    return run


@pytest.mark.parametrize("name", list(REGISTRY))
@pytest.mark.parametrize("question", ["How many legs do 3 cats have?", "三只猫有几条腿？"])
async def test_a_strategy_ends_records_and_replays(engine, name, question):
    run = await finished(engine, name, question)
    assert run.trace.ended.status in ("answered", "no_answer")
    for node in (node for node in run.trace.nodes.values() if node.calls):
        assert node.sampled or node.finish == "stop"
        if name != "few_shot_cot":
            assert node.prompt.endswith(node.pieces[0].text)
            assert node.pieces[0].forced
        assert node.mean_logprob is None or node.mean_logprob <= 0
    replayed = recording.read(recording.write(run.events).encode()).trace()
    assert replayed.totals() == run.trace.totals()
    assert replayed.nodes == run.trace.nodes


async def test_a_tree_on_a_real_model_judges_in_form_and_weighs_its_words(engine):
    run = await finished(engine, "tree_of_thoughts", "How many legs do 3 cats have?")
    judged = list(run.trace.of_kind("judgement"))
    assert judged
    assert {node.sampled for node in judged} <= {" sure", " likely", " impossible"}
    # So small a model may have none of the words among its likeliest: then it tells no weights.
    weighed = [node.weights for node in judged if node.weights]
    assert all(abs(sum(weights.values()) - 1) < 1e-6 for weights in weighed)
    finals = [node for node in run.trace.of_kind("state") if "final" in node.marks]
    assert finals and all(node.value is not None for node in finals)


async def test_the_same_seed_gives_the_same_texts_and_another_seed_others(engine):
    question = "How many legs do 3 cats have?"
    first = await finished(engine, "self_consistency", question)
    again = await finished(engine, "self_consistency", question)
    other = await finished(engine, "self_consistency", question, seed=6)

    def texts(run):
        return [node.text for node in run.trace.nodes.values()]

    assert texts(first) == texts(again)
    assert texts(first) != texts(other)
    assert len(set(texts(first))) > 1


async def test_eight_paths_read_their_prompt_once(engine):
    run = await finished(engine, "self_consistency", "How many legs do 3 cats have?")
    totals = run.trace.totals()
    assert totals.computed <= 1.1 * totals.prompt / 8


async def test_the_second_stage_computes_little_more_than_its_trigger(engine):
    run = await finished(engine, "zero_shot_cot", "How many legs do 3 cats have?")
    rationale, answer = run.trace.nodes.values()
    assert answer.prompt_tokens > rationale.prompt_tokens
    assert answer.computed_tokens <= answer.forced_tokens + 8


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("few_shot_cot", {"versus": "none"}),
        ("self_consistency", {"trigger": "exemplars", "paths": 8, "max_tokens": 16}),
    ],
)
async def test_exemplars_are_read_once_for_all_questions_and_paths(engine, name, settings):
    questions = ("How many legs do 3 cats have?", "Ann had 9 eggs and ate 2. How many are left?")
    first, second = [(await finished(engine, name, q, **settings)).trace for q in questions]
    once = first.totals().computed
    assert once > 500
    assert second.totals().prompt >= 0.9 * first.totals().prompt
    assert second.totals().computed <= 0.2 * once
    assert second.totals().computed <= 0.2 * second.totals().prompt


async def test_demonstrations_that_are_kept_are_not_read_again(engine):
    first = await finished(engine, "auto_cot", "How many legs do 3 cats have?", k=4)
    kept = {"demonstrations": first.trace.demonstrations, "k": 4}
    second = await finished(engine, "auto_cot", "How many legs do 5 cats have?", **kept)
    assert [note.code for note in second.trace.notes] == ["demonstrations_kept"]
    (node,) = second.trace.nodes.values()
    assert node.computed_tokens <= 0.2 * node.prompt_tokens
