"""Any question: a thought is one step of reasoning. Ours, in the manner of the paper.

The last states are closed by the answer trigger of zero-shot chain of thought, and read.
"""

from collections.abc import Sequence

from core.question import Question
from strategies import prompts
from strategies.tasks.task import Call, Task, Thought, Thoughts, user

_STEP = {
    "en": (
        "Solve this step by step, one short step on a line. Each step says one thing that follows "
        "from the question and the steps before it.",
        "Step {0}:",
        "List {0} different next steps, a line each, and nothing else.",
    ),
    "zh": (
        "请一步一步地解答，每行一个简短的步骤。每一步只说一件由问题和前面的步骤得出的事。",
        "第 {0} 步：",
        "列出 {0} 个不同的下一步，每行一个，不要写别的。",
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


class OpenQuestion(Task):
    """Sampled steps, each judged alone. `depth` is the number of steps before the answer."""

    generation, evaluation, search = "sample", "value", "bfs"
    depth = 3

    def __init__(self, question: Question, checked: bool) -> None:
        super().__init__(question, checked)

    def sample(self, thoughts: Thoughts) -> Call | None:
        intro, label, _list = _STEP[self.question.language]
        steps = self._steps(thoughts)
        forced = f"{steps}\n" if steps else ""
        forced += label.format(len(thoughts) + 1)
        return Call(user(intro, self.question.text), forced, max_tokens=80, stop=("\n",))

    def proposal(self, thoughts: Thoughts) -> Call | None:
        intro, _label, listed = _STEP[self.question.language]
        parts = [intro, self.question.text]
        if thoughts:
            parts.append(self._steps(thoughts))
        return Call(user(*parts, listed.format(PROPOSALS)), max_tokens=200, stop=("\n\n",))

    def proposed(self, thoughts: Thoughts, texts: Sequence[str]) -> list[Thought]:
        lines = [_unnumbered(line) for text in texts for line in text.split("\n")]
        return [self.read(thoughts, line) for line in lines if line][:PROPOSALS]

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
        return Call(user(intro, self.question.text), forced, max_tokens=32)

    def answer(self, thoughts: Thoughts) -> str | None:
        return None

    def _steps(self, thoughts: Thoughts) -> str:
        label = _STEP[self.question.language][1]
        return "\n".join(f"{label.format(n)} {step}" for n, step in enumerate(thoughts, 1))


def _unnumbered(line: str) -> str:
    """A line of a list without its marker."""
    words = line.strip().lstrip("-*• ")
    head, point, rest = words.partition(".")
    return rest.strip() if point and head.strip().isdigit() else words
