"""Our exemplars and pools of questions: enough of each, right, and what they say that they are."""

import ast
import json
import operator
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from core.answers import canonical, extract, option_letters
from core.question import ask

ASSETS = Path(__file__).resolve().parents[1] / "assets"
SETS = {path.stem: json.loads(path.read_text("utf-8")) for path in ASSETS.glob("exemplars/*.json")}
POOLS = {
    path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for path in ASSETS.glob("pools/*.jsonl")
}
EXAMPLES = [row["question"] for row in json.loads((ASSETS / "examples.json").read_text("utf-8"))]
EXEMPLARS = [(name, one) for name, chosen in SETS.items() for one in chosen["exemplars"]]
ARITHMETIC = [one for name, one in EXEMPLARS if name.startswith("arithmetic")]
COUNTS = {
    "arithmetic_en": ("number", "en", 8),
    "arithmetic_zh": ("number", "zh", 8),
    "yes_no_en": ("yes_no", "en", 4),
    "yes_no_zh": ("yes_no", "zh", 4),
    "choice_en": ("choice", "en", 4),
    "letters_en": ("text", "en", 4),
}
SHARES = {
    "en": {"number": 83, "yes_no": 12, "choice": 12, "text": 12},
    "zh": {"number": 32, "yes_no": 12},
}
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
CALCULATION = re.compile(r"\d+(?:\.\d+)?(?: [-+*/] \d+(?:\.\d+)?)+ = \d+(?:\.\d+)?")


def value(node):
    """What a calculation comes to, exactly; anything but numbers and + - * / is a KeyError."""
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](value(node.left), value(node.right))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(str(node.value))
    raise KeyError(ast.dump(node))


def sides(equation):
    return [value(ast.parse(side.strip(), mode="eval").body) for side in equation.split("=")]


def folded(text):
    return re.sub(r"[\W_]+", "", text).casefold()


def named(exemplar):
    name, one = exemplar
    return f"{name}: {one['question'][:30]}"


def test_the_sets_have_the_form_kind_language_and_number_that_was_agreed():
    assert {
        name: (chosen["kind"], chosen["language"], len(chosen["exemplars"]))
        for name, chosen in SETS.items()
    } == COUNTS
    for chosen in SETS.values():
        assert list(chosen) == [
            "thoughtscope_exemplars",
            "name",
            "kind",
            "language",
            "origin",
            "exemplars",
        ]
        assert (chosen["thoughtscope_exemplars"], chosen["origin"]) == (1, None)
        assert chosen["name"]


@pytest.mark.parametrize("exemplar", EXEMPLARS, ids=named)
def test_an_exemplar_is_a_question_of_its_set_with_a_rationale_that_ends(exemplar):
    name, one = exemplar
    assert list(one) == ["question", "rationale", "equation", "answer"]
    question = ask(one["question"])
    assert (question.kind, question.language) == COUNTS[name][:2]
    assert ask(one["rationale"]).language == question.language
    assert one["rationale"].endswith("。" if question.language == "zh" else ".")
    assert 1 <= len(re.findall(r"[.](?=\s|$)|。", one["rationale"])) <= 4
    assert not re.search(r"answer|答案|\n", one["rationale"])
    assert canonical(one["answer"], question.kind)
    assert bool(one["equation"]) == (question.kind == "number")


@pytest.mark.parametrize("exemplar", EXEMPLARS, ids=named)
def test_an_answer_is_read_as_it_is_written(exemplar):
    name, one = exemplar
    kind, language, _count = COUNTS[name]
    closing = f"答案是 {one['answer']}。" if language == "zh" else f"The answer is {one['answer']}."
    found = extract(one["rationale"] + " " + closing, kind, letters=option_letters(one["question"]))
    assert found and found.value == canonical(one["answer"], kind)


@pytest.mark.parametrize("one", ARITHMETIC, ids=lambda one: one["question"][:30])
def test_an_equation_is_true_and_comes_to_the_answer(one):
    left, right = sides(one["equation"])
    assert left == right == Fraction(one["answer"])
    assert one["equation"].endswith(f"= {one['answer']}")


@pytest.mark.parametrize("one", ARITHMETIC, ids=lambda one: one["question"][:30])
def test_an_arithmetic_rationale_calculates_rightly_and_reaches_the_answer(one):
    calculations = CALCULATION.findall(one["rationale"])
    assert calculations
    for calculation in calculations:
        left, right = sides(calculation)
        assert left == right, calculation
    assert sides(calculations[-1])[1] == Fraction(one["answer"])
    last = re.split(r"[.。](?=\s|.)(?!\d)", one["rationale"].rstrip(".。"))[-1]
    assert re.search(rf"(?<![\d.]){re.escape(one['answer'])}(?![\d.]*\d)", last)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_arithmetic_sets_are_of_many_sorts(language):
    exemplars = SETS[f"arithmetic_{language}"]["exemplars"]
    steps = [len(re.findall(r"[-+*/]", one["equation"])) for one in exemplars]
    assert min(steps) == 1 and max(steps) >= 3
    used = {sign for one in exemplars for sign in re.findall(r"[-+*/]", one["equation"])}
    assert used == set("+-*/")
    assert any(re.search(r"\d\.\d", one["question"]) for one in exemplars)
    assert any(re.search(r"\d:\d\d", one["question"]) for one in exemplars)
    spare = [
        set(re.findall(r"\d+", one["question"])) - set(re.findall(r"\d+", one["equation"]))
        for one in exemplars
        if ":" not in one["question"]
    ]
    assert any(spare)
    assert len({one["answer"] for one in exemplars}) == 8


def test_the_answers_to_the_letters_are_the_letters():
    for one in SETS["letters_en"]["exemplars"]:
        words = re.search("“(.+)”", one["question"])[1].split()
        assert one["answer"] == "".join(word[-1].lower() for word in words)
        for word in words:
            assert f"“{word}” ends in {word[-1]}" in one["rationale"]
        assert one["rationale"].endswith(f" {one['answer']}.")


def test_the_choices_have_five_options_and_not_always_the_same_letter():
    exemplars = SETS["choice_en"]["exemplars"]
    for one in exemplars:
        assert re.findall(r"\b([A-E])\) \S", one["question"]) == list("ABCDE")
        assert one["rationale"].endswith(f"option {one['answer']}.")
    assert len({one["answer"] for one in exemplars}) == 4


@pytest.mark.parametrize(
    ("name", "answers"), [("yes_no_en", ("yes", "no")), ("yes_no_zh", ("是", "否"))]
)
def test_yes_and_no_are_equally_often_right(name, answers):
    given = Counter(one["answer"] for one in SETS[name]["exemplars"])
    assert given == dict.fromkeys(answers, 2)


def test_the_pools_have_enough_of_each_kind_and_topic():
    assert {name: Counter(row["kind"] for row in rows) for name, rows in POOLS.items()} == SHARES
    for name, least in (("en", 10), ("zh", 4)):
        topics = Counter(row["topic"] for row in POOLS[name] if row["kind"] == "number")
        assert len(topics) == 8
        assert min(topics.values()) >= least


@pytest.mark.parametrize("name", POOLS)
def test_kind_and_language_are_guessed_as_the_pool_says(name):
    wrong = [
        row["question"]
        for row in POOLS[name]
        if (ask(row["question"]).kind, ask(row["question"]).language) != (row["kind"], name)
    ]
    assert wrong == []
    assert all(list(row) == ["question", "kind", "topic"] for row in POOLS[name])
    assert all("\n" not in row["question"] and row["topic"] for row in POOLS[name])


def test_three_questions_are_too_long_for_a_demonstration_and_no_more():
    lengths = [len(row["question"].split()) for row in POOLS["en"]]
    assert sum(length > 60 for length in lengths) == 3
    assert sum(60 < length <= 100 for length in lengths) == 3


def test_no_two_questions_are_alike():
    questions = [row["question"] for rows in POOLS.values() for row in rows]
    questions += [one["question"] for _name, one in EXEMPLARS]
    counted = Counter(folded(question) for question in questions + EXAMPLES)
    assert [question for question, times in counted.items() if times > 1] == []
