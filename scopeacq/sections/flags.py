"""What is odd about a section among others: it lies over another, or is not of their size. In any unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray

DUPLICATE_OVERLAP = 0.25
"""Intersection over union from which on two outlines are of one section."""
SLIVER_AREA = 0.5
ODD_AREA = 0.3
"""Of the usual: below which area a section is a sliver; by how much the area of others may differ."""

Corners = NDArray[np.float64]
"""Shape (n, 2), n >= 3."""
Polygons = NDArray[np.object_]
"""Shape (n): of shapely."""


class Flag(Enum):
    """What an operator should look at."""

    DUPLICATE = "duplicate"
    SLIVER = "sliver"
    SIZE = "size"

    @property
    def meaning(self) -> str:
        """What is said of a section that has it."""
        return _MEANINGS[self]


_MEANINGS = {
    Flag.DUPLICATE: "lies over another section",
    Flag.SLIVER: "is far smaller than the others",
    Flag.SIZE: "is not of the size of the others",
}


def flags_of(
    outlines: Sequence[Corners], confidences: Sequence[float], usual_area: float | None = None
) -> tuple[frozenset[Flag], ...]:
    """The flags of sections, each taken as convex; of two that lie over each other the surer one has none.

    ``usual_area``: that of a section in the squared unit of the outlines, by default the median.
    """
    if not outlines:
        return ()
    hulls = hulls_of(outlines)
    areas = shapely.area(hulls)
    usual = usual_area or float(np.median(areas))
    doubles = _duplicates(hulls, confidences)
    return tuple(_flags(float(own / usual), doubled=k in doubles) for k, own in enumerate(areas))


def hulls_of(outlines: Sequence[Corners] | Sequence[Sequence[tuple[float, float]]]) -> Polygons:
    """Convex polygons around outlines, which may cross themselves."""
    return shapely.convex_hull(np.array([shapely.Polygon(outline) for outline in outlines], object))


def overlapping(hulls: Polygons) -> list[tuple[int, int]]:
    """Pairs of polygons (their places, the lower one first) that overlap like one section seen twice."""
    first, second = shapely.STRtree(hulls).query(hulls, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = shapely.area(shapely.intersection(hulls[first], hulls[second]))
    union = shapely.area(hulls[first]) + shapely.area(hulls[second]) - shared
    same = shared > DUPLICATE_OVERLAP * union
    return list(zip(first[same].tolist(), second[same].tolist(), strict=True))


def _flags(ratio: float, *, doubled: bool) -> frozenset[Flag]:
    flags = {Flag.DUPLICATE} if doubled else set()
    if ratio < SLIVER_AREA:
        flags.add(Flag.SLIVER)
    elif abs(math.log(ratio)) > math.log1p(ODD_AREA):
        flags.add(Flag.SIZE)
    return frozenset(flags)


def _duplicates(hulls: Polygons, confidences: Sequence[float]) -> set[int]:
    """Those that lie over a surer one that is no duplicate itself, by their places."""
    partners: dict[int, set[int]] = {}
    for one, other in overlapping(hulls):
        partners.setdefault(one, set()).add(other)
        partners.setdefault(other, set()).add(one)
    doubles: set[int] = set()
    for k in sorted(partners, key=lambda k: -confidences[k]):
        if k not in doubles:
            doubles |= partners[k]
    return doubles
