"""TF-IDF over words and pieces of words: an embedding that needs no model."""

import math
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from core.question import detect_language
from strategies.demonstrations.vectors import Embedded, Vectors, batches, one_thread

LEAST, MOST = 8, 100  # dimensions
READ = 8_000  # characters of a text; by then it has said what it is about
COLUMNS = 2**18  # of each kind of feature, which are hashed into them

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class TfIdf:
    """Words and pairs of words, and pieces of 3 to 5 characters within words; both weigh the same.

    Of a Chinese text, which has no spaces, the runs of 1 to 3 characters. All numbers count as the
    same one, since they do not make questions alike. Reduced by a truncated singular value
    decomposition (latent semantic analysis) to one dimension for four texts, from LEAST to MOST.
    On our own pools, the question most like another is so of its topic for 64 in 100 (English and
    Chinese); with as many dimensions as texts, for 55 in English and 59 in Chinese.
    """

    why: str
    name: str = "TF-IDF"

    def embed(self, texts: Sequence[str], asked: str) -> Generator[int, None, Embedded]:
        """See Embedder. Features are hashed, so that each batch can be read by itself."""
        from scipy.sparse import vstack

        read = []
        done = 0
        for batch in batches(texts):
            read.append(_counts(batch))
            done += len(batch)
            yield done
        with one_thread():
            return _reduced(vstack(read).tocsr(), _counts([asked]))


def _counts(texts: Sequence[str]) -> Any:
    """How often each text has each feature: a sparse (texts, 2 * COLUMNS)."""
    from scipy.sparse import hstack

    return hstack([hashing.transform(texts) for hashing in _hashings()]).tocsr()


@cache
def _hashings() -> tuple[Any, Any]:
    # scikit-learn takes a second or two to be imported, which the page shall not wait for.
    from sklearn.feature_extraction.text import HashingVectorizer

    return tuple(
        HashingVectorizer(
            analyzer=analyzer, n_features=COLUMNS, alternate_sign=False, norm=None, dtype=np.float32
        )
        for analyzer in _analyzers()
    )


def _analyzers() -> tuple[Callable[[str], list[str]], Callable[[str], list[str]]]:
    """What finds the words of a text, and what finds its pieces."""
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(ngram_range=(1, 2)).build_analyzer()
    pieces = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()
    runs = CountVectorizer(analyzer="char", ngram_range=(1, 3)).build_analyzer()

    def words_of(text: str) -> list[str]:
        found: list[str] = [] if detect_language(text) == "zh" else words(_plain(text))
        return found

    def pieces_of(text: str) -> list[str]:
        analyzer = runs if detect_language(text) == "zh" else pieces
        found: list[str] = analyzer(_plain(text))
        return found

    return words_of, pieces_of


def _plain(text: str) -> str:
    return _NUMBER.sub("0", text[:READ])


def _reduced(texts: Any, asked: Any) -> Embedded:
    """TF-IDF and the decomposition, both learnt from the pool's texts alone."""
    from sklearn.preprocessing import normalize
    from sklearn.utils.extmath import randomized_svd

    weighed, question = _weighed(texts, asked)
    met = np.unique(weighed.indices)  # most columns are of nobody
    weighed, question = weighed[:, met], question[:, met]
    wanted = min(max(math.ceil(weighed.shape[0] / 4), LEAST), MOST)
    dimensions = min(wanted, *weighed.shape)
    if not dimensions:
        return Embedded(np.zeros((texts.shape[0], 1)), np.zeros(1))
    _, _, axes = randomized_svd(
        weighed, dimensions, n_iter=2, power_iteration_normalizer="LU", random_state=0
    )
    return Embedded(_dense(normalize(weighed @ axes.T)), _dense(normalize(question @ axes.T))[0])


def _weighed(texts: Any, asked: Any) -> tuple[Any, Any]:
    """Words and pieces, each weighed by TF-IDF to length 1, side by side."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    sides = []
    for side in (slice(0, COLUMNS), slice(COLUMNS, 2 * COLUMNS)):
        weights = TfidfTransformer(sublinear_tf=True).fit(texts[:, side])
        sides.append((weights.transform(texts[:, side]), weights.transform(asked[:, side])))
    pool, question = (normalize(hstack(both).tocsr()) for both in zip(*sides, strict=True))
    return pool, question


def _dense(rows: Any) -> Vectors:
    return np.asarray(rows, dtype=np.float64)
