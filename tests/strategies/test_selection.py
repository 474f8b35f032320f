"""Which question becomes a demonstration: each rule at its edge, and the walk along a cluster."""

import pytest

from core.lengths import lines, words
from core.question import Question
from strategies.demonstrations.selection import (
    Limits,
    Rationale,
    Visit,
    ends_with,
    first_simple,
    flattened,
    refused_question,
    refused_rationale,
)

ASKED = Question("What is asked?", "number", "en")
LIMITS = Limits()
ANY = Limits(rationale_lines=None)
GOOD = Rationale("2 and 2 are 4.", "4")


def number(text):
    return Question(text, "number", "en")


def of(*texts, kind="number"):
    return tuple(Question(text, kind, "en") for text in texts)


@pytest.mark.parametrize(("count", "reason"), [(1, ""), (60, ""), (61, "long_question")])
def test_a_question_has_at_most_sixty_words(count, reason):
    assert refused_question(number("word " * count), ASKED, LIMITS) == reason
    assert refused_question(number("word " * count), ASKED, ANY) == reason


def test_the_limit_of_words_is_the_one_that_was_set():
    assert refused_question(number("a b c"), ASKED, Limits(question_words=3)) == ""
    assert refused_question(number("a b c d"), ASKED, Limits(question_words=3)) == "long_question"


@pytest.mark.parametrize(("count", "reason"), [(120, ""), (121, "long_question")])
def test_two_chinese_characters_are_a_word(count, reason):
    assert refused_question(number("字" * count), ASKED, LIMITS) == reason


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("one  two\nthree", 3),
        ("苹果", 1),
        ("苹果每", 2),
        ("苹果每斤 6 元", 4),
        ("It is 3 o'clock.", 4),
        ("苹果 costs two", 3),
    ],
)
def test_words_are_counted_in_both_languages(text, count):
    assert words(text) == count


@pytest.mark.parametrize("text", ["What is asked?", "what  IS\nasked?", " What is asked? "])
def test_the_question_asked_is_no_demonstration_however_it_is_set(text):
    for limits in (LIMITS, ANY, Limits(question_words=1)):
        assert refused_question(number(text), ASKED, limits) == "asked"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1\n2\n3\n4\nIt is 4.", ""),
        ("1\n\n2\n \n3\n\n\n4\nIt is 4.\n\n", ""),
        ("1\n2\n3\n4\n5\nIt is 4.", "many_lines"),
        ("1\n\n2\n3\n4\n5\nIt is 4.", "many_lines"),
    ],
)
def test_a_rationale_has_at_most_five_lines_and_empty_ones_do_not_count(text, reason):
    assert refused_rationale(number("?"), Rationale(text, "4"), LIMITS) == reason


def test_the_limit_of_lines_is_the_one_that_was_set():
    for text, reason in (("It is 4.", ""), ("So:\nIt is 4.", "many_lines")):
        limits = Limits(rationale_lines=1)
        assert refused_rationale(number("?"), Rationale(text, "4"), limits) == reason
    assert lines("\n\n") == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It is 4.", ""),
        ("It is 4. \n", ""),
        ("是 4。", ""),
        ("It is 4", "no_full_stop"),
        ("Is it 4?", "no_full_stop"),
        ("It is 4!", "no_full_stop"),
        ("It is 4,", "no_full_stop"),
        ("", "no_full_stop"),
    ],
)
def test_a_rationale_ends_in_a_full_stop(text, reason):
    assert refused_rationale(number("?"), Rationale(text, "4"), LIMITS) == reason


def test_a_rationale_has_an_answer_by_every_limit():
    none = Rationale("It is 4.", None)
    assert refused_rationale(number("?"), none, LIMITS) == "no_answer"
    assert refused_rationale(number("?"), none, ANY) == "no_answer"


FAR = "It is 4, if one counts. " + "And this is " + "so " * 6


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("So 2 + 2 = 4.", True),
        ("It is 4 and so on and on and on and on and on and on and on.", True),  # last sentence
        ("It is 4. We went on for just seven words.", True),  # among the last ten words
        ("It is 4. " + "so " * 8 + "it.", True),
        ("It is 4. " + "so " * 9 + "it.", False),
        ("It is 4. So it is.\nYes.", True),
        ("It is 4! " + "Why so? " * 5 + "End.", False),
        ("It is 14.", False),
        ("It is 4.5.", False),
        ("It is 4.0.", True),
        ("It is 4,000.", False),
        ("It is four.", False),
        ("", False),
    ],
)
def test_in_arithmetic_the_answer_stands_in_the_last_sentence_or_ten_words(text, ends):
    assert ends_with(text, "4") is ends


@pytest.mark.parametrize(
    ("text", "answer", "ends"),
    [
        ("It costs 1,200 dollars.", "1200", True),
        ("It falls by -3.", "-3", True),
        ("It falls by −3.", "-3", True),
        ("It costs $6.75.", "6.75", True),
        ("一共 1,200 元。", "1200", True),
        ("一共 12 元。", "12", True),
        ("一共１２元。", "12", True),
        ("一共 12 元。甲说对。乙也说对。丙还说对。", "12", True),  # among the last ten words
        ("一共 12 元。" + "这是" * 9 + "对。", "12", False),
        ("一共 12 元。" + "这是" * 7 + "对。", "12", True),
        ("答案。一共是 8 元。", "12", False),
    ],
)
def test_numbers_are_found_however_they_are_written(text, answer, ends):
    assert ends_with(text, answer) is ends


def test_only_in_arithmetic_must_the_answer_stand_at_the_end():
    rationale = Rationale("Yes, penguins are birds. They have feathers. They lay eggs.", "yes")
    for kind in ("yes_no", "choice", "text"):
        assert refused_rationale(Question("?", kind, "en"), rationale, LIMITS) == ""
    apart = Rationale("It is 4. " + "so " * 10 + "it.", "4")
    assert refused_rationale(number("?"), apart, LIMITS) == "answer_not_at_end"


@pytest.mark.parametrize("text", ["1\n" * 9 + "no full stop", "", "4 " * 40])
def test_without_a_limit_of_lines_an_answer_is_enough(text):
    assert refused_rationale(number("?"), Rationale(text, "4"), ANY) == ""


def test_the_rules_are_looked_at_in_their_order():
    assert refused_rationale(number("?"), Rationale("1\n" * 9, None), LIMITS) == "many_lines"
    assert refused_rationale(number("?"), Rationale("1", None), LIMITS) == "no_full_stop"


def test_a_rationale_is_flattened_to_one_line():
    assert flattened(" 2 + 2\n\n= 4.\tYes. \n") == "2 + 2 = 4. Yes."


class Walk:
    """What `first_simple` makes of questions, of rationales given as a dict, and of limits."""

    def __init__(self, questions, rationales, limits=LIMITS):
        self.questions, self.rationales, self.limits = questions, rationales, limits
        self.asked_for: list[int] = []
        self.heard: list[Visit] = []

    async def along(self, *walk):
        return await first_simple(
            walk, self.questions, ASKED, self.limits, self.tell, self.heard.append
        )

    async def tell(self, index):
        self.asked_for.append(index)
        return self.rationales[index]


FOUR = of("a?", "long " * 61, "What is asked?", "d?")


async def test_the_first_that_passes_is_taken_and_nobody_is_asked_beyond_it():
    walk = Walk(FOUR, {0: GOOD, 3: GOOD})
    assert await walk.along(3, 0) == Visit(3, "", GOOD)
    assert (walk.asked_for, walk.heard) == ([3], [Visit(3, "", GOOD)])


async def test_the_walk_goes_in_its_order_and_asks_only_where_the_question_passes():
    bad = Rationale("no full stop: 4", "4")
    walk = Walk(FOUR, {0: bad, 3: GOOD})
    assert await walk.along(1, 0, 2, 3) == Visit(3, "", GOOD)
    assert walk.asked_for == [0, 3]
    assert walk.heard == [
        Visit(1, "long_question"),
        Visit(0, "no_full_stop", bad),
        Visit(2, "asked"),
        Visit(3, "", GOOD),
    ]


async def test_where_none_passes_none_is_taken():
    walk = Walk(FOUR, {0: Rationale("4.", None), 3: Rationale("Five.", "4")})
    assert await walk.along(0, 1, 2, 3) is None
    reasons = [visit.reason for visit in walk.heard]
    assert reasons == ["no_answer", "long_question", "asked", "answer_not_at_end"]


async def test_an_empty_walk_finds_nothing():
    walk = Walk(FOUR, {})
    assert await walk.along() is None
    assert walk.heard == []


async def test_the_same_walk_and_rationales_give_the_same_and_other_limits_another():
    long = Rationale("1\n2\n3\n4\n5\nIt is 4.", "4")
    rationales = {0: long, 3: GOOD}
    for _ in range(2):
        assert (await Walk(FOUR, rationales).along(0, 3)).index == 3
    assert (await Walk(FOUR, rationales, Limits(rationale_lines=6)).along(0, 3)).index == 0
    assert (await Walk(FOUR, {1: GOOD}, Limits(question_words=61)).along(1, 3)).index == 1


def test_a_question_that_no_exemplar_could_hold_is_too_long_whatever_the_limit():
    assert refused_question(number("x" * 8_000), ASKED, Limits(1_000)) == ""
    assert refused_question(number("x" * 8_001), ASKED, Limits(1_000)) == "long_question"
