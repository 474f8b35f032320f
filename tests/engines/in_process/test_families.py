"""Models of several families, tiny and random, go on as transformers' own generation does."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    MistralConfig,
    PreTrainedConfig,
    Qwen3NextConfig,
)

from core.engine import Chunk, Sampling
from core.errors import EngineDied, EngineError
from engines.in_process import reading
from engines.in_process.generation import Generation
from engines.in_process.loading import Loaded
from engines.in_process.vocabulary import Vocabulary
from tests.engines.in_process.conftest import cpu, tiny_config

SIZE = 64
SMALL: dict[str, Any] = {
    "vocab_size": SIZE,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
HYBRID = {
    "layer_types": ["linear_attention", "full_attention"],
    "num_experts": 0,
    "mlp_only_layers": [0, 1],
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
}
CONFIGS = {
    "llama": lambda: tiny_config(vocab_size=SIZE),
    "gpt2": lambda: GPT2Config(
        vocab_size=SIZE, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=2
    ),
    "mistral": lambda: MistralConfig(**SMALL, sliding_window=8),
    "gemma3": lambda: Gemma3TextConfig(
        **SMALL, sliding_window=8, layer_types=["sliding_attention", "full_attention"]
    ),
    "qwen3_next": lambda: Qwen3NextConfig(**SMALL, **HYBRID),
}
PROMPT = [1, *range(5, 60), 7, 8]


def loaded(config: PreTrainedConfig, **device: Any) -> Loaded:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(config).eval()
    vocabulary = Vocabulary([b"", b"", b"", *(bytes([64 + i]) for i in range(SIZE - 3))], {})
    return Loaded(model, None, vocabulary, (2,), (1,), 512, cpu(block=16, **device))


def chunks(generation: Generation, sampling: Sampling, n: int = 1) -> list[Chunk]:
    told = list(generation.run(PROMPT, sampling, n))
    for step in told:
        if isinstance(step, EngineError):
            raise step
    return [chunk for step in told if isinstance(step, list) for chunk in step]


def texts(made: list[Chunk], n: int) -> list[str]:
    return ["".join(chunk.text for chunk in made if chunk.index == i) for i in range(n)]


def usages(made: list[Chunk]) -> list[int | None]:
    finished = sorted((chunk for chunk in made if chunk.usage), key=lambda chunk: chunk.index)
    return [chunk.usage.computed for chunk in finished if chunk.usage]


@pytest.mark.parametrize("family", CONFIGS)
def test_it_goes_on_as_the_library_does(family: str) -> None:
    model = loaded(CONFIGS[family]())
    with torch.inference_mode():
        whole = model.model.generate(torch.tensor([PROMPT]), max_new_tokens=12, do_sample=False)
    tokens = [token for token in whole[0, len(PROMPT) :].tolist() if token != 2]
    expected = b"".join(model.vocabulary.piece(token) for token in tokens).decode()
    generation = Generation(model)
    for reuse in (False, True, True):
        made = chunks(generation, Sampling(max_tokens=12, reuse=reuse), 3)
        assert texts(made, 3) == [expected] * 3
    assert texts(chunks(generation, Sampling(max_tokens=12)), 1) == [expected]


@pytest.mark.parametrize("family", CONFIGS)
def test_samples_do_not_disturb_each_other(family: str) -> None:
    """Nor do those that end early, nor the bounds of a group."""
    sampling = Sampling(1.5, max_tokens=24, seed=5, stop=("Z",), reuse=False)
    model = loaded(CONFIGS[family]())
    together = chunks(Generation(model), sampling, 5)
    assert len({chunk.finish for chunk in together if chunk.finish}) == 2, "some end early"
    alone = [
        texts(chunks(Generation(model), replace(sampling, seed=5 + i)), 1)[0] for i in range(5)
    ]
    assert texts(together, 5) == alone
    cells = 2 * (len(PROMPT) + 24)
    grouped = chunks(Generation(replace(model, device=cpu(block=16, cells=cells))), sampling, 5)
    assert texts(grouped, 5) == alone
    assert usages(grouped) == usages(together) == [len(PROMPT), 0, 0, 0, 0]


@pytest.mark.parametrize(("family", "read"), [("llama", 1), ("gemma3", 58), ("qwen3_next", 58)])
def test_only_what_can_be_taken_up_is_not_read_again(family: str, read: int) -> None:
    generation = Generation(loaded(CONFIGS[family]()))
    chunks(generation, Sampling(max_tokens=4))
    assert usages(chunks(generation, Sampling(max_tokens=4))) == [read]


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried …"), "engine_memory", EngineError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "engine_memory", EngineError),
        (MemoryError(), "engine_memory", EngineError),
        (RuntimeError("device-side assert\nmore"), "engine_died", EngineDied),
    ],
)
def test_a_failing_device_is_told_and_the_next_request_works(
    error: Exception, code: str, kind: type[EngineError], monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = Generation(loaded(CONFIGS["llama"]()))
    (expected,) = texts(chunks(generation, Sampling(max_tokens=4)), 1)

    def fails(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(reading.Reader, "forward", fails)
        with pytest.raises(kind, match=code) as caught:
            chunks(generation, Sampling(max_tokens=4))
    assert type(caught.value) is kind
    made = chunks(generation, Sampling(max_tokens=4))
    assert texts(made, 1) == [expected] and usages(made) == [len(PROMPT)], "nothing was kept"


def test_numbers_that_are_none_are_told() -> None:
    model = loaded(CONFIGS["llama"]())
    with torch.no_grad():
        model.model.lm_head.weight.fill_(torch.nan)
    for sampling in (Sampling(max_tokens=4), Sampling(max_tokens=4, choices=("A", "B"))):
        with pytest.raises(EngineError, match="engine_numbers"):
            chunks(Generation(model), sampling)
