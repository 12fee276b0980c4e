"""Where a run goes on, and what proves it: what an operator wants to know after a crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hardware.errors import BlankerUnknown
from hardware.guard.log import Opening
from scopeacq.engine.planner import Target, next_step
from scopeacq.engine.settling import Interval, interrupted_charge, logged_openings
from scopeacq.engine.steps import Step, plane_of, section_of
from scopeacq.journal import records as r
from scopeacq.journal.journal import JournalReader, Row
from scopeacq.journal.progress import MillState, Progress
from scopeacq.journal.records import MillKey, MillPlan, PlaneKey
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.locks import OwnerLock


@dataclass(frozen=True, slots=True)
class MillLeft:
    """What a mill pass still lacks. ``least_s`` to ``most_s``: beam time [s] at the current it had.

    They differ where nobody saw the ion beam closed; ``None`` where nobody knows that it is closed.
    """

    key: MillKey
    azimuth_deg: float
    least_s: float | None
    most_s: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A run between two starts. Cycle and tile count from 0; ``evidence``: one sentence each.

    ``interrupted``: the program that ran it ended without closing it, and none holds it now.
    """

    interrupted: bool
    cycle: int
    cycles: int
    step: Step
    section: str | None
    tile: int | None
    planes_left: int
    mill: MillLeft | None
    evidence: tuple[str, ...]


@dataclass(slots=True)
class _Trail:
    """What the journal ends with, and the ion current of the last opening."""

    current_na: float
    open: bool = False
    ended_at_s: float | None = None
    durable: tuple[float, PlaneKey] | None = None

    def noting(self, rows: Iterable[Row]) -> Iterator[r.Record]:
        for row in rows:
            self.ended_at_s = row.wall_time_s
            match row.record:
                case r.RunOpened():
                    self.open = True
                case r.RunClosed():
                    self.open = False
                case r.MillBegin(current_na=current_na):
                    self.current_na = current_na
                case r.PlaneDurable(key):
                    self.durable = row.wall_time_s, key
                case _:
                    pass
            yield row.record


def read_standing(plan: Plan) -> Standing:
    """Where the run on the disk goes on; nothing of it is changed. Raises ``JournalError``."""
    progress, trail = Progress.of(plan), _Trail(plan.instrument.mill.ion_current_na)
    if plan.folder.journal_file.exists():
        rows = JournalReader(plan.folder.journal_file).read()
        progress.apply_all(trail.noting(rows))
    step = next_step(plan, progress, frozenset(), Target(plan.project.cycles))
    first_open = next(iter(progress.open_keys), None)
    key = plane_of(step) or (first_open if progress.gate is None else None)
    mill, logged = _mill_left(plan, progress, trail.current_na)
    return Standing(
        interrupted=trail.open and not OwnerLock.of_run(plan.folder.root).is_held(),
        cycle=min(progress.cycle, plan.project.cycles - 1),
        cycles=plan.project.cycles,
        step=step,
        section=section_of(step) or (key.section if key else None),
        tile=key.tile if key else None,
        planes_left=len(progress.open_keys),
        mill=mill,
        evidence=tuple(_evidence(trail, progress, logged)),
    )


def _mill_left(
    plan: Plan, progress: Progress, current_na: float
) -> tuple[MillLeft | None, tuple[Opening, ...]]:
    """What the pass in hand lacks, and what the guard logged of it."""
    if progress.gate is None:
        return None, ()
    mill = progress.gate.mill
    for key, requested_uc in mill.passes(progress.cycle):
        state = progress.mill(key)
        if not state.done:
            lacking_uc = max(requested_uc - state.delivered_uc, 0.0)
            logged = _logged(plan, state)
            return _left(key, mill, lacking_uc, _delivered(plan, state, logged), current_na), logged
    return None, ()


def _logged(plan: Plan, state: MillState) -> tuple[Opening, ...]:
    return tuple(logged_openings(plan, state.opening.opening)) if state.opening is not None else ()


def _delivered(plan: Plan, state: MillState, logged: tuple[Opening, ...]) -> Interval | None:
    """What an opening without an end delivered; None while nobody knows that the beam is closed."""
    if state.opening is None:
        return Interval(0.0, 0.0)
    try:
        return interrupted_charge(
            state.opening, state.heartbeat_uc, logged, plan.instrument.mill, state.opening.at_s
        )
    except BlankerUnknown:
        return None


def _left(
    key: MillKey, mill: MillPlan, lacking_uc: float, delivered: Interval | None, current_na: float
) -> MillLeft:
    def seconds(delivered_uc: float) -> float:
        return max(lacking_uc - delivered_uc, 0.0) / current_na * 1e3

    return MillLeft(
        key,
        mill.azimuths_deg[key.azimuth],
        seconds(delivered.high_uc) if delivered else None,
        seconds(delivered.low_uc if delivered else 0.0),
    )


def _evidence(trail: _Trail, progress: Progress, logged: tuple[Opening, ...]) -> Iterator[str]:
    if trail.ended_at_s is not None:
        yield f"The journal ends on {_time(trail.ended_at_s)}."
    if trail.durable is not None:
        at_s, key = trail.durable
        yield (
            f"The last image on the disk is section {key.section}, tile {key.tile + 1} of cycle "
            f"{key.cycle + 1}, written on {_time(at_s)}."
        )
    opening = next((s for s in progress.mills.values() if s.opening is not None), None)
    if opening is not None:
        yield f"The last heartbeat of the mill pass was at {opening.heartbeat_uc:.2f} \N{MICRO SIGN}C."
        yield _as_logged(logged)


def _as_logged(logged: tuple[Opening, ...]) -> str:
    if not logged:
        return "The guard's log holds no opening of the ion beam for this pass."
    if logged[0].blanked_at_s is not None or logged[0].closed_at_s is not None:
        closed_s = logged[0].closed_at_s or logged[0].blanked_at_s
        assert closed_s is not None
        return f"The guard's log says that the ion beam was blanked on {_time(closed_s)}."
    return "The guard's log does not say that the ion beam was blanked."


def _time(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s).astimezone():%Y-%m-%d at %H:%M:%S}"
