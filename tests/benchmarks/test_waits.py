"""The benchmark of "Wait": what is read off one run, and how it is counted."""

from benchmarks.waits import Stop, paths, stops, table, vote
from tests.strategies.asking import asked

LONG = " ".join(["count"] * 20)


def says(prompt: str, *_) -> str:
    """Wrong at first, right after one word, wrong again after three."""
    waits = prompt.count("\nWait")
    if prompt.endswith("Final Answer:"):
        return " 7." if waits in (1, 2) else " 8."
    return f" {LONG} {waits}."


async def test_one_run_of_four_waits_tells_what_fewer_would_have_brought():
    made = await asked("budget_forcing", says, settings={"waits": 4}, reference="7")
    assert [stop.right for stop in stops(made.trace)] == [False, True, True, False]
    tokens = [stop.tokens for stop in stops(made.trace)]
    assert tokens == [21, 42, 63, 105]
    assert paths(made.trace) == 5


async def test_where_the_budget_ended_it_more_waits_change_nothing():
    made = await asked("budget_forcing", says, settings={"waits": 4, "budget": 30}, reference="7")
    assert [stop.right for stop in stops(made.trace)] == [False, True, True, True]
    assert [stop.tokens for stop in stops(made.trace)] == [21, 30, 30, 30]


async def test_a_vote_is_counted_by_its_answer_and_all_its_tokens():
    made = await asked(
        "self_consistency", " The answer is 7.", settings={"paths": 3}, reference="7"
    )
    assert vote(made.trace) == Stop(True, 12, 0)


def test_the_table_counts_what_changed_against_no_wait():
    waited = [
        [Stop(False, 10, 0), Stop(True, 20, 0), Stop(True, 30, 0), Stop(True, 50, 1)],
        [Stop(True, 10, 0), Stop(False, 20, 1), Stop(True, 30, 1), Stop(True, 50, 2)],
    ]
    lines = table(waited, [Stop(True, 40, 0), Stop(True, 60, 0)]).splitlines()
    assert lines[2].startswith("| 0 Waits | 1/2 |")
    assert lines[2].endswith("| 10 | 0 | 0 | 0 |")
    assert lines[3].endswith("| 20 | 1 | 1 | 1 |")
    assert lines[5].endswith("| 50 | 1 | 0 | 3 |")
    assert lines[6].startswith("| self-consistency | 2/2 |")
    assert lines[6].endswith("| 50 | 1 | 0 | 0 |")
