"""What went wrong in a step, and what the operator's policy makes of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hardware.errors import (
    BadFrame,
    BlankerUnknown,
    Collision,
    ConnectionLost,
    Deadline,
    HardwareError,
    Interlocked,
    StageTouch,
)
from hardware.guard.client import GuardClosed
from scopeacq.engine.steps import Step, section_of, work_of
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import ErrorKind, Incident, PlaneKey, Policy
from scopeacq.plan.project import PolicySettings
from scopeacq.storage.files import DiskFull

NEVER_BY_ITSELF = (StageTouch, Collision, BlankerUnknown)
"""After these a person has to look before anything moves again."""


class StepRefused(Exception):
    """A step could not be done for a reason that is no fault of a device."""

    def __init__(self, kind: ErrorKind, text: str, advice: str = "") -> None:
        super().__init__(text)
        self.kind, self.text, self.advice = kind, text, advice


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error and the step in which it came up (None for a plane in flight)."""

    error: Exception
    step: Step | None
    plane: PlaneKey | None = None

    @property
    def kind(self) -> ErrorKind:
        """The kind of error that policies know."""
        match self.error:
            case StepRefused(kind=kind):
                return kind
            case OSError():
                return ErrorKind.DISK
            case GuardClosed() | BlankerUnknown():
                return ErrorKind.ION_BEAM
            case ConnectionLost() | Deadline():
                return ErrorKind.CONNECTION
            case BadFrame():
                return ErrorKind.BAD_FRAME
            case Interlocked():
                return ErrorKind.INTERLOCK
            case HardwareError():
                return ErrorKind.STAGE if self.error.device == "stage" else ErrorKind.CONNECTION
        return ErrorKind.INTERNAL

    @property
    def section(self) -> str | None:
        """The section that it is about, if it is about one."""
        if self.plane is not None:
            return self.plane.section
        return section_of(self.step) if self.step is not None else None

    @property
    def work(self) -> object:
        """What failed, however often it is tried."""
        return work_of(self.step) if self.step is not None else self.plane

    @property
    def passes(self) -> bool:
        """Whether waiting helps: an interlock, or a full disk noticed before anything was scanned."""
        full = isinstance(self.error, DiskFull) and self.step is not None
        return full or self.kind is ErrorKind.INTERLOCK

    def incident(self, decision: Policy, unsafe: tuple[str, ...] = ()) -> Incident:
        """The record of this trouble, of what was decided and of what could not be made safe after it."""
        device, text, advice = "", str(self.error), ""
        if isinstance(self.error, HardwareError):
            device, text, advice = self.error.device, self.error.what, self.error.advice
        elif isinstance(self.error, StepRefused):
            advice = self.error.advice
        step = str(self.step) if self.step is not None else "Writing a plane"
        for trouble in unsafe:
            advice = f"{advice} {unsaid(trouble, advice)}".strip()
        return Incident(self.kind, device, text, advice, step, decision, self.plane)


def told(incident: Incident) -> str:
    """What happened and what to do, in whole sentences, none of them twice."""
    what = f"{incident.device}: {incident.text}" if incident.device else incident.text
    said = whole(what)
    return f"{said} {whole(unsaid(incident.advice, said))}".strip()


def whole(text: str) -> str:
    """``text`` with the full stop that it may lack."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def unsaid(text: str, said: str) -> str:
    """The sentences of ``text`` that ``said`` does not hold."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    return " ".join(sentence for sentence in sentences if sentence.rstrip(".") not in said)


def decide(trouble: Trouble, policies: PolicySettings, attempts: int, progress: Progress) -> Policy:
    """What to do about trouble: the operator's policy, within the number of retries it allows.

    ``attempts``: how often this step has failed in a row, this time included.
    """
    if isinstance(trouble.error, NEVER_BY_ITSELF):
        return Policy.PAUSE
    # what cannot be focused is imaged as it is; the judge and the gate have the last word
    last = Policy.GO_ON if trouble.kind is ErrorKind.FOCUS_REFUSED else Policy.PAUSE
    match policy := policies.of(trouble.kind):
        case Policy.RETRY:
            return policy if trouble.passes or attempts <= policies.retries else Policy.PAUSE
        case Policy.REQUEUE_TILE:
            if trouble.plane is None:
                return Policy.PAUSE
            return policy if progress.plane(trouble.plane).requeued < policies.retries else last
        case Policy.GO_ON:
            return last
        case Policy.SKIP_SECTION:
            return policy if trouble.section is not None else Policy.PAUSE
    return policy
