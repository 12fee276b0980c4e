"""The drift sentinel: has the estimator of focus come off the rails on this instrument?

A pure fold over a run's journal, bounded by the wafer's tiles. It only tells; what to do about it an
operator decides. The run's own first cycles are the measure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scopeacq.focus.drift_chart import DriftChart, Place
from scopeacq.focus.focus_traits import SCALES, Measures, measures_of
from scopeacq.journal.records import (
    CycleDone,
    FocusDone,
    FocusDrifted,
    FocusReadBy,
    FocusTrait,
    GatePassed,
    Record,
)

TILES_AT_ONCE = 10
"""So many neighbouring tiles of a section are one visit: what they show is too much alike to be more."""

VISITS_PER_FALSE_ALARM = 100_000
"""At least, on average, in a run in which nothing drifts: 2000 sections of 25 tiles over 17 cycles."""

LIMIT = math.log(VISITS_PER_FALSE_ALARM * len(FocusTrait))


def _charts() -> dict[FocusTrait, DriftChart]:
    return {trait: DriftChart(SCALES[trait].tolerance, LIMIT) for trait in FocusTrait}


@dataclass(slots=True)
class _Visit:
    """Corrections on neighbouring tiles in one cycle, one after another; sums of what they tell."""

    cycle: int
    place: Place
    corrections: int = 0
    sums: Measures = field(default_factory=dict)
    counts: dict[FocusTrait, int] = field(default_factory=dict)

    def add(self, measures: Measures) -> None:
        self.corrections += 1
        for trait, value in measures.items():
            self.sums[trait] = self.sums.get(trait, 0.0) + SCALES[trait].on(value)
            self.counts[trait] = self.counts.get(trait, 0) + 1


@dataclass(slots=True)
class Sentinel:
    """See the module's documentation."""

    _read_by: FocusReadBy | None = None
    _charts: dict[FocusTrait, DriftChart] = field(default_factory=_charts)
    _visit: _Visit | None = None
    _told: FocusDrifted | None = None
    _episode: set[FocusTrait] = field(default_factory=set)

    def apply(self, record: Record) -> None:
        """Take one more record into account."""
        match record:
            case FocusReadBy():
                self._begin(record)
            case FocusDone():
                self._correction(record)
            case GatePassed() | CycleDone():
                self._close()
            case FocusDrifted(trait=trait):
                self._told = record
                self._episode.add(trait)
            case _:
                pass

    @property
    def read_by(self) -> FocusReadBy | None:
        """Whose corrections are watched, None before the journal says so."""
        return self._read_by

    @property
    def news(self) -> FocusDrifted | None:
        """What is to be journalled and told; None while nothing drifts, or where that was told."""
        drifted = [trait for trait, chart in self._charts.items() if chart.drifted]
        return self._found(drifted[0]) if drifted and self._told is None else None

    @property
    def standing(self) -> FocusDrifted | None:
        """What was told and is not over."""
        return self._told

    def _begin(self, read_by: FocusReadBy) -> None:
        """Another estimator, or another calibration, is measured by what it does itself."""
        self._read_by = read_by
        self._charts, self._visit, self._told, self._episode = _charts(), None, None, set()

    def _correction(self, done: FocusDone) -> None:
        if self._read_by is None and done.iterations:
            # journals of before tell by whom in each trace alone
            self._read_by = FocusReadBy(done.iterations[0].estimator, ())
        if self._read_by is None:
            return
        cycle, place = done.key.cycle, Place(done.key.section, done.key.tile // TILES_AT_ONCE)
        if self._visit is None or (self._visit.cycle, self._visit.place) != (cycle, place):
            self._close()
            self._visit = _Visit(cycle, place)
        self._visit.add(measures_of(done, self._read_by.estimator))

    def _close(self) -> None:
        """The visit under way is over and counts."""
        visit, self._visit = self._visit, None
        if visit is None:
            return
        for trait, count in visit.counts.items():
            mean = visit.sums[trait] / count
            self._charts[trait].take(visit.cycle, visit.place, mean, visit.corrections)
        self._go_on_with_episode()

    def _go_on_with_episode(self) -> None:
        """What was told is over when all that drifted since is as before."""
        if self._told is not None:
            self._episode |= {trait for trait, chart in self._charts.items() if chart.drifted}
            if all(self._charts[trait].evidence == 0.0 for trait in self._episode):
                self._told, self._episode = None, set()

    def _found(self, trait: FocusTrait) -> FocusDrifted:
        rise, scale = self._charts[trait].rise, SCALES[trait]
        assert rise is not None, "what has drifted has risen"
        assert self._read_by is not None, "what was charted was read"
        return FocusDrifted(
            self._read_by.estimator,
            trait,
            scale.back(rise.usual),
            scale.back(rise.now),
            rise.cycle,
            rise.section,
            rise.corrections,
        )
