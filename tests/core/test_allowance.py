"""How much of an engine one run and one person may have."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

import pytest

from core.allowance import Limits, Rationed, Spending
from core.driver import Driver
from core.engine import Chunk, Sampling, Usage
from core.errors import LimitReached
from core.events import Ended
from core.question import ask
from core.run import Run
from engines.scripted import ScriptedEngine
from strategies import REGISTRY

WORDS = " one two three four five six seven eight nine ten"


@dataclass
class Time:
    """A clock that a test moves."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def engine(text: str = WORDS) -> ScriptedEngine:
    return ScriptedEngine(lambda _prompt, _sampling, _sample: text)


def rationed(run_tokens: int = 0, spending: Spending | None = None, text: str = WORDS) -> Rationed:
    return Rationed(engine(text), run_tokens, "a", spending or Spending(0))


async def taken(source: Rationed, n: int = 1) -> tuple[int, LimitReached | None]:
    """The tokens that came, and how it ended."""
    tokens = 0
    try:
        async with aclosing(source.stream("p", Sampling(), n)) as chunks:
            async for chunk in chunks:
                tokens += chunk.tokens
    except LimitReached as error:
        return tokens, error
    return tokens, None


async def test_without_limits_everything_comes() -> None:
    assert await taken(rationed(), 3) == (30, None)


async def test_a_run_ends_at_its_limit_and_keeps_what_was_made() -> None:
    tokens, error = await taken(rationed(4))
    assert tokens == 4
    assert error is not None and error.code == "limit_run_tokens"
    assert error.fields == {"limit": 4, "made": 4}


async def test_a_run_counts_all_its_samples_and_all_its_calls() -> None:
    made = engine()
    source = Rationed(made, 25, "a", Spending(0))
    assert await taken(source, 2) == (20, None)
    tokens, error = await taken(source, 2)
    assert tokens == 5 and error is not None
    tokens, error = await taken(source)
    assert tokens == 0 and error is not None
    assert len(made.calls) == 2, "the engine is not asked any more"


async def test_what_ends_by_itself_at_the_limit_is_whole() -> None:
    assert await taken(rationed(10)) == (10, None)


async def test_the_engine_is_let_go_at_the_limit() -> None:
    made = engine()
    await taken(Rationed(made, 3, "a", Spending(0)))
    assert [call.closed for call in made.calls] == [True]


@dataclass
class Uncounting(ScriptedEngine):
    """Counts nothing; or, with `late`, all of it at the end of each sample."""

    late: bool = False

    async def stream(
        self, prompt: str, sampling: Sampling, n: int = 1
    ) -> AsyncGenerator[Chunk, None]:
        counted = 0
        async for chunk in ScriptedEngine.stream(self, prompt, sampling, n):
            counted += chunk.tokens
            end = chunk.finish is not None and self.late
            yield replace(chunk, tokens=counted if end else 0, usage=Usage(None, None))


async def test_text_that_nobody_counts_is_charged_by_its_length() -> None:
    text = " 你好" * 40  # 7 bytes each: 70 tokens
    made = Uncounting(lambda _prompt, _sampling, _sample: text)
    _tokens, error = await taken(Rationed(made, 50, "a", Spending(0)))
    assert error is not None and error.fields["made"] == 51  # 29 words of 1.75 tokens: 50.75


async def test_text_that_is_counted_at_its_end_is_not_charged_twice() -> None:
    spending = Spending(1_000)
    made = Uncounting(lambda _prompt, _sampling, _sample: " abc" * 40, late=True)
    assert await taken(Rationed(made, 0, "a", spending)) == (40, None)
    assert spending._spent("a") == 40


async def test_an_hour_is_shared_by_all_runs_of_a_person_and_by_nobody_else() -> None:
    spending = Spending(25, Time())
    runs = [Rationed(engine(), 0, person, spending) for person in ("a", "a", "b")]
    assert await taken(runs[0], 2) == (20, None)
    tokens, error = await taken(runs[1])
    assert tokens == 5
    assert error is not None and error.code == "limit_hour_tokens"
    assert await taken(runs[2]) == (10, None)


def test_a_new_run_begins_only_where_a_tenth_is_free() -> None:
    spending = Spending(100, Time())
    spending.add("a", 90)
    assert spending.seconds_to_wait("a") == 0
    spending.add("a", 1)
    assert spending.seconds_to_wait("a") > 0
    assert spending.seconds_to_wait("b") == 0


def test_tokens_count_for_an_hour_and_the_wait_is_told() -> None:
    clock = Time()
    spending = Spending(100, clock)
    spending.add("a", 60)
    clock.now += 600
    spending.add("a", 40)
    # The first sixty must go, and they do an hour after the end of their minute.
    assert spending.seconds_to_wait("a") == 3_600 + 60 - 600
    assert spending.reached("a")
    clock.now += 3_059
    assert spending.seconds_to_wait("a") == 1 and spending.reached("a")
    clock.now += 1
    assert spending.seconds_to_wait("a") == 0 and not spending.reached("a")


def test_who_has_used_much_waits_until_enough_of_it_is_over() -> None:
    clock = Time()
    spending = Spending(100, clock)
    for _ in range(10):
        spending.add("a", 15)
        clock.now += 120
    # 150 were made: the first four must go to leave 90.
    assert spending.seconds_to_wait("a") == 1_000 + 3 * 120 + 3_660 - clock.now
    clock.now += spending.seconds_to_wait("a")
    assert spending.seconds_to_wait("a") == 0


def test_whoever_had_nothing_for_an_hour_is_forgotten() -> None:
    clock = Time()
    spending = Spending(100, clock)
    for person in range(50):
        spending.add(person, 1)
    clock.now += 3_660
    spending.add("new", 1)
    assert list(spending._hours) == ["new"]


def test_without_a_limit_nothing_is_kept() -> None:
    spending = Spending(0)
    spending.add("a", 10**9)
    assert spending.seconds_to_wait("a") == 0 and not spending.reached("a")
    assert not spending._hours


async def run_of(name: str, source: Rationed, **params: object) -> Run:
    strategy = REGISTRY[name]
    run = Run(source, 1)
    made = strategy.params(**params)
    question = ask("4 9 10 13" if name == "tree_of_thoughts" else "How many pens?")
    async for _trace in Driver(run, strategy, question, made).frames():
        pass
    return run


@pytest.mark.parametrize("name", sorted(REGISTRY))
async def test_every_strategy_ends_in_order_at_the_limit(name: str) -> None:
    """Also those that ask many times at once: the limit's own sentence is the run's end."""
    run = await run_of(name, rationed(3, text=" step one: it may be 15. " * 20))
    ended = run.events[-1][1]
    assert isinstance(ended, Ended) and ended.status == "failed"
    assert ended.error is not None and ended.error["code"] == "limit_run_tokens"
    assert run.trace.totals().sampled == 3
    assert all(node.finish for node in run.trace.nodes.values() if node.prompt)


def test_no_limits_are_the_default() -> None:
    assert Limits() == Limits(at_once=0, runs=0, run_tokens=0, hour_tokens=0, tabs=0)
