"""What an operator is told before a start: what a check finds, how far the run is, what lies ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopeacq.findings import Finding, error
from scopeacq.outlook import Outlook
from scopeacq.runfolder import Plan

if TYPE_CHECKING:
    from scopeacq.preflight import Site


@dataclass(frozen=True, slots=True)
class Briefing:
    """``begun``: the run has a journal; ``outlook`` is None where that cannot be read."""

    findings: tuple[Finding, ...]
    begun: bool
    finished: bool
    outlook: Outlook | None


def brief(plan: Plan, site: Site | None = None) -> Briefing:
    """Check a plan as every start does. Reads the run's files only; takes seconds, for the networks."""
    # imported here: a window shows the type above before any of these is needed
    from scopeacq import preflight
    from scopeacq.history import read_history
    from scopeacq.journal import JournalError

    history = read_history(plan)
    findings = preflight.check(plan, site, history)
    begun = plan.folder.journal_file.exists()
    try:
        ahead = None if history.unreadable else read_outlook(plan)
    except JournalError as trouble:
        findings, ahead = [error(str(trouble)), *findings], None
    return Briefing(tuple(findings), begun, history.cycles_done >= plan.project.cycles, ahead)


def read_outlook(plan: Plan) -> Outlook:
    """What lies ahead of a run that nobody works on, from its files. Raises ``JournalError``."""
    from scopeacq.journal import JournalReader
    from scopeacq.outlook import outlook
    from scopeacq.planner import Target, next_step
    from scopeacq.progress import Progress

    progress, journal = Progress.of(plan), plan.folder.journal_file
    if journal.exists():
        progress.apply_all(row.record for row in JournalReader(journal).read())
    step = next_step(plan, progress, frozenset(), Target(plan.project.cycles))
    return outlook(plan, progress, frozenset(), step)
