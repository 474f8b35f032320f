"""Auto-CoT (Zhang et al. 2022, arXiv 2210.03493, section 4).

The questions of a pool are clustered; in each cluster the first simple one from the centre outward
becomes a demonstration, with the rationale that the model itself writes for it by zero-shot chain
of thought; then the question is asked with these demonstrations. Random-Q and Retrieval-Q (section
3) choose the questions at random, or by their likeness to the one asked.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.composition import Dialogue, Turn
from core.engine import Sampling
from core.errors import InvalidInput
from core.events import Demonstrated, Mapped
from core.exemplars import MATCHING, Exemplar, ExemplarSet, Origin
from core.exemplars import taken as taken_set
from core.params import param
from core.pool import MATCHING as MATCHING_POOL
from core.pool import Pool, described, matching
from core.pool import taken as taken_pool
from core.question import Question, detect_language
from core.run import Node, Run
from core.strategy import Strategy
from strategies import exemplars, prompts, zero_shot_cot
from strategies.demonstrations.chart import Chart, charting
from strategies.demonstrations.embedding import embedder
from strategies.demonstrations.selection import Limits, Rationale, Visit, flattened
from strategies.demonstrations.walks import Walks

Selection = Literal["cluster", "random", "retrieval"]
Reuse = Literal["match", "always"]


@dataclass(frozen=True, slots=True)
class Params:
    """`k`: clusters, and so demonstrations. `same_kind` leaves out pool questions that want another
    kind of answer. `brief` wishes for short rationales, without which chat models hardly pass the
    rules. `tries`: rationales written in one cluster at most. `demonstrations` are those made
    before: used again for the same pool, settings and model, or with `reuse` "always" for any.
    """

    pool: Pool = param(MATCHING_POOL, read=taken_pool, plain=described, editor="pool")
    demonstrations: ExemplarSet = param(MATCHING, read=taken_set, editor="demonstrations")
    reuse: Reuse = param("match", options=("match", "always"))
    selection: Selection = param(
        "cluster", options=("cluster", "random", "retrieval"), paper="cluster"
    )
    k: int = param(8, low=1, high=20, step=1, paper="8")
    trigger: str = param(
        "step_by_step", options=tuple(prompts.TRIGGERS), open=True, paper="step_by_step"
    )
    max_tokens: int = param(400, low=16, high=2048, step=8, paper="256")
    cluster_seed: int = param(192, low=0, high=100_000, step=1, paper="192", more=True)
    same_kind: bool = param(True, more=True)
    brief: bool = param(True, more=True)
    question_words: int = param(60, low=5, high=1000, step=1, paper="60", more=True)
    rationale_lines: int = param(5, low=1, high=100, step=1, paper="5", more=True)
    rationale_tokens: int = param(256, low=16, high=2048, step=8, paper="256", more=True)
    tries: int = param(10, low=1, high=200, step=1, more=True)


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Have demonstrations, made now or before, and ask with them."""
    kept = kept_demonstrations(run, question, params)
    demonstrations = kept or await Making(run, question, params).demonstrations()
    run.emit(Demonstrated(demonstrations))
    return await ask_with(run, without(run, demonstrations, question), question, params)


async def ask_with(
    run: Run, demonstrations: ExemplarSet, question: Question, params: Params
) -> str | None:
    """The demonstrations, the question, the trigger; greedily. The exemplars are read once and kept
    for the next question."""
    exemplars.note(run, demonstrations, question)
    trigger = prompts.reasoning_trigger(params.trigger, question.language)
    asked = dialogue_of(demonstrations, question, params)
    node = run.open("rationale")
    prompt = await exemplars.compose(run, node, asked, params.max_tokens, trigger)
    await node.generate(prompt, Sampling(max_tokens=params.max_tokens), forced=trigger)
    return node.read(question)


def kept_demonstrations(run: Run, question: Question, params: Params) -> ExemplarSet | None:
    """Those that were given, where they may be used; it is said why, or why not.

    Raises InvalidInput where that would lose what a person changed in them.
    """
    given = params.demonstrations
    if not given.exemplars:
        return None
    always = params.reuse == "always"
    if always and not given.shown:
        raise InvalidInput("exemplars_none")
    wanted = replace(origin(run, question, params), by=_by(given))
    if given.shown and (always or given.origin == wanted):
        run.note("demonstrations_kept", kept=len(given.shown))
        return given
    if any(each.tampered or not each.made for each in given.exemplars):
        raise InvalidInput("demonstrations_changed")
    run.note("demonstrations_anew")
    return None


def without(run: Run, demonstrations: ExemplarSet, question: Question) -> ExemplarSet:
    """The demonstrations but for the question asked itself, which would have its answer there."""
    asked = flattened(question.text).casefold()
    others = tuple(
        each for each in demonstrations.exemplars if flattened(each.question).casefold() != asked
    )
    if len(others) < len(demonstrations.exemplars):
        run.note("demonstration_asked")
    return replace(demonstrations, exemplars=others)


class Making:
    """Demonstrations in the making: the pool, its map, and what the model writes on the way."""

    def __init__(self, run: Run, question: Question, params: Params) -> None:
        check_pool(question, params)
        self.run = run
        self.asked = question
        self.params = params
        self.pool = pool_of(question, params)

    async def demonstrations(self) -> ExemplarSet:
        """Chart the pool and walk. Raises InvalidInput where no question at all passes."""
        params, questions = self.params, self.pool.questions
        chart = await self.chart()
        clustered = params.selection == "cluster"
        limits = Limits(params.question_words, params.rationale_lines if clustered else None)
        walks = Walks(self.run, questions, self.asked, limits, self.reason)
        if clustered:
            found = await walks.outward(chart.walks, params.tries)
        else:
            found = await walks.ranked(self.order(chart), params.k, params.selection)
        if not found:
            raise InvalidInput("demonstrations_none", tried=len(questions))
        whence = replace(origin(self.run, self.asked, params), by=chart.by)
        made = tuple(self.demonstration(visit) for visit in found)
        return ExemplarSet("auto", self.asked.kind, self.asked.language, made, whence)

    async def chart(self) -> Chart:
        """The map, made in a thread step by step, so that the page lives on and tells how far."""
        texts = tuple(question.text for question in self.pool.questions)
        seed = self.params.cluster_seed
        using = await asyncio.to_thread(embedder, self.asked.language)
        steps = charting(texts, self.asked.text, self.params.k, seed, using)
        while not isinstance(step := await asyncio.to_thread(next, steps), Chart):
            self.run.progress(step.code, step.done, step.total)
        places = (step.points, step.clusters, step.centres, step.asked)
        self.run.emit(Mapped(texts, *places, step.by, seed))
        self.run.note("map", by=step.by, reason_code=step.why)
        return step

    def order(self, chart: Chart) -> Sequence[int]:
        """The pool at random, or the most similar to the question asked first."""
        if self.params.selection == "retrieval":
            return chart.nearest
        order = list(range(len(self.pool.questions)))
        random.Random(self.params.cluster_seed).shuffle(order)
        return order

    async def reason(self, node: Node, question: Question) -> Rationale:
        """The model's own rationale: zero-shot chain of thought, both stages."""
        asked = prompts.ask_briefly(question) if self.params.brief else prompts.ask(question)
        prompt = await self.run.render(asked)
        stages = zero_shot_cot.Params(self.params.trigger, self.params.rationale_tokens)
        answer = await zero_shot_cot.reason(node, prompt, question, stages)
        return Rationale(node.sampled, answer)

    def demonstration(self, visit: Visit) -> Exemplar:
        """A candidate that passed, as it is shown to the model."""
        assert visit.rationale is not None and visit.rationale.answer is not None
        question = self.pool.questions[visit.index].text
        rationale = flattened(visit.rationale.text)
        return Exemplar(question, rationale, visit.rationale.answer).sealed()


def pool_of(question: Question, params: Params) -> Pool:
    """The pool, without questions that want another kind of answer where that is wished."""
    pool = matching(question) if params.pool == MATCHING_POOL else params.pool
    return pool.of_kind(question.kind) if params.same_kind else pool


def check(question: Question, params: Params) -> None:
    """Raises InvalidInput for a pool that is too small, where one is needed for certain."""
    if not params.demonstrations.shown:
        check_pool(question, params)


def check_pool(question: Question, params: Params) -> None:
    """Raises InvalidInput for a pool with fewer questions than there are to be demonstrations."""
    have = len(pool_of(question, params).questions)
    if have < params.k:
        raise InvalidInput("pool_small", have=have, k=params.k)


def origin(run: Run, question: Question, params: Params) -> Origin:
    """All that demonstrations made now would depend on; what embeds is not known yet."""
    pool = pool_of(question, params)
    names = ("trigger", "brief", "question_words", "rationale_lines", "rationale_tokens", "tries")
    settings = {name: getattr(params, name) for name in names}
    settings["kind"] = question.kind
    if params.selection == "retrieval":
        settings["asked"] = question.text[:200]
    return Origin(
        model=run.engine_info.model[:120],
        pool=pool.name[:120],
        digest=pool.digest,
        selection=params.selection,
        k=params.k,
        seed=params.cluster_seed,
        by="",
        settings=json.dumps(settings, ensure_ascii=False, sort_keys=True)[:1_000],
    )


def dialogue_of(demonstrations: ExemplarSet, question: Question, params: Params) -> Dialogue:
    """The demonstrations in the form in which the model is about to go on: with the trigger."""
    turns = []
    for each in demonstrations.shown:
        language = detect_language(each.question)
        trigger = prompts.reasoning_trigger(params.trigger, language)
        told = exemplars.told(each, "cot", language)
        join = "" if language == "zh" else " "
        turns.append(Turn(each.question, f"{trigger}{join}{told}", each.tampered))
    return Dialogue(tuple(turns), question.text)


def dialogues(question: Question, params: Params) -> tuple[Dialogue, ...]:
    """The prompt, for who would see it before it is sent, where there are demonstrations."""
    if not params.demonstrations.shown:
        return ()
    return (dialogue_of(params.demonstrations, question, params),)


def _by(given: ExemplarSet) -> str:
    return given.origin.by if given.origin else ""


STRATEGY = Strategy(
    name="auto_cot",
    solve=solve,
    params=Params,
    paper="Zhang et al. 2022, arXiv 2210.03493",
    departures=(
        "chat_template",
        "exemplar_turns",
        "auto_brief",
        "auto_pool",
        "auto_tries",
        "auto_embedding",
        "auto_question",
        "exemplars_reused",
        "cleansing",
    ),
    check=check,
    dialogues=dialogues,
    needs=("continue",),
)
