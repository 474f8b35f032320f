"""Tree of Thoughts (Yao et al. 2023, arXiv 2305.10601, section 3).

A state is the path of thoughts so far. Thoughts are generated from it, states are judged, and the
tree is searched: breadth-first, with the best b states kept at each depth (algorithm 1), or
depth-first, with pruning and backtracking (algorithm 2).
"""

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.engine import Feature, Sampling
from core.errors import InvalidInput
from core.exemplars import MATCHING, ExemplarSet, taken
from core.params import param
from core.question import Question
from core.run import Run
from core.strategy import Edit, Strategy
from strategies import exemplars
from strategies.judging import Judge
from strategies.tasks import TASKS
from strategies.tasks.open_question import OpenQuestion
from strategies.tasks.task import Task
from strategies.thought_tree import How, Limits, State, ThoughtTree

Form = Literal["choice", "expected", "written"]


@dataclass(frozen=True, slots=True)
class Params:
    """`generation`, `evaluation`, `search`: "task" leaves it to the task, as in the paper.

    `breadth` is b, or how many children DFS tries. `thoughts` and `proposals` are samples of a
    thought, or of a list of thoughts; `judgements` are samples of one judgement or vote. `depth` 0
    is the task's own. `checked` refuses thoughts that break the task's rules. `examples`
    "exemplars" shows those of few-shot chain of thought in the task of any question.
    """

    task: str = param("game24", options=tuple(TASKS))
    examples: str = param("own", options=("own", "exemplars"), more=True)
    exemplars: ExemplarSet = param(MATCHING, read=taken, editor="exemplars")
    generation: str = param("task", options=("task", "propose", "sample"))
    evaluation: str = param("task", options=("task", "value", "vote"))
    search: str = param("task", options=("task", "bfs", "dfs"))
    breadth: int = param(2, low=1, high=10, step=1, paper="5 / 1 / 3")
    thoughts: int = param(3, low=1, high=10, step=1, paper="5", more=True)
    proposals: int = param(1, low=1, high=8, step=1, paper="1 / 8", more=True)
    judge: Form = param("choice", options=("choice", "expected", "written"), paper="written")
    judgements: int = param(3, low=1, high=10, step=1, paper="3 / 5")
    depth: int = param(0, low=0, high=10, step=1, more=True)
    temperature: float = param(0.7, low=0.1, high=2.0, step=0.05, paper="0.7", more=True)
    checked: bool = param(True, more=True)
    max_states: int = param(80, low=2, high=1000, step=1, paper="100", more=True)
    max_tokens: int = param(6000, low=100, high=100_000, step=100, needs="usage", more=True)
    max_seconds: int = param(300, low=10, high=7200, step=10, more=True)


async def solve(run: Run, question: Question, params: Params) -> str | None:
    """Grow the tree from its root, and read the answer out of the best last state."""
    search = _Search(run, question, params)
    if search.task.warning:
        run.note(search.task.warning)
    if params.examples == "exemplars":
        exemplars.note(run, exemplars.chosen(params.exemplars, question), question)
    return await search.conclude(await search.run_from(search.tree.root()))


async def breadth_first(search: "_Search", state: State) -> list[State]:
    """Algorithm 1: expand all kept states, judge all candidates, keep the best b.

    Equal values keep the order in which the states were proposed, as in the released code.
    """
    kept = [state]
    while not search.is_last(kept[0]):
        candidates = await search.tree.expand(kept)
        if not candidates or search.tree.spent():
            return search.ran_dry(kept)
        values = await search.judged(candidates)
        ranked = sorted(range(len(candidates)), key=lambda i: values[i], reverse=True)
        kept = [candidates[i] for i in ranked[: search.breadth]]
        _mark(candidates, kept)
    return kept


async def depth_first(search: "_Search", state: State) -> list[State]:
    """Algorithm 2: the most promising child first; back from where all children are pruned.

    Where nothing leads to a last state, the deepest state that was visited is the result.
    """
    deepest = state
    trail = [(state, await search.children(state))]
    while trail and not search.tree.stopped:
        above, children = trail[-1]
        child = next(children, None)
        if child is None:
            trail.pop()
            if trail:
                above.node.mark("backtracked")
            continue
        child.node.mark("kept")
        if len(child.thoughts) > len(deepest.thoughts):
            deepest = child
        if search.is_last(child):
            return [child]
        trail.append((child, await search.children(child)))
    if not search.tree.stopped:
        search.run.note("search_exhausted")
    return [deepest] if deepest is not state else []


def extend(run: Run, question: Question, params: Params, edit: Edit) -> Awaitable[str | None]:
    """Search on from a thought that a person wrote. Raises InvalidInput if it is none."""
    search = _Search(run, question, params)
    nodes = run.trace.nodes
    if edit.node not in nodes or nodes[edit.node].kind != "state":
        raise InvalidInput("edit_unknown")
    path = _path(run, edit.node)
    if not edit.below:
        if len(path) < 2:
            raise InvalidInput("edit_root")
        path = path[:-1]
    thoughts = tuple(nodes[node].label or nodes[node].sampled.strip() for node in path[1:])
    parent = State(run.node(path[-1]), thoughts)
    if "invalid" in nodes[path[-1]].marks or search.is_last(parent):
        raise InvalidInput("edit_below")
    thought = search.task.read(thoughts, edit.text)
    if thought.invalid:
        raise InvalidInput("edit_invalid", given=thought.text[:200], reason_code=thought.invalid)

    async def searched() -> str | None:
        state = search.tree.add(parent, thought)
        state.node.mark("edited")
        return await search.conclude(await search.run_from(state))

    return searched()


class _Search:
    """What both searches share: the task, the tree, the judge, and how it all ends."""

    def __init__(self, run: Run, question: Question, params: Params) -> None:
        check(question, params)
        self.run = run
        self.question = question
        self.task: Task = task_of(question, params)
        self.breadth = params.breadth
        self._depth = params.depth or self.task.depth
        self._search = _own(params.search, self.task.search)
        self._evaluation = _own(params.evaluation, self.task.evaluation)
        generation = _own(params.generation, self.task.generation)
        how = How(generation, params.thoughts, params.proposals, params.temperature)
        limits = Limits(params.max_states, params.max_tokens, params.max_seconds)
        self.tree = ThoughtTree(run, self.task, how, limits)
        form = _form(run, params.judge)
        self.judge = Judge(run, self.task, form, params.judgements, params.temperature)

    async def run_from(self, state: State) -> list[State]:
        if self.is_last(state):
            return [state]
        search = depth_first if self._search == "dfs" else breadth_first
        return await search(self, state)

    async def judged(self, states: Sequence[State]) -> list[float]:
        """The values of states that were proposed together."""
        if self._evaluation == "vote":
            return await self.judge.vote(states)
        return await self.judge.value(states)

    async def children(self, state: State) -> Iterator[State]:
        """The children that depth-first search will visit, the best first."""
        candidates = await self.tree.expand([state])
        tried = candidates[: self.breadth]
        for other in candidates[self.breadth :]:
            other.node.mark("pruned")
        values = await self.judged(tried) if tried and not self.tree.spent() else []
        for child, value in zip(tried, values, strict=False):
            if value <= self.task.prune_at:
                child.node.mark("pruned")
        ranked = sorted(zip(tried, values, strict=False), key=lambda pair: pair[1], reverse=True)
        return iter([child for child, value in ranked if value > self.task.prune_at])

    def is_last(self, state: State) -> bool:
        return self.task.is_last(state.thoughts, self._depth)

    def ran_dry(self, kept: Sequence[State]) -> list[State]:
        """Nothing follows the kept states, or a limit is reached: there is no last state."""
        if not self.tree.stopped:
            self.run.note("frontier_empty", depth=len(kept[0].thoughts) + 1)
        return []

    async def conclude(self, finals: Sequence[State]) -> str | None:
        """Read and check the answers of the last states; that of the first one counts."""
        if self.judge.unread:
            self.run.note("judge_unread", unread=self.judge.unread, all=self.judge.judgements)
        answers = [await self._close(state) for state in finals]
        if finals:
            finals[0].node.mark("winner")
        return answers[0] if answers else None

    async def _close(self, state: State) -> str | None:
        state.node.mark("final")
        call = self.task.closing(state.thoughts)
        if call is not None:
            node = state.node.child("answer")
            prompt = await self.run.render(call.messages)
            await node.generate(prompt, Sampling(max_tokens=call.max_tokens), call.forced)
            return node.read(self.question, rule="first")
        if self.is_last(state):
            checked = self.task.check(state.thoughts)
            if checked:
                state.node.mark(checked)
        return self.task.answer(state.thoughts)


def check(question: Question, params: Params) -> None:
    """Raises InvalidInput for a question, or for a choice, that the task cannot take."""
    task = task_of(question, params)
    generation = _own(params.generation, task.generation)
    if generation == "propose" and params.examples != "own":
        raise InvalidInput("examples_unused", name="examples")
    evaluation = _own(params.evaluation, task.evaluation)
    needed = {
        "generation": (generation, "proposal" if generation == "propose" else "sample"),
        "evaluation": (evaluation, evaluation),
    }
    for name, (given, method) in needed.items():
        if getattr(type(task), method) is getattr(Task, method):
            raise InvalidInput("task_cannot", task=params.task, name=name, given=given)


def task_of(question: Question, params: Params) -> Task:
    """The question as a task. Raises InvalidInput where it cannot be one."""
    if params.examples == "own":
        return TASKS[params.task](question, params.checked)
    if TASKS[params.task] is not OpenQuestion:
        raise InvalidInput("task_cannot", task=params.task, name="examples", given=params.examples)
    shown = exemplars.chosen(params.exemplars, question)
    return OpenQuestion(question, params.checked, exemplars.stepped(shown))


def needs_of(params: Params) -> tuple[Feature, ...]:
    """What the engine has to be able to do for this task."""
    return ("continue",) if TASKS[params.task].continues else ()


def paper_settings(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The paper's own settings for the task that is chosen."""
    task = TASKS.get(str(values.get("task")), TASKS["game24"])
    return {
        "generation": "task",
        "evaluation": "task",
        "search": "task",
        "depth": 0,
        "temperature": 0.7,
        "max_tokens": 100_000,
        "max_seconds": 7200,
        **task.paper,
    }


def _form(run: Run, form: Form) -> Form:
    """How the judge answers on this engine; what it cannot do is said, and the next best taken."""
    cannot = run.engine_info.cannot
    if form != "written" and "choices" in cannot:
        run.note("judge_written")
        return "written"
    if form == "expected" and "logprobs" in cannot:
        run.note("judge_sampled")
        return "choice"
    return form


def _own(given: str, task: str) -> str:
    return task if given == "task" else given


def _mark(candidates: Sequence[State], kept: Sequence[State]) -> None:
    best = {id(state) for state in kept}
    for state in candidates:
        state.node.mark("kept" if id(state) in best else "pruned")


def _path(run: Run, node: str) -> list[str]:
    """The states from the root to a node."""
    path = [node]
    while parents := run.trace.nodes[path[0]].parents:
        path.insert(0, parents[0])
    return path


STRATEGY = Strategy(
    name="tree_of_thoughts",
    solve=solve,
    params=Params,
    paper="Yao et al. 2023, arXiv 2305.10601",
    departures=(
        "chat_template",
        "tot_choices",
        "tot_checked",
        "tot_smaller",
        "tot_lists",
        "tot_open",
        "tot_crossword",
    ),
    check=check,
    extend=extend,
    presets=paper_settings,
    needs_of=needs_of,
)
