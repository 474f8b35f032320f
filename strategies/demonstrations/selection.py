"""Which question becomes a demonstration (Zhang et al. 2022, arXiv 2210.03493, section 4.2).

Outward from a cluster's centre, the first question that is short enough and whose rationale,
written by the model itself, is simple: few lines, a whole last sentence, an answer, and in
arithmetic an answer that the rationale ends with. What is looked at is given; nothing here asks a
model.

Ours: two Chinese characters count as a word; the question asked, where it is in the pool itself, is
no demonstration for itself.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from core.answers import canonical
from core.exemplars import MAX_TEXT
from core.lengths import lines, words
from core.question import Question

LAST_WORDS = 10

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])(?=.)|\n+")
_WORD = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff]{1,2}|[^\s\u3400-\u4dbf\u4e00-\u9fff，。、；：！？]+"
)
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")
_FULL_STOPS = (".", "。")


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many words in the question and lines in the rationale. Without the latter
    (Random-Q and Retrieval-Q, section 3) the one rule for a rationale is that it has an answer."""

    question_words: int = 60
    rationale_lines: int | None = 5


@dataclass(frozen=True, slots=True)
class Rationale:
    """What the model wrote about a question, and the answer read out of it, if any."""

    text: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A candidate that was looked at, and why it was rejected, as a code; "" where it was taken."""

    index: int
    reason: str
    rationale: Rationale | None = None


Tell = Callable[[int], Awaitable[Rationale]]
Heard = Callable[[Visit], None]


async def first_simple(
    walk: Iterable[int],
    questions: tuple[Question, ...],
    asked: Question,
    limits: Limits,
    tell: Tell,
    heard: Heard,
) -> Visit | None:
    """Walk along a cluster's questions to the first that passes; None where none does.

    `tell` gives the rationale of one; it is not asked where the question itself is rejected.
    """
    for index in walk:
        visit = await visited(index, questions[index], asked, limits, tell)
        heard(visit)
        if not visit.reason:
            return visit
    return None


async def visited(
    index: int, question: Question, asked: Question, limits: Limits, tell: Tell
) -> Visit:
    """Look at one candidate."""
    if reason := refused_question(question, asked, limits):
        return Visit(index, reason)
    rationale = await tell(index)
    return Visit(index, refused_rationale(question, rationale, limits), rationale)


def refused_question(question: Question, asked: Question, limits: Limits) -> str:
    """Why this is no question for a demonstration: "asked", "long_question", or ""."""
    if flattened(question.text).casefold() == flattened(asked.text).casefold():
        return "asked"
    if words(question.text) > limits.question_words or len(question.text) > MAX_TEXT:
        return "long_question"
    return ""


def refused_rationale(question: Question, rationale: Rationale, limits: Limits) -> str:
    """Why this is no rationale for a demonstration: "many_lines", "no_full_stop", "no_answer",
    "answer_not_at_end", or ""."""
    if limits.rationale_lines is None:
        return "no_answer" if rationale.answer is None else ""
    if lines(rationale.text) > limits.rationale_lines:
        return "many_lines"
    if not rationale.text.strip().endswith(_FULL_STOPS):
        return "no_full_stop"
    if rationale.answer is None:
        return "no_answer"
    if question.kind == "number" and not ends_with(rationale.text, rationale.answer):
        return "answer_not_at_end"
    return ""


def ends_with(text: str, answer: str) -> bool:
    """Whether a number stands in the last sentence, or among the last ten words."""
    flat = text.strip()
    ends = [_SENTENCE.split(flat)[-1], flat[_last_words(flat) :]]
    wanted = canonical(answer, "number")
    numbers = (found for end in ends for found in _NUMBER.findall(end))
    return any(canonical(number, "number") == wanted for number in numbers)


def _last_words(text: str) -> int:
    """Where the last ten words begin."""
    starts = [word.start() for word in _WORD.finditer(text)]
    return starts[-LAST_WORDS] if len(starts) > LAST_WORDS else 0


def flattened(text: str) -> str:
    """On one line, as a rationale stands in a demonstration."""
    return " ".join(text.split())
