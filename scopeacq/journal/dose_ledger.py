"""What each section was given: ions by milling, electrons by scans and looks. A fold over the journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from shapely.geometry import Polygon

from scopeacq.engine.planner import mill_plan
from scopeacq.journal import records as r
from scopeacq.journal.records import MillPlan, Record
from scopeacq.journal.tallies import MillTally
from scopeacq.journal.tile_curves import Points
from scopeacq.plan.burn_place import polygon_of
from scopeacq.plan.geometry import Point, inside
from scopeacq.plan.mill_rate import raster_area_um2
from scopeacq.plan.runfolder import Plan

IONS_PER_UC = 1e-6 / 1.602176634e-19
"""Of singly charged clusters; the elementary charge is that of the SI."""


@dataclass(frozen=True, slots=True)
class Milled:
    """How a section was milled, cycle by cycle, summed up to each: depth [nm] and ions [per nm^2]."""

    depth_nm: Points = ()
    ions_per_nm2: Points = ()


@dataclass
class DoseLedger:
    """Ions inside the raster's square (see :mod:`scopeacq.plan.mill_rate`) until the section was dropped.

    ``looks_per_nm2``: electrons by which each section was found again. ``by_hand_per_nm2``: of all frames
    by hand on it together, the most that one place of it can have borne. ``burned_per_nm2``: ions that the
    mark of a calibration may have laid on it, which counts for no cycle.
    """

    plan: Plan
    looks_per_nm2: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_hand_per_nm2: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    burned_per_nm2: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _burn: r.BurnBegin | None = None
    _dropped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mill = self.plan.instrument.mill
        self._mill = MillTally(mill.heartbeat_timeout_s + mill.guard_latency_s)

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        self._mill.apply(record)
        match record:
            case r.SectionRegistered():
                self.looks_per_nm2[record.section] += record.electron_dose_per_nm2
            case r.DoseBooked(r.Purpose.MANUAL, x_um, y_um, dose):
                for section in self.sections_at((x_um, y_um)):
                    self.by_hand_per_nm2[section] += dose
            case r.BurnBegin():
                self._burn = record
            case r.BurnEnd(_, _, delivered_uc) if self._burn is not None:
                for section in self._burned_by(self._burn):
                    self.burned_per_nm2[section] += delivered_uc * IONS_PER_UC / (self._burn.area_um2 * 1e6)
            case r.SectionDropped(cycle, section):
                self._dropped.setdefault(section, cycle)
            case _:
                pass

    def sections_at(self, wafer_um: Point) -> Iterator[str]:
        """The sections within whose outlines a point of the wafer lies."""
        return (s.id for s in self.plan.wafer.sections if inside(wafer_um, s.outline_um))

    def _burned_by(self, begin: r.BurnBegin) -> Iterator[str]:
        """The sections that a mark's ions may have met."""
        reach = polygon_of(begin.reach_um)
        return (s.id for s in self.plan.wafer.sections if reach.intersects(Polygon(s.outline_um)))

    def milled(self) -> dict[str, Milled]:
        """Of every section of the plan."""
        today = mill_plan(self.plan)
        per_cycle_uc: dict[int, float] = defaultdict(float)
        for (cycle, _), charge in self._mill.charges().items():
            per_cycle_uc[cycle] += charge.delivered_uc
        plans = {cycle: self._mill.plans.get(cycle, today) for cycle in per_cycle_uc}
        depths = [(c, uc * plans[c].nm_per_uc) for c, uc in per_cycle_uc.items()]
        ions = [(c, uc * IONS_PER_UC / self._area_nm2(plans[c])) for c, uc in per_cycle_uc.items()]
        whole = Milled(_summed(depths), _summed(ions))
        return {s.id: self._until_dropped(s.id, whole) for s in self.plan.wafer.sections}

    def _area_nm2(self, mill: MillPlan) -> float:
        return raster_area_um2(self.plan.instrument.mill, mill.raster_vpp) * 1e6

    def _until_dropped(self, section: str, whole: Milled) -> Milled:
        end = self._dropped.get(section)
        if end is None:
            return whole
        return Milled(
            tuple(p for p in whole.depth_nm if p[0] < end),
            tuple(p for p in whole.ions_per_nm2 if p[0] < end),
        )


def _summed(points: list[tuple[int, float]]) -> Points:
    values = accumulate(value for _, value in points)
    return tuple((cycle, total) for (cycle, _), total in zip(points, values, strict=True))
