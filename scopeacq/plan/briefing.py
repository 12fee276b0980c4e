"""What an operator is told before a start: what a check finds, how far the run is, what lies ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scopeacq.engine.events import Progressed
from scopeacq.engine.outlook import Outlook
from scopeacq.journal import records as r
from scopeacq.journal.progress import ACCEPTED
from scopeacq.plan.findings import Finding, error
from scopeacq.plan.runfolder import Plan

if TYPE_CHECKING:
    from scopeacq.journal.journal import Row
    from scopeacq.plan.preflight import Site

REMEMBERED = 500
"""Newest events of earlier starts that are told."""

_WORTH_TELLING = (
    r.RunOpened,
    r.RunClosed,
    r.Requested,
    r.Wish,
    r.Waiting,
    r.Incident,
    r.PlaneLost,
    r.PlaneWaived,
    r.SectionDropped,
)


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a run that nobody works on stands. ``past``: what happened lately, oldest first."""

    outlook: Outlook
    far: Progressed
    past: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Briefing:
    """``begun``: a program ran it; ``standpoint`` is None where that cannot be read."""

    findings: tuple[Finding, ...]
    begun: bool
    finished: bool
    standpoint: Standpoint | None


def brief(plan: Plan, site: Site | None = None) -> Briefing:
    """Check a plan as every start does. Reads the run's files only; takes seconds, for the networks."""
    # imported here: a window shows the type above before any of these is needed
    from scopeacq.journal.history import read_history
    from scopeacq.journal.journal import JournalError
    from scopeacq.plan import preflight

    history = read_history(plan)
    findings = preflight.check(plan, site, history)
    begun = history.begun.opened or bool(history.unreadable)
    try:
        standpoint = None if history.unreadable else read_standpoint(plan)
    except JournalError as trouble:
        findings, standpoint = [error(str(trouble)), *findings], None
    return Briefing(tuple(findings), begun, history.cycles_done >= plan.project.cycles, standpoint)


def read_standpoint(plan: Plan) -> Standpoint:
    """Where a run that nobody works on stands, from its files. Raises ``JournalError``."""
    from scopeacq.engine.outlook import outlook
    from scopeacq.engine.planner import Target, next_step
    from scopeacq.journal.how_far import how_far
    from scopeacq.journal.journal import JournalReader
    from scopeacq.journal.progress import Progress

    progress, journal, memory = Progress.of(plan), plan.folder.journal_file, _Memory()
    if journal.exists():
        progress.apply_all(memory.noting(JournalReader(journal).read()))
    step = next_step(plan, progress, frozenset(), Target(plan.project.cycles))
    ahead = outlook(plan, progress, frozenset(), step)
    return Standpoint(ahead, how_far(plan, progress), tuple(memory.rows))


@dataclass(slots=True)
class _Memory:
    """The newest rows that are worth telling."""

    rows: deque[Row] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def noting(self, rows: Iterable[Row]) -> Iterator[r.Record]:
        for row in rows:
            if isinstance(row.record, _WORTH_TELLING) or _refused(row.record):
                self.rows.append(row)
            yield row.record


def _refused(record: r.Record) -> bool:
    return isinstance(record, r.PlaneJudged) and record.verdict not in ACCEPTED
