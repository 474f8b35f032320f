"""How much of a thought was said before."""

import pytest

from strategies.loops import LOOPED, repetition

ROUND = "Three cats have four legs each so twelve legs"


@pytest.mark.parametrize("text", ["", "one two three", " \n", "一二三四五六七"])
def test_a_thought_that_is_too_short_has_no_share(text):
    assert repetition(text, [ROUND]) is None


def test_a_new_thought_repeats_nothing_and_the_same_again_everything():
    assert repetition(ROUND, []) == 0.0
    assert repetition(ROUND, ["So there are dogs and birds and fish"]) == 0.0
    assert repetition(ROUND, ["Something else.", ROUND]) == 1.0
    assert repetition(f"  {ROUND.upper()}\n", [ROUND]) == 1.0, "case and white space do not count"


def test_a_part_that_was_said_before_counts_as_its_share():
    # 4 words from before and 4 new ones: 5 runs of four words, of which the first one is old.
    assert repetition("three cats have four and no dog barks", [ROUND]) == pytest.approx(1 / 5)


def test_a_thought_that_repeats_itself_goes_round_in_circles():
    # "I am not sure" 5 times, 17 runs of four words: all but the first 4 were said before.
    share = repetition("I am not sure " * 5, [])
    assert share == pytest.approx(13 / 17)
    assert share >= LOOPED


def test_a_run_of_words_does_not_go_on_from_one_thought_into_the_next():
    assert repetition("one two three four", ["one two", "three four"]) == 0.0


def test_chinese_is_divided_into_characters():
    thought = "三只猫各有四条腿，一共十二条。"
    assert repetition(thought, []) == 0.0
    # 15 characters three times, 38 runs of eight: all but the first 15 were said before.
    assert repetition(f"{thought}\n" * 3, []) == pytest.approx(23 / 38)
    assert repetition(thought, [thought]) == 1.0
    assert repetition("三只猫 各有四条腿，还有几只狗", [thought]) == pytest.approx(2 / 7)
