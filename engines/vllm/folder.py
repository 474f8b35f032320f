"""What a model's folder tells before anything is loaded: whether it is whole, and its size."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json")
TEMPLATES = ("chat_template.jinja", "chat_template.json")
_MAX_JSON = 16 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """`weights` in bytes; `numbers`: keys and values that a token leaves in the cache; `positions`:
    the most tokens that the model was made for, 0 where it does not tell."""

    weights: int
    numbers: int
    positions: int


def read_folder(folder: Path) -> Shape:
    """The shape of the model in `folder`.

    Raises ModelError: model_load, model_tokenizer, model_template.
    """
    config = _json(folder / "config.json")
    if config is None:
        raise ModelError("model_load", path=folder.name, reason="no config.json")
    files = list(folder.glob("*.safetensors"))
    if not files:
        raise ModelError("model_load", path=folder.name, reason="no *.safetensors")
    _check_texts(folder)
    weights = sum(file.stat().st_size for file in files)
    config = config.get("text_config") or config
    return Shape(weights, _numbers(config), _whole(config, "max_position_embeddings"))


def _check_texts(folder: Path) -> None:
    """Raises ModelError where the tokenizer or the chat template is not there."""
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ModelError("model_tokenizer", reason="no tokenizer.json")
    told = _json(folder / "tokenizer_config.json") or {}
    if not told.get("chat_template") and not any((folder / name).is_file() for name in TEMPLATES):
        raise ModelError("model_template", path=folder.name)


def _numbers(config: dict[str, Any]) -> int:
    """As of a model that attends in each layer: others, which keep less, need less than this."""
    heads = _whole(config, "num_attention_heads")
    kept = _whole(config, "num_key_value_heads") or heads
    size = _whole(config, "head_dim") or _whole(config, "hidden_size") // max(1, heads)
    return 2 * _whole(config, "num_hidden_layers") * kept * size


def _whole(config: dict[str, Any], name: str) -> int:
    value = config.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _json(path: Path) -> dict[str, Any] | None:
    """The object in a file; None where there is none that can be read."""
    try:
        if path.stat().st_size > _MAX_JSON:
            return None
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
