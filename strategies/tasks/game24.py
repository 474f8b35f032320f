"""The Game of 24 (Yao et al. 2023, section 4.1): four numbers, three equations, one expression.

A thought is an equation with the numbers left after it; the fourth is the answer. The released
code values a path of four equations at 0, unless its numbers were judged before, be it for another
puzzle; here it is judged like any other.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

from core.arithmetic import (
    InvalidStep,
    check_answer,
    check_step,
    reachable,
    read_puzzle,
    step_text,
)
from core.question import Question
from strategies.tasks.task import Call, Settings, Task, Thought, Thoughts, dialogue

_PROPOSE = {
    "en": (
        "You are given numbers. Combine two of them by +, -, * or / and write down which numbers "
        "are left. List different possible next steps, a line each, and nothing else.",
        "Numbers: {0}",
    ),
    "zh": (
        "给你几个数字。取其中两个，用 +、-、* 或 / 运算，并写出剩下的数字。"
        "列出几种不同的下一步，每行一种，不要写别的。",
        "数字：{0}",
    ),
}
_STEPS = (
    (
        "3 5 7 9",
        "3 + 5 = 8 (left: 7 8 9)\n5 * 7 = 35 (left: 3 9 35)\n9 / 3 = 3 (left: 3 5 7)\n"
        "9 - 5 = 4 (left: 3 4 7)\n3 * 9 = 27 (left: 5 7 27)\n7 - 3 = 4 (left: 4 5 9)\n"
        "5 + 9 = 14 (left: 3 7 14)\n7 - 5 = 2 (left: 2 3 9)",
    ),
    (
        "4 6 18",
        "4 * 6 = 24 (left: 18 24)\n18 / 6 = 3 (left: 3 4)\n18 - 4 = 14 (left: 6 14)\n"
        "6 - 4 = 2 (left: 2 18)\n4 + 18 = 22 (left: 6 22)\n18 - 6 = 12 (left: 4 12)",
    ),
    ("3 8", "3 * 8 = 24 (left: 24)\n8 - 3 = 5 (left: 5)\n3 + 8 = 11 (left: 11)"),
)

_ANSWER = {
    "en": (
        "Write the steps as one expression: put in, for each result, the calculation that made it.",
        "Numbers: {0}\nSteps:\n{1}",
    ),
    "zh": (
        "把这些步骤写成一个算式：每个中间结果都用得到它的运算代替。",
        "数字：{0}\n步骤：\n{1}",
    ),
}
_ANSWERS = (
    (
        "2 3 5 9",
        "9 - 5 = 4 (left: 2 3 4)\n2 * 3 = 6 (left: 4 6)\n4 * 6 = 24 (left: 24)",
        "(9 - 5) * (2 * 3) = 24",
    ),
    (
        "1 4 7 13",
        "13 + 7 = 20 (left: 1 4 20)\n4 / 1 = 4 (left: 4 20)\n20 + 4 = 24 (left: 24)",
        "(13 + 7) + (4 / 1) = 24",
    ),
    (
        "2 2 6 8",
        "8 - 2 = 6 (left: 2 6 6)\n6 / 2 = 3 (left: 3 6)\n6 + 3 = 9 (left: 9)",
        "(8 - 2) + (6 / 2) = 9",
    ),
)

_VALUE = {
    "en": "Can these numbers make 24 with +, -, * and /, each used once? Judge in one word: sure, "
    "likely or impossible.",
    "zh": "这些数字各用一次，通过 +、-、* 和 / 能得到 24 吗？用一个词判断："
    "sure（一定能）、likely（可能）或 impossible（不可能）。",
}
_TRIED = (
    ("10 14", "10 + 14 = 24. That is 24.\n", "10 + 14 = 24。正好是 24。\n", "sure"),
    (
        "11 12",
        "11 + 12 = 23, 12 - 11 = 1, 11 * 12 = 132. None is 24.\n",
        "11 + 12 = 23，12 - 11 = 1，11 * 12 = 132。都不是 24。\n",
        "impossible",
    ),
    (
        "4 4 10",
        "4 + 4 + 10 = 18, 4 * 10 - 4 = 36, (10 - 4) * 4 = 24. That is 24.\n",
        "4 + 4 + 10 = 18，4 * 10 - 4 = 36，(10 - 4) * 4 = 24。正好是 24。\n",
        "sure",
    ),
    ("4 9 11", "9 + 11 + 4 = 24. That is 24.\n", "9 + 11 + 4 = 24。正好是 24。\n", "sure"),
    (
        "5 7 8",
        "5 + 7 + 8 = 20, (8 - 5) * 7 = 21. Not yet, but the size is right.\n",
        "5 + 7 + 8 = 20，(8 - 5) * 7 = 21。还不是，但大小合适。\n",
        "likely",
    ),
    ("24", "24 is there already.\n", "已经是 24。\n", "sure"),
    (
        "10 10 11",
        "10 + 10 + 11 = 31, (11 - 10) * 10 = 10. All too large or small.\n",
        "10 + 10 + 11 = 31，(11 - 10) * 10 = 10。不是太大就是太小。\n",
        "impossible",
    ),
    ("3 8", "3 * 8 = 24. That is 24.\n", "3 * 8 = 24。正好是 24。\n", "sure"),
    (
        "1 3 3",
        "1 * 3 * 3 = 9, (1 + 3) * 3 = 12. All too small.\n",
        "1 * 3 * 3 = 9，(1 + 3) * 3 = 12。都太小。\n",
        "impossible",
    ),
    (
        "16",
        "16 is not 24, and nothing is left to add.\n",
        "16 不是 24，也没有剩下的数字了。\n",
        "impossible",
    ),
)

_VALUE_LAST = {
    "en": (
        "Is the answer correct: does it use each of the numbers exactly once, and no other, and "
        "is it 24? Judge in one word: sure or impossible.",
        "Numbers: {0}\nAnswer: {1}",
    ),
    "zh": (
        "这个答案正确吗：每个数字恰好用一次，没有别的数字，而且等于 24？"
        "用一个词判断：sure（正确）或 impossible（不正确）。",
        "数字：{0}\n答案：{1}",
    ),
}
_CHECKED = (
    ("4 4 6 8", "(4 + 8) * (6 - 4) = 24", "sure"),
    ("2 9 10 12", "2 * 12 * (10 - 9) = 24", "sure"),
    ("4 9 10 13", "(13 - 9) * (10 - 4) = 24", "sure"),
    ("4 4 6 8", "(4 + 8) * (6 - 4) + 1 = 25", "impossible"),
    ("2 9 10 12", "2 * (12 - 10) = 24", "impossible"),
    ("4 9 10 13", "(13 - 4) * (10 - 9) = 24", "impossible"),
)
_LABEL = "Judgement:"


class Game24(Task):
    """Breadth-first in the paper: the 5 best states of each depth, 3 judgements for each state."""

    generation, evaluation, search = "propose", "value", "bfs"
    depth = 4
    paper: ClassVar[Settings] = {
        "breadth": 5,
        "judgements": 3,
        "judge": "written",
        "checked": False,
        "max_states": 500,
    }

    def __init__(self, question: Question, checked: bool) -> None:
        super().__init__(question, checked)
        self._numbers = read_puzzle(question.text)
        self._puzzle = " ".join(map(str, self._numbers))

    @property
    def root(self) -> str:
        return self._puzzle

    @property
    def warning(self) -> str:
        return "" if reachable(self._numbers) else "game24_unreachable"

    def proposal(self, thoughts: Thoughts) -> Call | None:
        left, language = self.left(thoughts), self.question.language
        if left == "24":
            intro, shape = _ANSWER[language]
            examples = [(shape.format(n, steps), f"Answer: {said}") for n, steps, said in _ANSWERS]
            asked = dialogue(intro, examples, shape.format(self._puzzle, "\n".join(thoughts)))
            stop = ("\n",) if self.checked else ()
            return Call(asked, "Answer:" if self.checked else "", max_tokens=48, stop=stop)
        if self.checked and len(left.split()) < 2:
            return None
        intro, shape = _PROPOSE[language]
        examples = [(shape.format(numbers), steps) for numbers, steps in _STEPS]
        asked = dialogue(intro, examples, shape.format(left))
        if not self.checked:  # as released: nothing ends the list but the model
            return Call(asked, max_tokens=1000)
        return Call(asked, max_tokens=220, stop=("\n\n",))

    def proposed(self, thoughts: Thoughts, texts: Sequence[str]) -> list[Thought]:
        lines = [line for text in texts for line in text.split("\n")]
        if self.left(thoughts) == "24" and self.checked:
            return [self._answer(line) for line in lines if line.strip()][:1]
        if not self.checked:  # as released: every line is taken as it is
            return [Thought(line) for line in lines]
        return [self.read(thoughts, line) for line in lines if line.strip()]

    def read(self, thoughts: Thoughts, text: str) -> Thought:
        if self.left(thoughts) == "24":
            return self._answer(text)
        try:
            return Thought(step_text(check_step(text, self._available(thoughts))))
        except InvalidStep as error:
            return Thought(text.strip(), error.reason)

    def value(self, thoughts: Thoughts, *, written: bool) -> list[Call]:
        language = self.question.language
        last = _lines(thoughts)[-1]
        if "left: " not in last:
            intro, shape = _VALUE_LAST[language]
            shown = [(shape.format(n, one), f"{_LABEL} {word}") for n, one, word in _CHECKED]
            asked = shape.format(self._puzzle, last.lower().replace("answer: ", ""))
        else:
            intro = _VALUE[language]
            shown = [
                (numbers, (chinese if language == "zh" else english) + word)
                if written
                else (numbers, f"{_LABEL} {word}")
                for numbers, english, chinese, word in _TRIED
            ]
            asked = self.left(thoughts)
        messages = dialogue(intro, shown, asked)
        return [Call(messages, "" if written else _LABEL, max_tokens=120 if written else 8)]

    def answer(self, thoughts: Thoughts) -> str | None:
        last = thoughts[-1] if thoughts else ""
        if not last.lower().startswith("answer:"):
            return None
        return last[len("answer:") :].strip()

    def check(self, thoughts: Thoughts) -> str:
        written = _lines(thoughts)[-1].lower().replace("answer: ", "")
        return "right" if check_answer(written, self._numbers) == "right" else "wrong"

    def is_last(self, thoughts: Thoughts, depth: int) -> bool:
        return len(thoughts) >= min(depth, self.depth)

    def left(self, thoughts: Thoughts) -> str:
        """The numbers left, as the last thought says."""
        if not thoughts:
            return self._puzzle
        return _lines(thoughts)[-1].split("left: ")[-1].split(")")[0]

    def _available(self, thoughts: Thoughts) -> tuple[Fraction, ...]:
        """The numbers left, calculated anew from the start."""
        numbers: tuple[Fraction, ...] = tuple(map(Fraction, self._numbers))
        for thought in thoughts:
            numbers = check_step(thought, numbers).remaining
        return numbers

    def _answer(self, line: str) -> Thought:
        words = line.strip()
        if words.lower().startswith("answer:"):
            words = words[len("answer:") :].strip()
        fault = check_answer(words, self._numbers)
        return Thought(f"Answer: {words}", fault if fault == "not_an_expression" else "")


def _lines(thoughts: Thoughts) -> list[str]:
    """The path as the released code writes and cuts it: an empty thought is no line."""
    return "\n".join(thoughts).strip().split("\n")
