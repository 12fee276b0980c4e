"""Counts over a journal: small folds that status and report are made of. Each takes every record."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scopeacq.engine.events import RunState
from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import (
    ErrorKind,
    MillKey,
    MillPlan,
    PlaneKey,
    Policy,
    Record,
    RunEnd,
    Verdict,
    WaitReason,
)

NOT_STARTED = "The run has not begun; `scopeacq run` starts it."
WAS_KILLED = "The program ended without closing the run; `scopeacq run` goes on."

_AFTER = {
    RunEnd.FINISHED: RunState.FINISHED,
    RunEnd.WAITING: RunState.WAITING,
    RunEnd.FAILED: RunState.FAILED,
}
_FOR_AN_OPERATOR = frozenset({WaitReason.MILL_GATE, WaitReason.OPERATOR})


@dataclass(slots=True)
class RunTally:
    """What the run is doing, as far as its journal says."""

    state: RunState = RunState.PAUSED
    reason: str = NOT_STARTED
    open: bool = False

    def apply(self, record: Record) -> None:
        match record:
            case r.RunOpened():
                self.open, self.state, self.reason = True, RunState.RUNNING, ""
            case r.Waiting(reason, text):
                waits = RunState.WAITING if reason in _FOR_AN_OPERATOR else RunState.SUSPENDED
                self.state, self.reason = waits, text
            case r.WaitOver():
                self.state, self.reason = RunState.RUNNING, ""
            case r.RunClosed(end, text):
                self.open = False
                self.state, self.reason = _AFTER.get(end, RunState.PAUSED), text
            case _:
                pass

    def now(self, alive: Callable[[], bool]) -> tuple[RunState, str]:
        """State and reason. ``alive``: whether a process holds the run; without one it was killed."""
        return (RunState.PAUSED, WAS_KILLED) if self.open and not alive() else (self.state, self.reason)


@dataclass(slots=True)
class PlaneTally:
    """Counts of planes. ``tiles``: how many each section has. Holds the current slice only."""

    tiles: Mapping[str, int]
    accepted: int = 0
    sharp: int = 0
    retaken: int = 0
    waived: int = 0
    lost: int = 0
    cycles_done: int = 0
    whole_slices: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    dropped: dict[str, int] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    _chosen: set[PlaneKey] = field(default_factory=set)
    _judged: set[PlaneKey] = field(default_factory=set)
    _retaken: set[PlaneKey] = field(default_factory=set)
    _milling: bool = False

    def apply(self, record: Record) -> None:
        match record:
            case r.PlaneExposing(key, take) if take > 0:
                self.retaken += key not in self._retaken
                self._retaken.add(key)
            case r.PlaneJudged(key, _, verdict):
                self.sharp += key not in self._judged and verdict is Verdict.SHARP
                self._judged.add(key)
            case r.PlaneChosen(key):
                self.accepted += key not in self._chosen
                self._chosen.add(key)
            case r.PlaneLost(key):
                self.accepted -= key in self._chosen
                self._chosen.discard(key)
            case r.PlaneWaived():
                self.waived += 1
            case r.SectionDropped(cycle, section):
                self.dropped.setdefault(section, cycle)
            case r.SectionSkipped(_, section) | r.Wish(r.WishKind.LEAVE_OUT, _, section):
                self.skipped.add(section)
            case r.Wish(r.WishKind.TAKE_IN, _, section):
                self.skipped.discard(section)
            case r.MillBegin():
                self._count_lost()
            case r.CycleDone(cycle):
                self._end_slice(cycle)
            case _:
                pass

    @property
    def some_left(self) -> bool:
        """Whether a section is still there to be imaged."""
        return len(self.dropped) < len(self.tiles)

    def _count_lost(self) -> None:
        """At the first opening of a cycle: what is not accepted by now is gone."""
        if not self._milling:
            self._milling = True
            kept = {s: n for s, n in self.tiles.items() if s not in self.dropped}
            self.lost += sum(kept.values()) - sum(key.section in kept for key in self._chosen)

    def _end_slice(self, cycle: int) -> None:
        per_section: dict[str, int] = defaultdict(int)
        for key in self._chosen:
            per_section[key.section] += 1
        for section, tiles in self.tiles.items():
            self.whole_slices[section] += per_section[section] == tiles
        self.cycles_done, self._milling = cycle + 1, False
        for slice_set in (self._chosen, self._judged, self._retaken, self.skipped):
            slice_set.clear()


@dataclass(slots=True)
class FocusTally:
    """Counts of focus corrections; iterations and dose are of applied ones."""

    applied: int = 0
    refused: int = 0
    iterations: int = 0
    dose_per_nm2: float = 0.0

    def apply(self, record: Record) -> None:
        match record:
            case r.FocusDone(applied=True):
                self.applied += 1
                self.iterations += len(record.iterations)
                self.dose_per_nm2 += record.electron_dose_per_nm2
            case r.FocusDone():
                self.refused += 1
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Charge:
    """Mill charge [uC]; what was delivered includes what is uncertain."""

    requested_uc: float = 0.0
    delivered_uc: float = 0.0
    uncertain_uc: float = 0.0

    def __add__(self, other: Charge) -> Charge:
        return Charge(
            self.requested_uc + other.requested_uc,
            self.delivered_uc + other.delivered_uc,
            self.uncertain_uc + other.uncertain_uc,
        )


@dataclass(slots=True)
class MillTally:
    """Charges per cycle and azimuth, and how each cycle was to be milled when it passed the gate.

    ``guard_s``: how long a silent beam may stay open [real s].
    """

    guard_s: float
    per_azimuth: dict[tuple[int, int], Charge] = field(default_factory=lambda: defaultdict(Charge))
    plans: dict[int, MillPlan] = field(default_factory=dict)
    _requested: set[MillKey] = field(default_factory=set)
    _open: r.MillBegin | None = None
    _heartbeat_uc: float = 0.0

    def apply(self, record: Record) -> None:
        match record:
            case r.GatePassed(cycle, mill=mill):
                self.plans[cycle] = mill
            case r.MillBegin(key, _, requested_uc):
                self._open, self._heartbeat_uc = record, 0.0
                if key not in self._requested:
                    self._requested.add(key)
                    self._add(key, Charge(requested_uc=requested_uc))
            case r.MillHeartbeat(_, delivered_uc):
                self._heartbeat_uc = delivered_uc
            case r.MillEnd(key, _, delivered_uc, uncertain_uc):
                self._open = None
                self._add(key, Charge(0.0, delivered_uc, uncertain_uc))
            case r.CycleDone():
                self._requested.clear()
            case _:
                pass

    def charges(self) -> dict[tuple[int, int], Charge]:
        """By (cycle, azimuth), in order. An opening without an end counts as far as it may have come."""
        result = dict(self.per_azimuth)
        if self._open is not None:
            key = self._open.key.cycle, self._open.key.azimuth
            result[key] = result[key] + self._of_open(self._open)
        return dict(sorted(result.items()))

    def _of_open(self, begin: r.MillBegin) -> Charge:
        on_its_own_s = self.guard_s * begin.pace if math.isfinite(begin.pace) else 0.0
        uncertain_uc = begin.current_na * 1e-3 * (begin.heartbeat_s + on_its_own_s)
        return Charge(0.0, self._heartbeat_uc + uncertain_uc, uncertain_uc)

    def _add(self, key: MillKey, charge: Charge) -> None:
        self.per_azimuth[key.cycle, key.azimuth] += charge


@dataclass(slots=True)
class IncidentTally:
    """How often each kind of trouble came, with what was decided about it."""

    decided: Counter[tuple[ErrorKind, Policy]] = field(default_factory=Counter)

    def apply(self, record: Record) -> None:
        if isinstance(record, r.Incident):
            self.decided[record.kind, record.decision] += 1


@dataclass(slots=True)
class TimeTally:
    """When a process last opened the run and a plane was last accepted [wall clock, s since 1970]."""

    open: bool = False
    opened_at_s: float | None = None
    accepted_at_s: float | None = None

    def noting(self, rows: Iterable[Row]) -> Iterator[Record]:
        """The rows' records, each taken note of as it passes."""
        for row in rows:
            match row.record:
                case r.RunOpened():
                    self.open, self.opened_at_s = True, row.wall_time_s
                case r.RunClosed():
                    self.open = False
                case r.PlaneChosen():
                    self.accepted_at_s = row.wall_time_s
                case _:
                    pass
            yield row.record
