"""Numbers of a run over its cycles and hours, all of them: a fold over the journal for plots.

The report draws a sample (:mod:`scopeacq.telling.report_data`); here nothing is left out, since whoever
looks closer wants every plane. A number costs 8 bytes: a run of 300,000 planes takes some tens of
megabytes.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import PlaneKey
from scopeacq.journal.wafer_place import WaferShift
from scopeacq.plan.runfolder import Plan

Numbers = NDArray[np.float64]


class Quantity(Enum):
    """What can be plotted: ``value`` is its title; the unit stands in :data:`UNITS`."""

    WD = "working distance"
    STIG_X = "stigmator x"
    STIG_Y = "stigmator y"
    WD_CORRECTION = "correction of the working distance"
    STIG_CORRECTION = "correction of the stigmators"
    SPREAD = "uncertainty of the working distance"
    ITERATIONS = "iterations of a correction"
    SCORE = "score"
    MEAN = "mean grey value"
    SD = "spread of grey values"
    ION_CURRENT = "ion current"
    DEPTH = "milled depth"
    CHARGE = "delivered charge of a pass"
    PRESSURE = "chamber pressure"
    WAFER_X = "wafer found off its place, x"
    WAFER_Y = "wafer found off its place, y"
    WAFER_TURN = "wafer found turned"
    SECTION_SHIFT = "section found off its place"
    TILE_SHIFT = "tile found off its place"
    IMAGING_TIME = "imaging of a slice"
    MILLING_TIME = "milling and coming back"
    TILE_TIME = "from tile to tile"


_UM = "\N{MICRO SIGN}m"
UNITS: dict[Quantity, str] = {
    Quantity.WD: _UM,
    Quantity.STIG_X: "a.u.",
    Quantity.STIG_Y: "a.u.",
    Quantity.WD_CORRECTION: _UM,
    Quantity.STIG_CORRECTION: "a.u.",
    Quantity.SPREAD: _UM,
    Quantity.ITERATIONS: "",
    Quantity.SCORE: f"{_UM} of defocus",
    Quantity.MEAN: "",
    Quantity.SD: "",
    Quantity.ION_CURRENT: "nA",
    Quantity.DEPTH: "nm",
    Quantity.CHARGE: "\N{MICRO SIGN}C",
    Quantity.PRESSURE: "mbar",
    Quantity.WAFER_X: _UM,
    Quantity.WAFER_Y: _UM,
    Quantity.WAFER_TURN: "\N{DEGREE SIGN}",
    Quantity.SECTION_SHIFT: _UM,
    Quantity.TILE_SHIFT: _UM,
    Quantity.IMAGING_TIME: "min",
    Quantity.MILLING_TIME: "min",
    Quantity.TILE_TIME: "s",
}
NO_TILE = -1
IMAGING_PART = 0.8
"""Of a cycle's room on the x axis."""


@dataclass(frozen=True, slots=True)
class Points:
    """A quantity as arrays of one length, in the order of the journal.

    ``place``: the cycle, counted from 1, and the part of it that was done, imaging up to 0.8 and milling
    from there. ``wall_s``: since 1970.
    ``section`` and ``tile`` are -1 where a number is of the whole wafer; ``section`` counts in
    :attr:`RunSeries.sections`.
    """

    place: Numbers
    wall_s: Numbers
    section: NDArray[np.int64]
    tile: NDArray[np.int64]
    value: Numbers

    def of(self, section: int | None) -> Points:
        """Those of one section; all of them for None."""
        if section is None:
            return self
        chosen = self.section == section
        return Points(*(getattr(self, name)[chosen] for name in Points.__slots__))


@dataclass(slots=True)
class _Table:
    """Numbers that come together: where and when, and one column for each quantity."""

    quantities: tuple[Quantity, ...]
    columns: list[array[float]] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = [array("d") for _ in range(4 + len(self.quantities))]

    def add(self, *numbers: float) -> None:
        for column, number in zip(self.columns, numbers, strict=True):
            column.append(number)

    def points(self, quantity: Quantity) -> Points:
        place, wall_s, section, tile = (np.array(column) for column in self.columns[:4])
        value = np.array(self.columns[4 + self.quantities.index(quantity)])
        return Points(place, wall_s, section.astype(np.int64), tile.astype(np.int64), value)


_Q = Quantity
_FOCUS = (_Q.WD, _Q.STIG_X, _Q.STIG_Y, _Q.WD_CORRECTION, _Q.STIG_CORRECTION, _Q.SPREAD, _Q.ITERATIONS)
_PLANE = (_Q.SCORE, _Q.MEAN, _Q.SD)
_PASS = (_Q.ION_CURRENT, _Q.CHARGE, _Q.DEPTH)
_WAFER = (_Q.WAFER_X, _Q.WAFER_Y, _Q.WAFER_TURN)
_SINGLE = (_Q.PRESSURE, _Q.SECTION_SHIFT, _Q.TILE_SHIFT, _Q.IMAGING_TIME, _Q.MILLING_TIME, _Q.TILE_TIME)


@dataclass(slots=True)
class RunSeries:
    """All numbers of a run. ``planes_per_cycle`` places a plane inside its cycle."""

    planes_per_cycle: int
    sections: list[str] = field(default_factory=list)
    version: int = 0
    _tables: dict[Quantity, _Table] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _chosen: int = 0
    _openings: int = 0
    _passes: int = 1
    _rates: dict[int, float] = field(default_factory=dict)
    _current_na: float = math.nan
    _depth_nm: float = 0.0
    _wafer_shift: WaferShift = field(default_factory=WaferShift)
    _imaging_since_s: float | None = None
    _milling_since_s: float | None = None
    _last_tile_s: float | None = None

    def __post_init__(self) -> None:
        for quantities in (_FOCUS, _PLANE, _PASS, _WAFER, *((single,) for single in _SINGLE)):
            table = _Table(quantities)
            self._tables |= dict.fromkeys(quantities, table)
        for section in list(self.sections):
            self._numbers[section] = len(self._numbers)

    @classmethod
    def of(cls, plan: Plan) -> RunSeries:
        """The empty series of a plan."""
        return cls(_planes_per_cycle(plan), [s.id for s in plan.wafer.sections])

    def take_plan(self, plan: Plan) -> None:
        """Go on with a plan that was edited; sections that are new to it come last."""
        self.planes_per_cycle = _planes_per_cycle(plan)
        for section in plan.wafer.sections:
            self._number(section.id)
        self.version += 1

    def points(self, quantity: Quantity) -> Points:
        """All that is known of a quantity, as copies."""
        return self._tables[quantity].points(quantity)

    def count(self, quantity: Quantity) -> int:
        """How many numbers there are of a quantity."""
        return len(self._tables[quantity].columns[0])

    def plane(self, points: Points, index: int) -> PlaneKey | None:
        """The plane that a point belongs to, None where it is of a section or of the whole wafer."""
        section, tile = int(points.section[index]), int(points.tile[index])
        if section < 0:
            return None
        return PlaneKey(int(points.place[index]) - 1, self.sections[section], max(tile, 0))

    def apply(self, row: Row) -> None:
        """Take one more row into account."""
        self.version += 1
        match row.record:
            case r.FocusDone():
                self._focus(row, row.record)
            case r.PlaneJudged(key, _, _, score_um, mean, sd):
                self._add(_PLANE, row, key.cycle, key.section, key.tile, score_um, mean, sd)
            case r.PlaneExposed(key, _, _, _, _, scanned_at_s):
                self._scanned(row, key, scanned_at_s)
            case r.PlaneChosen():
                self._chosen += 1
            case r.WaferMounted():
                self._wafer_shift.remounted()
            case r.WaferRegistered(cycle):
                self._add(_WAFER, row, cycle, None, NO_TILE, *self._wafer_shift.of(row.record))
            case r.SectionRegistered(cycle, section, dx_um, dy_um):
                self._add((_Q.SECTION_SHIFT,), row, cycle, section, NO_TILE, math.hypot(dx_um, dy_um))
            case r.TileRegistered(key, dx_um, dy_um, refused=""):
                shift_um = math.hypot(dx_um, dy_um)
                self._add((_Q.TILE_SHIFT,), row, key.cycle, key.section, key.tile, shift_um)
            case _:
                self._mill(row)

    def _mill(self, row: Row) -> None:
        match row.record:
            case r.RunOpened():
                # the instrument's clock may begin anew with a process
                self._imaging_since_s = self._milling_since_s = self._last_tile_s = None
            case r.ImagingRecovered(cycle, pressure_mbar, _, at_s):
                self._add((_Q.PRESSURE,), row, cycle, None, NO_TILE, pressure_mbar)
                if self._milling_since_s is not None:
                    minutes = (at_s - self._milling_since_s) / 60
                    self._add((_Q.MILLING_TIME,), row, cycle - 1, None, NO_TILE, minutes)
                self._imaging_since_s, self._milling_since_s, self._last_tile_s = at_s, None, None
            case r.GatePassed(cycle, mill=mill):
                self._rates[cycle] = mill.nm_per_uc
                self._passes, self._openings = max(sum(1 for _ in mill.passes(cycle)), 1), 0
            case r.MillBegin(key):
                self._begin(row, key.cycle, row.record)
            case r.MillEnd(key, _, delivered_uc):
                self._depth_nm += delivered_uc * self._rates.get(key.cycle, math.nan)
                numbers = self._current_na, delivered_uc, self._depth_nm
                self._openings += 1
                self._add(_PASS, row, key.cycle, None, NO_TILE, *numbers)
            case r.CycleDone():
                self._chosen = self._openings = 0
            case _:
                pass

    def _begin(self, row: Row, cycle: int, begin: r.MillBegin) -> None:
        self._current_na = begin.current_na
        if self._milling_since_s is None:
            self._milling_since_s = begin.at_s
            if self._imaging_since_s is not None:
                minutes = (begin.at_s - self._imaging_since_s) / 60
                self._add((_Q.IMAGING_TIME,), row, cycle, None, NO_TILE, minutes)

    def _focus(self, row: Row, done: r.FocusDone) -> None:
        if not done.applied:
            return
        before, after = done.before, done.after
        stigmators = math.hypot(after.stig_x - before.stig_x, after.stig_y - before.stig_y)
        spread_um = done.iterations[-1].sd_wd_um if done.iterations else math.nan
        self._add(
            _FOCUS,
            row,
            done.key.cycle,
            done.key.section,
            done.key.tile,
            after.wd_um,
            after.stig_x,
            after.stig_y,
            after.wd_um - before.wd_um,
            stigmators,
            spread_um,
            len(done.iterations),
        )

    def _scanned(self, row: Row, key: PlaneKey, at_s: float) -> None:
        if self._last_tile_s is not None:
            since_s = at_s - self._last_tile_s
            self._add((_Q.TILE_TIME,), row, key.cycle, key.section, key.tile, since_s)
        self._last_tile_s = at_s

    def _add(
        self,
        quantities: tuple[Quantity, ...],
        row: Row,
        cycle: int,
        section: str | None,
        tile: int,
        *numbers: float,
    ) -> None:
        which = -1 if section is None else self._number(section)
        self._tables[quantities[0]].add(cycle + 1 + self._part(), row.wall_time_s, which, tile, *numbers)

    def _part(self) -> float:
        imaged, milled = self._chosen / self.planes_per_cycle, self._openings / self._passes
        return min(IMAGING_PART * min(imaged, 1.0) + (1 - IMAGING_PART) * milled, 0.99)

    def _number(self, section: str) -> int:
        if section not in self._numbers:
            self._numbers[section] = len(self.sections)
            self.sections.append(section)
        return self._numbers[section]


def _planes_per_cycle(plan: Plan) -> int:
    return max(sum(len(s.tiles(plan.project.imaging)) for s in plan.wafer.sections), 1)
