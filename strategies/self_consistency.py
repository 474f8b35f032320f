"""Self-consistency (Wang et al. 2022, arXiv 2203.11171, section 2).

Sample many rationales from one chain-of-thought prompt, read an answer out of each, and take the
answer on which most of them agree.
"""

from contextlib import aclosing
from dataclasses import dataclass

from core.answers import RULES, Rule
from core.engine import Sampling
from core.params import param
from core.question import Question
from core.run import Run
from core.strategy import Strategy
from core.votes import WEIGHTINGS, Weighting, tally
from strategies import prompts


@dataclass(frozen=True, slots=True)
class Params:
    """`paths`: how many rationales. `top_k` 0 is off. `max_tokens` is for each path.

    `weighting` and `rule`: how votes are weighed and answers are found. `greedy` also shows the
    single greedy path, which has no vote.
    """

    paths: int = param(8, low=1, high=40, step=1, paper="40")
    temperature: float = param(0.7, low=0.1, high=2.0, step=0.05, paper="0.5 – 0.7")
    top_k: int = param(40, low=0, high=200, step=1, paper="40 / 0")
    max_tokens: int = param(400, low=16, high=2048, step=8)
    trigger: str = param("step_by_step", options=tuple(prompts.TRIGGERS), open=True)
    weighting: Weighting = param("count", options=WEIGHTINGS, paper="count", needs="logprobs")
    rule: Rule = param("marker", options=RULES, paper="marker")
    greedy: bool = param(False)


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Sample, read, vote."""
    trigger = prompts.reasoning_trigger(params.trigger, question.language)
    prompt = await run.render(prompts.ask_to_close(question))
    paths = [run.open("path", str(number)) for number in range(1, params.paths + 1)]
    if params.greedy:
        greedy = run.open("greedy")
        await greedy.generate(prompt, Sampling(max_tokens=params.max_tokens, reuse=False), trigger)
        greedy.read(question, params.rule)

    sampling = Sampling(
        params.temperature, top_k=params.top_k, max_tokens=params.max_tokens, reuse=False
    )
    async with aclosing(run.sample(paths, prompt, sampling, forced=trigger)) as finished:
        async for path in finished:
            path.read(question, params.rule)

    votes = tally(run.trace.ballots(), question.kind, params.weighting)
    if votes.tied:
        run.note("tie")
    return votes.winner.answer if votes.winner else None


STRATEGY = Strategy(
    name="self_consistency",
    solve=solve,
    params=Params,
    paper="Wang et al. 2022, arXiv 2203.11171",
    departures=("zero_shot_prompt", "chat_template", "fewer_paths", "cleansing"),
    needs=("continue",),
)
