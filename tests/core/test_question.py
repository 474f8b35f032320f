"""A question is checked, and what was not said is guessed from its form."""

import time

import pytest

from core.errors import InvalidInput
from core.question import MAX_CHARACTERS, Question, ask, detect_kind, detect_language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "question_empty"),
        (" \n\t　", "question_empty"),
        ("x" * (MAX_CHARACTERS + 1), "question_long"),
        ("half a pair \ud83d", "question_encoding"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(text, code):
    with pytest.raises(InvalidInput) as refused:
        ask(text)
    assert refused.value.code == code


def test_a_long_question_is_refused_with_both_lengths():
    with pytest.raises(InvalidInput) as refused:
        ask("x" * (MAX_CHARACTERS + 7))
    assert refused.value.fields == {"characters": MAX_CHARACTERS + 7, "limit": MAX_CHARACTERS}


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "${alert(1)}", "{{7*7}}", "<think>", "\u202eRTL", "a\x00\x07b"],
)
def test_hostile_text_is_kept_as_it_was_typed(text):
    assert ask(text).text == text


def test_what_was_said_is_not_guessed():
    assert ask("多少？", kind="text", language="en") == Question("多少？", "text", "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How many apples?", "en"),
        ("小明有多少个苹果？", "zh"),
        ("Python 里 len 是什么意思？", "zh"),
        ("What does 你好 mean in English, please?", "en"),
        ("12 + 30", "en"),
    ],
)
def test_the_language_is_that_of_most_of_the_text(text, language):
    assert detect_language(text) == language
    assert ask(text).language == language


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Tom has 3 apples. How many are left?", "number"),
        ("What is 17 * 24?", "number"),
        ("What is the sum of all sides?", "number"),
        ("小明还剩多少个苹果？", "number"),
        ("小红今年几岁？", "number"),
        ("Which is red? (A) grass (B) blood", "choice"),
        ("哪个是红的？\nA. 草\nB. 血", "choice"),
        ("哪个是红的？\nＡ．草\nＢ．血", "choice"),
        ("How many? (A) 1 (B) 2", "choice"),
        ("Could a whale fit in a bath?", "yes_no"),
        ("A coin is heads up. Is it still heads up?", "yes_no"),
        ("鲸鱼会飞吗？", "yes_no"),
        ("鲸鱼是否会飞？", "yes_no"),
        ("Take the last letters of 'Ada Lovelace'.", "text"),
        ("中国的首都在哪里？", "text"),
    ],
)
def test_the_kind_of_answer_is_guessed_from_the_form(text, kind):
    assert detect_kind(text) == kind
    assert ask(text).kind == kind


@pytest.mark.parametrize("shape", ["a", " ", ". ", ". Is a", "? ", "吗 ", "1 ", "1 +", "(A", "\n"])
def test_a_question_of_the_greatest_length_is_read_in_time(shape):
    began = time.process_time()
    ask((shape * MAX_CHARACTERS)[: MAX_CHARACTERS - 1] + "x")
    assert time.process_time() - began < 2.0
