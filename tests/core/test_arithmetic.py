"""The Game of 24 is calculated exactly, and what is read of it is bounded."""

import random
from fractions import Fraction
from itertools import combinations_with_replacement, permutations

import pytest

from core.arithmetic import (
    MAX,
    MAX_EXPRESSION,
    MAX_LINE,
    MAX_NESTING,
    InvalidStep,
    Step,
    check_answer,
    check_step,
    puzzles,
    reachable,
    read_puzzle,
    solutions,
    solve,
    step_text,
    written,
)
from core.errors import InvalidInput

ALL = tuple(combinations_with_replacement(range(1, 14), 4))


def numbers(*words):
    return tuple(Fraction(word) for word in words)


def calculated(left, right):
    """All that four operations make of two numbers."""
    made = [("+", left + right), ("-", left - right), ("*", left * right)]
    return [*made, ("/", left / right)] if right else made


def refused(line, *words):
    with pytest.raises(InvalidStep) as fault:
        check_step(line, numbers(*words))
    return fault.value.reason


# A puzzle as a person types it


@pytest.mark.parametrize(
    "text",
    [
        "4 9 10 13",
        "4,9,10,13",
        " 4, 9,\t10\n13 ",
        "４ ９ １０ １３",
        "４，９，１０，１３",
        "4、9、10；13",
        "04 +9 10 13",
    ],
)
def test_four_numbers_are_read_however_they_are_set_apart(text):
    assert read_puzzle(text) == (4, 9, 10, 13)


def test_the_numbers_stay_in_the_order_in_which_they_were_typed():
    assert read_puzzle("13 4 10 4") == (13, 4, 10, 4)


@pytest.mark.parametrize(
    ("text", "code", "fields"),
    [
        ("", "game24_count", {"count": 0}),
        (" ,，\n", "game24_count", {"count": 0}),
        ("4 9 10", "game24_count", {"count": 3}),
        ("1 2 3 4 5", "game24_count", {"count": 5}),
        ("4 9 10 x", "game24_whole", {"given": "x"}),
        ("4 9 10.5 13", "game24_whole", {"given": "10.5"}),
        ("4 9 1/2 13", "game24_whole", {"given": "1/2"}),
        ("4 9 1e1 13", "game24_whole", {"given": "1e1"}),
        ("٤ 9 10 13", "game24_whole", {"given": "٤"}),
        ("4 9 ² 13", "game24_whole", {"given": "²"}),
        ("4 9 \ud83d 13", "game24_whole", {"given": "\ud83d"}),
        ("4 9 0 13", "game24_range", {"given": "0", "low": 1, "high": MAX}),
        ("4 9 −3 13", "game24_range", {"given": "-3", "low": 1, "high": MAX}),
        ("4 9 101 13", "game24_range", {"given": "101", "low": 1, "high": MAX}),
    ],
)
def test_a_puzzle_that_is_none_is_refused_with_what_is_wrong_about_it(text, code, fields):
    with pytest.raises(InvalidInput) as fault:
        read_puzzle(text)
    assert (fault.value.code, fault.value.fields) == (code, fields)


def test_the_limits_themselves_are_taken():
    assert read_puzzle(f"1 {MAX} 1 {MAX}") == (1, MAX, 1, MAX)


@pytest.mark.parametrize("huge", ["9" * 50_000, "-" + "9" * 50_000, "x" * 50_000])
def test_a_huge_word_is_refused_and_not_shown_whole(huge):
    with pytest.raises(InvalidInput) as fault:
        read_puzzle(f"4 9 10 {huge}")
    assert fault.value.fields["given"] == huge[:80]


# A thought of a model


def test_a_step_names_its_numbers_and_what_is_left_in_order_of_size():
    step = check_step("13 - 9 = 4 (left: 4 4 10)", numbers(4, 9, 10, 13))
    assert step == Step(*numbers(13), "-", *numbers(9, 4), numbers(4, 4, 10))


@pytest.mark.parametrize(
    "line",
    [
        "10 - 4 = 6",
        "- 10 - 4 = 6 (left: 6 9 13)",
        "* 10-4=6",
        "• 10 - 4 = 6",
        "1. 10 - 4 = 6 (left: 6 9 13)",
        "12) 10 - 4 = 6",
        "(2) 10 - 4 = 6",
        "Step 1: 10 - 4 = 6",
        "  - **10 - 4 = 6**",
        "`10 - 4 = 6`",
        "10 − 4 = 6",
        "10 – 4 = 6",
        "１０ － ４ ＝ ６",
        "(10) - (4) = (6)",
        "10.0 - 4 = 6.00",
        "10 - 4 = 6 (left: 1 2 3)",
        "10 - 4 = 6.",
        "10 - 4 = 6, so 6 9 13 are left",
        "10 - 4 = 6（剩下：6 9 13）",
        "10 - 4 = 6 and then" + " on" * MAX_LINE,
    ],
)
def test_a_step_is_read_in_whatever_dress_and_what_is_left_is_calculated(line):
    step = check_step(line, numbers(4, 9, 10, 13))
    assert (step.left, step.op, step.right, step.result) == (10, "-", 4, 6)
    assert step.remaining == (6, 9, 13)


@pytest.mark.parametrize("sign", ["*", "x", "X", "×", "·", "✕"])
def test_every_sign_of_multiplication_is_one(sign):
    assert check_step(f"3 {sign} 8 = 24", numbers(3, 8)).op == "*"


@pytest.mark.parametrize("sign", ["/", "÷", "／"])
def test_every_sign_of_division_is_one(sign):
    assert check_step(f"8{sign}2 = 4", numbers(2, 8)).remaining == (4,)


@pytest.mark.parametrize(
    ("line", "left", "result"),
    [
        ("2 / 3 = 2/3", "2 3", "2/3"),
        ("2/3 = 0.667", "2 3", "2/3"),
        ("2 / 3 ≈ 0.7", "2 3", "2/3"),
        ("8 / 16 = .5", "8 16", None),
        ("2/3 * 9 = 6", "2/3 9", "6"),
        ("0.667 * 9 = 6", "2/3 9", "6"),
        ("0.6666666667 * 9 = 6", "2/3 9", "6"),
        ("8 / 2/3 = 12", "2/3 8", "12"),
        ("8/2/3 = 12", "2/3 8", "12"),
        ("2/3/8 = 1/12", "2/3 8", "1/12"),
        ("2/3 / 4/3 = 0.5", "2/3 4/3", "1/2"),
        ("4 - 9 = -5", "4 9", "-5"),
        ("4 - -5 = 9", "-5 4", "9"),
        ("-5 + 9 = 4", "-5 9", "4"),
        ("- -5 + 9 = 4", "-5 9", "4"),
        ("4 + (-5) = -1", "-5 4", "-1"),
        ("4-9=-5", "4 9", "-5"),
        ("-1/2 + 1 = 0.5", "-1/2 1", "1/2"),
        ("0 / 4 = 0", "0 4", "0"),
    ],
)
def test_fractions_decimals_and_negative_numbers_are_read(line, left, result):
    if result is None:
        assert refused(line, *left.split()) == "no_arithmetic"
    else:
        assert check_step(line, numbers(*left.split())).result == Fraction(result)


def test_what_was_rounded_in_the_text_is_exact_in_the_step():
    step = check_step("0.33 + 1 = 1.3", numbers("1/3", 1, 5))
    assert step == Step(*numbers("1/3"), "+", *numbers(1, "4/3"), numbers("4/3", 5))


def test_a_decimal_is_the_number_that_it_is_before_one_that_rounds_to_it():
    step = check_step("0.5 * 2 = 1.0", numbers("14/29", "1/2", "15/29", 2))
    assert (step.left, step.remaining) == (Fraction(1, 2), numbers("14/29", "15/29", 1))
    assert check_step("0.5 * 2 = 1.03", numbers("1/2", "15/29", 2)).left == Fraction(15, 29)


def test_a_decimal_stands_only_for_what_rounds_to_all_its_digits():
    assert refused("2 / 3 = 0.66", 2, 3) == "wrong_result"
    assert refused("2 / 3 = 0.6667001", 2, 3) == "wrong_result"
    assert refused("0.66 * 3 = 2", "2/3", 3) == "not_left"
    assert refused("8 / 3 = 3", 8, 3) == "wrong_result"


def test_a_number_is_taken_as_often_as_it_is_there():
    assert check_step("4 + 4 = 8", numbers(4, 4, 9)).remaining == (8, 9)
    assert refused("4 + 4 = 8", 4, 9) == "not_left"


def test_whole_numbers_that_are_no_fractions_will_do():
    step = check_step("4 + 9 = 13", [4, 9, 10])
    assert all(isinstance(number, Fraction) for number in (step.left, *step.remaining))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no_arithmetic"),
        ("Let me think about it.", "no_arithmetic"),
        ("4 9 10 13", "no_arithmetic"),
        ("10 - 4", "no_arithmetic"),
        ("10 - 4 = six", "no_arithmetic"),
        ("4 + 9 + 10 = 23", "no_arithmetic"),
        ("(13 - 9) * (10 - 4) = 24", "no_arithmetic"),
        ("4 + 9 = 10 + 3", "no_arithmetic"),
        ("4 ** 9 = 262144", "no_arithmetic"),
        ("4 ^ 9 = 13", "no_arithmetic"),
        ("so 4 + 9 = 13", "no_arithmetic"),
        ("1e1 + 4 = 14", "no_arithmetic"),
        ("٤ + 9 = 13", "no_arithmetic"),
        ("(4 + 9 = 13", "no_arithmetic"),
        ("__import__('os').system('true')", "no_arithmetic"),
        ("4 + 5 = 9", "not_left"),
        ("13 - 13 = 0", "not_left"),
        ("4 / 0 = 4", "not_left"),
        ("-4 + 9 = 5", "not_left"),
        ("4 + 9 = 14", "wrong_result"),
        ("13 - 9 = -4", "wrong_result"),
        ("4 + 9 = 1", "wrong_result"),
        ("4 + 9 = 13.5", "wrong_result"),
        ("4 + 9 = 13/2", "wrong_result"),
        ("4 + 9 = 130", "wrong_result"),
        ("4 + 9 = 5/0", "division_by_zero"),
    ],
)
def test_a_line_that_is_no_step_is_refused_with_the_reason(line, reason):
    assert refused(line, 4, 9, 10, 13) == reason


def test_a_division_by_a_nought_that_is_there_is_named():
    assert refused("4 / 0 = 4", 0, 4) == "division_by_zero"
    assert refused("4/0 = 0", 0, 4) == "division_by_zero"


def test_the_reason_is_that_of_the_reading_whose_numbers_are_there():
    assert refused("8/3/2 = 12", "3/2", 8) == "wrong_result"


@pytest.mark.parametrize(
    "line",
    [
        "9" * 100_000 + " - 1 = 2",
        "1 + 2 = " + "9" * 100_000,
        "0." + "3" * 100_000 + " + 1 = 2",
        "1" + " " * 100_000 + "+ 2 = 3",
        "- " * 100_000 + "1 + 2 = 3",
        "(" * 100_000 + "1 + 2 = 3",
        "\x00\ud83d" * 1000,
    ],
)
def test_a_hostile_line_is_no_arithmetic(line):
    assert refused(line, 1, 2, 3) == "no_arithmetic"


def test_whatever_a_model_writes_is_a_step_or_refused():
    chance, seen = random.Random(24), set()
    for _ in range(5000):
        line = "".join(chance.choices("1234 0.+-*/x=()÷", k=chance.randrange(5, 14)))
        try:
            seen.add(type(check_step(line, numbers(1, 2, 3, "1/2", 0))))
        except InvalidStep as fault:
            seen.add(fault.reason)
    assert {"no_arithmetic", "not_left", "wrong_result"} <= seen
    assert seen <= {"no_arithmetic", "not_left", "wrong_result", "division_by_zero", Step}


def test_every_step_that_can_be_made_is_accepted_as_it_is_written():
    chance = random.Random(24)
    for puzzle in chance.sample(ALL, 40):
        there = numbers(*puzzle)
        while len(there) > 1:
            steps = []
            for left, right, *others in permutations(there):
                for op, result in calculated(left, right):
                    remaining = tuple(sorted([*others, result]))
                    steps.append(Step(left, op, right, result, remaining))
            for step in set(steps):
                assert check_step(step_text(step), there) == step
            there = chance.choice(steps).remaining


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("4", "4"),
        ("-4", "-4"),
        ("0", "0"),
        ("3/2", "1.5"),
        ("-1/8", "-0.125"),
        ("1/16", "1/16"),
        ("2/3", "2/3"),
        ("-22/7", "-22/7"),
        ("100", "100"),
        ("1/1000", "0.001"),
        ("123456789012345678901/2", "61728394506172839450.5"),
    ],
)
def test_a_number_is_written_with_decimals_only_where_they_are_exact_and_few(number, text):
    assert written(Fraction(number)) == text


def test_a_step_is_written_with_what_is_left():
    step = check_step("1) 9/2=4.5", numbers(2, 9, 10, "2/3"))
    assert step_text(step) == "9 / 2 = 4.5 (left: 2/3 4.5 10)"


# What can be reached


@pytest.mark.parametrize(
    ("group", "can"),
    [
        ([24], True),
        ([23], False),
        ([Fraction(2, 3), 36], True),
        ([-4, -6], True),
        ([-4, 6], False),
        ([3, 3, 8, 8], True),
        ([8, 8, 3, 3], True),
        ([1, 5, 5, 5], True),
        ([1, 1, 1, 1], False),
        ([0, 0, 24], True),
        ([0, 0], False),
    ],
)
def test_whether_24_can_still_be_reached_is_known_exactly(group, can):
    assert reachable(group) is can


def test_another_number_can_be_the_target():
    assert reachable([1, 1, 1, 1], 4)
    assert reachable([7, 7, 5], 0)
    assert not reachable([1, 1, 1, 1], 5)


@pytest.mark.parametrize("group", [[], [1, 2, 3, 4, 5]])
def test_none_or_too_many_numbers_are_not_searched(group):
    with pytest.raises(ValueError, match="numbers"):
        reachable(group)
    with pytest.raises(ValueError, match="numbers"):
        solutions(group)


def test_numbers_below_one_have_no_solutions_to_count():
    with pytest.raises(ValueError, match="from 1 on"):
        solutions([0, 4, 6, 1])


def test_a_puzzle_has_solutions_exactly_where_24_can_be_reached():
    for puzzle in random.Random(3).sample(ALL, 60):
        assert reachable(puzzle) is (solutions(puzzle) > 0) is (solve(puzzle) is not None)


def functions(puzzle):
    """What solutions come to when other numbers stand for these: counted without any cleverness,
    from all expressions, each calculated with the puzzle's numbers and at three other places."""
    chance = random.Random(7)
    others = {n: [1] * 3 if n == 1 else chance.choices(range(10**6), k=3) for n in set(puzzle)}
    rows = [tuple(map(Fraction, (n, *others[n]))) for n in sorted(puzzle)]
    return {row for row in expressions(rows) if row[0] == 24}


def expressions(rows):
    if len(rows) == 1:
        yield rows[0]
    for one, two in permutations(range(len(rows)), 2):
        rest = [row for place, row in enumerate(rows) if place not in (one, two)]
        pairs = list(zip(rows[one], rows[two], strict=True))
        joined = [tuple(a - b for a, b in pairs)]
        if one < two:
            joined += [tuple(a + b for a, b in pairs), tuple(a * b for a, b in pairs)]
        if all(b for _, b in pairs):
            joined.append(tuple(a / b for a, b in pairs))
        for row in joined:
            yield from expressions([*rest, row])


def test_solutions_are_counted_as_if_all_expressions_were_compared():
    chance = random.Random(24)
    for puzzle in [(1, 1, 2, 12), (4, 4, 6, 6), (3, 3, 8, 8), *chance.sample(puzzles(), 9)]:
        assert solutions(puzzle) == len(functions(puzzle)), puzzle


@pytest.mark.parametrize(
    ("group", "count"),
    [
        ((24,), 1),
        ((23,), 0),
        ((4, 6), 1),
        ((2, 26), 1),
        ((12, 12), 1),
        ((1, 24), 1),  # 24 * 1 and 24 / 1
        ((2, 2, 20), 2),  # 2 + 2 and 2 * 2
        ((5, 5, 24), 1),  # 24 + 5 - 5 and 24 * 5 / 5
        ((3, 3, 8, 8), 1),
        ((4, 9, 10, 13), 2),  # (10 - 4) * (13 - 9) and (9 - (13 - 10)) * 4
        ((1, 1, 11, 13), 1),
    ],
)
def test_solutions_that_are_the_same_in_substance_count_once(group, count):
    assert solutions(group) == count == solutions(group[::-1])


def test_every_puzzle_is_solved_by_an_answer_that_is_right():
    wrong = [puzzle for puzzle in puzzles() if check_answer(solve(puzzle), puzzle) != "right"]
    assert wrong == []


def test_the_solution_shown_is_an_easy_one():
    assert solve((10, 13, 9, 4)) == "(10 - 4) * (13 - 9)"
    assert solve((3, 3, 8, 8)) == "8 / (3 - (8 / 3))"
    assert solve((2, 3, 6, 12)) == "(2 * 3) + (6 + 12)"
    assert solve((24,)) == "24"
    assert solve((1, 1, 1, 1)) is None


def test_there_are_1362_puzzles():
    assert len(puzzles()) == len(set(puzzles())) == 1362
    assert set(puzzles()) <= set(ALL)
    assert (3, 3, 8, 8) in puzzles()
    assert (1, 1, 1, 1) not in puzzles()


def test_puzzles_go_from_those_with_many_solutions_to_those_with_one():
    difficulty = [(-solutions(puzzle), puzzle) for puzzle in puzzles()]
    assert difficulty == sorted(difficulty)
    assert solutions(puzzles()[0]) > 8
    assert solutions(puzzles()[-1]) == 1


# An answer


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("(4 * 5) + (10 - 6)", "right"),
        ("(4 * 5) + (10 - 6) = 24", "right"),
        ("Answer: (4 * 5) + (10 - 6) = 24", "right"),
        ("  ANSWER : 4*5+10-6=24", "right"),
        ("answer： （４ × ５） ＋ （１０ − ６） ＝ ２４", "right"),
        ("4x5 – (6-10)", "right"),
        ("-6 + 4 * 5 + 10", "right"),
        ("-(6 - 10) + 4 * 5", "right"),
        ("4 * 5 - -10 - 6", "right"),
        ("4 * 5 + 10 - 6 = 25 is wrong", "right"),
        ("4.0 * 5 + 10 - 6", "right"),
        ("4 * 5 + 10 + 6", "wrong_value"),
        ("4 - 5 - 10 - 6", "wrong_value"),
        ("4 * 5 / (10 - 6 / 1)", "wrong_numbers"),
        ("10 - 6 + 5", "wrong_numbers"),
        ("4 * 5 + 10 - 6 + 4 - 4", "wrong_numbers"),
        ("4 * 6", "wrong_numbers"),
        ("24", "wrong_numbers"),
        ("45 + 10 - 6", "wrong_numbers"),
        ("4 * 5 + 10 - 6.5", "wrong_numbers"),
        ("", "not_an_expression"),
        ("= 24", "not_an_expression"),
        ("Answer:", "not_an_expression"),
        ("I do not know", "not_an_expression"),
        ("4 5 10 6", "not_an_expression"),
        ("(4 * 5) (10 - 6)", "not_an_expression"),
        ("4 * 5 + 10 -", "not_an_expression"),
        ("(4 * 5 + 10 - 6", "not_an_expression"),
        ("4 * 5 + 10 - 6)", "not_an_expression"),
        ("4 ** 5 + 10 - 6", "not_an_expression"),
        ("4 // 5 + 10 - 6", "not_an_expression"),
        ("+4 * 5 + 10 - 6", "not_an_expression"),
        ("4 * 5 + 1e1 - 6", "not_an_expression"),
        ("4 * 5 + 10 - 6 # easy", "not_an_expression"),
        ("٤ * 5 + 10 - 6", "not_an_expression"),
        ("()", "not_an_expression"),
        (".5", "not_an_expression"),
        ("__import__('os').system('true')", "not_an_expression"),
        ("\x00\ud83d", "not_an_expression"),
    ],
)
def test_an_answer_is_right_or_it_is_said_what_is_wrong(expression, verdict):
    assert check_answer(expression, [4, 5, 6, 10]) == verdict


def test_operations_bind_and_follow_each_other_as_in_school():
    assert check_answer("100 - 70 - 6", [6, 70, 100]) == "right"
    assert check_answer("96 / 2 / 2", [2, 2, 96]) == "right"
    assert check_answer("2 + 2 * 11", [2, 2, 11]) == "right"
    assert check_answer("-2 * -12", [2, 12]) == "right"


@pytest.mark.parametrize("expression", ["24 / 0", "24 + 0 / 0", "24 * (1 / (1 - 1))"])
def test_a_division_by_nought_has_no_value(expression):
    used = [int(digits) for digits in expression.replace("(", "").replace(")", "").split()[::2]]
    assert check_answer(expression, used) == "wrong_value"
    assert check_answer(expression, [1, 2]) == "wrong_numbers"


@pytest.mark.parametrize("wrap", [("(", ")"), ("-", ""), ("-(", ")")])
def test_brackets_are_nested_to_a_limit(wrap):
    def nested(depth):
        return wrap[0] * depth + "24" + wrap[1] * depth

    assert check_answer(nested(6), [24]) == "right"
    assert check_answer(nested(MAX_NESTING + 1), [24]) == "not_an_expression"
    assert check_answer(nested(100_000), [24]) == "not_an_expression"


def test_a_long_expression_is_not_read_but_what_follows_an_equals_sign_does_no_harm():
    assert check_answer("24" + " " * 10_000 + "= 24", [24]) == "right"
    assert check_answer("4 +" + " " * MAX_EXPRESSION + "20", [4, 20]) == "not_an_expression"
    assert check_answer("24 = " + "24" * 10_000, [24]) == "right"
    assert check_answer("9" * 100_000, [24]) == "not_an_expression"
    assert check_answer("9" * MAX_EXPRESSION, [24]) == "wrong_numbers"


def test_whatever_is_answered_gets_one_of_four_verdicts():
    chance, seen = random.Random(24), set()
    for _ in range(5000):
        text = "".join(chance.choices("46+-*/() =", k=chance.randrange(9)))
        seen.add(check_answer(text, [4, 6]))
    assert seen == {"right", "not_an_expression", "wrong_numbers", "wrong_value"}
