"""How each tile's numbers went over the cycles: a fold over the journal, bounded by the tiles."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from scopeacq.journal import records as r
from scopeacq.journal.records import PlaneKey, Record
from scopeacq.journal.tile_ledger import TilePlace

MOST_POINTS = 128
"""Of each tile; where it has more cycles every second one of the older points goes."""

Points = tuple[tuple[int, float], ...]
"""(cycle, value) in the order of cycles."""


def _integers() -> array[int]:
    return array("i")


def _numbers() -> array[float]:
    return array("f")


@dataclass(slots=True)
class TileCurve:
    """One tile, a point for each cycle; NaN where nothing is known. The dose is that of the run so far.

    Single precision for scores and doses, double for the working distance: its drift is small beside it.
    """

    cycles: array[int] = field(default_factory=_integers)
    score_um: array[float] = field(default_factory=_numbers)
    dose_per_nm2: array[float] = field(default_factory=_numbers)
    wd_um: array[float] = field(default_factory=lambda: array("d"))

    def begin(self, cycle: int) -> None:
        """Have a last point that is this cycle's."""
        if self.cycles and self.cycles[-1] == cycle:
            return
        if len(self.cycles) == MOST_POINTS:
            self._thin()
        dose = self.dose_per_nm2[-1] if self.cycles else 0.0
        self.cycles.append(cycle)
        for column, value in zip(self._values(), (math.nan, dose, math.nan), strict=True):
            column.append(value)

    def score(self) -> Points:
        return _known(self.cycles, self.score_um)

    def dose(self) -> Points:
        return _known(self.cycles, self.dose_per_nm2)

    def wd(self) -> Points:
        return _known(self.cycles, self.wd_um)

    def _values(self) -> tuple[array[float], array[float], array[float]]:
        return self.score_um, self.dose_per_nm2, self.wd_um

    def _thin(self) -> None:
        self.cycles[:] = self.cycles[1::2]
        for column in self._values():
            column[:] = column[1::2]


@dataclass(slots=True)
class TileCurves:
    """The curves of all tiles that were ever scanned or focused on."""

    tiles: dict[TilePlace, TileCurve] = field(default_factory=dict)

    def of(self, section: str, tile: int) -> TileCurve:
        """The curve of a tile; an empty one when nothing was done there."""
        return self.tiles.get((section, tile)) or TileCurve()

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case r.PlaneExposing(key):
                self._of(key).dose_per_nm2[-1] += record.electron_dose_per_nm2
            case r.FocusDone(key):
                curve = self._of(key)
                curve.dose_per_nm2[-1] += record.electron_dose_per_nm2
                if record.applied:
                    curve.wd_um[-1] = record.after.wd_um
            case r.PlaneExposed(key, _, optics):
                self._of(key).wd_um[-1] = optics.wd_um
            case r.PlaneJudged(key, _, _, score_um):
                self._of(key).score_um[-1] = score_um
            case _:
                pass

    def _of(self, key: PlaneKey) -> TileCurve:
        curve = self.tiles.setdefault((key.section, key.tile), TileCurve())
        curve.begin(key.cycle)
        return curve


def _known(cycles: array[int], values: array[float]) -> Points:
    return tuple((c, v) for c, v in zip(cycles, values, strict=True) if math.isfinite(v))


def mean_of(curves: Iterable[Points]) -> Points:
    """The mean at each cycle over the curves that have a point there."""
    at: dict[int, list[float]] = {}
    for curve in curves:
        for cycle, value in curve:
            at.setdefault(cycle, []).append(value)
    return tuple((cycle, sum(values) / len(values)) for cycle, values in sorted(at.items()))
