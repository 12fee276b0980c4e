"""What is drawn on the map by hand: its kinds, what a click does, and what an outline must be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from shapely.geometry import LineString, Polygon

from scopeacq.plan.geometry import Point
from scopeacq.sections.candidates import Ring
from scopeacq.sections.rings import LEAST_CORNERS, OutlineRefused, checked
from ui.presenters.edits import Refused


class Drawn(Enum):
    """What can be drawn; ``value`` is its name in lists."""

    SECTION = "Section"
    FOUND = "Found section"
    ROI = "ROI"
    TISSUE = "Tissue"
    BACKGROUND = "Background"
    IGNORE = "Ignore"
    LANDMARK = "Landmark"
    FIDUCIAL = "Fiducial"

    @property
    def is_point(self) -> bool:
        """Whether one click makes it."""
        return self in (Drawn.LANDMARK, Drawn.FIDUCIAL)


EXPLAINED = {
    Drawn.SECTION: "A section of the plan, last in the route.",
    Drawn.FOUND: "A section that was missed, or an example from which others are found.",
    Drawn.ROI: "What of the chosen section is imaged; tiles that do not touch it are left out.",
    Drawn.TISSUE: "Shows the network what a section is.",
    Drawn.BACKGROUND: "Shows the network what no section is.",
    Drawn.IGNORE: "Here the network is told nothing.",
    Drawn.LANDMARK: "Ties the wafer to the stage; two or more, far apart.",
    Drawn.FIDUCIAL: "By these the wafer is found again after each mill; three or more, far apart.",
}


@dataclass(frozen=True, slots=True)
class Sketch:
    """An outline while it is drawn, on the wafer [um]."""

    corners: Ring = ()

    def with_corner(self, at_um: Point) -> Sketch:
        """One corner more; twice on one spot is one corner."""
        if self.corners and math.dist(self.corners[-1], at_um) == 0.0:
            return self
        return replace(self, corners=(*self.corners, at_um))

    def without_last(self) -> Sketch:
        """One corner less."""
        return replace(self, corners=self.corners[:-1])

    def closes_at(self, at_um: Point, reach_um: float) -> bool:
        """Whether a click there closes the outline: it lies on the first corner."""
        return len(self.corners) >= LEAST_CORNERS and math.dist(self.corners[0], at_um) <= reach_um

    def closed(self) -> Ring:
        """The outline. Raises ``Refused`` for what is none."""
        try:
            return checked(self.corners)
        except OutlineRefused as refused:
            raise Refused(str(refused)) from None


def box(one_um: Point, other_um: Point, *, square: bool = False) -> Ring:
    """The upright rectangle between two corners; a square keeps the first one."""
    width, height = other_um[0] - one_um[0], other_um[1] - one_um[1]
    if square:
        edge = max(abs(width), abs(height))
        width, height = math.copysign(edge, width), math.copysign(edge, height)
    (left, right), (low, high) = (sorted((a, a + b)) for a, b in zip(one_um, (width, height), strict=True))
    return (left, low), (right, low), (right, high), (left, high)


def middles(outline: Ring) -> Ring:
    """The middle of each side; side ``n`` begins at corner ``n``."""
    after = (*outline[1:], *outline[:1])
    return tuple(((x + u) / 2, (y + v) / 2) for (x, y), (u, v) in zip(outline, after, strict=True))


def nearest(points: Sequence[Point], at: Point, reach: float) -> int | None:
    """The nearest of some points, None where all lie farther off than ``reach``."""
    found = min(range(len(points)), key=lambda n: math.dist(points[n], at), default=None)
    return found if found is not None and math.dist(points[found], at) <= reach else None


def touched(outline: Ring, start_um: Point, end_um: Point) -> bool:
    """Whether a stroke lies on an outline or goes into it."""
    return bool(LineString((start_um, end_um)).intersects(Polygon(outline)))
