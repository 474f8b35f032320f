"""Texts as vectors: what the embeddings have in common."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]
"""One row a text, each of length 1, or 0 where a text has nothing to tell."""

Labels = NDArray[np.intp]
"""The number of each text's cluster."""

BATCH = 64  # texts
BATCH_CHARACTERS = 100_000  # so that no batch takes much more than a tenth of a second

_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of a pool's texts, and that of the question asked, in the same space.

    The pool's do not depend on the question asked: with another question they are the same.
    """

    texts: Vectors  # (number of texts, dimensions)
    asked: Vectors  # (dimensions,)


class Embedder(Protocol):
    """What makes vectors of texts."""

    @property
    def name(self) -> str:
        """As the page shows it."""

    @property
    def why(self) -> str:
        """The key of the sentence that says why it was taken."""

    def embed(self, texts: Sequence[str], asked: str) -> Generator[int, None, Embedded]:
        """Yield how many texts are done, batch by batch, and return the vectors."""


def batches(texts: Sequence[str], size: int = BATCH) -> Iterator[list[str]]:
    """The texts in order, so many at a time as take a short while."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) == size or characters + len(text) > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


@contextmanager
def one_thread() -> Iterator[None]:
    """Numbers are computed in one thread meanwhile, and by one caller at a time.

    On two cores, k-means and decompositions were 2 to 7 times slower in two threads, which wait for
    each other by spinning and take the engine's time; and in one the results do not depend on how
    many there are. The limit holds for the process, so two callers would undo each other's.
    """
    from threadpoolctl import threadpool_limits

    with _ALONE, threadpool_limits(limits=1):
        yield
