"""The run loop: ask for the next step, do it, journal it. Crash-only: there is no other state.

Pause, stop, crash and power loss are one case, since what to do next is computed from the
journal. Whatever a device does wrong in a step, both beams are blanked and the stage is
stopped where it is before anything else is decided.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from hardware.errors import HardwareError
from scopeacq.events import (
    IncidentHappened,
    PlaneTaken,
    Progressed,
    Publisher,
    RunState,
    StateChanged,
    StepStarted,
)
from scopeacq.files import DiskFull
from scopeacq.journal import JournalError
from scopeacq.locating import find_section, find_wafer
from scopeacq.milling import mill_azimuth, settle_mill
from scopeacq.pipeline import Pipeline
from scopeacq.planner import Target, next_step
from scopeacq.progress import ACCEPTED
from scopeacq.records import (
    CycleDone,
    ErrorKind,
    PlaneJudged,
    PlaneLost,
    Policy,
    Record,
    Requested,
    RunClosed,
    RunEnd,
    RunOpened,
    RunRequest,
    SectionSkipped,
    Waiting,
    WaitOver,
    WaitReason,
)
from scopeacq.requests import due, end_for
from scopeacq.rig import Rig
from scopeacq.steps import (
    AcquireTile,
    AwaitPlanes,
    Clean,
    DropSection,
    EndCycle,
    Finish,
    FitSurface,
    Focus,
    JudgePlane,
    MillAzimuth,
    PassGate,
    RecoverImaging,
    RegisterSection,
    RegisterWafer,
    SettleMill,
    Step,
    Wait,
    WaivePlane,
    plane_of,
    work_of,
)
from scopeacq.takes import StorageError
from scopeacq.taking import acquire, fit_focus_surface, focus
from scopeacq.trouble import StepRefused, Trouble, decide
from scopeacq.turning import clean, drop_section, park, pass_gate, recover_imaging, waive_plane

LOG = logging.getLogger(__name__)

AWAIT_S = 0.2
"""Real time between two looks at planes in flight, or at what the engine waits for."""

SUSPENDED_POLL_S = 10.0
"""Instrument time between two looks at an interlock."""

Ending = tuple[RunEnd, str]


class Engine:
    """Runs a plan on a rig until it is done, paused, or needs an operator."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._pipeline = Pipeline(
            rig.store, rig.journal, rig.scorer, rig.plan.project.imaging.pixel_size_nm
        )
        self._attempts: dict[object, int] = {}
        self._waiting_since_s: dict[object, float] = {}
        self._handlers: dict[type, Callable[[Rig, Any], None]] = {
            SettleMill: settle_mill,
            RecoverImaging: recover_imaging,
            Clean: clean,
            RegisterWafer: find_wafer,
            FitSurface: fit_focus_surface,
            RegisterSection: find_section,
            Focus: focus,
            AcquireTile: lambda _, step: self._pipeline.submit(
                step.key, step.take, acquire(rig, step), rig.quality
            ),
            JudgePlane: self._judge_again,
            AwaitPlanes: lambda _, __: self._pipeline.wait(AWAIT_S),
            WaivePlane: waive_plane,
            DropSection: drop_section,
            PassGate: pass_gate,
            MillAzimuth: mill_azimuth,
            EndCycle: lambda _, step: rig.record(CycleDone(step.cycle)),
        }

    @property
    def events(self) -> Publisher:
        """Whoever wants to know subscribes here."""
        return self._rig.events

    def request(self, request: RunRequest) -> None:
        """Ask the running engine for something. Any thread; returns at once.

        The close command of an abort goes to the guard right away, past the acquisition thread.
        """
        self._rig.control.ask(request)
        if request is RunRequest.ABORT:
            threading.Thread(target=self._blank_ions, name="abort", daemon=True).start()

    def _blank_ions(self) -> None:
        try:
            self._rig.microscope.guard.close()
        except HardwareError:
            return  # the acquisition thread closes as well, and journals what it finds

    def run(self, cycles: int | None = None) -> RunEnd:
        """Go on with the run until ``cycles`` cycles are done in all (default and most: the project's).

        Blocks; the calling thread is the acquisition thread. Raises ``JournalError`` when the
        journal cannot be written: both beams are blanked then, and nothing is lost.
        """
        rig = self._rig
        self._attempts.clear()
        self._waiting_since_s.clear()
        safe = rig.microscope.safe_state()  # whoever was killed before may have left a beam on
        rig.record(RunOpened(version("scopeacq"), platform.node(), os.getpid()))
        self._say(RunState.RUNNING, "")
        try:
            target = Target(min(cycles or rig.plan.project.cycles, rig.plan.project.cycles))
            end, reason = self._loop(target) if safe.safe else (RunEnd.PAUSED, "; ".join(safe.trouble))
        except Exception as error:
            self._failed(error)
            raise
        finally:
            safe = rig.microscope.safe_state()
        self._settle_planes()
        rig.record(RunClosed(end, "; ".join((reason, *safe.trouble)).strip("; ")))
        self._say(_STATES[end], reason)
        return end

    def _failed(self, error: Exception) -> None:
        """Make safe and journal, as far as that goes, what no policy knows."""
        self._rig.microscope.safe_state()
        reason = f"{type(error).__name__}: {error}"
        LOG.error("The run failed. %s", reason)
        if not isinstance(error, JournalError | DiskFull):
            incident = Trouble(error, None).incident(Policy.PAUSE)
            self._rig.record(incident, RunClosed(RunEnd.FAILED, reason))
        self._say(RunState.FAILED, reason)

    def close(self) -> None:
        """End the pool. The journal, the store and the microscope belong to the session."""
        self._pipeline.close()

    def _loop(self, target: Target) -> Ending:
        last: Step | None = None
        while True:
            if (end := self._collect()) is not None:
                return end
            step = next_step(self._rig.plan, self._rig.progress, self._pipeline.in_flight, target)
            if (end := self._asked_to_end(last, step)) is not None:
                return end
            match step:
                case Finish():
                    return RunEnd.FINISHED, ""
                case Wait(reason, text):
                    self._rig.record(Waiting(reason, text))
                    return RunEnd.WAITING, text
            if (end := self._do(step)) is not None:
                return end
            last = step

    def _do(self, step: Step) -> Ending | None:
        if not isinstance(step, AwaitPlanes):
            LOG.info("%s", step)
            self.events.publish(StepStarted(str(step)))
        try:
            self._handlers[type(step)](self._rig, step)
        except (HardwareError, StepRefused, OSError) as error:
            return self._handle(Trouble(error, step, plane_of(step)))
        if isinstance(step, AwaitPlanes):
            return None
        self._attempts.pop(work_of(step), None)
        self._waiting_since_s.pop(work_of(step), None)
        self._wait_is_over()
        self._report_progress()
        return None

    def _collect(self) -> Ending | None:
        """Take into account what became of planes in flight."""
        outcomes = self._pipeline.collect()
        for outcome in outcomes:
            self._rig.progress.apply_all(outcome.records)
            for record in outcome.records:
                if isinstance(record, PlaneJudged):
                    accepted = record.verdict in ACCEPTED
                    self.events.publish(PlaneTaken(record.key, record.score_um, accepted))
            if outcome.error is None:
                self._attempts.pop(outcome.key, None)
        ends = [self._handle(Trouble(o.error, None, o.key)) for o in outcomes if o.error is not None]
        return next((end for end in ends if end is not None), None)

    def _judge_again(self, rig: Rig, step: JudgePlane) -> None:
        try:
            self._pipeline.judge_again(step.key, step.take, rig.quality)
        except StorageError as error:
            rig.record(PlaneLost(step.key, step.take, str(error)))

    def _settle_planes(self) -> None:
        """Before the end: whatever was scanned becomes durable, or stays absent."""
        while self._pipeline.in_flight:
            self._pipeline.wait(AWAIT_S)
            self._collect()

    def _asked_to_end(self, last: Step | None, following: Step) -> Ending | None:
        request, waits = self._rig.control.pending, self._rig.progress.waiting is not None
        if request is None or not (waits or due(request, last, following)):
            return None
        self._rig.control.clear()
        self._rig.record(Requested(request))
        return end_for(request), f"the operator asked: {request.value}"

    # -- trouble ----------------------------------------------------------------------------

    def _handle(self, trouble: Trouble) -> Ending | None:
        """Make safe, decide by the operator's policy, journal both; the run's end, if it ends."""
        rig, work = self._rig, trouble.work
        hardware = isinstance(trouble.error, HardwareError)
        unsafe = rig.microscope.safe_state().trouble if hardware else ()
        if not isinstance(trouble.error, HardwareError | StepRefused | OSError):
            raise trouble.error
        attempts = self._attempts[work] = self._attempts.get(work, 0) + 1
        decision = decide(trouble, rig.plan.project.policies, attempts, rig.progress)
        if unsafe:
            decision = Policy.PAUSE
        waits = decision is Policy.RETRY and trouble.kind in _WAITS
        if not (waits and rig.progress.waiting is not None):
            incident = trouble.incident(decision, unsafe)
            self._record_patiently(incident)
            LOG.warning(
                "%s: %s %s Decided: %s.", incident.step, incident.text, incident.advice, decision.value
            )
            self.events.publish(IncidentHappened(incident))
        if waits:
            return self._wait_for(trouble)
        return self._carry_out(decision, trouble)

    def _record_patiently(self, record: Record) -> None:
        """Journal it when there is room, if the disk is full under the journal itself."""
        while True:
            self._rig.journal.recover()
            try:
                return self._rig.record(record)
            except DiskFull:
                if self._rig.control.pending is not None:
                    raise
                time.sleep(AWAIT_S)

    def _carry_out(self, decision: Policy, trouble: Trouble) -> Ending | None:
        match decision:
            case Policy.RETRY | Policy.REQUEUE_TILE | Policy.GO_ON:
                return None
            case Policy.SKIP_SECTION:
                assert trouble.section is not None
                cycle = self._rig.progress.cycle
                self._rig.record(SectionSkipped(cycle, trouble.section, str(trouble.error)))
                return None
            case Policy.PARK_AND_ALERT:
                return RunEnd.PAUSED, self._parked(str(trouble.error))
            case Policy.PAUSE:
                return RunEnd.PAUSED, str(trouble.error)

    def _parked(self, reason: str) -> str:
        try:
            park(self._rig)
        except HardwareError as error:
            self._rig.microscope.safe_state()
            return f"{reason} The stage could not be parked and stands where it is: {error}"
        return f"{reason} The stage is parked."

    def _wait_for(self, trouble: Trouble) -> Ending | None:
        """Suspended, or waiting for room: the step is tried again after a while, with all its checks."""
        rig, (reason, state) = self._rig, _WAITS[trouble.kind]
        if rig.progress.waiting is None:
            self._record_patiently(Waiting(reason, str(trouble.error)))
            self._say(state, str(trouble.error))
        if trouble.kind is ErrorKind.INTERLOCK:
            # steps in between may go well, such as recovering: only the one that failed ends the wait
            since_s = self._waiting_since_s.setdefault(trouble.work, rig.now_s())
            if rig.now_s() - since_s > rig.plan.project.policies.interlock_wait_s:
                return RunEnd.PAUSED, str(trouble.error)
            self._sleep_until_asked(SUSPENDED_POLL_S)
        else:
            time.sleep(AWAIT_S)
        return None

    def _sleep_until_asked(self, duration_s: float) -> None:
        """Instrument time passes, unless the operator wants something."""
        end_s = self._rig.now_s() + duration_s
        while (left_s := end_s - self._rig.now_s()) > 0 and self._rig.control.pending is None:
            self._rig.devices.clock.sleep(min(left_s, AWAIT_S))

    def _wait_is_over(self) -> None:
        waiting = self._rig.progress.waiting
        if waiting is not None:
            self._rig.record(WaitOver(waiting.reason))
            self._say(RunState.RUNNING, "")

    # -- telling ------------------------------------------------------------------------------

    def _say(self, state: RunState, reason: str) -> None:
        LOG.info("%s. %s", state.value.capitalize(), reason)
        self.events.publish(StateChanged(state, reason))

    def _report_progress(self) -> None:
        project, progress = self._rig.plan.project, self._rig.progress
        cycles, done, milling = project.cycles, progress.totals, project.milling
        begun = progress.cycle < cycles
        per_cycle = sum(progress.tile_counts[section] for section in progress.active())
        later = max(cycles - progress.cycle - 1, 0) * per_cycle
        self.events.publish(
            Progressed(
                cycle=progress.cycle,
                cycles=cycles,
                planes_done=done.planes,
                planes_total=done.planes + begun * len(progress.open_keys) + later,
                passes_done=done.passes,
                passes_total=cycles * milling.rounds * len(milling.azimuths_deg),
                at_s=self._rig.now_s(),
            )
        )


_WAITS = {
    ErrorKind.INTERLOCK: (WaitReason.INTERLOCK, RunState.SUSPENDED),
    ErrorKind.DISK: (WaitReason.DISK, RunState.WAITING),
}

_STATES = {
    RunEnd.FINISHED: RunState.FINISHED,
    RunEnd.WAITING: RunState.WAITING,
    RunEnd.PAUSED: RunState.PAUSED,
    RunEnd.STOPPED: RunState.PAUSED,
    RunEnd.ABORTED: RunState.PAUSED,
    RunEnd.FAILED: RunState.FAILED,
}
