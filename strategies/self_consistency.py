"""Self-consistency (Wang et al. 2022, arXiv 2203.11171, section 2).

Sample many rationales from one chain-of-thought prompt, read an answer out of each, and take the
answer on which most of them agree.
"""

from contextlib import aclosing
from dataclasses import dataclass

from core.answers import RULES, Rule
from core.composition import Dialogue
from core.engine import Feature, Sampling
from core.exemplars import MATCHING, ExemplarSet, taken
from core.params import param
from core.question import Question
from core.run import Node, Run
from core.strategy import Strategy
from core.votes import WEIGHTINGS, Weighting, tally
from strategies import exemplars, prompts

EXEMPLARS = "exemplars"


@dataclass(frozen=True, slots=True)
class Params:
    """`paths`: how many rationales. `top_k` 0 is off. `max_tokens` is for each path.

    `weighting` and `rule`: how votes are weighed and answers are found. `greedy` also shows the
    single greedy path, which has no vote. `trigger` "exemplars" prompts with exemplars instead, as
    the paper does.
    """

    paths: int = param(8, low=1, high=40, step=1, paper="40")
    temperature: float = param(0.7, low=0.1, high=2.0, step=0.05, paper="0.5 – 0.7")
    top_k: int = param(40, low=0, high=200, step=1, paper="40 / 0")
    max_tokens: int = param(400, low=16, high=2048, step=8)
    trigger: str = param(
        "step_by_step", options=(*prompts.TRIGGERS, EXEMPLARS), open=True, paper=EXEMPLARS
    )
    exemplars: ExemplarSet = param(MATCHING, read=taken, editor="exemplars")
    weighting: Weighting = param("count", options=WEIGHTINGS, paper="count", needs="logprobs")
    rule: Rule = param("marker", options=RULES, paper="marker")
    greedy: bool = param(False)


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Sample, read, vote."""
    paths = [run.open("path", str(number)) for number in range(1, params.paths + 1)]
    prompt, trigger = await prompt_for(run, paths[0], question, params)
    anew = params.trigger != EXEMPLARS  # exemplars are read once, for all questions
    if params.greedy:
        greedy = run.open("greedy")
        sampling = Sampling(max_tokens=params.max_tokens, reuse=not anew)
        await greedy.generate(prompt, sampling, trigger)
        greedy.read(question, params.rule)

    sampling = Sampling(
        params.temperature, top_k=params.top_k, max_tokens=params.max_tokens, reuse=not anew
    )
    async with aclosing(run.sample(paths, prompt, sampling, forced=trigger)) as finished:
        async for path in finished:
            path.read(question, params.rule)

    votes = tally(run.trace.ballots(), question.kind, params.weighting)
    if votes.tied:
        run.note("tie")
    return votes.winner.answer if votes.winner else None


async def prompt_for(run: Run, path: Node, question: Question, params: Params) -> tuple[str, str]:
    """The prompt of all paths, and what is put into the model's mouth behind it."""
    shown = dialogues(question, params)
    if not shown:
        prompt = await run.render(prompts.ask_to_close(question))
        return prompt, prompts.reasoning_trigger(params.trigger, question.language)
    exemplars.note(run, exemplars.chosen(params.exemplars, question), question)
    return await exemplars.compose(run, path, shown[0], params.max_tokens), ""


def dialogues(question: Question, params: Params) -> tuple[Dialogue, ...]:
    """The prompt with its exemplars, where there are any."""
    if params.trigger != EXEMPLARS:
        return ()
    return (exemplars.dialogue(exemplars.chosen(params.exemplars, question), question),)


def check(question: Question, params: Params) -> None:
    """Raises InvalidInput where exemplars are wished for and none is on."""
    dialogues(question, params)


def needs_of(params: Params) -> tuple[Feature, ...]:
    """A trigger is put into the model's mouth; exemplars are not."""
    return () if params.trigger == EXEMPLARS else ("continue",)


STRATEGY = Strategy(
    name="self_consistency",
    solve=solve,
    params=Params,
    paper="Wang et al. 2022, arXiv 2203.11171",
    departures=(
        "optional_exemplars",
        "chat_template",
        "exemplar_turns",
        "fewer_paths",
        "exemplars_reused",
        "cleansing",
    ),
    check=check,
    needs_of=needs_of,
    dialogues=dialogues,
)
