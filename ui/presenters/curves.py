"""Numbers of a run as they are plotted: as many points as a screen can show, and which one is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from scopeacq.journal.run_series import UNITS, Numbers, Points, Quantity, RunSeries

Indices = NDArray[np.intp]


class Across(Enum):
    """What the x axis counts."""

    CYCLES = "By cycle"
    TIME = "By time"


@dataclass(frozen=True, slots=True)
class Group:
    """Quantities that are looked at together."""

    name: str
    tip: str
    quantities: tuple[Quantity, ...]


_Q = Quantity
GROUPS = (
    Group(
        "Focus",
        "Where focus was found, how far it was off, and how sure that is",
        (_Q.WD, _Q.STIG_X, _Q.STIG_Y, _Q.WD_CORRECTION, _Q.STIG_CORRECTION, _Q.SPREAD, _Q.ITERATIONS),
    ),
    Group("Images", "How sharp and how bright the scans are", (_Q.SCORE, _Q.MEAN, _Q.SD)),
    Group(
        "Ions",
        "What the ion beam delivered, and in which vacuum",
        (_Q.ION_CURRENT, _Q.CHARGE, _Q.DEPTH, _Q.PRESSURE),
    ),
    Group(
        "Drift",
        "How far wafer, sections and tiles lay off their places when they were found again",
        (_Q.WAFER_X, _Q.WAFER_Y, _Q.WAFER_TURN, _Q.SECTION_SHIFT, _Q.TILE_SHIFT),
    ),
    Group(
        "Time", "How long slices, mills and tiles took", (_Q.IMAGING_TIME, _Q.MILLING_TIME, _Q.TILE_TIME)
    ),
)

JOINED = frozenset(
    {
        _Q.DEPTH,
        _Q.PRESSURE,
        _Q.WAFER_X,
        _Q.WAFER_Y,
        _Q.WAFER_TURN,
        _Q.IMAGING_TIME,
        _Q.MILLING_TIME,
    }
)
"""Of which one number follows the other: joined by a line."""

WRITTEN: dict[Quantity, str] = {
    _Q.WD: "Written after each correction of focus that was applied.",
    _Q.STIG_X: "Written after each correction of focus that was applied.",
    _Q.STIG_Y: "Written after each correction of focus that was applied.",
    _Q.WD_CORRECTION: "What an applied correction added to the working distance, all its steps together.",
    _Q.STIG_CORRECTION: "What an applied correction changed of both stigmators, as a length.",
    _Q.SPREAD: "One standard deviation of the last estimate of an applied correction.",
    _Q.ITERATIONS: "Pairs of images that an applied correction took.",
    _Q.SCORE: "Blur of each scan by the program's own judgement, retakes among them.",
    _Q.MEAN: "Of all grey values of each scan.",
    _Q.SD: "Standard deviation of all grey values of each scan.",
    _Q.ION_CURRENT: "Measured before each opening of the ion beam; nobody measures it in between.",
    _Q.CHARGE: "Of each opening of the ion beam, with what is uncertain.",
    _Q.DEPTH: "Of all openings together, inside the raster, by the mill rate of then.",
    _Q.PRESSURE: "Written once a cycle, when imaging is possible again; the journal holds no other.",
    _Q.WAFER_X: "Against its place in the first cycle, in the frame of the stage, found by the fiducials.",
    _Q.WAFER_Y: "Against its place in the first cycle, in the frame of the stage, found by the fiducials.",
    _Q.WAFER_TURN: "Against its first cycle, found by the fiducials.",
    _Q.SECTION_SHIFT: "Distance from where its last slice says it should be.",
    _Q.TILE_SHIFT: "Distance from its last slice, seen in the focus images; on top of the section's.",
    _Q.IMAGING_TIME: "From the recovery of imaging to the first opening of the ion beam.",
    _Q.MILLING_TIME: "From the first opening of the ion beam to the next recovery of imaging.",
    _Q.TILE_TIME: "Between the scans of two tiles, with stage, focus and waiting.",
}
"""What a number is and when the journal gets it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity ready to be painted. ``by_value``: the order of its values, made once."""

    quantity: Quantity
    x: Numbers
    points: Points
    by_value: Indices

    @property
    def value(self) -> Numbers:
        return self.points.value

    def in_view(self, left: float, right: float, columns: int) -> Indices:
        """Points between two ends, at most the lowest and the highest of each of so many columns.

        Sorted by their place in the journal; ends and extremes of the view are among them.
        """
        x = self.x
        width = max(right - left, np.finfo(float).tiny)
        inside = (x >= left) & (x <= right) & np.isfinite(self.value)
        if np.count_nonzero(inside) <= 2 * columns:
            return np.flatnonzero(inside)
        ordered = self.by_value[inside[self.by_value]]
        column = np.minimum((x[ordered] - left) * (columns / width), columns - 1).astype(np.uint16)
        # a stable sort of small whole numbers is linear, and keeps the order of the values
        grouped = np.argsort(column, kind="stable")
        edges = np.flatnonzero(np.diff(column[grouped])) + 1
        first, last = np.r_[0, edges], np.r_[edges - 1, len(grouped) - 1]
        return np.unique(ordered[grouped[np.r_[first, last]]])

    def nearest(self, x: float, y: float, x_per_px: float, y_per_px: float, shown: Indices) -> int | None:
        """The point among ``shown`` that is nearest on the screen; None where there is none."""
        if not len(shown):
            return None
        dx, dy = (self.x[shown] - x) / x_per_px, (self.value[shown] - y) / y_per_px
        return int(shown[np.argmin(dx * dx + dy * dy)])


def curve_of(series: RunSeries, quantity: Quantity, across: Across, section: str | None) -> Curve:
    """A quantity over cycles or time, of one section or of all. What is of the wafer is of all sections."""
    points = series.points(quantity)
    if section is not None and section in series.sections and bool((points.section >= 0).any()):
        points = points.of(series.sections.index(section))
    x = points.place if across is Across.CYCLES else points.wall_s
    return Curve(quantity, x, points, np.argsort(points.value, kind="stable"))


def told(series: RunSeries, curve: Curve, index: int) -> str:
    """What a point says, in a line."""
    plane = series.plane(curve.points, index)
    at = datetime.fromtimestamp(float(curve.points.wall_s[index])).astimezone()
    unit = UNITS[curve.quantity]
    where = f"cycle {int(curve.points.place[index])}"
    if plane is not None:
        tile = "" if curve.points.tile[index] < 0 else f", tile {plane.tile + 1}"
        where = f"section {plane.section}{tile}, {where}"
    return (
        f"{curve.quantity.value.capitalize()} {curve.value[index]:.5g} {unit}".rstrip()
        + f"  \N{MIDDLE DOT}  {where}, {at:%d %b %H:%M:%S}"
    )


def csv_of(series: RunSeries, curves: Iterable[Curve]) -> str:
    """All points of some curves as lines; empty fields where a number is of the whole wafer."""
    lines = ["quantity,unit,cycle,section,tile,time,value"]
    for curve in curves:
        points, unit = curve.points, UNITS[curve.quantity]
        for n in range(len(points.value)):
            plane = series.plane(points, n)
            section = plane.section if plane is not None else ""
            tile = str(int(points.tile[n]) + 1) if points.tile[n] >= 0 else ""
            at = datetime.fromtimestamp(float(points.wall_s[n])).astimezone().isoformat(timespec="seconds")
            cycle, value = int(points.place[n]), float(points.value[n])
            lines.append(f"{curve.quantity.value},{unit},{cycle},{section},{tile},{at},{value!r}")
    return "\n".join(lines) + "\n"
