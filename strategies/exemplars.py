"""Exemplars in a prompt (Wei et al. 2022, arXiv 2201.11903, section 2), and what the paper's
ablations (section 3.3) make of them.

    cot        question, rationale, "The answer is X."
    standard   question, "The answer is X.": the baseline
    equation   the calculation alone, then the answer
    dots       as many dots as the calculation has characters: more to write, nothing to reason with
    after      the answer first, the rationale behind it

Each exemplar is a turn of the chat that has been taken, so that a chat model goes on in its form.
"""

import re
from collections.abc import Sequence
from typing import Literal, get_args

from core.composition import Dialogue, Turn, parts_of
from core.errors import InvalidInput
from core.exemplars import MATCHING, Exemplar, ExemplarSet, matching
from core.question import Language, Question
from core.run import Node, Run

Form = Literal["cot", "standard", "equation", "dots", "after"]
FORMS: tuple[Form, ...] = get_args(Form)

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_CALCULATED = ("equation", "dots")
_ANSWER: dict[Language, str] = {"en": "The answer is {0}.", "zh": "答案是 {0}。"}
_JOIN: dict[Language, str] = {"en": " ", "zh": ""}


def chosen(exemplars: ExemplarSet, question: Question) -> ExemplarSet:
    """The set, or the bundled one that fits the question. Raises InvalidInput where it is empty."""
    taken = matching(question) if exemplars == MATCHING else exemplars
    if not taken.shown:
        raise InvalidInput("exemplars_none")
    return taken


def check(exemplars: ExemplarSet, forms: Sequence[Form]) -> None:
    """Raises InvalidInput where an exemplar lacks the equation that one of the forms is made of."""
    if not set(forms) & set(_CALCULATED):
        return
    for number, exemplar in enumerate(exemplars.exemplars, start=1):
        if exemplar.on and not exemplar.equation.strip():
            raise InvalidInput("exemplar_equation", number=number)


def stepped(exemplars: ExemplarSet) -> list[tuple[str, list[str]]]:
    """Each exemplar's question and the steps of its rationale, a sentence each.

    Raises InvalidInput where there is no rationale to be cut into steps.
    """
    for number, each in enumerate(exemplars.exemplars, start=1):
        if each.on and not each.rationale.strip():
            raise InvalidInput("exemplar_rationale", number=number)
    return [
        (each.question, [step for step in _SENTENCE.split(each.rationale.strip()) if step])
        for each in exemplars.shown
    ]


def dialogue(exemplars: ExemplarSet, question: Question, form: Form = "cot") -> Dialogue:
    """The exemplars that are on, in their order and in one of the forms, then the question."""
    turns = tuple(
        Turn(each.question, told(each, form, exemplars.language), each.tampered)
        for each in exemplars.shown
    )
    return Dialogue(turns, question.text, form)


def told(exemplar: Exemplar, form: Form, language: Language) -> str:
    """What the model is made to have replied to an exemplar's question."""
    join, answer = _JOIN[language], _ANSWER[language].format(exemplar.answer.strip())
    rationale, equation = exemplar.rationale.strip(), exemplar.equation.strip()
    replies: dict[Form, list[str]] = {
        "cot": [rationale, answer],
        "standard": [answer],
        "equation": [f"{equation}{'。' if language == 'zh' else '.'}", answer],
        "dots": ["." * len(equation), answer],
        "after": [answer, rationale],
    }
    return join.join(part for part in replies[form] if part)


def note(run: Run, exemplars: ExemplarSet, question: Question) -> None:
    """Say what about the exemplars the reader should know."""
    if exemplars.kind != question.kind:
        run.note("exemplars_kind")
    if exemplars.language != question.language:
        run.note("exemplars_language")
    if tampered := sum(exemplar.tampered for exemplar in exemplars.shown):
        run.note("exemplars_tampered", tampered=tampered, all=len(exemplars.shown))


async def compose(run: Run, node: Node, asked: Dialogue, max_tokens: int, forced: str = "") -> str:
    """The prompt of a dialogue, told to the reader part by part.

    Raises InvalidInput, with the count, where it would not fit beside `max_tokens` of text.
    """
    prompt = await run.render(asked.messages)
    count = None if "count" in run.engine_info.cannot else run.count
    parts = await parts_of(prompt, asked, count)
    node.compose(parts)
    context = run.engine_info.context
    tokens = sum(part.tokens or 0 for part in parts) + (
        await count(forced) if count and forced else 0
    )
    if context and tokens + max_tokens > context:
        raise InvalidInput(
            "exemplars_long",
            exemplars=len(asked.turns),
            tokens=tokens,
            writes=max_tokens,
            context=context,
        )
    return prompt
