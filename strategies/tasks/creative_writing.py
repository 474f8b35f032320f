"""Creative writing (Yao et al. 2023, section 4.2): four paragraphs that end in given sentences.

The first thought is a plan, the second the passage. Both are sampled, and chosen by votes.
"""

from collections.abc import Sequence
from typing import ClassVar

from core.engine import Message
from core.errors import InvalidInput
from core.question import Question
from strategies.tasks.task import Call, Settings, Task, Thought, Thoughts, dialogue, user

SENTENCES = 4
MAX_SENTENCE = 300

_WRITE = {
    "en": (
        "Write a coherent story of four paragraphs. Each paragraph has two or three new sentences "
        "of your own, and then ends with one of these sentences, word by word and in this order:",
        "First write a plan: for each paragraph one line that says what happens in it. Then write "
        "the passage, with an empty line between paragraphs.",
        "Plan:",
        "Passage:",
    ),
    "zh": (
        "写一个连贯的故事，共四段。每段先写两三句你自己的新句子，"
        "再依次以下面的一句话一字不差地结尾：",
        "先写提纲：每段一行，说明这一段发生什么。然后写短文，段落之间空一行。",
        "提纲：",
        "短文：",
    ),
}
_ENDINGS = {
    "en": (
        "The kettle was still warm.",
        "He had counted eleven steps, not twelve.",
        "That was the last letter she wrote.",
        "The garden gate has been open ever since.",
    ),
    "zh": (
        "水壶还是温的。",
        "他数到十一级台阶，而不是十二级。",
        "那是她写的最后一封信。",
        "从那以后，花园的门一直开着。",
    ),
}
_STORY = {
    "en": (
        "A neighbour finds the house empty.",
        "He searches the stairs and notices something odd.",
        "Under the missing step lies a letter.",
        "He follows it into the garden.",
        "When nobody answered, Paul used the spare key. The rooms were tidy, and the radio played. "
        "The kettle was still warm.",
        "He went up to the attic and down again, slowly. Something about the stairs was different. "
        "He had counted eleven steps, not twelve.",
        "Behind the lowest board lay an envelope with his name. It thanked him for the apples and "
        "asked for nothing. That was the last letter she wrote.",
        "He walked out under the trees with it in his hand. Nobody has locked up behind her. The "
        "garden gate has been open ever since.",
    ),
    "zh": (
        "邻居发现屋里没有人。",
        "他查看楼梯，发现有点奇怪。",
        "少掉的台阶下面有一封信。",
        "他拿着信走进花园。",
        "没有人应门，保罗就用了备用钥匙。屋里很整齐，收音机还响着。水壶还是温的。",
        "他慢慢走上阁楼，又走下来。楼梯好像有点不一样。他数到十一级台阶，而不是十二级。",
        "最下面的木板后有一个写着他名字的信封。信里谢谢他送的苹果，别无所求。那是她写的最后一封信。",
        "他拿着信走到树下。没有人在她身后锁门。从那以后，花园的门一直开着。",
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
    continues = True
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
        asked = f"{_WRITE[self.question.language][0]}\n{numbered(self._sentences)}"
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

    def is_last(self, thoughts: Thoughts, depth: int) -> bool:
        return len(thoughts) >= min(depth, self.depth)

    def read(self, thoughts: Thoughts, text: str) -> Thought:
        words = text.strip()
        return Thought(words, "" if words else "empty")

    def _asked(self) -> tuple[Message, ...]:
        """The task after a worked example: small models copy the endings otherwise."""
        language = self.question.language
        intro, wish, plan, passage = _WRITE[language]
        told = _STORY[language]
        lines, paragraphs = numbered(told[:SENTENCES]), "\n\n".join(told[SENTENCES:])
        example = (numbered(_ENDINGS[language]), f"{plan}\n{lines}\n\n{passage}\n{paragraphs}")
        return dialogue(f"{intro} {wish}", [example], numbered(self._sentences))


def numbered(lines: Sequence[str]) -> str:
    """Lines as a numbered list."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
