"""Choices are weighed before they are constrained, on a real small model."""

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from core.engine import Sampling
from engines.llamacpp.engine import LlamaCpp
from tests.engines.texts import gather

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncGenerator[LlamaCpp, None]:
    engine = await LlamaCpp.start(smollm2, "SmolLM2")
    yield engine
    await engine.close()


async def test_choices_are_weighed_as_the_model_would_choose(engine: LlamaCpp) -> None:
    """Whatever was sampled, and at any temperature: the probabilities of their first tokens."""
    prompt = await engine.render([{"role": "user", "content": "Is water wet? Say yes or no."}])
    alone = [await first_probability(engine, prompt, choice) for choice in ("Yes", "No")]
    expected = alone[0] / sum(alone)
    for temperature, seed in ((0.0, 0), (2.0, 1), (2.0, 2)):
        sampling = Sampling(temperature, max_tokens=8, seed=seed, choices=("Yes", "No"))
        for sample in await gather(engine, prompt, sampling, 3):
            assert sample.weights is not None
            assert sum(sample.weights.values()) == pytest.approx(1.0)
            assert sample.weights["Yes"] == pytest.approx(expected, abs=0.03)


async def first_probability(engine: LlamaCpp, prompt: str, choice: str) -> float:
    """The probability of the first token of `choice`, before any constraint."""
    sampling = Sampling(max_tokens=1, choices=(choice,))
    async with aclosing(engine.stream(prompt, sampling)) as chunks:
        chunk = await anext(chunks)
    assert chunk.tokens == 1 and chunk.logprob is not None
    return math.exp(chunk.logprob)


async def test_choices_are_weighed_only_where_that_is_asked_and_can_be_told(
    engine: LlamaCpp,
) -> None:
    prompt = await engine.render([{"role": "user", "content": "Say a number."}])
    likely = (await gather(engine, prompt, Sampling(max_tokens=1)))[0].text
    # The stop string makes the server tell log-probabilities all the same.
    without = Sampling(max_tokens=8, choices=(likely, "2"), logprobs=False, stop=("§",))
    assert (await gather(engine, prompt, without))[0].weights is None
    assert (await gather(engine, prompt, Sampling(max_tokens=3)))[0].weights is None
    shared = Sampling(2.0, max_tokens=8, seed=1, choices=("7", "70", "8"))
    samples = await gather(engine, prompt, shared, 16)
    assert {"70", "8"} <= {sample.text for sample in samples}
    assert all((sample.weights is None) == (sample.text == "8") for sample in samples)
    hidden = Sampling(max_tokens=8, choices=("龘", "鱻"))  # Their first tokens are half characters.
    assert (await gather(engine, prompt, hidden))[0].weights is None
