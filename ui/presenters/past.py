"""Events of earlier starts, told from the journal as they were told when they happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from scopeacq.engine.events import PlaneTaken, RunState
from scopeacq.journal import records as r
from scopeacq.journal.records import RunEnd, WaitReason, WishKind
from scopeacq.telling.wording import counted, sentence
from ui.presenters.event_log import (
    Entry,
    drift_entry,
    incident_entry,
    place_of,
    plane_entry,
    wish_entry,
)
from ui.presenters.tone import Badge, Sign, Tone, badge_of
from ui.presenters.wafer_map import Hit

if TYPE_CHECKING:  # brings SQLite
    from scopeacq.journal.journal import Row

_STATES = {
    RunEnd.FINISHED: RunState.FINISHED,
    RunEnd.WAITING: RunState.WAITING,
    RunEnd.FAILED: RunState.FAILED,
}
_GONE = Badge(Tone.CAUTION, Sign.WARNING, "Lost")
_WAIVED = Badge(Tone.CAUTION, Sign.HAND, "Accepted")
_DROPPED = Badge(Tone.GOOD, Sign.CHECK, "Section done")
_ASKED = Badge(Tone.QUIET, Sign.HAND, "You asked")
_MOUNTED = Badge(Tone.QUIET, Sign.WAFER, "Mounted")


def past_entries(rows: Iterable[Row], today: date) -> Iterator[Entry]:
    """The entries of rows that are worth a line each, in order."""
    for row in rows:
        if (entry := _entry(row)) is not None:
            yield replace(entry, of_another_day=entry.at.date() != today)


def _entry(row: Row) -> Entry | None:
    at = datetime.fromtimestamp(row.wall_time_s).astimezone()
    match row.record:
        case r.RunOpened(host=host):
            return Entry(at, badge_of(RunState.RUNNING), f"The run was taken up on {host}.")
        case r.RunClosed(end, reason):
            state = badge_of(_STATES.get(end, RunState.PAUSED))
            return Entry(at, state, sentence(reason) or "The run ended in order.")
        case r.Requested(request):
            return Entry(at, _ASKED, f"To {request.value}.")
        case r.Wish() as wish:
            return wish_entry(wish, at) if wish.kind is not WishKind.GO_ON else None
        case r.Waiting(reason, text):
            waits = RunState.SUSPENDED if reason is WaitReason.INTERLOCK else RunState.WAITING
            return Entry(at, badge_of(waits), sentence(text))
        case r.Incident() as incident:
            return incident_entry(incident, at)
        case r.FocusDrifted() as drift:
            return drift_entry(drift, at)
        case r.PlaneJudged(key=key, score_um=score_um):  # told only where it was refused
            return plane_entry(PlaneTaken(key, score_um, accepted=False), at)
        case r.PlaneLost(key=key, reason=reason):
            return Entry(at, _GONE, sentence(reason), place=place_of(key))
        case r.PlaneWaived(key, reason):
            place = f"Section {key.section}, tile {key.tile + 1} of cycle {key.cycle + 1}"
            return Entry(at, _WAIVED, f"{place}, as it is: {reason}.", place=place_of(key))
        case r.WaferMounted(landmarks=landmarks):
            by = f" by {counted(landmarks, 'landmark')}" if landmarks else ""
            return Entry(at, _MOUNTED, f"The wafer was taken as mounted anew{by}.")
        case r.SectionDropped(cycle, section):
            text = f"Section {section} is milled through since cycle {cycle + 1}."
            return Entry(at, _DROPPED, text, place=Hit(section))
        case _:
            return None
