"""Clusters as discs: on the map a walk outward goes outward.

A projection keeps what clusters are to each other, and not which of a cluster's texts is nearest to
its centre, by which the walk goes. So each text is laid as far from its centre as its place in the
walk wants, in the projection's order of directions; discs have equal room for each text.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from strategies.demonstrations.projection import Plane
from strategies.demonstrations.vectors import Vectors

FILL = 0.94  # of the distance between two centres, for the radii of both
BEYOND = 1.2  # of a disc's radius: where a text lies that is farther than all of its cluster


def in_discs(plane: Plane, walks: Sequence[Sequence[int]], asked: tuple[int, int]) -> Plane:
    """Lay out texts by their places in the walks (empty ones are left out), within [0, k).

    `asked`: the cluster nearest to the question asked, and how many of its texts are nearer to the
    centre than the question is.
    """
    filled = [walk for walk in walks if walk]
    room = _room(plane.centres, [len(walk) for walk in filled])
    texts = plane.texts.copy()
    for centre, walk in zip(plane.centres, filled, strict=True):
        members = list(walk)
        angles = _even(_angles(plane.texts[members] - centre))
        texts[members] = centre + _at(angles, room * _radii(len(members)))
    cluster, nearer = asked
    size = len(filled[cluster])
    radius = np.sqrt(nearer + 0.5) if nearer < size else BEYOND * np.sqrt(size)
    centre = plane.centres[cluster]
    angle = _angles((plane.asked - centre)[None])
    return Plane(texts, plane.centres, (centre + _at(angle, np.array([room * radius])))[0])


def _room(centres: Vectors, sizes: Sequence[int]) -> float:
    """The unit of radii, so that neighbours touch; a disc's radius is the root of its texts."""
    pairs = [
        float(np.linalg.norm(centres[a] - centres[b])) / (sizes[a] ** 0.5 + sizes[b] ** 0.5)
        for a, b in combinations(range(len(sizes)), 2)
    ]
    # Two centres may lie nearly on each other; that is not to make all discs as small.
    return FILL * max(min(pairs), 0.4 * float(np.median(pairs))) if pairs else 1.0


def _radii(size: int) -> Vectors:
    """Of the texts of a disc in the order of the walk; one alone lies on its centre."""
    return np.sqrt(np.arange(size) + 0.2) if size > 1 else np.zeros(1)


def _angles(directions: Vectors) -> Vectors:
    return np.asarray(np.arctan2(directions[:, 1], directions[:, 0]))


def _even(angles: Vectors) -> Vectors:
    """The same order of directions, evenly around."""
    order = np.argsort(angles.round(6), kind="stable")
    even = np.empty(len(angles))
    even[order] = angles[order[0]] + 2 * np.pi * np.arange(len(angles)) / len(angles)
    return even


def _at(angles: Vectors, radii: Vectors) -> Vectors:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
