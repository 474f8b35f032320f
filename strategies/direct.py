"""Direct answering: the zero-shot baseline of Kojima et al. 2022 (arXiv 2205.11916, section 3).

The model's turn is opened with an answer trigger, and what follows is the answer: no reasoning.
"""

from dataclasses import dataclass

from core.engine import Sampling
from core.params import param
from core.question import Question
from core.run import Run
from core.strategy import Strategy
from strategies import prompts


@dataclass(frozen=True, slots=True)
class Params:
    """`answer_tokens`: how long the answer may be."""

    answer_tokens: int = param(32, low=1, high=256, step=1, paper="32")


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Read the answer straight after the trigger, greedily."""
    prompt = await run.render(prompts.ask(question))
    answer = run.open("answer")
    await answer.generate(
        prompt,
        Sampling(max_tokens=params.answer_tokens, reuse=False),
        forced=prompts.direct_trigger(question),
    )
    return answer.read(question, rule="first")


STRATEGY = Strategy(
    name="direct",
    solve=solve,
    params=Params,
    paper="Kojima et al. 2022, arXiv 2205.11916",
    departures=("chat_template", "cleansing"),
    needs=("continue",),
)
