"""Zero-shot chain of thought (Kojima et al. 2022, arXiv 2205.11916, section 3).

Stage 1: the question, then a trigger such as "Let's think step by step."; the model reasons.
Stage 2: all of that, then an answer trigger; the model reads the answer out of its reasoning.
"""

from dataclasses import dataclass

from core.engine import Sampling
from core.params import param
from core.question import Question
from core.run import Node, Run
from core.strategy import Strategy
from strategies import prompts


@dataclass(frozen=True, slots=True)
class Params:
    """`trigger`: a known trigger's name or one's own words; the limits are in tokens."""

    trigger: str = param(
        "step_by_step", options=tuple(prompts.TRIGGERS), open=True, paper="step_by_step"
    )
    max_tokens: int = param(400, low=16, high=2048, step=8, paper="128")
    answer_tokens: int = param(32, low=1, high=256, step=1, paper="32")


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Reason, then read the answer out; both greedily."""
    prompt = await run.render(prompts.ask(question))
    return await reason(run.open("rationale"), prompt, question, params)


async def reason(node: Node, prompt: str, question: Question, params: Params) -> str | None:
    """Both stages, from a prompt that ends where the model's turn begins."""
    trigger = prompts.reasoning_trigger(params.trigger, question.language)
    await node.generate(prompt, Sampling(max_tokens=params.max_tokens, reuse=False), forced=trigger)
    answer = node.child("answer")
    await answer.generate(
        node.prompt + node.sampled,
        Sampling(max_tokens=params.answer_tokens),
        forced=prompts.answer_trigger(question),
    )
    return answer.read(question, rule="first")


STRATEGY = Strategy(
    name="zero_shot_cot",
    solve=solve,
    params=Params,
    paper="Kojima et al. 2022, arXiv 2205.11916",
    departures=("chat_template", "longer_rationale", "cleansing"),
    needs=("continue",),
)
