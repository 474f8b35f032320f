"""Few-shot chain of thought (Wei et al. 2022, arXiv 2201.11903, section 2).

Exemplars of question, rationale and answer, then the question; the model goes on greedily in their
manner. Any two of the paper's forms of the same exemplars can be run side by side.
"""

from dataclasses import dataclass

from core.composition import Dialogue
from core.engine import Sampling
from core.errors import InvalidInput
from core.exemplars import MATCHING, ExemplarSet, taken
from core.params import param
from core.question import Question
from core.run import Node, Run
from core.strategy import Strategy
from strategies import exemplars
from strategies.exemplars import FORMS, Form
from strategies.thought_tree import together

NONE = "none"


@dataclass(frozen=True, slots=True)
class Params:
    """`form`: what is made of each exemplar; `versus`: the form that is run beside it, or "none".
    `max_tokens` is for each of the two texts."""

    exemplars: ExemplarSet = param(MATCHING, read=taken, editor="exemplars")
    form: Form = param("cot", options=FORMS, paper="cot")
    versus: str = param(NONE, options=(NONE, *FORMS))
    max_tokens: int = param(400, low=16, high=2048, step=8, paper="128")


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Go on from the exemplars, in one form or in two at once; the first one's answer counts."""
    shown = exemplars.chosen(params.exemplars, question)
    exemplars.check(shown, forms(params))
    exemplars.note(run, shown, question)
    texts = []
    for form in forms(params):
        node, asked = run.open("few_shot", form), exemplars.dialogue(shown, question, form)
        prompt = await exemplars.compose(run, node, asked, params.max_tokens)
        texts.append((node, prompt, form))
    answers = await together(go_on(*text, question, params) for text in texts)
    return answers[0]


async def go_on(
    node: Node, prompt: str, form: Form, question: Question, params: Params
) -> str | None:
    """Greedily; what the engine has read of the exemplars is kept for the next question.

    The answer stands behind the last "The answer is", or where it comes first, behind the first.
    """
    await node.generate(prompt, Sampling(max_tokens=params.max_tokens))
    return node.read(question, "first_marker" if form == "after" else "marker")


def forms(params: Params) -> tuple[Form, ...]:
    """The form asked for, and the one beside it."""
    return (params.form,) if params.versus == NONE else (params.form, params.versus)  # type: ignore[return-value]


def check(question: Question, params: Params) -> None:
    """Raises InvalidInput for exemplars that a form cannot be made of, or two forms alike."""
    if params.form == params.versus:
        raise InvalidInput("versus_same", name="versus", given=params.versus)
    exemplars.check(exemplars.chosen(params.exemplars, question), forms(params))


def dialogues(question: Question, params: Params) -> tuple[Dialogue, ...]:
    """The prompt of each form, for who would see it before it is sent."""
    shown = exemplars.chosen(params.exemplars, question)
    return tuple(exemplars.dialogue(shown, question, form) for form in dict.fromkeys(forms(params)))


STRATEGY = Strategy(
    name="few_shot_cot",
    solve=solve,
    params=Params,
    paper="Wei et al. 2022, arXiv 2201.11903",
    departures=(
        "exemplar_turns",
        "own_exemplars",
        "longer_rationale",
        "exemplars_reused",
        "cleansing",
    ),
    check=check,
    dialogues=dialogues,
)
