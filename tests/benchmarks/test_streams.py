"""The stand-in server of the load, and what takes its tokens in."""

from argparse import Namespace

import pytest

from benchmarks import streams
from benchmarks.raw import overhead, overheard
from core.engine import Sampling
from tests.engines.openai_standin import Standin, lacking, serving

LOAD = Namespace(paths=4, rate=500.0, seconds=0.04, together=False, apart=False)
SAMPLING = Sampling(0.7, max_tokens=4, seed=0, reuse=False)


@pytest.mark.parametrize("apart", [False, True])
async def test_all_tokens_of_all_paths_are_taken_in(apart: bool) -> None:
    """Both look themselves whether every token came, and the run whether there is an answer."""
    async with streams.paced(Namespace(**(vars(LOAD) | {"apart": apart}))) as load:
        assert (await streams.client(load)).processor > 0
        assert (await streams.run(load)).wall > 0


@pytest.mark.parametrize(("standin", "requests"), [(Standin(), 1), (lacking("n"), 3)])
async def test_the_raw_requests_are_those_of_the_engine(standin: Standin, requests: int) -> None:
    async with serving(standin) as there:
        engine = streams.Load(there, 3, 4, apart=requests > 1).engine()
        with overheard(engine._server) as heard:
            async for _chunk in engine.stream("Pens?", SAMPLING, 3):
                pass
        assert [len(batch) for batch in heard.batches] == [requests]
        assert [body for _path, body in heard.batches[0]] == standin.bodies
        ratios = await overhead(engine, "Pens?", SAMPLING, 3, rounds=2)
        assert len(ratios) == 2 and all(ratio > 0 for ratio in ratios)
        await engine.close()


async def test_requests_one_after_the_other_are_replayed_so() -> None:
    async with serving(Standin()) as there:
        engine = streams.Load(there, 3, 4, apart=False).engine()
        with overheard(engine._server) as heard:
            for _ in range(3):
                async for _chunk in engine.stream("Pens?", SAMPLING, 3):
                    pass
        assert [len(batch) for batch in heard.batches] == [1, 1, 1]
        await engine.close()
