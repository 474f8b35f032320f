"""Loads a model with transformers, on the best device that is here. Needs torch."""

import gc
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from core.errors import ModelError
from engines.in_process import zerogpu
from engines.in_process.vocabulary import Vocabulary, read_vocabulary
from engines.memory import held_by

# What transformers raises for files that are missing, broken, or of a kind that it does not know.
_REFUSED = (OSError, ValueError, LookupError, ImportError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class Device:
    """Where a model runs. `context` bounds a text with its prompt, `cells` all texts made at once;
    `block` is how many tokens of a prompt are read at once. All are counted in tokens."""

    name: str
    shown: str
    dtype: Any
    context: int
    cells: int
    block: int

    def held(self) -> int:
        """Bytes that torch holds of a GPU's memory; on a CPU, those of this process. 0 on ZeroGPU,
        where the GPU is another process's."""
        if zerogpu.here():
            return 0
        if self.name == "cuda":
            return int(torch.cuda.memory_reserved())
        if self.name == "mps":
            return int(torch.mps.driver_allocated_memory())
        return held_by(os.getpid())


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready. `ends` are the tokens that end a text, `bos` those before each one."""

    model: Any
    tokenizer: Any
    vocabulary: Vocabulary
    ends: tuple[int, ...]
    bos: tuple[int, ...]
    context: int
    device: Device


def best_device() -> Device:
    """CUDA, else Apple's GPU, else the processor. Single precision where half of it is not fast."""
    if torch.cuda.is_available():
        half = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return Device("cuda", torch.cuda.get_device_name(), half, 32768, 65536, 512)
    if torch.backends.mps.is_available():
        return Device("mps", "Apple GPU · MPS", torch.float16, 8192, 16384, 512)
    threads = torch.get_num_threads()
    shown = f"CPU · {threads} thread{'s' if threads > 1 else ''}"
    return Device("cpu", shown, torch.float32, 8192, 16384, 32)


def load(path: Path, device: Device | None = None) -> Loaded:
    """The model in a folder, or in a GGUF file. Takes seconds to minutes; nothing is fetched.

    Raises ModelError: model_load, model_tokenizer, model_template, model_memory.
    """
    device = device or best_device()
    transformers_logging.disable_progress_bar()
    tokenizer = load_tokenizer(path)
    model = load_model(path, device)
    ends = end_tokens(model, tokenizer)
    if not ends:
        raise ModelError("model_tokenizer", reason="no token ends a text")
    config = model.config.get_text_config()
    trained = getattr(config, "max_position_embeddings", None) or device.context
    bos = tuple(tokenizer("").input_ids[:1])
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        vocabulary=read_vocabulary(tokenizer),
        ends=ends,
        bos=bos if bos == (tokenizer.bos_token_id,) else (),
        context=min(trained, device.context),
        device=device,
    )


def load_tokenizer(path: Path) -> Any:
    """The tokenizer, with its chat template. Raises ModelError."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(**_files(path))
    except _REFUSED as error:
        raise ModelError("model_tokenizer", reason=_first_line(error)) from error
    if not len(tokenizer):
        raise ModelError("model_tokenizer", reason="no tokenizer.json")
    if not tokenizer.chat_template:
        raise ModelError("model_template", path=path.name)
    return tokenizer


def load_model(path: Path, device: Device) -> Any:
    """The weights, on the device, or on the CPU while a GPU is only lent. Raises ModelError."""
    release()
    try:
        model = AutoModelForCausalLM.from_pretrained(**_files(path), dtype=device.dtype)
        # A GPU that is lent is not here yet: see Generation.run.
        return model.to("cpu" if zerogpu.here() else device.name).eval()
    except (*_REFUSED, SafetensorError, RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            refused = ModelError("model_memory", path=path.name, device=device.shown)
        else:
            refused = ModelError("model_load", path=path.name, reason=_first_line(error))
        # Without its cause, which would hold on to what is in memory already.
    raise refused


def out_of_memory(error: BaseException) -> bool:
    """Whether memory was short, of the device or of this machine."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and (
        "out of memory" in str(error) or "can't allocate memory" in str(error)
    )


def release() -> None:
    """Give memory that nobody holds back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end a text, by the model's and by the tokenizer's account."""
    told = model.generation_config.eos_token_id
    ends: Iterable[int | None] = told if isinstance(told, list) else [told]
    ends = [*ends, tokenizer.eos_token_id]
    return tuple(dict.fromkeys(end for end in ends if end is not None))


def _files(path: Path) -> dict[str, Any]:
    """Where a folder or a GGUF file is, as transformers wants to be told."""
    folder, file = (path, {}) if path.is_dir() else (path.parent, {"gguf_file": path.name})
    return {"pretrained_model_name_or_path": folder, "local_files_only": True} | file


def _first_line(error: BaseException) -> str:
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return line[:300]
