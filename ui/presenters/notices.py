"""What a run tells the window: the engine's events, and what happens before and after the engine runs."""

from __future__ import annotations

from dataclasses import dataclass

from scopeacq.engine.events import Event
from scopeacq.engine.ion_watch import IonsRead
from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.records import RunEnd, RunRequest, Wish
from scopeacq.plan.briefing import Briefing, Standpoint
from scopeacq.plan.findings import Finding
from scopeacq.telling.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class Checked:
    """A check before the run has found this; with an error among it the run does not start."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Attended:
    """The instrument is connected and the engine about to run. ``time_left`` is the reader's to keep."""

    time_left: TimeLeft


@dataclass(frozen=True, slots=True)
class Asked:
    """The operator asked a run for something."""

    request: RunRequest


@dataclass(frozen=True, slots=True)
class Leaving:
    """The engine came to its end; the instrument is being let go."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last notice of a run. ``end`` is None where the engine never ran or failed."""

    code: ExitCode
    end: RunEnd | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Briefed:
    """The check that the window makes when a run is opened has ended."""

    briefing: Briefing


@dataclass(frozen=True, slots=True)
class Wished:
    """The operator asked for a change of the steps ahead."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a run that is not active stands, after its journal was changed."""

    standpoint: Standpoint


Notice = Event | IonsRead | Briefed | Stands | Checked | Attended | Asked | Wished | Leaving | Ended
