"""Creative writing (Yao et al. 2023, section 4.2): four paragraphs that end in given sentences.

The first thought is a plan, the second the passage. Both are sampled, and chosen by votes.
"""

from collections.abc import Sequence
from typing import ClassVar

from core.engine import Message
from core.errors import InvalidInput
from core.question import Question
from strategies.tasks.task import Call, Settings, Task, Thought, Thoughts, user

SENTENCES = 4
MAX_SENTENCE = 300

_WRITE = {
    "en": (
        "Write a coherent passage of four short paragraphs. The paragraphs must end, in this "
        "order, with these sentences, word by word:",
        "First write a plan: one line for each paragraph. Then write the passage.",
        "Plan:",
        "Passage:",
    ),
    "zh": (
        "写一篇连贯的短文，共四个短段落。各段必须依次以下面的句子一字不差地结尾：",
        "先写提纲：每段一行。然后写短文。",
        "提纲：",
        "短文：",
    ),
}
_VOTE = {
    "en": (
        "Several candidates for one task follow. Decide which is the most coherent and keeps best "
        "to the task.",
        "Task",
        "Candidate {0}",
        "The best candidate is number",
        "Compare them in a few sentences, and end with the line “The best candidate is number N”.",
    ),
    "zh": (
        "下面是同一任务的几份候选。请判断哪一份最连贯、最符合任务要求。",
        "任务",
        "候选 {0}",
        "最好的候选是第",
        "用几句话比较它们，最后一行写“最好的候选是第 N 份”。",
    ),
}


class CreativeWriting(Task):
    """In the paper 5 plans and 5 passages, 5 votes on each, and the best one kept."""

    generation, evaluation, search = "sample", "vote", "bfs"
    depth = 2
    paper: ClassVar[Settings] = {"thoughts": 5, "judgements": 5, "breadth": 1, "judge": "written"}

    def __init__(self, question: Question, checked: bool) -> None:
        super().__init__(question, checked)
        lines = [line.strip() for line in question.text.splitlines() if line.strip()]
        if len(lines) != SENTENCES or max(map(len, lines)) > MAX_SENTENCE:
            raise InvalidInput("writing_sentences", found=len(lines), limit=MAX_SENTENCE)
        self._sentences = lines

    def sample(self, thoughts: Thoughts) -> Call | None:
        plan, passage = _WRITE[self.question.language][2:]
        if not thoughts:
            return Call(self._asked(), f"{plan}\n", max_tokens=140, stop=(passage, "\n\n\n"))
        forced = f"{plan}\n{thoughts[0]}\n\n{passage}\n"
        return Call(self._asked(), forced, max_tokens=420)

    def vote(self, states: Sequence[Thoughts], *, written: bool) -> Call:
        intro, task, candidate, label, wish = _VOTE[self.question.language]
        asked = "\n".join(message["content"] for message in self._asked())
        listed = [
            f"{candidate.format(number)}:\n{thoughts[-1]}"
            for number, thoughts in enumerate(states, 1)
        ]
        parts = [intro, f"{task}:\n{asked}", *listed]
        if written:
            return Call(user(*parts, wish), max_tokens=240)
        return Call(user(*parts), label, max_tokens=4)

    def answer(self, thoughts: Thoughts) -> str | None:
        return thoughts[-1] if len(thoughts) == self.depth else None

    def check(self, thoughts: Thoughts) -> str:
        """Whether there are four paragraphs that end as they must; coherence is not checked."""
        paragraphs = [part.strip() for part in thoughts[-1].split("\n") if part.strip()]
        ends = [
            part.endswith(sentence)
            for part, sentence in zip(paragraphs, self._sentences, strict=False)
        ]
        return "right" if len(paragraphs) == SENTENCES and all(ends) else "wrong"

    def read(self, thoughts: Thoughts, text: str) -> Thought:
        words = text.strip()
        return Thought(words, "" if words else "empty")

    def _asked(self) -> tuple[Message, ...]:
        intro, plan, *_labels = _WRITE[self.question.language]
        numbered = "\n".join(f"{n}. {line}" for n, line in enumerate(self._sentences, 1))
        return user(f"{intro}\n{numbered}", plan)
