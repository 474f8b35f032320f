"""Answers as colours and letters: one look for one answer, in every view."""

from collections.abc import Iterable
from dataclasses import dataclass

from components.views.reading import Reading
from core.answers import canonical
from core.question import Kind

# Okabe and Ito's colour-blind-safe set, in an order that keeps orange, which looks like the amber
# of forced text, for last.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#E69F00")
# Ink that reads on each of them.
INKS = ("#ffffff", "#ffffff", "#ffffff", "#1d1b18", "#1d1b18", "#1d1b18", "#1d1b18")
OTHER = "#7a7670"

# Clusters have a number and one of these, which read on light paper and on dark alike (contrast of
# 3 and more). Past the eighth they come again: the number tells.
CLUSTERS = (
    *("#2f7fc4", "#d1495b", "#2e8f5b", "#8a6bd1"),
    *("#9a8a1c", "#1a98a6", "#c4569a", "#a06a48"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """How an answer is shown: `letter` and `colour`, with `ink` readable on the colour."""

    letter: str
    colour: str
    ink: str


def looks(readings: Iterable[Reading], kind: Kind) -> dict[str, Look]:
    """A look for each canonical answer, in the order in which answers were first reached.

    That order never changes while a run goes on, so no answer changes its colour. A choice keeps
    its own letter.
    """
    reached = sorted(
        (r for r in readings if r.answer is not None), key=lambda r: r.node.closed or 0
    )
    keys = list(dict.fromkeys(canonical(r.answer or "", kind) for r in reached))
    return {
        key: Look(
            key if kind == "choice" else _letter(place),
            COLOURS[place] if place < len(COLOURS) else OTHER,
            INKS[place] if place < len(INKS) else "#ffffff",
        )
        for place, key in enumerate(keys)
    }


def cluster_colour(number: int) -> str:
    """The colour of a cluster, by its index."""
    return CLUSTERS[number % len(CLUSTERS)]


def _letter(place: int) -> str:
    """A … Z, then AA …"""
    return chr(65 + place) if place < 26 else _letter(place // 26 - 1) + _letter(place % 26)
