"""Outlines under edit: corners moved, added, taken out; outlines united and cut. Pure, in any unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import shapely
from shapely.geometry import LineString, Polygon
from shapely.ops import split

from scopeacq.plan.geometry import Point
from scopeacq.sections.candidates import Ring, SectionsRefused, is_simple

LEAST_CORNERS = 3
LARGEST_UM = 1e6
"""Files hold no places beyond."""


class OutlineRefused(SectionsRefused):
    """An outline cannot be like this; the message says why in one sentence."""


def checked(ring: Sequence[Point]) -> Ring:
    """The same corners. Raises ``OutlineRefused`` where they make no simple polygon."""
    if len(ring) < LEAST_CORNERS:
        raise OutlineRefused("An outline needs at least three corners.")
    if not all(math.isfinite(v) and abs(v) <= LARGEST_UM for corner in ring for v in corner):
        raise OutlineRefused("The outline reaches beyond what can lie on a wafer; draw it again.")
    if not is_simple(ring):
        raise OutlineRefused("The outline crosses itself or encloses nothing; draw it around the section.")
    return tuple(ring)


def counter_clockwise(ring: Ring) -> Ring:
    """The same corners, in this turn where x points right and y up."""
    return ring if Polygon(ring).exterior.is_ccw else ring[::-1]


def corner_moved(ring: Ring, corner: int, to: Point) -> Ring:
    """Raises ``OutlineRefused`` where the outline would cross itself."""
    return checked((*ring[:corner], to, *ring[corner + 1 :]))


def corner_inserted(ring: Ring, after: int, at: Point) -> Ring:
    """One more corner on the side that begins at the corner ``after``."""
    return checked((*ring[: after + 1], at, *ring[after + 1 :]))


def corner_removed(ring: Ring, corner: int) -> Ring:
    """Raises ``OutlineRefused`` for a triangle, and where the outline would cross itself."""
    return checked((*ring[:corner], *ring[corner + 1 :]))


def simplified(ring: Ring, within: float) -> Ring:
    """Fewer corners; no side moves by more than ``within`` (Douglas and Peucker)."""
    fewer = Polygon(ring).simplify(within)
    return _ring(fewer) if isinstance(fewer, Polygon) else ring


def united(rings: Sequence[Ring]) -> Ring:
    """The outline around all; where they lie apart, the hull of them."""
    union = shapely.union_all([Polygon(ring) for ring in rings])
    if isinstance(union, Polygon):
        return _ring(union)
    return _ring(Polygon(shapely.get_coordinates(union.convex_hull)))


def crosses(ring: Ring, start: Point, end: Point) -> bool:
    """Whether a straight stroke, as it is drawn, leads through from one side to the other."""
    return start != end and len(split(Polygon(ring), LineString([start, end])).geoms) > 1


def cut(ring: Ring, start: Point, end: Point) -> tuple[Ring, ...]:
    """The parts on both sides of a straight stroke, which is prolonged.

    Raises ``OutlineRefused`` where the stroke does not lead through.
    """
    polygon, length = Polygon(ring), math.dist(start, end)
    if length == 0:
        raise OutlineRefused("The cut has no direction; draw it across the section.")
    x_min, y_min, x_max, y_max = shapely.union(polygon, LineString([start, end])).bounds
    far = math.hypot(x_max - x_min, y_max - y_min) / length
    dx, dy = far * (end[0] - start[0]), far * (end[1] - start[1])
    line = LineString([(start[0] - dx, start[1] - dy), (end[0] + dx, end[1] + dy)])
    parts = [part for part in split(polygon, line).geoms if isinstance(part, Polygon)]
    if len(parts) < 2:
        raise OutlineRefused("The cut does not cross the section; draw it from one side to the other.")
    return tuple(_ring(part) for part in parts)


def _ring(polygon: Polygon) -> Ring:
    """The outer corners of a polygon, without those on a straight side."""
    corners = shapely.get_coordinates(shapely.simplify(polygon.exterior, 0.0))[:-1]
    return checked([(float(x), float(y)) for x, y in corners])
