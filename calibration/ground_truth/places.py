"""Where on the wafer a ground truth is taken: a regular grid on tissue. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hardware.types import FrameSettings
from scopeacq.plan.coverage import footprint
from scopeacq.plan.geometry import Point
from scopeacq.plan.project import ImagingSettings
from scopeacq.plan.wafer import Wafer

COARSEST_UM = 4_000.0
FINER = 0.85
"""Each grid is so much finer than the last one."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the wafer [um]."""

    x_um: float
    y_um: float
    section: str

    @property
    def at_um(self) -> Point:
        return self.x_um, self.y_um


def room(
    wafer: Wafer, imaging: ImagingSettings, frame: FrameSettings, spare_tiles: bool
) -> dict[str, BaseGeometry]:
    """Of each active section, where the middle of a frame may lie: wholly on it, and beside its tiles."""
    half_um = 0.5e-3 * frame.pixel_size_nm * math.hypot(frame.width_px, frame.height_px)
    found: dict[str, BaseGeometry] = {}
    for section in wafer.sections:
        if not section.active:
            continue
        inside: BaseGeometry = shapely.Polygon(section.outline_um).buffer(-half_um)
        if spare_tiles:
            inside = inside.difference(footprint(section, imaging).buffer(half_um))
        if not inside.is_empty:
            found[section.id] = inside
    return found


def regular_grid(rooms: dict[str, BaseGeometry], count: int, closest_um: float) -> tuple[Spot, ...]:
    """``count`` places of the coarsest square grid that has so many, in order of a way along its columns.

    Where no grid whose pitch is at least ``closest_um`` has so many, as many as the finest one has.
    """
    pitch_um, spots = COARSEST_UM, list[Spot]()
    while len(spots) < count and pitch_um >= closest_um:
        spots = [spot for name, shape in rooms.items() for spot in _within(shape, name, pitch_um)]
        pitch_um *= FINER
    chosen = np.linspace(0, len(spots) - 1, min(count, len(spots))).round().astype(int)
    return tuple(spots[n] for n in chosen)


def _within(shape: BaseGeometry, section: str, pitch_um: float) -> list[Spot]:
    """Points of a grid around the middle of a shape that lie in it, column by column to and fro."""
    left, bottom, right, top = shape.bounds
    columns = _centred(left, right, pitch_um)
    rows = _centred(bottom, top, pitch_um)
    found = list[Spot]()
    for number, x_um in enumerate(columns):
        way = rows if number % 2 == 0 else rows[::-1]
        found += [Spot(x_um, y_um, section) for y_um in way if shape.contains(shapely.Point(x_um, y_um))]
    return found


def _centred(low: float, high: float, pitch: float) -> list[float]:
    count = int((high - low) / pitch) + 1
    first = 0.5 * (low + high - (count - 1) * pitch)
    return [first + n * pitch for n in range(count)]
