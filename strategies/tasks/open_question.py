"""Any question: a thought is one step of reasoning. Ours, in the manner of the paper.

The last states are closed by the answer trigger of zero-shot chain of thought, and read.
"""

import re
from collections.abc import Sequence

from core.question import Question
from strategies import prompts
from strategies.tasks.task import Call, Task, Thought, Thoughts, dialogue, user

_STEP = {
    "en": (
        "Solve the question in short steps, a line each. Each step works something out and says "
        "what came of it.",
        "Step {0}:",
        "List {0} different next steps, a line each, and nothing else.",
    ),
    "zh": (
        "请分步解答问题，每行一个简短的步骤。每一步都要算出或得出一点东西，并写明结果。",
        "第 {0} 步：",
        "列出 {0} 个不同的下一步，每行一个，不要写别的。",
    ),
}
_EXAMPLE = {
    "en": (
        "A shelf has 4 boards with 9 books on each. 11 books are lent. How many are there now?",
        "Step 1: On 4 boards there are 4 * 9 = 36 books.\n"
        "Step 2: 11 of the 36 are lent, so 36 - 11 = 25 are there.",
    ),
    "zh": (
        "一个书架有 4 层，每层 9 本书。借出 11 本。现在有多少本？",
        "第 1 步： 4 层共有 4 * 9 = 36 本书。\n第 2 步： 36 本中借出 11 本，剩下 36 - 11 = 25 本。",
    ),
}
_VALUE = {
    "en": (
        "Do these steps lead to the right answer of the question? Check the reasoning and the "
        "arithmetic so far. Judge in one word: sure, likely or impossible.",
        "Judgement:",
        "Write one sentence, and the word alone in the last line.",
    ),
    "zh": (
        "这些步骤能得出问题的正确答案吗？检查到目前为止的推理和计算。"
        "用一个词判断：sure（一定能）、likely（可能）或 impossible（不可能）。",
        "判断：",
        "写一句话，最后一行只写这个词。",
    ),
}
_VOTE = {
    "en": (
        "Which of these beginnings of a solution is the most promising?",
        "Beginning {0}",
        "The best one is number",
        "Write one sentence, and end with the line “The best one is number N”.",
    ),
    "zh": (
        "下面这些解答的开头，哪一个最有希望？",
        "开头 {0}",
        "最好的是第",
        "写一句话，最后一行写“最好的是第 N 个”。",
    ),
}
PROPOSALS = 3
# "2. add" is numbered, "2.5 litres" and "-2 is" are not.
_MARKER = re.compile(r"\s*(?:[-*]\s+|•\s*)?(?:\d{1,2}(?:[.):](?:\s+|$)|、\s*))?")


class OpenQuestion(Task):
    """Sampled steps, each judged alone. `depth` is the number of steps before the answer."""

    generation, evaluation, search = "sample", "value", "bfs"
    depth = 4
    continues = True

    def __init__(
        self,
        question: Question,
        checked: bool,
        exemplars: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> None:
        """`exemplars`: other questions with their steps, in the place of our one example."""
        super().__init__(question, checked)
        own = _EXAMPLE[question.language]
        stepped = [(asked, self._steps(tuple(steps))) for asked, steps in exemplars]
        self._examples = stepped or [own]

    def sample(self, thoughts: Thoughts) -> Call | None:
        intro, label, _list = _STEP[self.question.language]
        steps = self._steps(thoughts)
        forced = f"{steps}\n" if steps else ""
        forced += label.format(len(thoughts) + 1)
        asked = dialogue(intro, self._examples, self.question.text)
        return Call(asked, forced, max_tokens=80, stop=("\n",))

    def proposal(self, thoughts: Thoughts) -> Call | None:
        intro, _label, listed = _STEP[self.question.language]
        parts = [intro, self.question.text]
        if thoughts:
            parts.append(self._steps(thoughts))
        return Call(user(*parts, listed.format(PROPOSALS)), max_tokens=200, stop=("\n\n",))

    def proposed(self, thoughts: Thoughts, texts: Sequence[str]) -> list[Thought]:
        steps = []
        for text in texts:
            lines = [_unnumbered(line) for line in text.split("\n")]
            steps += [line for line in lines if line][:PROPOSALS]
        return [self.read(thoughts, step) for step in steps]

    def value(self, thoughts: Thoughts, *, written: bool) -> list[Call]:
        intro, label, wish = _VALUE[self.question.language]
        parts = [intro, self.question.text, self._steps(thoughts)]
        if written:
            return [Call(user(*parts, wish), max_tokens=100)]
        return [Call(user(*parts), label, max_tokens=8)]

    def vote(self, states: Sequence[Thoughts], *, written: bool) -> Call:
        intro, name, label, wish = _VOTE[self.question.language]
        listed = [f"{name.format(n)}:\n{self._steps(one)}" for n, one in enumerate(states, 1)]
        parts = [intro, self.question.text, *listed]
        if written:
            return Call(user(*parts, wish), max_tokens=160)
        return Call(user(*parts), label, max_tokens=4)

    def closing(self, thoughts: Thoughts) -> Call | None:
        intro = _STEP[self.question.language][0]
        forced = self._steps(thoughts) + prompts.answer_trigger(self.question)
        asked = dialogue(intro, self._examples, self.question.text)
        return Call(asked, forced, max_tokens=32)

    def answer(self, thoughts: Thoughts) -> str | None:
        return None

    def _steps(self, thoughts: Thoughts) -> str:
        label = _STEP[self.question.language][1]
        return "\n".join(f"{label.format(n)} {step}" for n, step in enumerate(thoughts, 1))


def _unnumbered(line: str) -> str:
    """A line of a list without its marker."""
    return _MARKER.sub("", line, count=1).strip()
