"""The tasks of the Tree of Thoughts: what they ask, what they read, and how they check it."""

import re
from dataclasses import replace

import pytest

from core.errors import InvalidInput
from core.events import Noted, Prompted
from core.exemplars import Exemplar, ExemplarSet
from core.params import build
from core.question import Question
from core.strategy import Edit
from strategies.tasks import TASKS
from strategies.tasks.task import Task, dialogue
from strategies.tree_of_thoughts import STRATEGY, Params
from tests.strategies.trees import notes, prompt, searched, state, states

PUZZLE = "4 9 10 13"
STEPS = (
    "13 - 9 = 4 (left: 4 4 10)",
    "10 - 4 = 6 (left: 4 6)",
    "4 * 6 = 24 (left: 24)",
)
RIGHT = "(10 - 4) * (13 - 9) = 24"
CLUES = (
    "A doctor-repelling fruit, they say",
    "Put your feet up",
    "Rub out, as a pencil mark",
    "More pleasant",
    "Wide awake and watchful",
    "Hall for big concerts and matches",
    "Serious danger",
    "Spot or location",
    "Narrow beam that reads a disc",
    "Put forth, as effort",
)
ACROSS = ("h1. APPLE", "h2. RELAX", "h3. ERASE", "h4. NICER", "h5. ALERT")
ENDS = ("It was cold.", "She ran.", "Nobody knew.", "The door was shut.")


def last(text):
    """The last turn of a person in a prompt."""
    return text.split("<|user|>")[-1].split("<|assistant|>")[0].rstrip("\n")


def forced(text):
    """What is put into the model's mouth."""
    return text.rsplit("<|assistant|>", 1)[1]


def task_of(name, text, language="en", checked=True):
    return TASKS[name](Question(text, "text", language), checked)


# Game of 24


def player(told, verdict="sure"):
    """A model that plays: `told` by the numbers left, "" for the answer; all judged alike."""

    def reply(prompt, sampling, sample):
        if sampling.choices:
            return f" {verdict}"
        left = "" if "Steps:" in last(prompt) else last(prompt).rpartition("Numbers: ")[2]
        return told.get(left, "")

    return reply


GAME = {
    PUZZLE: "13 - 9 = 4 (left: 4 4 10)\n10 - 4 = 6 (left: 6 9 13)",
    "4 4 10": "10 - 4 = 6 (left: 4 6)",
    "4 6": "4 * 6 = 24 (left: 24)",
    "": f" {RIGHT}",
}


async def play(told=GAME, text=PUZZLE, **settings):
    return await searched(player(told), "game24", text, **{"judgements": 1, **settings})


async def test_a_game_is_three_equations_and_an_answer_that_is_checked():
    run = await play()
    assert (run.status, run.answer) == ("answered", RIGHT)
    winner = state(run, "".join((*STEPS, f"Answer: {RIGHT}")))
    assert list(winner.marks) == ["kept", "final", "right", "winner"]
    assert notes(run) == []
    assert (run.nodes[0].kind, run.nodes[0].label) == ("state", PUZZLE)


@pytest.mark.parametrize(
    "said", ["4 * 6 = 24", "(13 - 9) * (10 - 4) + 1", "(13 - 9) * (10 - 4) * (10 - 9) = 24"]
)
async def test_an_answer_that_breaks_the_rules_is_marked_wrong(said):
    run = await play({**GAME, "": f" {said}"})
    (final,) = (node for node in run.nodes if "final" in node.marks)
    assert run.answer == said
    assert "wrong" in final.marks
    assert "right" not in final.marks


async def test_an_answer_that_is_no_expression_is_invalid():
    run = await play({**GAME, "": " I give up"})
    (invalid,) = (node for node in run.nodes if "invalid" in node.marks)
    assert invalid.marks == {"invalid": "not_an_expression"}
    assert (run.answer, notes(run)) == (None, [("frontier_empty", {"depth": 4})])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("13 - 9 = 5 (left: 4 5 10)", "wrong_result"),
        ("12 - 9 = 3 (left: 3 4 10)", "not_left"),
        ("Let us think", "no_arithmetic"),
    ],
)
async def test_a_line_that_is_no_step_is_invalid_with_its_reason(line, reason):
    run = await play({**GAME, PUZZLE: f"{line}\n{STEPS[0]}"})
    assert state(run, line).marks == {"invalid": reason}
    assert run.answer == RIGHT


async def test_the_numbers_left_are_calculated_and_not_believed():
    run = await play({**GAME, PUZZLE: "1. 13 − 9 = 4 (left: 24)"})
    assert run.answer == RIGHT
    assert STEPS[0] in states(run)


async def test_of_an_unreachable_puzzle_that_is_said_before_anything_is_asked():
    run = await play({}, text="1 1 1 1")
    events = [event for _, event in run.run.events]
    noted = events.index(Noted("game24_unreachable"))
    assert noted < next(i for i, event in enumerate(events) if isinstance(event, Prompted))
    assert notes(await play())[:1] == []


async def test_one_number_that_is_not_24_is_a_dead_end_without_a_prompt():
    run = await play({**GAME, "4 6": "4 + 6 = 10 (left: 10)"})
    assert [last(call.prompt) for call in run.calls][-1] == "10"  # judged, and nothing more
    assert notes(run) == [("frontier_empty", {"depth": 4})]


async def test_a_puzzle_that_is_none_fails_by_name():
    run = await play(text="1 2 3")
    assert (run.status, run.error["code"]) == ("failed", "game24_count")


async def test_the_prompts_show_the_numbers_left_and_for_the_answer_the_steps():
    run = await play(breadth=1)
    asked = [last(call.prompt) for call in run.calls if not call.sampling.choices]
    assert asked[1:] == [
        "Numbers: 4 4 10",
        "Numbers: 4 6",
        "Numbers: 4 9 10 13\nSteps:\n" + "\n".join(STEPS),
    ]
    assert asked[0].endswith(f"Numbers: {PUZZLE}")


async def test_states_are_judged_by_the_numbers_left_and_answers_by_a_prompt_of_their_own():
    run = await play()
    asked = [last(call.prompt) for call in run.calls if call.sampling.choices]
    assert asked[:2] == ["4 4 10", "6 9 13"]
    assert asked[-1] == f"Numbers: {PUZZLE}\nAnswer: {RIGHT}"
    assert "exactly once" in run.calls[-1].prompt
    assert not [call for call in run.calls[:-1] if "exactly once" in call.prompt]


async def test_different_steps_to_the_same_numbers_are_judged_once():
    lines = "10 - 9 = 1 (left: 1 4 13)\n10 / 10 = 1\n9 - 4 = 5 (left: 5 10 13)"
    again = "4 + 9 = 13\n13 - 9 = 4\n4 + 10 = 14\n13 + 10 = 23"
    run = await play({PUZZLE: f"{lines}\n{again}", "1 4 13": "4 - 1 = 3\n13 - 4 = 9"}, breadth=1)
    asked = [last(call.prompt) for call in run.calls if call.sampling.choices]
    assert len(asked) == len(set(asked))


async def test_a_game_cannot_be_deeper_than_its_answer():
    run = await play(depth=10)
    assert run.answer == RIGHT


async def test_unchecked_every_line_is_a_thought_as_released():
    run = await play({PUZZLE: "13 - 9 = 5 (left: 4 5 10)\nLet us think\n"}, checked=False)
    assert states(run)[1:4] == ["13 - 9 = 5 (left: 4 5 10)", "Let us think", ""]
    assert not [node for node in run.nodes if "invalid" in node.marks]


@pytest.mark.parametrize("checked", [True, False])
async def test_a_person_can_write_the_answer_of_a_game(checked):
    said = RIGHT if checked else f"Answer: {RIGHT}"
    old = await play({**GAME, "": f" {said}"}, checked=checked)
    third = state(old, "".join(STEPS))
    text = "(13 - 9) * (10 - 4)"
    run = await searched(
        "", "game24", PUZZLE, checked=checked, old=old, edit=Edit(third.id, text, True)
    )
    assert run.answer == text
    assert {"edited", "right"} <= set(run.nodes[-1].marks)


async def test_a_persons_step_is_written_out_and_searched_on_from():
    old = await play()
    edit = Edit(state(old, STEPS[0]).id, "10-4=6")
    run = await searched(player(GAME), "game24", PUZZLE, old=old, edit=edit)
    assert run.nodes[len(old.nodes)].label == "10 - 4 = 6 (left: 6 9 13)"
    assert last(run.calls[0].prompt).endswith("Numbers: 6 9 13")


# Open question


def steps(prompt, sampling, sample):
    """A model that takes numbered steps, prefers every second one, and answers 12."""
    if sampling.choices:
        return " sure" if last(prompt).endswith("-1") else " likely"
    if "Therefore" in forced(prompt):
        return " 12 apples."
    return f" step{sample}-{sample}\nand more"


async def test_an_open_question_is_answered_from_the_best_steps():
    settings = {"thoughts": 2, "breadth": 1, "judgements": 1, "depth": 2}
    run = await searched(steps, "open", "How many?", "number", **settings)
    (final,) = (node for node in run.nodes if "final" in node.marks)
    assert (run.status, run.answer) == ("answered", "12")
    (answer,) = run.trace.of_kind("answer")
    assert answer.parents == (final.id,)
    assert forced(answer.prompt) == (
        "Step 1: step1-1\nStep 2: step1-1\nTherefore, the answer (arabic numerals) is"
    )
    assert run.calls[-1].sampling.temperature == 0


async def test_a_step_is_one_line_and_follows_the_steps_before_it():
    settings = {"thoughts": 2, "breadth": 1, "judgements": 1, "depth": 3}
    run = await searched(steps, "open", "How many?", "number", **settings)
    asked = [forced(call.prompt) for call in run.calls if call.n == 2]
    assert asked[:2] == ["Step 1:", "Step 1: step1-1\nStep 2:"]
    assert len(asked) == 3
    assert run.calls[0].sampling.stop == ("\n",)


async def test_the_best_state_answers_first_and_each_kept_one_answers():
    settings = {"thoughts": 2, "breadth": 2, "judgements": 1, "depth": 1}
    run = await searched(steps, "open", "How many?", "number", **settings)
    assert [forced(n.prompt).split("\n")[0] for n in run.trace.of_kind("answer")] == [
        "Step 1: step1-1",
        "Step 1: step0-0",
    ]


async def test_an_open_question_can_be_searched_ten_steps_deep():
    settings = {"thoughts": 1, "breadth": 1, "judgements": 1, "depth": 10}
    run = await searched(steps, "open", "How many?", "number", **settings)
    (winner,) = (node for node in run.nodes if "winner" in node.marks)
    assert winner.id.count(".") == 10
    assert run.answer == "12"


def test_each_list_of_steps_gives_three_of_them_without_their_markers():
    task = task_of("open", "How many?")
    texts = ("1. two\n\n2) 2.5 litres\n- three\n4. four", "• -3 is left\n12. 5 apples\n2.")
    thoughts = [thought.text for thought in task.proposed((), texts)]
    assert thoughts == ["two", "2.5 litres", "three", "-3 is left", "5 apples"]


async def test_an_open_question_can_be_proposed_and_voted_on():
    def reply(prompt, sampling, sample):
        if sampling.choices:
            return " 2"
        return " 12" if "Therefore" in prompt else "1. one\n2. two"

    settings = {"generation": "propose", "evaluation": "vote", "depth": 1, "judgements": 1}
    run = await searched(reply, "open", "How many?", "number", **settings)
    assert [node.label for node in run.nodes if "winner" in node.marks] == ["two"]
    assert "Beginning 2:\nStep 1: two" in next(run.trace.of_kind("judgement")).prompt


INTRO = (
    "Solve the question in short steps, a line each. Each step works something out and says what "
    "came of it."
)
CATS = Exemplar("How many legs do 2 cats have?", "A cat has 4 legs. So 2 * 4 = 8.", "8")
MARBLES = Exemplar("How many are 1.5 and 2?", "1.5 + 2 = 3.5.", "3.5")
ONE_STEP = {"thoughts": 1, "breadth": 1, "judgements": 1, "depth": 1, "examples": "exemplars"}


async def shown(*exemplars, kind="number", **settings):
    chosen = ExemplarSet("mine", "number", "en", exemplars)
    settings = ONE_STEP | {"exemplars": chosen, **settings}
    return await searched(steps, "open", "How many?", kind, **settings)


async def test_steps_are_shown_by_exemplars_a_sentence_each_in_the_place_of_our_example():
    off = replace(CATS, on=False)
    run = await shown(MARBLES, off, CATS)
    examples = [
        ("How many are 1.5 and 2?", "Step 1: 1.5 + 2 = 3.5."),
        ("How many legs do 2 cats have?", "Step 1: A cat has 4 legs.\nStep 2: So 2 * 4 = 8."),
    ]
    wanted = prompt(dialogue(INTRO, examples, "How many?"))
    sampled = next(call.prompt for call in run.calls if "Step" in forced(call.prompt))
    (answer,) = run.trace.of_kind("answer")
    assert sampled == wanted + "Step 1:"
    assert answer.prompt.startswith(wanted)
    assert (run.answer, notes(run)) == ("12", [])


async def test_chinese_steps_are_a_sentence_each():
    cats = Exemplar("两只猫有几条腿？", "每只 4 条。共 2 * 4 = 8 条。", "8")
    chosen = ExemplarSet("腿", "number", "zh", (cats,))
    settings = ONE_STEP | {"exemplars": chosen}
    run = await searched(steps, "open", "有几个？", "number", "zh", **settings)
    assert "第 1 步： 每只 4 条。\n第 2 步： 共 2 * 4 = 8 条。" in run.calls[0].prompt


async def test_what_is_odd_about_the_exemplars_of_a_tree_is_said():
    run = await shown(replace(CATS.sealed(), answer="9"), kind="text")
    assert notes(run) == [
        ("exemplars_kind", {}),
        ("exemplars_tampered", {"tampered": 1, "all": 1}),
    ]
    own = await shown(replace(CATS.sealed(), answer="9"), kind="text", examples="own")
    assert (notes(own), "cats" in own.calls[0].prompt) == ([], False)


@pytest.mark.parametrize("task", ["game24", "writing", "crossword"])
def test_exemplars_are_refused_in_tasks_that_have_their_own(task):
    params = build(Params, {"task": task, "examples": "exemplars"})
    with pytest.raises(InvalidInput) as refused:
        STRATEGY.check(Question("4 9 10 13", "number", "en"), params)
    assert refused.value.code == "task_cannot"
    assert refused.value.fields == {"task": task, "name": "examples", "given": "exemplars"}


@pytest.mark.parametrize(
    ("exemplars", "code"),
    [
        ((CATS, replace(CATS, rationale=" ")), "exemplar_rationale"),
        ((replace(CATS, on=False),), "exemplars_none"),
    ],
)
def test_exemplars_without_steps_are_refused_beforehand(exemplars, code):
    chosen = ExemplarSet("mine", "number", "en", exemplars)
    params = build(Params, {"task": "open", "examples": "exemplars", "exemplars": chosen})
    with pytest.raises(InvalidInput, match=code):
        STRATEGY.check(Question("How many?", "number", "en"), params)
    STRATEGY.check(Question("How many?", "number", "en"), replace(params, examples="own"))


def test_exemplars_that_would_not_be_used_are_refused_beforehand():
    params = build(Params, {"task": "open", "examples": "exemplars", "generation": "propose"})
    with pytest.raises(InvalidInput, match="examples_unused"):
        STRATEGY.check(Question("How many?", "number", "en"), params)


def test_with_exemplars_too_a_tree_needs_an_engine_that_continues():
    params = build(Params, {"task": "open", "examples": "exemplars"})
    assert STRATEGY.lacks({"continue": "cannot.continue"}, params) == "cannot.continue"


# Creative writing


def passage(*ends):
    return "\n\n".join(f"Paragraph. {end}" for end in ends)


def writer(passages, best=" 2"):
    """A model with two plans, of which the second is voted for, and with these passages."""

    def reply(prompt, sampling, sample):
        if sampling.choices:
            return best
        if forced(prompt).endswith("Passage:\n"):
            return passages[sample]
        return f"{sample} plan\n"

    return reply


async def write(passages, best=" 2"):
    settings = {"thoughts": 2, "judgements": 3, "breadth": 1}
    return await searched(writer(passages, best), "writing", "\n".join(ENDS), **settings)


async def test_a_plan_is_chosen_by_votes_and_the_passage_follows_it():
    run = await write(["x", passage(*ENDS)])
    plan, text = (node for node in run.nodes if "kept" in node.marks)
    assert (plan.sampled, plan.value) == ("1 plan\n", 3)
    assert forced(text.prompt) == "Plan:\n1 plan\n\nPassage:\n"
    assert (run.status, run.answer) == ("answered", passage(*ENDS))
    votes = [call for call in run.calls if call.sampling.choices]
    assert [(call.n, call.sampling.choices) for call in votes] == [(3, (" 1", " 2"))] * 2
    assert "Candidate 2:\n1 plan" in votes[0].prompt


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        (ENDS, "right"),
        (ENDS[:3], "wrong"),
        ((*ENDS, "One more."), "wrong"),
        ((ENDS[1], ENDS[0], *ENDS[2:]), "wrong"),
        ((*ENDS[:3], "The door was shut"), "wrong"),
    ],
)
async def test_a_passage_is_right_if_its_four_paragraphs_end_as_they_must(ends, verdict):
    run = await write(["x", passage(*ends)])
    (final,) = (node for node in run.nodes if "final" in node.marks)
    assert {"right", "wrong"} & set(final.marks) == {verdict}


async def test_an_empty_passage_is_invalid_and_no_candidate():
    run = await write(["  ", passage(*ENDS)], best=" 1")
    assert run.answer == passage(*ENDS)
    (invalid,) = (node for node in run.nodes if "invalid" in node.marks)
    assert invalid.marks == {"invalid": "empty"}


@pytest.mark.parametrize("text", ["One.\nTwo.\nThree.", "a\nb\nc\n" + "d" * 301])
async def test_other_than_four_short_sentences_are_refused(text):
    run = await searched("x", "writing", text)
    assert (run.status, run.error["code"]) == ("failed", "writing_sentences")


async def test_writing_ends_with_its_passage_however_deep_the_search_may_go():
    settings = {"thoughts": 2, "judgements": 1, "depth": 10}
    model = writer([passage(*ENDS)] * 2)
    run = await searched(model, "writing", "\n".join(ENDS), **settings)
    assert run.answer == passage(*ENDS)


# Crossword


def solver(*lists, impossible=(), default=""):
    """A model that writes the i-th list of words as its i-th sample, on any board, and finds the
    clues with these patterns impossible."""

    def reply(prompt, sampling, sample):
        if sampling.choices:
            hopeless = last(prompt).rpartition(": ")[2].split("\n")[0] in impossible
            return " impossible" if hopeless else " sure"
        return lists[sample] if sample < len(lists) else default

    return reply


async def solve(model, **settings):
    return await searched(model, "crossword", "\n".join(CLUES), **{"judgements": 1, **settings})


async def test_a_crossword_is_solved_word_by_word():
    run = await solve(solver("\n".join(ACROSS)), breadth=3)
    rows = [" ".join(word[4:]) for word in ACROSS]
    assert (run.status, run.answer) == ("answered", "\n".join(rows))
    assert [n.label for n in run.nodes if "kept" in n.marks] == list(ACROSS)


async def test_words_are_tried_by_the_sum_of_their_confidence_over_all_samples():
    lists = (
        "h1. APPLE (medium)\nv2. PERIL (low)\nv1. ARENA (high)",
        "h1. apple (high)\nh5. ALERT (certain)\nv2. PERIL",
    )
    task = task_of("crossword", "\n".join(CLUES))
    thoughts = task.proposed((), lists)
    assert [(thought.text, round(thought.weight, 6)) for thought in thoughts] == [
        ("h5. ALERT", 1.0),
        ("h1. APPLE", 0.7),
        ("v1. ARENA", 0.5),
        ("v2. PERIL", 0.2),
    ]
    run = await solve(solver(*lists), proposals=2, breadth=2, max_states=6)
    assert next(n.label for n in run.nodes if "kept" in n.marks) == "h5. ALERT"
    assert run.calls[0].n == 2


@pytest.mark.parametrize(
    ("line", "reason", "label"),
    [
        ("v1. BRAND (certain)", "conflict", "v1. BRAND"),
        ("h1. APPLE (certain)", "filled", "h1. APPLE"),
        ("h2. RELAXING", "not_five_letters", "h2. RELAXING"),
        ("I see no word", "no_word", "I see no word"),
    ],
)
def test_a_word_that_cannot_be_placed_is_invalid_with_its_reason(line, reason, label):
    task = task_of("crossword", "\n".join(CLUES))
    (thought,) = task.proposed(("h1. APPLE",), [line])
    assert (thought.invalid, thought.text) == (reason, label)


async def test_a_board_on_which_a_clue_is_impossible_is_not_gone_on_from():
    words = "\n".join(("h1. APPLE (certain)", "h2. ROBOT (high)", *ACROSS[1:]))
    led_astray = await solve(solver(words), breadth=4)
    assert "R O B O T" in led_astray.answer
    run = await solve(solver(words, impossible=("P O _ _ _",)), breadth=4)
    pruned = [node for node in run.nodes if node.label == "h2. ROBOT" and "pruned" in node.marks]
    assert -1 in [node.value for node in pruned]
    assert run.answer == "\n".join(" ".join(word[4:]) for word in ACROSS)


async def test_only_clues_that_lack_at_most_three_letters_are_judged():
    task = task_of("crossword", "\n".join(CLUES))
    assert task.value(("h1. APPLE",), written=False) == []
    calls = task.value(ACROSS[:2], written=False)
    patterns = [f"{a} {b} _ _ _" for a, b in zip("APPLE", "RELAX", strict=True)]
    for call, clue, pattern in zip(calls, CLUES[5:], patterns, strict=True):
        assert call.messages[-1]["content"].endswith(f"{clue}: {pattern}")


async def test_the_same_clue_on_two_boards_is_judged_once():
    run = await solve(solver("\n".join(ACROSS)), breadth=3)
    asked = [call.prompt for call in run.calls if call.sampling.choices]
    assert len(asked) == len(set(asked))
    assert len(asked) > 5


async def test_an_unsolved_crossword_results_in_its_deepest_board():
    run = await solve(solver("h1. APPLE\nv1. BRAND"), breadth=3)
    assert run.answer == "\n".join(["A P P L E", *["_ _ _ _ _"] * 4])
    assert notes(run) == [("search_exhausted", {})]


# Prompts

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,.:]+){2}[A-Za-z]{2,}")
WORDED = {
    "game24": (PUZZLE, STEPS[:1]),
    "open": ("有几个苹果？", ("先数一数",)),
    "writing": ("很冷。\n她跑了。\n没人知道。\n门关着。", ("提纲",)),
}


def calls_of(task: Task, thoughts, written):
    """Everything that a task may ask: at its beginning, and after some thoughts."""
    for method in ("proposal", "sample"):
        if getattr(type(task), method) is not getattr(Task, method):
            yield getattr(task, method)(())
            yield getattr(task, method)(thoughts)
    if type(task).value is not Task.value:
        yield from task.value(thoughts, written=written)
    if type(task).vote is not Task.vote:
        yield task.vote([thoughts, thoughts], written=written)
    closing = task.closing(thoughts)
    if closing:
        yield closing


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("name", WORDED)
def test_a_chinese_question_is_asked_in_chinese(name, written):
    text, thoughts = WORDED[name]
    for call in calls_of(task_of(name, text, "zh"), thoughts, written):
        asked = (
            prompt(call.messages, call.forced).replace("<|user|>", "").replace("<|assistant|>", "")
        )
        assert CHINESE.search(asked)
        assert not ENGLISH.search(asked), ENGLISH.search(asked)


def test_the_answer_and_the_last_judgement_of_a_game_are_asked_in_chinese():
    task = task_of("game24", PUZZLE, "zh")
    answered = (*STEPS, f"Answer: {RIGHT}")
    for call in (task.proposal(STEPS), *task.value(answered, written=False)):
        asked = call.messages[0]["content"] + call.messages[-1]["content"]
        assert CHINESE.search(asked)
        assert not ENGLISH.search(asked)


async def test_a_chinese_question_is_solved_through_chinese_prompts():
    def reply(prompt, sampling, sample):
        return " sure" if sampling.choices else " 3 个" if "所以" in prompt else "数一数"

    settings = {"thoughts": 1, "judgements": 1, "depth": 1}
    run = await searched(reply, "open", "有几个？", "number", "zh", **settings)
    assert run.answer == "3"
    assert forced(run.calls[0].prompt) == "第 1 步："


# The table


@pytest.mark.parametrize("name", TASKS)
def test_a_task_names_its_own_way_and_can_do_it(name):
    task = TASKS[name]
    generates = "proposal" if task.generation == "propose" else "sample"
    assert getattr(task, generates) is not getattr(Task, generates)
    assert getattr(task, task.evaluation) is not getattr(Task, task.evaluation)


def test_the_tasks_search_as_in_the_paper():
    assert {
        name: (task.generation, task.evaluation, task.search, task.depth)
        for name, task in TASKS.items()
        if name != "open"  # ours
    } == {
        "game24": ("propose", "value", "bfs", 4),
        "writing": ("sample", "vote", "bfs", 2),
        "crossword": ("propose", "value", "dfs", 10),
    }
