"""What a drag of the mouse does while it lasts, and the edit that it ends in. Without widgets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from scopeacq.plan.geometry import Point, Rigid, turn
from scopeacq.plan.wafer import Section
from ui.presenters import edits
from ui.presenters.edits import Edit

SNAP_DEG = 5.0
"""Turning with Shift held snaps to this."""
LEAST_FACTOR = 0.05


class Drag(Protocol):
    """A drag over the wafer; points are in the wafer frame."""

    def moved(self, at_um: Point, *, snap: bool) -> Mapping[str, Section]:
        """The sections as they would lie if it ended here."""
        ...

    def edit(self) -> Edit | None:
        """The edit that it comes to, None when it moved nothing."""
        ...


@dataclass
class MoveDrag:
    """Selected sections follow the cursor; with Shift along one axis only."""

    sections: tuple[Section, ...]
    start_um: Point
    _shift: Point = (0.0, 0.0)

    def moved(self, at_um: Point, *, snap: bool) -> Mapping[str, Section]:
        dx, dy = at_um[0] - self.start_um[0], at_um[1] - self.start_um[1]
        if snap:
            dx, dy = (dx, 0.0) if abs(dx) > abs(dy) else (0.0, dy)
        self._shift = dx, dy
        return {s.id: edits.placed(s, Rigid(dx, dy), s.rotation_deg) for s in self.sections}

    def edit(self) -> Edit | None:
        if self._shift == (0.0, 0.0):
            return None
        return edits.move([s.id for s in self.sections], *self._shift)


@dataclass
class GridDrag:
    """The grid of a section follows the cursor, its outline stays; with Shift along one axis only."""

    section: Section
    start_um: Point
    _centre_um: Point | None = None

    def moved(self, at_um: Point, *, snap: bool) -> Mapping[str, Section]:
        dx, dy = at_um[0] - self.start_um[0], at_um[1] - self.start_um[1]
        if snap:
            dx, dy = (dx, 0.0) if abs(dx) > abs(dy) else (0.0, dy)
        x, y = self.section.roi_centre_um
        self._centre_um = x + dx, y + dy
        return {self.section.id: edits.with_grid_at(self.section, self._centre_um)}

    def edit(self) -> Edit | None:
        if self._centre_um in (None, self.section.roi_centre_um):
            return None
        assert self._centre_um is not None
        return edits.move_roi(self.section.id, self._centre_um)


@dataclass
class TurnDrag:
    """A section turns about the centre of its ROI."""

    section: Section
    start_um: Point
    _angle_deg: float = 0.0

    def moved(self, at_um: Point, *, snap: bool) -> Mapping[str, Section]:
        angle_deg = self._direction_deg(at_um) - self._direction_deg(self.start_um)
        if snap:
            target = round((self.section.rotation_deg + angle_deg) / SNAP_DEG) * SNAP_DEG
            angle_deg = target - self.section.rotation_deg
        self._angle_deg = angle_deg
        return {self.section.id: edits.rotated(self.section, angle_deg)}

    def edit(self) -> Edit | None:
        return edits.rotate([self.section.id], self._angle_deg) if self._angle_deg else None

    def _direction_deg(self, at_um: Point) -> float:
        x, y = self.section.roi_centre_um
        return math.degrees(math.atan2(at_um[1] - y, at_um[0] - x))


@dataclass
class SizeDrag:
    """A corner of a section's outline follows the cursor; with Shift both ways alike."""

    section: Section
    start_um: Point
    _factors: Point = (1.0, 1.0)

    def moved(self, at_um: Point, *, snap: bool) -> Mapping[str, Section]:
        (u0, v0), (u, v) = self._local(self.start_um), self._local(at_um)
        factors = [max(b / a, LEAST_FACTOR) if abs(a) > 1e-9 else 1.0 for a, b in ((u0, u), (v0, v))]
        if snap:
            factors = [max(factors)] * 2
        self._factors = factors[0], factors[1]
        return {self.section.id: edits.resized(self.section, *self._factors)}

    def edit(self) -> Edit | None:
        return edits.resize([self.section.id], *self._factors) if self._factors != (1.0, 1.0) else None

    def _local(self, at_um: Point) -> Point:
        x, y = self.section.roi_centre_um
        return turn((at_um[0] - x, at_um[1] - y), -self.section.rotation_deg)
