"""What has happened in a run so far, as far as pre-flight has to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scopeacq.journal.journal import JournalError, JournalReader
from scopeacq.journal.records import RunOpened
from scopeacq.plan.plan_changes import Begun
from scopeacq.plan.runfolder import Plan, RunFolder
from scopeacq.telling.status import SectionPhase, status_of


@dataclass(frozen=True, slots=True)
class History:
    """Where a run stands. ``milled_nm``: mean depth that is gone of each section.

    ``unreadable`` says why the journal cannot be used; then the rest is empty.
    """

    cycles_done: int = 0
    milled_nm: Mapping[str, float] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    begun: Begun = field(default_factory=Begun)
    unreadable: str = ""


def has_begun(folder: RunFolder) -> bool:
    """Whether a program ever ran it; of a journal that cannot be read that is taken for granted."""
    if not folder.journal_file.exists():
        return False
    try:
        rows = JournalReader(folder.journal_file).read()
        return any(isinstance(row.record, RunOpened) for row in rows)
    except JournalError:
        return True


def has_mills_ahead(folder: RunFolder) -> bool:
    """Whether a cycle has passed its gate and is not milled to its end; taken for granted likewise."""
    if not folder.journal_file.exists():
        return False
    begun = Begun()
    try:
        for row in JournalReader(folder.journal_file).read():
            begun.apply(row.record)
    except JournalError:
        return True
    return bool(begun.mills_ahead)


def read_history(plan: Plan) -> History:
    """The history of a run on the disk, empty before its start."""
    if not plan.folder.journal_file.exists():
        return History()
    begun, rows = Begun(), JournalReader(plan.folder.journal_file).read()
    try:
        status = status_of(plan, begun.noting(row.record for row in rows), lambda: False)
    except JournalError as error:
        return History(unreadable=str(error))
    return History(
        status.cycles_done,
        {s.id: s.milled_nm for s in status.sections},
        frozenset(s.id for s in status.sections if s.state is SectionPhase.DROPPED),
        begun,
    )
