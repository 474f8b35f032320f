"""A pool as a map: its clusters, the way outward from each centre, and all of it on a plane.

Zhang et al. 2022 (arXiv 2210.03493), section 4: sentence embeddings, k-means, and in each cluster
the questions in the order of their distance to its centre.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from strategies.demonstrations.discs import in_discs
from strategies.demonstrations.projection import Plane, project
from strategies.demonstrations.vectors import Embedded, Embedder, Labels, Vectors, one_thread

STARTS = 10  # of k-means, of which the best counts
DIGITS = 6  # of a vector's numbers; what differs less is the same


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is: "embedding", "clustering" or "projecting"; counted in texts."""

    code: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What was found. All but `points`, `centres`, `asked`, `nearest` is of the pool alone."""

    by: str  # the embedder's name
    why: str  # a text key: why that one
    clusters: tuple[int, ...]  # of each text
    walks: tuple[tuple[int, ...], ...]  # k; the texts of a cluster from its centre outward
    points: tuple[tuple[float, float], ...]  # of each text, within 0 to 1, y upwards
    centres: tuple[tuple[float, float], ...]  # of the clusters that have a text, which come first
    asked: tuple[float, float]  # where the question asked lies
    nearest: tuple[int, ...]  # all texts, the most similar (cosine) to the question asked first


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which text is in which, and the centres of those that have one."""

    of: Labels  # (texts,)
    centres: Vectors  # (clusters, dimensions)


def charting(
    texts: Sequence[str], asked: str, k: int, seed: int, embedder: Embedder
) -> Iterator[Progress | Chart]:
    """Make the map step by step: progress, and at the end the chart. The same input, the same map.

    It computes: call `next` in a thread. Raises ValueError unless 1 <= k <= number of texts.
    """
    if not 1 <= k <= len(texts):
        raise ValueError(f"k must be from 1 to {len(texts)}, not {k}")
    return _charting(texts, asked, k, seed, embedder)


def _charting(
    texts: Sequence[str], asked: str, k: int, seed: int, embedder: Embedder
) -> Iterator[Progress | Chart]:
    total = len(texts)
    vectors = yield from _embedding(texts, asked, embedder)
    yield Progress("clustering", 0, total)
    with one_thread():
        clusters = clustered(vectors.texts, k, seed)
    yield Progress("projecting", 0, total)
    with one_thread():
        plane = project(vectors.texts, vectors.asked, clusters.centres, clusters.of)
    walks = tuple(walk(vectors.texts, clusters, cluster) for cluster in range(k))
    plane = in_discs(plane, walks, _beside(vectors, clusters))
    plane = _together(plane, vectors)
    points, centres, (question,) = scaled(plane)
    yield Chart(
        by=embedder.name,
        why=embedder.why,
        clusters=tuple(clusters.of.tolist()),
        walks=walks,
        points=points,
        centres=centres,
        asked=question,
        nearest=_ranked(-vectors.texts @ vectors.asked),
    )


def _embedding(
    texts: Sequence[str], asked: str, embedder: Embedder
) -> Generator[Progress, None, Embedded]:
    yield Progress("embedding", 0, len(texts))
    embedding = embedder.embed(texts, asked)
    while True:
        try:
            yield Progress("embedding", next(embedding), len(texts))
        except StopIteration as end:
            found: Embedded = end.value
            return Embedded(found.texts.round(DIGITS), found.asked.round(DIGITS))


def clustered(vectors: Vectors, k: int, seed: int) -> Clusters:
    """k-means. Fewer than k clusters where fewer vectors differ; scikit-learn would warn of it."""
    from sklearn.cluster import KMeans

    different = len(np.unique(vectors, axis=0))
    means = KMeans(min(k, different), n_init=STARTS, random_state=seed).fit(vectors)
    used, of = np.unique(means.labels_, return_inverse=True)
    return Clusters(of, np.asarray(means.cluster_centers_)[used])


def walk(vectors: Vectors, clusters: Clusters, cluster: int) -> tuple[int, ...]:
    """The texts of a cluster by their Euclidean distance to its centre; none where it has none."""
    members = np.flatnonzero(clusters.of == cluster)
    if not len(members):
        return ()
    distances = np.linalg.norm(vectors[members] - clusters.centres[cluster], axis=1)
    return tuple(members[list(_ranked(distances))].tolist())


def _beside(vectors: Embedded, clusters: Clusters) -> tuple[int, int]:
    """The cluster whose centre is nearest to the question asked, and how many of its texts are
    nearer to that centre."""
    distances = np.linalg.norm(clusters.centres - vectors.asked, axis=1).round(DIGITS)
    nearest = int(distances.argmin())
    members = vectors.texts[clusters.of == nearest] - clusters.centres[nearest]
    own = np.linalg.norm(members, axis=1).round(DIGITS)
    return nearest, int((own < distances[nearest]).sum())


def _together(plane: Plane, vectors: Embedded) -> Plane:
    """A question asked that is in the pool lies where it lies there."""
    same = np.flatnonzero((vectors.texts == vectors.asked).all(axis=1))
    return replace(plane, asked=plane.texts[same[0]]) if len(same) else plane


def _ranked(numbers: Vectors) -> tuple[int, ...]:
    """The indices of the numbers, the least first; what is equal stays in order."""
    return tuple(np.argsort(numbers.round(DIGITS), kind="stable").tolist())


Points = tuple[tuple[float, float], ...]


def scaled(plane: Plane) -> tuple[Points, Points, Points]:
    """Texts, centres and the question asked, within 0 to 1 and in the middle; both axes alike."""
    parts = (plane.texts, plane.centres, plane.asked[None])
    whole = np.vstack(parts)
    low, high = whole.min(axis=0), whole.max(axis=0)
    size = max(float((high - low).max()), 1e-9)
    middle = (low + high) / 2
    texts, centres, asked = (
        tuple((x, y) for x, y in ((part - middle) / size + 0.5).round(4).tolist()) for part in parts
    )
    return texts, centres, asked
