"""When an operator's request takes effect. Pure: between which two steps a run may end."""

from __future__ import annotations

from scopeacq.engine.steps import MillAzimuth, PassGate, Step, plane_of, section_of
from scopeacq.journal.records import RunEnd, RunRequest


def due(request: RunRequest, last: Step | None, following: Step) -> bool:
    """Whether a run that was asked to ends between ``last`` and ``following``."""
    match request:
        case RunRequest.PAUSE_NOW | RunRequest.STOP | RunRequest.ABORT:
            return True
        case RunRequest.PAUSE_AFTER_TILE:
            return last is None or plane_of(last) is None or plane_of(following) != plane_of(last)
        case RunRequest.PAUSE_AFTER_SECTION:
            return last is None or section_of(last) is None or section_of(following) != section_of(last)
        case RunRequest.PAUSE_AFTER_SLICE:
            return isinstance(following, PassGate | MillAzimuth)
        case RunRequest.RESUME:
            return False


def end_for(request: RunRequest) -> RunEnd:
    """How a run that was asked to end is said to have ended."""
    match request:
        case RunRequest.ABORT:
            return RunEnd.ABORTED
        case RunRequest.STOP:
            return RunEnd.STOPPED
        case _:
            return RunEnd.PAUSED
