"""Answers are found where they stand, in both languages, and equal answers count as equal."""

import time

import pytest

from core.answers import MAX_TEXT_ANSWER, RULES, canonical, extract, option_letters, same
from core.question import KINDS


def found(text, kind, rule="marker", letters="ABCDE"):
    """The value and the piece of the original text that its span marks."""
    extraction = extract(text, kind, rule, letters)
    return extraction and (extraction.value, text[extraction.start : extraction.end])


@pytest.mark.parametrize(
    ("text", "value", "piece"),
    [
        (" 212.", "212", "212"),
        ("It costs 1,234,567.50 in all.", "1234567.5", "1,234,567.50"),
        ("1,2,3", "1", "1"),
        ("1,2345", "1", "1"),
        ("3/4 of a cake", "0.75", "3/4"),
        ("3 / 4", "0.75", "3 / 4"),
        ("1/0", "1", "1/0"),
        ("12/25/2020", "12", "12"),
        (".5 litres", "0.5", ".5"),
        ("$18.00", "18", "18.00"),
        ("-$5", "-5", "-$5"),
        ("$-5.50", "-5.5", "-5.50"),
        ("-7 degrees", "-7", "-7"),
        ("−7 degrees", "-7", "−7"),
        ("50% of them", "50", "50"),
        ("０", "0", "０"),
        ("一共 ３，０００ 元", "3000", "３，０００"),
        ("－１２．５ 度", "-12.5", "－１２．５"),
        ("￥８０", "80", "８０"),
    ],
)
def test_the_first_number_is_read_with_its_sign_commas_and_fraction(text, value, piece):
    assert found(text, "number", "first") == (value, piece)


def test_a_minus_between_two_numbers_is_not_a_sign():
    assert found("so 8-5 remain", "number", "last") == ("5", "5")


def test_a_long_whole_number_keeps_every_digit():
    digits = "1267650600228229401496703205376"
    assert found(f"It is {digits}.", "number") == (digits, digits)
    assert not same(digits, digits[:-1] + "7", "number")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("First 3, then 4. The answer is 7 apples, not 9.", "7"),
        ("THE ANSWER IS 7", "7"),
        ("The answer (arabic numerals) is 8", "8"),
        ("Answer: 7 (from 3 + 4)", "7"),
        ("so 3 + 4 gives \\boxed{7} as 9 said", "7"),
        ("3 + 4 = 9 - 2\n#### 7", "7"),
        ("3 加 4，所以答案是 7。共 9 步", "7"),
        ("3 加 4，所以答案为７。共 9 步", "7"),
        ("答案：7，共 9 步", "7"),
        ("3 加 4，答案（阿拉伯数字）是 7。共 9 步", "7"),
        ("3 加 4，答案应该是 7。共 9 步", "7"),
        ("The answer is 3. Wait. The answer is 7. Check 9.", "7"),
        ("答案是 3。不对，答案是 7。共 9 步", "7"),
        ("no marker: 3, 4, 7", "7"),
    ],
)
def test_the_first_number_after_the_last_marker_counts_and_without_a_marker_the_last(text, value):
    assert extract(text, "number", "marker").value == value


def test_the_rule_names_how_the_answer_was_found():
    assert extract("The answer is 7, of 9", "number", "marker").rule == "marker"
    assert extract("7 of 9", "number", "marker").rule == "last"
    assert extract("7 of 9", "number", "first").rule == "first"
    last = extract("The answer is 7, of 9", "number", "last")
    assert (last.value, last.rule) == ("9", "last")


def test_marker_only_abstains_without_a_marker():
    assert extract("It must be 7.", "number", "marker_only") is None
    assert extract("The answer is 7.", "number", "marker_only").value == "7"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_without_an_answer_abstains(kind, rule):
    assert extract(" \n\t", kind, rule) is None
    if kind != "text":
        assert extract("zzz qqq", kind, rule) is None


@pytest.mark.parametrize(
    ("text", "letters", "value"),
    [
        ("The answer is (B).", "ABCDE", "B"),
        ("Because it is large, D", "ABCDE", "D"),
        ("BECAUSE", "ABCDE", "B"),
        ("E, or rather B", "ABC", "B"),
        ("选Ｃ。", "ABCDE", "C"),
        ("答案是 C，不是 D", "ABCDE", "C"),
    ],
)
def test_a_letter_of_the_range_that_stands_alone_is_preferred(text, letters, value):
    rule = "marker" if "answer" in text or "答案" in text else "first"
    assert extract(text, "choice", rule, letters).value == value


def test_a_letter_outside_the_range_is_no_answer():
    assert extract("E", "choice", "first", "ABC") is None


@pytest.mark.parametrize(
    ("text", "value", "piece"),
    [
        ("Yes, they can.", "yes", "Yes"),
        ("Nobody knows, so NO", "no", "NO"),
        ("不是。", "no", "不是"),
        ("不可能会。", "no", "不可能"),
        ("是的。", "yes", "是的"),
        ("没有", "no", "没有"),
        ("对。", "yes", "对"),
    ],
)
def test_yes_and_no_are_read_as_words_in_both_languages(text, value, piece):
    assert found(text, "yes_no", "first") == (value, piece)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("没有人会。答案是：否。是的", "no"),
        ("不会。所以，答案（是或否）是：是。", "yes"),
        ("会。所以，答案（是或否）是否。", "no"),
        ("No doubt. The answer (Yes or No) is yes, not no.", "yes"),
    ],
)
def test_the_words_of_the_answer_trigger_are_not_the_answer(text, value):
    assert extract(text, "yes_no").value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('The answer is "ab cd". And more.', "ab cd"),
        ("Thus the answer is nk.\nDone", "nk"),
        ("所以答案是“苹果”。", "苹果"),
        ("所以答案是北京。谢谢", "北京"),
        ("The answer is \\boxed{xy}", "xy"),
        ("Thinking.\n\n**Paris**.\n", "Paris"),
    ],
)
def test_a_text_answer_ends_with_its_quotation_sentence_or_line(text, value):
    assert found(text, "text") == (value, value)


def test_a_text_answer_is_bounded():
    assert found("x" * 5000, "text", "first") == ("x" * MAX_TEXT_ANSWER,) * 2


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("1,000", "1000.0", "number"),
        ("1/2", "0.50", "number"),
        ("-0", "0", "number"),
        ("$５", "5", "number"),
        ("0.3333333333333", "1/3", "number"),
        ("Yes.", "yes", "yes_no"),
        ("是", "yes", "yes_no"),
        ("不是", "No", "yes_no"),
        ("(b)", "B", "choice"),
        ("Ａ", "A", "choice"),
        ('"Nk."', "nk", "text"),
        ("「北京」。", "北京", "text"),
        ("New  York", "new york", "text"),
    ],
)
def test_equal_answers_in_different_dress_are_the_same(left, right, kind):
    assert same(left, right, kind)


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("1", "-1", "number"),
        ("0.1", "0.2", "number"),
        ("yes", "no", "yes_no"),
        ("A", "B", "choice"),
        ("nk", "kn", "text"),
    ],
)
def test_different_answers_are_not_the_same(left, right, kind):
    assert not same(left, right, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_was_extracted_is_its_own_canonical_form_or_equal_to_it(kind):
    text = {"number": "1,200.50", "choice": "(C)", "yes_no": "不是", "text": "Nk!"}[kind]
    value = extract(text, kind, "first").value
    assert same(value, text.strip("!"), kind)
    assert canonical(canonical(value, kind), kind) == canonical(value, kind)


@pytest.mark.parametrize(
    ("question", "letters"),
    [
        ("Which? (A) x (B) y (C) z", "ABC"),
        ("哪一个？\nＡ．x\nＢ．y", "AB"),
        ("Which?\nA) x\nB) y\nC) z\nD) w\nE) v\nF) u", "ABCDEF"),
        ("Which one is it?", "ABCDE"),
        ("Vitamin A. Only that one?", "ABCDE"),
    ],
)
def test_the_range_of_letters_comes_from_the_question(question, letters):
    assert option_letters(question) == letters


SHAPES = """1| |a|,|$|1,|1,111|1,111,|(|answer |answer (|answer is |答案|答案（|是|不|#|-|- |
$ |1/|1 /|.|1.|"|“a|A) |A|\\boxed{|1 + |a1|. |Is a|０""".replace("\n", "").split("|")


@pytest.mark.parametrize("shape", [*SHAPES, "\n", " \n"], ids=repr)
def test_two_hundred_thousand_hostile_characters_are_read_in_time(shape):
    hostile = (shape * 200_000)[:200_000]
    for kind in KINDS:
        began = time.process_time()
        for text in (hostile, f"answer is {hostile}x"):
            extraction = extract(text, kind, "marker")
            if extraction:
                canonical(extraction.value, kind)
        option_letters(hostile)
        assert time.process_time() - began < 2.0


def test_a_number_of_a_million_digits_is_still_a_number():
    assert extract("9" * 1_000_001, "number", "first").value == "9" * 1_000_001
    assert extract("9" * 1_000_001 + "/3", "number", "first") is not None


@pytest.mark.parametrize(
    ("text", "kind", "rule", "value"),
    [
        ("2 + 3 = 5. The answer is unknown.", "number", "marker", None),
        (r"So the answer is \boxed{\frac{1}{4}}.", "number", "marker", "0.25"),
        (r" \boxed{576}", "text", "first", "576"),
        (r" $\boxed{\text{blue whale}}$.", "text", "first", "blue whale"),
        (r"The answer is \boxed{\text{blue}}.", "text", "marker", "blue"),
        ("the text{s", "text", "first", "the text{s"),
        ("text{s", "text", "first", "text{s"),
        ("苹果 5，100 个", "number", "first", "5"),
        ("共 １，２００ 元", "number", "first", "1200"),
        ("但是所有的灯都在会议室。", "yes_no", "last", None),
        ("不会，灯灭了。", "yes_no", "first", "no"),
        ("推理……答案是否。", "yes_no", "marker", "no"),
        ("是亮着的。", "yes_no", "first", "yes"),
        ("没错。", "yes_no", "first", "yes"),
    ],
)
def test_what_looks_like_an_answer_and_is_none_abstains(text, kind, rule, value):
    found = extract(text, kind, rule)
    assert (found.value if found else None) == value
