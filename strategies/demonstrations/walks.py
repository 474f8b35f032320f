"""The walk over a pool, candidate by candidate, as nodes of the run."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from core.question import Question
from core.run import Node, Run
from strategies.demonstrations.selection import Limits, Rationale, Visit, first_simple, visited
from strategies.thought_tree import together

Reason = Callable[[Node, Question], Awaitable[Rationale]]
Candidates = dict[int, Node]


class Walks:
    """Walks over `questions`; `reason` has the model write a rationale into a candidate's node."""

    def __init__(
        self,
        run: Run,
        questions: tuple[Question, ...],
        asked: Question,
        limits: Limits,
        reason: Reason,
    ) -> None:
        self._run = run
        self._questions = questions
        self._asked = asked
        self._limits = limits
        self._reason = reason

    async def outward(self, orders: Sequence[Sequence[int]], tries: int) -> list[Visit]:
        """In all clusters at once, from the centre: the first simple question of each, if any.

        At most `tries` rationales are written in a cluster.
        """
        nodes = [self._run.open("walk", str(number)) for number in range(len(orders))]
        walks = zip(nodes, orders, strict=True)
        found = await together(self._walk(node, order, tries) for node, order in walks)
        empty = sum(not order for order in orders)
        if empty:
            self._run.note("clusters_empty", empty=empty, k=len(orders))
        if exhausted := found.count(None) - empty:
            self._run.note("walks_exhausted", exhausted=exhausted, k=len(orders))
        return [visit for visit in found if visit is not None]

    async def ranked(self, order: Sequence[int], k: int, label: str) -> list[Visit]:
        """The first k that have an answer: as many at once as are still missing."""
        node, rest = self._run.open("walk", label), iter(order)
        found: list[Visit] = []
        while batch := list(islice(rest, k - len(found))):
            candidates = {index: node.child("candidate", str(index)) for index in batch}
            visits = await together(self._visited(index, candidates) for index in batch)
            found += [visit for visit in visits if not visit.reason]
        node.mark("found" if len(found) == k else "exhausted")
        return found

    async def _walk(self, node: Node, order: Sequence[int], tries: int) -> Visit | None:
        candidates: Candidates = {}
        visit = await first_simple(
            self._opened(node, order, candidates, tries),
            self._questions,
            self._asked,
            self._limits,
            partial(self._tell, candidates),
            partial(_mark, candidates),
        )
        node.mark("found" if visit else "exhausted" if order else "empty")
        return visit

    def _opened(
        self, node: Node, order: Sequence[int], candidates: Candidates, tries: int
    ) -> Iterator[int]:
        """Open each candidate when it is its turn; none after enough rationales were written."""
        for index in order:
            if sum(bool(each.prompt) for each in candidates.values()) == tries:
                return
            candidates[index] = node.child("candidate", str(index))
            yield index

    async def _visited(self, index: int, candidates: Candidates) -> Visit:
        tell = partial(self._tell, candidates)
        visit = await visited(index, self._questions[index], self._asked, self._limits, tell)
        _mark(candidates, visit)
        return visit

    async def _tell(self, candidates: Candidates, index: int) -> Rationale:
        return await self._reason(candidates[index], self._questions[index])


def _mark(candidates: Candidates, visit: Visit) -> None:
    candidates[visit.index].mark("rejected" if visit.reason else "taken", visit.reason)
