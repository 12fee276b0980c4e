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
from hardware.types import Blanker
from scopeacq.engine.events import (
    AbortAnswered,
    PlaneTaken,
    Publisher,
    RunState,
    StepStarted,
    WishAnswered,
)
from scopeacq.engine.focus_watch import read_by, tell_drift
from scopeacq.engine.locating import find_section, find_wafer
from scopeacq.engine.looks import Looks
from scopeacq.engine.milling import mill_azimuth
from scopeacq.engine.outlook import outlook
from scopeacq.engine.pipeline import Pipeline
from scopeacq.engine.planner import Target, next_step
from scopeacq.engine.reaction import AWAIT_S, Ending, Reaction, say
from scopeacq.engine.requests import due, end_for
from scopeacq.engine.rig import Rig
from scopeacq.engine.settling import settle_burn, settle_mill
from scopeacq.engine.steps import (
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
    Pause,
    RecoverImaging,
    RegisterSection,
    RegisterWafer,
    SettleBurn,
    SettleMill,
    Step,
    Wait,
    WaivePlane,
    plane_of,
    work_of,
)
from scopeacq.engine.taking import acquire, fit_focus_surface, focus
from scopeacq.engine.trouble import StepRefused, Trouble
from scopeacq.engine.turning import clean, drop_section, pass_gate, recover_imaging, waive_plane
from scopeacq.engine.wishes import refusal
from scopeacq.journal.how_far import how_far
from scopeacq.journal.journal import JournalError
from scopeacq.journal.progress import ACCEPTED
from scopeacq.journal.records import (
    CycleDone,
    PlaneJudged,
    PlaneLost,
    Policy,
    Requested,
    RunClosed,
    RunEnd,
    RunOpened,
    RunRequest,
    Waiting,
    Wish,
    WishKind,
)
from scopeacq.journal.wafer_place import remounting
from scopeacq.storage.files import DiskFull
from scopeacq.storage.takes import StorageError

LOG = logging.getLogger(__name__)


class Engine:
    """Runs a plan on a rig until it is done, paused, or needs an operator."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._pipeline = Pipeline(rig.store, rig.journal, rig.scorer)
        self._reaction = Reaction(rig)
        self._looks = Looks(rig)
        self._handlers: dict[type, Callable[[Rig, Any], None]] = {
            SettleMill: settle_mill,
            SettleBurn: settle_burn,
            RecoverImaging: recover_imaging,
            Clean: clean,
            RegisterWafer: find_wafer,
            FitSurface: fit_focus_surface,
            RegisterSection: find_section,
            Focus: focus,
            AcquireTile: lambda _, step: self._pipeline.submit(
                step.key,
                step.take,
                acquire(rig, step),
                rig.standard(step.key),
                rig.progress.plane(step.key).chosen,
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

        The close command of an abort goes to the guard right away, past the acquisition thread. What is
        urgent also ends a cleaning, which may go on for an hour.
        """
        self._rig.control.ask(request)
        if request is RunRequest.ABORT:
            asked_s = time.monotonic()
            threading.Thread(target=self._blank_ions, args=(asked_s,), name="abort", daemon=True).start()
        if self._rig.control.urgent:
            threading.Thread(target=self._end_cleaning, name="end of cleaning", daemon=True).start()

    def wish(self, wish: Wish) -> None:
        """Ask for a change of the steps ahead. Any thread; returns at once, ``WishAnswered`` follows."""
        self._rig.control.wish(wish)

    def _blank_ions(self, asked_s: float) -> None:
        """Blank and tell; the acquisition thread closes as well, and journals what it finds."""
        sent_s = time.monotonic() - asked_s
        try:
            self._rig.microscope.blank_ions()
            ions, text = Blanker.BLANKED, "The guard read back that the ion beam is blanked."
        except HardwareError as error:
            ions, text = Blanker.UNKNOWN, str(error)
        self.events.publish(AbortAnswered(ions, text, sent_s, time.monotonic() - asked_s))

    def _end_cleaning(self) -> None:
        try:
            self._rig.microscope.end_cleaning()
        except HardwareError as error:  # the cleaning tries as well, and is an incident if it fails
            LOG.warning("%s", error)

    def run(self, cycles: int | None = None) -> RunEnd:
        """Go on with the run until ``cycles`` cycles are done in all (default and most: the project's).

        Blocks; the calling thread is the acquisition thread. Raises ``JournalError`` when the
        journal cannot be written: both beams are blanked then, and nothing is lost.
        """
        rig = self._rig
        self._reaction = Reaction(rig)
        safe = rig.microscope.safe_state()  # whoever was killed before may have left a beam on
        opened = RunOpened(version("scopeacq"), platform.node(), os.getpid())
        rig.record(opened, *remounting(rig.progress.place, rig.plan.wafer), *read_by(rig))
        say(rig, RunState.RUNNING, "")
        try:
            target = Target(min(cycles or rig.plan.project.cycles, rig.plan.project.cycles))
            end, reason = self._loop(target) if safe.safe else (RunEnd.PAUSED, "; ".join(safe.trouble))
        except Exception as error:
            self._failed(error)
            raise
        finally:
            safe = rig.microscope.safe_state()
        self._settle_planes()
        self._grant_wishes()
        reason = "; ".join((reason, *safe.trouble)).strip("; ")
        rig.record(RunClosed(end, reason))
        say(rig, _STATES[end], reason)
        return end

    def _failed(self, error: Exception) -> None:
        """Make safe and journal, as far as that goes, what no policy knows."""
        self._rig.microscope.safe_state()
        reason = f"{type(error).__name__}: {error}"
        LOG.error("The run failed. %s", reason)
        if not isinstance(error, JournalError | DiskFull):
            incident = Trouble(error, None).incident(Policy.PAUSE)
            self._rig.record(incident, RunClosed(RunEnd.FAILED, reason))
        say(self._rig, RunState.FAILED, reason)

    def close(self) -> None:
        """End the pool. The journal, the store and the microscope belong to the session."""
        self._pipeline.close()

    def _loop(self, target: Target) -> Ending:
        last: Step | None = None
        while True:
            if (end := self._collect()) is not None:
                return end
            self._grant_wishes()
            tell_drift(self._rig)
            step = next_step(self._rig.plan, self._rig.progress, self._pipeline.in_flight, target)
            if (end := self._asked_to_end(last, step)) is not None:
                return end
            self._say_whats_ahead(step)
            self._looks.look()
            match step:
                case Finish():
                    return RunEnd.FINISHED, ""
                case Pause(cycle, section):
                    self._rig.record(Wish(WishKind.GO_ON, cycle, section))
                    return RunEnd.PAUSED, f"you asked to pause before section {section}"
                case Wait(reason, text):
                    self._rig.record(Waiting(reason, text))
                    return RunEnd.WAITING, text
            if (end := self._do(step)) is not None:
                return end
            last = step

    def _grant_wishes(self) -> None:
        rig = self._rig
        for wish in rig.control.take_wishes():
            why_not = refusal(rig.progress, wish)
            if not why_not:
                try:
                    rig.record(wish)
                except DiskFull as error:
                    rig.journal.recover()
                    why_not = str(error)
            self.events.publish(WishAnswered(wish, why_not))

    def _say_whats_ahead(self, step: Step) -> None:
        rig = self._rig
        self.events.publish(outlook(rig.plan, rig.progress, self._pipeline.in_flight, step))

    def _do(self, step: Step) -> Ending | None:
        if not isinstance(step, AwaitPlanes):
            LOG.info("%s", step)
            self.events.publish(StepStarted(str(step)))
        try:
            self._handlers[type(step)](self._rig, step)
        except (HardwareError, StepRefused, OSError) as error:
            return self._reaction.to(Trouble(error, step, plane_of(step)))
        if not isinstance(step, AwaitPlanes):
            self._reaction.went_well(work_of(step))
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
                self._reaction.forget(outcome.key)
        ends = [self._reaction.to(Trouble(o.error, None, o.key)) for o in outcomes if o.error is not None]
        return next((end for end in ends if end is not None), None)

    def _judge_again(self, rig: Rig, step: JudgePlane) -> None:
        try:
            replaces = rig.progress.plane(step.key).chosen
            pixel_size_nm = rig.plan.imaging(step.key.section).pixel_size_nm
            self._pipeline.judge_again(step.key, step.take, pixel_size_nm, rig.standard(step.key), replaces)
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

    def _report_progress(self) -> None:
        self.events.publish(how_far(self._rig.plan, self._rig.progress, self._rig.now_s()))


_STATES = {
    RunEnd.FINISHED: RunState.FINISHED,
    RunEnd.WAITING: RunState.WAITING,
    RunEnd.PAUSED: RunState.PAUSED,
    RunEnd.STOPPED: RunState.PAUSED,
    RunEnd.ABORTED: RunState.PAUSED,
    RunEnd.FAILED: RunState.FAILED,
}
