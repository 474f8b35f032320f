"""A rendered prompt is taken apart into its frame, its exemplars and the question."""

import pytest

from core.composition import Dialogue, Turn, parts_of
from core.events import Part
from engines.scripted import ScriptedEngine

TWO = Dialogue((Turn("Q1?", "R1. A1."), Turn("Q2?", "R2. A2.", tampered=True)), "Q3?")
ENGINE = ScriptedEngine(lambda *_: "")


async def parts(dialogue, prompt=None, count=ENGINE.count):
    prompt = await ENGINE.render(dialogue.messages) if prompt is None else prompt
    return prompt, await parts_of(prompt, dialogue, count)


def told(prompt, found):
    """The text, kind, label of each part."""
    return [(prompt[part.start : part.end], part.kind, part.label) for part in found]


def covers(prompt, found):
    """Whether the parts are the whole prompt, in order, without gaps."""
    edges = [0, *(part.end for part in found)]
    return edges[-1] == len(prompt) and edges[:-1] == [part.start for part in found]


def test_the_messages_are_turns_that_were_taken_and_then_the_question():
    assert TWO.messages == [
        {"role": "user", "content": "Q1?"},
        {"role": "assistant", "content": "R1. A1."},
        {"role": "user", "content": "Q2?"},
        {"role": "assistant", "content": "R2. A2."},
        {"role": "user", "content": "Q3?"},
    ]


async def test_the_parts_cover_the_prompt_in_order():
    prompt, found = await parts(TWO)
    assert told(prompt, found) == [
        ("<|user|>", "frame", ""),
        ("Q1?\n<|assistant|>R1. A1.\n<|user|>", "exemplar", "1"),
        ("Q2?\n<|assistant|>R2. A2.\n<|user|>", "exemplar", "2"),
        ("Q3?", "question", ""),
        ("\n<|assistant|>", "frame", ""),
    ]
    assert covers(prompt, found)
    assert [part.tampered for part in found] == [False, False, True, False, False]
    assert [part.tokens for part in found] == [1, 4, 4, 1, 2]


async def test_without_exemplars_there_are_the_frame_and_the_question():
    prompt, found = await parts(Dialogue((), "Q?"))
    assert [part.kind for part in found] == ["frame", "question", "frame"]
    assert covers(prompt, found)


async def test_a_template_that_strips_the_texts_is_followed():
    dialogue = Dialogue((Turn("  Q1?\n", "R1."),), "\n Q2? ")
    prompt = "[Q1?][R1.][Q2?]>"
    _, found = await parts(dialogue, prompt)
    assert told(prompt, found) == [
        ("[", "frame", ""),
        ("Q1?][R1.][", "exemplar", "1"),
        ("Q2?", "question", ""),
        ("]>", "frame", ""),
    ]


@pytest.mark.parametrize("prompt", ["[Q1?][R1.]", "[q1?][r1.][q2?]", "[Q2?][Q1?]", ""])
async def test_a_template_that_changes_or_moves_the_texts_leaves_one_part(prompt):
    dialogue = Dialogue((Turn("Q1?", "R1."),), "Q2?")
    _, found = await parts(dialogue, prompt)
    assert found == (Part("frame", 0, len(prompt), await ENGINE.count(prompt)),)


async def test_where_nobody_counts_no_tokens_are_told():
    _, found = await parts(TWO, count=None)
    assert [part.tokens for part in found] == [None] * 5
    _, changed = await parts(TWO, "something else", count=None)
    assert [part.tokens for part in changed] == [None]


async def test_the_same_text_twice_is_two_parts_each_in_its_place():
    dialogue = Dialogue((Turn("Q?", "R."), Turn("Q?", "R.")), "Q?")
    prompt, found = await parts(dialogue)
    assert [part.kind for part in found] == ["frame", "exemplar", "exemplar", "question", "frame"]
    assert covers(prompt, found)
    assert {prompt[part.start : part.start + 2] for part in found[1:4]} == {"Q?"}


async def test_a_reply_that_the_template_shortens_does_not_hide_the_next_question():
    dialogue = Dialogue((Turn("Q1?", "<think>T</think>R1."),), "Q2?")
    prompt, found = await parts(dialogue, "[Q1?][R1.][Q2?]>")
    assert told(prompt, found)[1:3] == [("Q1?][R1.][", "exemplar", "1"), ("Q2?", "question", "")]


async def test_a_question_that_stands_within_an_answer_is_found_where_it_is_asked():
    dialogue = Dialogue((Turn("Why?", "Because. How? So."),), "How?")
    prompt, found = await parts(dialogue)
    question = next(part for part in found if part.kind == "question")
    assert prompt[question.end :] == "\n<|assistant|>"
