"""How a run stands, from its journal alone: what ``scopeacq status --json`` prints.

The document, :class:`Status`:

``state``           running, paused, waiting (for an operator), suspended (an interlock or the disk),
                    failed, finished; ``reason`` says why in one sentence
``cycles_done``     cycles imaged and milled to the end, of ``cycles``
``planes``          planes accepted: a take was chosen for the slice
``planes_sharp``    planes whose first judged scan was sharp, by the program's own score
``planes_retaken``  planes scanned more than once, whatever the reason
``planes_lost``     planes of slices whose milling began that were neither accepted nor of a section
                    dropped before: nobody can take them again. Planes waived by policy count
``planes_waived``   planes that the operator's policy let pass missing or unsharp
``sections``        ``id``; ``cycles``: whole slices taken of it; ``milled_nm``: mean depth by delivered
                    charge, mill rate and scanned field, until it was dropped; ``state``: active, skipped
                    (in this cycle), dropped, or inactive (the wafer file leaves it out)
``autofocus``       ``corrections`` applied, ``refused``, ``iterations_mean`` and ``dose`` [e-/nm^2], both
                    means over applied corrections
``mill``            one entry per cycle and azimuth, summed over rounds: ``requested_uc``,
                    ``delivered_uc`` (with what is uncertain), ``uncertain_uc``
``focus_drift``     what the drift sentinel says of the estimator now, with advice; empty when all is well
``incidents``       how many were journalled
``running_since``   when the process that holds the run began with it, null when none does
``last_plane_at``   when a plane was accepted last, null before the first; both in seconds since 1970
``plan_changes``    what the plan has changed since that the run needs as it was, a sentence each; no
                    process goes on with the run before it is put back

Cycles and azimuths count from 0; ``azimuth_deg`` is what the cycle was milled with.
"""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scopeacq.engine.events import RunState
from scopeacq.engine.planner import mill_plan
from scopeacq.focus.sentinel import Sentinel
from scopeacq.journal.journal import JournalReader
from scopeacq.journal.records import Record
from scopeacq.journal.tallies import FocusTally, IncidentTally, MillTally, PlaneTally, RunTally, TimeTally
from scopeacq.plan.plan_changes import Begun, changes
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.locks import Locked, OwnerLock
from scopeacq.telling.drift import drift_told


class SectionPhase(Enum):
    """What a section is doing."""

    ACTIVE = "active"
    SKIPPED = "skipped"
    DROPPED = "dropped"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class SectionStatus:
    """One section."""

    id: str
    cycles: int
    milled_nm: float
    state: SectionPhase


@dataclass(frozen=True, slots=True)
class FocusStatus:
    """Autofocus over the whole run."""

    corrections: int
    refused: int
    iterations_mean: float
    dose: float


@dataclass(frozen=True, slots=True)
class MillStatus:
    """The charge of one azimuth in one cycle."""

    cycle: int
    azimuth: int
    azimuth_deg: float
    requested_uc: float
    delivered_uc: float
    uncertain_uc: float


@dataclass(frozen=True, slots=True)
class Status:
    """See the module's documentation."""

    name: str
    state: RunState
    reason: str
    cycles: int
    cycles_done: int
    planes: int
    planes_sharp: int
    planes_retaken: int
    planes_lost: int
    planes_waived: int
    sections: tuple[SectionStatus, ...]
    autofocus: FocusStatus
    mill: tuple[MillStatus, ...]
    incidents: int
    running_since: float | None = None
    last_plane_at: float | None = None
    plan_changes: tuple[str, ...] = ()
    focus_drift: str = ""

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=lambda value: value.value, indent=2)


def status_of(plan: Plan, records: Iterable[Record], alive: Callable[[], bool]) -> Status:
    """The status after ``records``, the whole journal in order.

    ``alive`` says whether a process holds the run; asked only when the journal does not say that it ended.
    """
    run, focus, incidents, sentinel = RunTally(), FocusTally(), IncidentTally(), Sentinel()
    tiles = {s.id: len(s.tiles(plan.project.imaging)) for s in plan.wafer.sections}
    planes = PlaneTally({section: count for section, count in tiles.items() if count})
    settings = plan.instrument.mill
    mill = MillTally(settings.heartbeat_timeout_s + settings.guard_latency_s)
    for record in records:
        for tally in (run, planes, focus, mill, incidents, sentinel):
            tally.apply(record)
    state, reason = run.now(alive)
    if state is RunState.FINISHED and planes.cycles_done < plan.project.cycles and planes.some_left:
        state, reason = RunState.PAUSED, f"The run went to cycle {planes.cycles_done}, as it was asked to."
    applied = max(focus.applied, 1)
    return Status(
        name=plan.project.name,
        state=state,
        reason=reason,
        cycles=plan.project.cycles,
        cycles_done=planes.cycles_done,
        planes=planes.accepted,
        planes_sharp=planes.sharp,
        planes_retaken=planes.retaken,
        planes_lost=planes.lost,
        planes_waived=planes.waived,
        sections=_sections(plan, planes, mill),
        autofocus=FocusStatus(
            focus.applied, focus.refused, focus.iterations / applied, focus.dose_per_nm2 / applied
        ),
        mill=_mills(plan, mill),
        incidents=incidents.decided.total(),
        focus_drift=drift_told(sentinel.standing).whole if sentinel.standing is not None else "",
    )


def read_status(plan: Plan) -> Status:
    """The status of a run on the disk; nothing of it is changed.

    Raises ``JournalError``.
    """
    if not plan.folder.journal_file.exists():
        return status_of(plan, [], lambda: False)
    times, begun = TimeTally(), Begun()
    records = begun.noting(times.noting(JournalReader(plan.folder.journal_file).read()))
    status = status_of(plan, records, lambda: _held(plan.folder.root))
    held = status.state in (RunState.RUNNING, RunState.WAITING, RunState.SUSPENDED)
    return dataclasses.replace(
        status,
        running_since=times.opened_at_s if held and times.open else None,
        last_plane_at=times.accepted_at_s,
        plan_changes=tuple(changes(plan, begun)),
    )


def _held(root: Path) -> bool:
    """Whether a process holds the run's lock."""
    try:
        with OwnerLock.of_run(root):
            return False
    except Locked:
        return True
    except OSError:
        # a folder that cannot be locked is not being run from
        return False


def _sections(plan: Plan, planes: PlaneTally, mill: MillTally) -> tuple[SectionStatus, ...]:
    today = mill_plan(plan)
    per_cycle_nm: dict[int, float] = defaultdict(float)
    for (cycle, _), charge in mill.charges().items():
        per_cycle_nm[cycle] += charge.delivered_uc * mill.plans.get(cycle, today).nm_per_uc

    def milled_nm(section: str) -> float:
        end = planes.dropped.get(section)
        return sum(depth for cycle, depth in per_cycle_nm.items() if end is None or cycle < end)

    def phase(section: str) -> SectionPhase:
        if section in planes.dropped:
            return SectionPhase.DROPPED
        if section not in planes.tiles:
            return SectionPhase.INACTIVE
        return SectionPhase.SKIPPED if section in planes.skipped else SectionPhase.ACTIVE

    return tuple(
        SectionStatus(s.id, planes.whole_slices.get(s.id, 0), milled_nm(s.id), phase(s.id))
        for s in plan.wafer.sections
    )


def _mills(plan: Plan, mill: MillTally) -> tuple[MillStatus, ...]:
    today = mill_plan(plan)
    return tuple(
        MillStatus(
            cycle,
            azimuth,
            mill.plans.get(cycle, today).azimuths_deg[azimuth],
            charge.requested_uc,
            charge.delivered_uc,
            charge.uncertain_uc,
        )
        for (cycle, azimuth), charge in mill.charges().items()
    )
