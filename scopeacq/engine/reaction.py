"""What the engine does about trouble: make safe, ask the policy, journal, and wait or end.

Of trouble it remembers only how often and since when something has failed in a row; whatever
goes well is forgotten, and so is everything when a run starts.
"""

from __future__ import annotations

import logging
import time

from hardware.errors import HardwareError
from scopeacq.engine.events import IncidentHappened, RunState, StateChanged
from scopeacq.engine.rig import Rig
from scopeacq.engine.trouble import StepRefused, Trouble, decide, told
from scopeacq.engine.turning import park
from scopeacq.journal.records import (
    ErrorKind,
    Incident,
    Policy,
    Record,
    RunEnd,
    SectionSkipped,
    Waiting,
    WaitOver,
    WaitReason,
)
from scopeacq.storage.files import DiskFull

LOG = logging.getLogger(__name__)

AWAIT_S = 0.2
"""Real time between two looks at planes in flight, or at what the engine waits for."""

SUSPENDED_POLL_S = 10.0
"""Instrument time between two looks at an interlock."""

Ending = tuple[RunEnd, str]
"""How a run ends, and why in a sentence."""

_WAITS = {
    ErrorKind.INTERLOCK: (WaitReason.INTERLOCK, RunState.SUSPENDED),
    ErrorKind.DISK: (WaitReason.DISK, RunState.WAITING),
}


def say(rig: Rig, state: RunState, reason: str) -> None:
    """Tell whoever listens, and the log, that the run entered a state."""
    LOG.info("%s. %s", state.value.capitalize(), reason)
    rig.events.publish(StateChanged(state, reason))


class Reaction:
    """Answers trouble by the operator's policies, within the retries that they allow."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._attempts: dict[object, int] = {}
        self._waiting_since_s: dict[object, float] = {}

    def to(self, trouble: Trouble) -> Ending | None:
        """Make safe, decide by the operator's policy, journal both; the run's end, if it ends.

        Raises the error itself when no policy knows its kind.
        """
        if not isinstance(trouble.error, HardwareError | StepRefused | OSError):
            raise trouble.error
        rig, work = self._rig, trouble.work
        hardware = isinstance(trouble.error, HardwareError)
        unsafe = rig.microscope.safe_state().trouble if hardware else ()
        if isinstance(trouble.error, DiskFull):
            rig.journal.recover()  # it may have been the journal that found no room
        attempts = self._attempts[work] = self._attempts.get(work, 0) + 1
        decision = decide(trouble, rig.plan.project.policies, attempts, rig.progress)
        if unsafe:
            decision = Policy.PAUSE
        waits = decision is Policy.RETRY and trouble.kind in _WAITS
        if not (waits and rig.progress.waiting is not None):
            self._tell(trouble.incident(decision, unsafe))
        return self._wait_for(trouble) if waits else self._carry_out(decision, trouble)

    def went_well(self, work: object) -> None:
        """Something was done: what it had failed at is forgotten, and a wait is over."""
        self.forget(work)
        waiting = self._rig.progress.waiting
        if waiting is not None:
            self._rig.record(WaitOver(waiting.reason))
            say(self._rig, RunState.RUNNING, "")

    def forget(self, work: object) -> None:
        """It has not failed in a row any more."""
        self._attempts.pop(work, None)
        self._waiting_since_s.pop(work, None)

    def _tell(self, incident: Incident) -> None:
        self._record_patiently(incident)
        LOG.warning("%s: %s Decided: %s.", incident.step, told(incident), incident.decision.value)
        self._rig.events.publish(IncidentHappened(incident))

    def _record_patiently(self, record: Record) -> None:
        """Journal it when there is room, if the disk is full under the journal itself."""
        while True:
            try:
                return self._rig.record(record)
            except DiskFull:
                if self._rig.control.pending is not None:
                    raise
                time.sleep(AWAIT_S)
                self._rig.journal.recover()

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
            say(rig, state, str(trouble.error))
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
