"""The scripted engine keeps to choices as an engine does, and weighs them as it is told."""

import pytest

from core.engine import Sampling
from core.errors import EngineDied
from engines.scripted import ScriptedEngine
from tests.engines.texts import gather, texts

CHOOSING = Sampling(choices=("sure", "likely", "impossible"))


async def test_the_reply_chooses() -> None:
    engine = ScriptedEngine(lambda prompt, _sampling, sample: ["likely", "no choice"][sample])
    assert await texts(engine, "prompt", CHOOSING, 2) == ["likely", "sure"]
    with pytest.raises(EngineDied):
        await texts(ScriptedEngine(lambda *_: EngineDied("gone")), "prompt", CHOOSING)


async def test_choices_have_the_weights_that_are_given() -> None:
    engine = ScriptedEngine(lambda *_: "sure")
    assert (await gather(engine, "a b", CHOOSING))[0].weights is None
    engine.weigh = lambda prompt, sampling: {sampling.choices[0]: 0.5, prompt: 0.5}
    one, two = await gather(engine, "a b", CHOOSING, 2)
    assert one.weights == two.weights == {"sure": 0.5, "a b": 0.5}
    without = (Sampling(), Sampling(choices=("sure",), logprobs=False))
    for sampling in without:
        assert (await gather(engine, "a b", sampling))[0].weights is None
