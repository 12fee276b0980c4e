"""What a report needs of a journal, gathered in one pass and bounded at any length of run."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.journal.tallies import IncidentTally
from scopeacq.journal.thinned import Thinned
from scopeacq.journal.wafer_place import WaferShift

POINTS = 1500
"""Of each plot."""
INCIDENTS = 100
"""The latest ones; the counts are of all."""
WORST = 12


@dataclass(frozen=True, slots=True)
class FocusPoint:
    """Optics after one correction. ``place`` is the cycle, counted from 1, and the part of it done."""

    place: float
    section: str
    wd_um: float
    stig_x: float
    stig_y: float


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """The score of one scan."""

    place: float
    score_um: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class WaferPoint:
    """How far the wafer was found, in a cycle counted from 0, from its first place since it was mounted."""

    cycle: int
    dx_um: float
    dy_um: float
    turn_deg: float


@dataclass(frozen=True, slots=True, order=True)
class WorstPlane:
    """A scan with a high score."""

    score_um: float
    key: PlaneKey
    take: int
    verdict: Verdict = field(compare=False)


@dataclass(frozen=True, slots=True)
class LoggedIncident:
    """An incident and its wall clock."""

    wall_time_s: float
    incident: r.Incident


@dataclass(slots=True)
class Mean:
    """A running mean and its count."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    @property
    def value(self) -> float:
        return self.total / self.count if self.count else math.nan


@dataclass(slots=True)
class Doses:
    """Electron doses [e-/nm^2] of what was scanned."""

    tile: Mean = field(default_factory=Mean)
    focus: Mean = field(default_factory=Mean)
    section: Mean = field(default_factory=Mean)
    fiducial: Mean = field(default_factory=Mean)

    def apply(self, record: r.Record) -> None:
        match record:
            case r.PlaneExposing():
                self.tile.add(record.electron_dose_per_nm2)
            case r.FocusDone():
                self.focus.add(record.electron_dose_per_nm2)
            case r.SectionRegistered():
                self.section.add(record.electron_dose_per_nm2)
            case r.WaferRegistered():
                self.fiducial.add(record.electron_dose_per_nm2)
            case _:
                pass


@dataclass(slots=True)
class Traces:
    """Series over the run, thinned. ``planes_per_cycle`` places a plane inside its cycle."""

    planes_per_cycle: int
    focus: Thinned[FocusPoint] = field(default_factory=lambda: Thinned(POINTS))
    scores: Thinned[ScorePoint] = field(default_factory=lambda: Thinned(POINTS))
    sections: Thinned[r.SectionRegistered] = field(default_factory=lambda: Thinned(POINTS))
    wafers: Thinned[WaferPoint] = field(default_factory=lambda: Thinned(POINTS))
    worst: list[WorstPlane] = field(default_factory=list)
    _chosen: int = 0
    _wafer_shift: WaferShift = field(default_factory=WaferShift)

    def apply(self, record: r.Record) -> None:
        match record:
            case r.FocusDone(key, True):
                after = record.after
                self.focus.add(
                    FocusPoint(self._place(key), key.section, after.wd_um, after.stig_x, after.stig_y)
                )
            case r.PlaneJudged(key, take, verdict, score_um):
                self.scores.add(ScorePoint(self._place(key), score_um, verdict))
                self._rank(WorstPlane(score_um, key, take, verdict))
            case r.PlaneChosen():
                self._chosen += 1
            case r.CycleDone():
                self._chosen = 0
            case r.SectionRegistered():
                self.sections.add(record)
            case r.WaferMounted():
                self._wafer_shift.remounted()
            case r.WaferRegistered(cycle):
                self.wafers.add(WaferPoint(cycle, *self._wafer_shift.of(record)))
            case _:
                pass

    def _place(self, key: PlaneKey) -> float:
        return key.cycle + 1 + min(self._chosen / self.planes_per_cycle, 0.99)

    def _rank(self, plane: WorstPlane) -> None:
        if not math.isfinite(plane.score_um):
            return
        if len(self.worst) < WORST:
            heapq.heappush(self.worst, plane)
        else:
            heapq.heappushpop(self.worst, plane)


@dataclass(slots=True)
class Alone:
    """What the program decided or noticed without an operator, beside the policies of incidents."""

    dropped: deque[r.SectionDropped] = field(default_factory=lambda: deque(maxlen=INCIDENTS))
    skipped: deque[r.SectionSkipped] = field(default_factory=lambda: deque(maxlen=INCIDENTS))
    waived: deque[r.PlaneWaived] = field(default_factory=lambda: deque(maxlen=INCIDENTS))
    refused_focus: deque[r.FocusDone] = field(default_factory=lambda: deque(maxlen=INCIDENTS))
    drifts: deque[r.FocusDrifted] = field(default_factory=lambda: deque(maxlen=INCIDENTS))

    def apply(self, record: r.Record) -> None:
        match record:
            case r.SectionDropped():
                self.dropped.append(record)
            case r.SectionSkipped():
                self.skipped.append(record)
            case r.PlaneWaived():
                self.waived.append(record)
            case r.FocusDone(applied=False):
                self.refused_focus.append(record)
            case r.FocusDrifted():
                self.drifts.append(record)
            case _:
                pass


@dataclass(slots=True)
class RunData:
    """What a report says beside the run's status, from the journal."""

    traces: Traces
    decisions: IncidentTally = field(default_factory=IncidentTally)
    doses: Doses = field(default_factory=Doses)
    alone: Alone = field(default_factory=Alone)
    incidents: deque[LoggedIncident] = field(default_factory=lambda: deque(maxlen=INCIDENTS))
    began_s: float | None = None
    ended_s: float | None = None
    starts: int = 0

    def apply(self, row: Row) -> None:
        """Take one more row into account."""
        self.began_s = row.wall_time_s if self.began_s is None else self.began_s
        self.ended_s = row.wall_time_s
        match row.record:
            case r.RunOpened():
                self.starts += 1
            case r.Incident():
                self.incidents.append(LoggedIncident(row.wall_time_s, row.record))
            case _:
                pass
        for fold in (self.traces, self.decisions, self.doses, self.alone):
            fold.apply(row.record)


def gather(rows: Iterable[Row], planes_per_cycle: int) -> RunData:
    """All of a journal in one pass."""
    data = RunData(Traces(planes_per_cycle))
    for row in rows:
        data.apply(row)
    return data
