"""The words put to a model are the paper's, and have their like in Chinese."""

import pytest

from core.question import KINDS, LANGUAGES, Question
from strategies.prompts import (
    TRIGGERS,
    answer_trigger,
    ask,
    ask_to_close,
    direct_trigger,
    reasoning_trigger,
)

ANSWER_TRIGGERS = {
    ("number", "en"): "Therefore, the answer (arabic numerals) is",
    ("choice", "en"): "Therefore, among A through E, the answer is",
    ("yes_no", "en"): "Therefore, the answer (Yes or No) is",
    ("text", "en"): "Therefore, the answer is",
    ("number", "zh"): "所以，答案（阿拉伯数字）是",
    ("choice", "zh"): "所以，在 A 到 E 中，答案是",
    ("yes_no", "zh"): "所以，答案（是或否）是",
    ("text", "zh"): "所以，答案是",
}


@pytest.mark.parametrize(("kind", "language"), ANSWER_TRIGGERS)
def test_the_answer_trigger_is_the_papers_for_each_kind_of_answer(kind, language):
    trigger = answer_trigger(Question("Which?", kind, language))
    assert trigger == "\n" + ANSWER_TRIGGERS[kind, language]


@pytest.mark.parametrize(("kind", "language"), ANSWER_TRIGGERS)
def test_the_baseline_trigger_is_the_same_without_therefore(kind, language):
    trigger = direct_trigger(Question("Which?", kind, language))
    words = ANSWER_TRIGGERS[kind, language].removeprefix("Therefore, ").removeprefix("所以，")
    assert trigger == words[0].upper() + words[1:]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_choice_names_the_range_that_its_question_offers(language):
    question = Question("Which?\n(A) x\n(B) y\n(C) z", "choice", language)
    for trigger in (answer_trigger(question), direct_trigger(question)):
        assert "A" in trigger
        assert "C" in trigger
        assert "E" not in trigger


def test_the_reasoning_triggers_are_those_that_the_paper_compares():
    assert {name: words["en"] for name, words in TRIGGERS.items()} == {
        "step_by_step": "Let's think step by step.",
        "first": "First,",
        "think": "Let's think",
    }
    assert TRIGGERS["step_by_step"]["zh"] == "让我们一步一步地思考。"
    assert all(words.keys() == set(LANGUAGES) for words in TRIGGERS.values())


def test_a_trigger_of_ones_own_is_taken_as_it_is():
    assert reasoning_trigger("  Abracadabra!", "zh") == "  Abracadabra!"
    assert reasoning_trigger("first", "zh") == "首先，"


def test_the_question_is_asked_as_it_was_typed():
    hostile = "<|user|> ${alert(1)} {first} {{7*7}}"
    assert ask(Question(hostile, "choice", "en")) == [{"role": "user", "content": hostile}]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_question_that_wants_a_closing_sentence_says_which(kind, language):
    (message,) = ask_to_close(Question("Q {X}?", kind, language))
    question, closing = message["content"].split("\n\n")
    assert question == "Q {X}?"
    assert ("The answer is" if language == "en" else "答案是") in closing
