"""What can be wrong with a model's folder, each told in words; and a host that starts one."""

import json
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine import Sampling
from core.errors import EngineDied, EngineError, ModelError
from engines.in_process import loading
from engines.in_process.engine import Desk, InProcess
from engines.in_process.generation import Generation
from engines.in_process.host import in_process
from engines.in_process.loading import load
from engines.in_process.vocabulary import Vocabulary, read_vocabulary
from tests.engines.in_process.conftest import cpu
from tests.engines.texts import gather, texts, until

Copied = Callable[..., Path]


def refused(folder: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load(folder, cpu())
    return caught.value


async def test_a_folder_of_safetensors_is_served(tiny: Path) -> None:
    """By the host: from nothing to text, and to an end."""
    host = in_process(str(tiny))
    assert (host.status.phase, host.status.model) == ("starting", "tiny")
    engine = await host.ready()
    assert host.status.phase == "ready" and host.status.device
    assert (engine.info.model, engine.info.engine, engine.info.context) == (
        "tiny",
        "transformers",
        512,
    )
    prompt = await engine.render([{"role": "user", "content": "Hi"}])
    samples = await gather(engine, prompt, Sampling(1.0, max_tokens=8, seed=1), 3)
    assert all(sample.tokens for sample in samples)
    await host.close()
    assert isinstance(engine, InProcess) and not engine.alive


async def test_a_device_that_fails_costs_a_reload_and_not_the_app(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = in_process(str(tiny))
    first = await host.ready()

    def fails(*_: object) -> None:
        raise RuntimeError("device-side assert triggered")

    with monkeypatch.context() as broken:
        broken.setattr("engines.in_process.reading.Reader.forward", fails)
        with pytest.raises(EngineDied, match="device-side assert"):
            await texts(first, "Say:", Sampling(max_tokens=2))
    second = await host.ready()
    assert second is not first
    assert await texts(second, "Say:", Sampling(max_tokens=2))
    await host.close()


async def test_memory_that_is_short_costs_one_request(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = in_process(str(tiny))
    engine = await host.ready()

    def fails(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as broken:
        broken.setattr("engines.in_process.reading.Reader.forward", fails)
        with pytest.raises(EngineError, match="engine_memory"):
            await texts(engine, "Say:", Sampling(max_tokens=2))
    assert await texts(engine, "Say:", Sampling(max_tokens=2))
    assert await host.ready() is engine
    await host.close()


async def test_closing_lets_the_model_go(tiny: Path) -> None:
    """Also where somebody still holds the engine: another one may be started in its place."""
    desk = Desk()
    engine = await InProcess.start(tiny, "tiny", desk=desk)
    assert desk.generation is not None
    model = weakref.ref(desk.generation._reader._model)
    assert await texts(engine, "Say:", Sampling(max_tokens=2))
    await engine.close()
    assert model() is None and not engine.alive
    await engine.close()


async def test_closing_while_it_loads_ends_in_order(tiny: Path) -> None:
    host = in_process(str(tiny))
    host.begin()
    await until(lambda: host.status.phase == "loading")
    await host.close()


async def test_a_folder_without_a_tokenizer_is_told(tiny_copy: Copied) -> None:
    host = in_process(str(tiny_copy("tokenizer*", "*.jinja", "special_tokens_map.json")))
    with pytest.raises(ModelError, match="model_tokenizer"):
        await host.ready()
    assert host.status.phase == "failed"
    await host.close()


@pytest.mark.parametrize("content", ["broken", "{}", '{"model": {"type": "BPE"}}'])
def test_a_broken_tokenizer_is_told(content: str, tiny_copy: Copied) -> None:
    folder = tiny_copy()
    (folder / "tokenizer.json").write_text(content)
    assert refused(folder).code == "model_tokenizer"


def test_a_folder_without_a_template_is_told(tiny_copy: Copied) -> None:
    folder = tiny_copy("*.jinja")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings.pop("chat_template", None)
    path.write_text(json.dumps(settings))
    assert refused(folder).code == "model_template"


def test_a_folder_without_weights_is_told(tiny_copy: Copied) -> None:
    error = refused(tiny_copy("*.safetensors"))
    assert error.code == "model_load" and error.fields["path"] == "copied"


def test_broken_weights_are_told(tiny_copy: Copied) -> None:
    folder = tiny_copy()
    (folder / "model.safetensors").write_bytes(b"no weights")
    assert refused(folder).code == "model_load"


def test_an_architecture_that_is_not_known_is_told(tiny_copy: Copied) -> None:
    folder = tiny_copy()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "unheard_of"}))
    assert refused(folder).code in ("model_load", "model_tokenizer")


def test_a_broken_gguf_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 64)
    assert refused(path).code in ("model_load", "model_tokenizer")


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError("no room")]
)
def test_a_model_that_does_not_fit_is_told(
    tiny: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(loading.AutoModelForCausalLM, "from_pretrained", fails)
    short = refused(tiny)
    assert (short.code, short.fields) == (
        "model_memory",
        {"path": "tiny", "device": "CPU · 1 thread"},
    )


async def test_turns_that_the_template_refuses_are_told(tiny_copy: Copied) -> None:
    folder = tiny_copy()
    template = "{% if messages|length > 3 %}{{ raise_exception('too many') }}{% endif %}x"
    (folder / "chat_template.jinja").write_text(template)
    engine = await InProcess.start(folder, "copied")
    with pytest.raises(EngineError, match="too many"):
        await engine.render([{"role": "user", "content": "a"}] * 4)
    await engine.close()


def test_this_machine_has_a_device() -> None:
    device = loading.best_device()
    assert device.name in ("cuda", "mps", "cpu") and device.shown


def test_every_token_of_a_byte_level_vocabulary_says_what_the_tokenizer_says(loaded: Any) -> None:
    text = 'Two\n lines\t— "quoted", 你好 👩\u200d🚀 naïve \x00 <|im_end|>'
    tokens = loaded.tokenizer(text, add_special_tokens=False).input_ids
    words = loaded.vocabulary
    said = b"".join(words.piece(t) or words.special[t].encode() for t in tokens)
    assert said.decode() == text
    assert words.special[2] == "<|im_end|>" and words.piece(2) == b""


def test_a_sentencepiece_vocabulary_is_read() -> None:
    words = read_vocabulary(sentencepiece())
    assert [words.piece(token) for token in range(5)] == [b"", b" the", b"\xe6", b"end", b"<think>"]
    assert words.special == {0: "<s>"}
    assert set(words.beginning(b" then")) == {1}


def sentencepiece() -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    vocabulary = [("<s>", 0.0), ("▁the", -1.0), ("<0xE6>", -2.0), ("end", -3.0)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=True))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.add_special_tokens([AddedToken("<s>", special=True)])
    tokenizer.add_tokens([AddedToken("<think>", special=False)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def test_a_vocabulary_of_an_unknown_kind_is_refused() -> None:
    tokenizer = sentencepiece()
    from tokenizers import decoders

    tokenizer.backend_tokenizer.decoder = decoders.WordPiece()
    with pytest.raises(ModelError, match="WordPiece"):
        read_vocabulary(tokenizer)


def test_what_is_told_can_be_sent_to_another_process(tiny: Path) -> None:
    """As ZeroGPU does."""
    generation = Generation(load(tiny, cpu()))
    for sampling in (Sampling(max_tokens=2), Sampling(max_tokens=2, choices=("a", "b"))):
        told = list(generation.run([1, 5, 6], sampling, 2))
        assert pickle.loads(pickle.dumps(told)) == told
    for error in (EngineError("engine_cannot", feature="choices"), EngineDied("why")):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), copy.as_dict()) == (type(error), error.as_dict())


def test_a_vocabulary_counts_bytes() -> None:
    words = Vocabulary([b"", b"a", b"ab"], {0: "<s>"})
    assert words.beginning(b"abc") == [1, 2]


def test_a_model_for_a_gpu_that_is_only_lent_goes_there_with_the_first_work(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    loaded = load(tiny, cpu(name="meta"))  # a device that is not the CPU, and is everywhere
    generation = Generation(loaded)
    assert loaded.model.device.type == "cpu"
    assert isinstance([*generation.run([1, 2], Sampling(max_tokens=1), 1)][-1], EngineError)
    assert loaded.model.device.type == "meta"
