"""A model that was trained to think is known by its name, and ends its thinking at its own tag."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from core.engine import Sampling
from core.errors import EngineUnavailable
from engines.llamacpp import host as embedded
from engines.llamacpp.engine import LlamaCpp
from engines.models.catalogue import CATALOGUE, delimiters
from tests.engines.texts import gather

THINK = ("<think>\n", "\n</think>\n\n")
S1 = ("<|im_start|>think\n", "\n<|im_start|>answer\n")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("simplescaling/s1-32B", S1),
        ("simplescaling/s1.1-7B", S1),
        ("bartowski/simplescaling_s1-32B-GGUF:simplescaling_s1-32B-Q4_K_M.gguf", S1),
        ("s1.1-1.5B-Q8_0.gguf", S1),
        ("deepseek-ai/DeepSeek-R1", THINK),
        ("unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF", THINK),
        ("DeepSeek-R1-0528-Qwen3-8B-Q4_K_M.gguf", THINK),
        ("deepseek_r1_distill_llama_8b.gguf", THINK),
        ("Qwen/QwQ-32B-GGUF", THINK),
        ("qwq-32b-preview-q4_k_m.gguf", THINK),
        ("Qwen/Qwen3-0.6B-GGUF", THINK),
        ("Qwen/Qwen3-4B-Thinking-2507", THINK),
        ("unsloth/Qwen3.5-4B-GGUF", THINK),
        ("Qwen3-30B-A3B-Q4_K_M.gguf", THINK),
        ("qwen3.gguf", THINK),
    ],
)
def test_the_families_that_think_have_their_delimiters(name: str, found: tuple[str, str]) -> None:
    assert delimiters(name) == found


@pytest.mark.parametrize(
    "name",
    [
        *(f"{model.id}/{model.file}" for model in CATALOGUE.values()),
        *(f"{model.repo}/{model.file}" for model in CATALOGUE.values()),
        "Qwen/Qwen2.5-32B-Instruct",
        "Qwen/Qwen3-4B-Instruct-2507",
        "Qwen/Qwen3-Coder-30B-A3B-Instruct-GGUF",
        "Qwen3-Coder-Next-Q4_K_M.gguf",
        "Qwen/Qwen30B",
        "Qwen/Qwen3.6-27B",
        "Qwen/Qwen3-8B-Base",
        "Qwen/Qwen3-Embedding-0.6B-GGUF",
        "owner/cats1-7b",
        "owner/s10-7b",
        "deepseek-ai/DeepSeek-V3",
        "mine.gguf",
        "",
    ],
)
def test_no_other_name_has_delimiters(name: str) -> None:
    assert delimiters(name) is None


@pytest.mark.parametrize(
    ("file", "found"),
    [("QwQ-32B-Q4_K_M.gguf", THINK), ("s1.1-1.5B.gguf", S1), ("Llama-3.2-1B.gguf", None)],
)
async def test_the_embedded_engine_is_told_them(
    file: str, found: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    async def start(_path: Path, _name: str, *, pool: int, thinking: object) -> LlamaCpp:
        told.append(thinking)
        raise EngineUnavailable("engine_start", reason="a stand-in")

    monkeypatch.setattr(embedded.LlamaCpp, "start", start)
    path = tmp_path / file
    path.write_bytes(b"GGUF")
    host = embedded.embedded(str(path))
    with pytest.raises(EngineUnavailable):
        await host.ready()
    await host.close()
    assert told == [found]


@pytest_asyncio.fixture
async def smollm2_engine(smollm2: Path) -> AsyncGenerator[LlamaCpp, None]:
    engine = await LlamaCpp.start(smollm2, "SmolLM2", thinking=S1)
    yield engine
    await engine.close()


async def test_smollm2_stops_at_a_string_with_a_control_token(smollm2_engine: LlamaCpp) -> None:
    """After a person's turn the model opens its own, with a control token, as it was trained to."""
    assert smollm2_engine.info.thinking == S1
    prompt = "<|im_start|>user\nWhat is 2+3?<|im_end|>\n"
    stop = "<|im_start|>assistant"
    (sample,) = await gather(smollm2_engine, prompt, Sampling(max_tokens=12, stop=(stop,)))
    assert (sample.text, sample.finish) == ("", "stop")
    assert sample.tokens == await smollm2_engine.count(stop)
    (whole,) = await gather(smollm2_engine, prompt, Sampling(max_tokens=12))
    assert whole.text.startswith("assistant\n"), "no stop string names the token: it is not written"


async def test_smollm2_writes_a_control_token_that_began_no_stop_string(
    smollm2_engine: LlamaCpp,
) -> None:
    prompt = "<|im_start|>user\nWhat is 2+3?<|im_end|>\n"
    sampling = Sampling(max_tokens=12, stop=("<|im_start|>answer",))
    (sample,) = await gather(smollm2_engine, prompt, sampling)
    assert sample.text.startswith("<|im_start|>assistant\n")
