"""Sections that a fold or a crack has cut into parts, put together again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from scopeacq.sections.components import Component, Probability, components
from scopeacq.sections.outlines import contour_of, log_sides
from scopeacq.sections.typical import Typical

FRAGMENT = (0.05, 0.85)
"""Areas of what may be a part of a section, relative to a whole one."""
WHOLE = 0.2
"""By how much the logarithms of a whole's length and width may differ from those of a usual section."""
LEAST_FILLED = 0.8
"""How much of a whole its parts must cover; the rest is what lies between them."""

Points = NDArray[np.float32]
"""Shape (n, 2): (column, row) [px]."""


@dataclass(frozen=True, slots=True)
class _Fragment:
    """What may be a part of a section."""

    hull: Points
    area: float


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two fragments, by their places, the hull around both, and how much of it they fill."""

    members: tuple[int, int]
    hull: Points
    filled: float


def mended(found: Probability, typical: Typical) -> Probability:
    """The same map with what lies between parts filled, where two make up one usual section together."""
    low, high = (share * typical.area for share in FRAGMENT)
    parts = [part for part in components(found) if low < part.area < high]
    fitting = sorted(_fitting([_fragment(part) for part in parts], typical), key=lambda pair: -pair.filled)
    whole, used = found.copy(), set[int]()
    for pair in fitting:
        if used.isdisjoint(pair.members):
            used.update(pair.members)
            cv2.fillConvexPoly(whole, np.round(pair.hull).astype(np.int32), 1.0)
    return whole


def _fragment(part: Component) -> _Fragment:
    contour = contour_of(part.mask) + np.array(part.corner)
    return _Fragment(_hull(contour.astype(np.float32)), part.area)


def _hull(points: Points) -> Points:
    return np.asarray(cv2.convexHull(points)[:, 0], np.float32)


def _fitting(fragments: Sequence[_Fragment], typical: Typical) -> Iterator[_Pair]:
    """Pairs of neighbours that are as long and as wide together as a section."""
    if not fragments:
        return
    usual = log_sides(typical.outline)
    centres = cKDTree([fragment.hull.mean(0) for fragment in fragments])
    for i, j in centres.query_pairs(math.sqrt(2 * typical.area)):
        hull = _hull(np.concatenate([fragments[i].hull, fragments[j].hull]))
        filled = (fragments[i].area + fragments[j].area) / max(1.0, float(cv2.contourArea(hull)))
        if filled > LEAST_FILLED and np.abs(log_sides(hull) - usual).max() < WHOLE:
            yield _Pair((i, j), hull, filled)
