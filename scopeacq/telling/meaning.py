"""What an incident means for the run and what an operator does about it, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopeacq.engine.trouble import told
from scopeacq.journal.records import ErrorKind, Incident, Policy


@dataclass(frozen=True, slots=True)
class Meaning:
    """An incident explained: a sentence or two each."""

    what: str
    means: str
    advice: str
    decided: str


def meaning_of(incident: Incident) -> Meaning:
    """What happened, what it means, what to do, and what the program did by itself."""
    means, advice = _OF_KIND[incident.kind]
    return Meaning(told(incident), means, incident.advice or advice, _OF_DECISION[incident.decision])


def meaning_of_kind(kind: ErrorKind) -> str:
    """What an incident of a kind means, whatever caused it."""
    return _OF_KIND[kind][0]


def explanations() -> Mapping[ErrorKind, tuple[str, str]]:
    """For each kind of error what it means for the run, and what an operator does about it."""
    return _OF_KIND


_OF_KIND: dict[ErrorKind, tuple[str, str]] = {
    ErrorKind.FOCUS_REFUSED: (
        "No correction of focus was certain enough, so the optics were left as they were before. "
        "The tile is judged after its scan and retaken when it is not sharp.",
        "If it happens often, focus by hand on this section and look for charging or an empty region.",
    ),
    ErrorKind.BAD_FRAME: (
        "The scanner gave an image that cannot be true: black, frozen or truncated. It is not kept.",
        "Look at the live image. If it stays dark, check EHT, column valve and detector.",
    ),
    ErrorKind.STAGE: (
        "The stage is not where it was sent, or refused to go. Both beams were blanked; it stands still.",
        "Look into the chamber before anything moves again.",
    ),
    ErrorKind.REGISTRATION: (
        "What was seen does not match what this place looked like, so nothing was imaged there.",
        "Compare the live image with the last slice; correct the wafer's position if it has moved.",
    ),
    ErrorKind.INTERLOCK: (
        "A condition for safe milling or imaging is not met. Both beams are blanked; the run goes on by "
        "itself when all conditions hold again.",
        "Read which condition it is, and restore it: vacuum, gas, high voltage or current.",
    ),
    ErrorKind.CONNECTION: (
        "A device did not answer in time or its connection is gone. Both beams were blanked.",
        "Check the device, its cable and its own program, then resume.",
    ),
    ErrorKind.DISK: (
        "A plane could not be written safely. Nothing is milled until every plane is on the disk.",
        "Free some space or check the disk, then resume.",
    ),
    ErrorKind.ION_BEAM: (
        "The ion beam did not behave as it was told, or its guard blanked it by itself.",
        "If the beam's state is unknown, press gun off by hand. Then look at the guard's log.",
    ),
    ErrorKind.INTERNAL: (
        "The program met something that it does not know.",
        "Report it together with the folder logs of the run.",
    ),
}

_OF_DECISION = {
    Policy.RETRY: "It is tried again.",
    Policy.REQUEUE_TILE: "The tile is imaged again at the end of the cycle.",
    Policy.SKIP_SECTION: "The section is skipped in this cycle.",
    Policy.GO_ON: "The run goes on without it.",
    Policy.PAUSE: "The run pauses.",
    Policy.PARK_AND_ALERT: "The stage is parked and the run pauses.",
}
