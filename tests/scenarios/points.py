"""Places in the course of a run that are worth dying at, by what the file layer or the journal just did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scopeacq.journal.records import (
    CycleDone,
    FocusDone,
    GatePassed,
    ImagingRecovered,
    MillBegin,
    MillDone,
    MillEnd,
    MillHeartbeat,
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneExposing,
    PlaneJudged,
    Record,
    RunOpened,
    SectionRegistered,
    TileRegistered,
    Verdict,
    WaferRegistered,
)
from scopeacq.storage.files import FileEvent, Rename, SyncFile, SyncFolder, Write
from tests.recording_files import Commit, Event

Matches = Callable[[Event], bool]


@dataclass(frozen=True)
class Point:
    """A place in the course of a run: right after a kind of event, or right before the next one."""

    name: str
    event: Matches
    before_next: bool = False


def committed(kind: type[Record], **fields: object) -> Matches:
    def matches(event: Event) -> bool:
        return isinstance(event, Commit) and any(
            isinstance(r, kind) and all(getattr(r, k) == v for k, v in fields.items())
            for r in event.records
        )

    return matches


def on_file(kind: type[FileEvent], *parts: str) -> Matches:
    def matches(event: Event) -> bool:
        if not isinstance(event, kind):
            return False
        place = event.target if isinstance(event, Rename) else event.path
        return all(part in f"/{place.as_posix()}/" for part in parts)

    return matches


_ALL = (
    Point("journal made, its name not durable", on_file(Rename, "/journal.sqlite/")),
    Point("image made without its metadata", on_file(Write, "/images.zarr/S001/0/zarr.json.part/")),
    Point("run opened", committed(RunOpened)),
    Point("column recovered", committed(ImagingRecovered)),
    Point("fiducial's picture not durable", on_file(Rename, "/registration/fiducial")),
    Point("wafer registered", committed(WaferRegistered)),
    Point("section registered, its picture not kept", committed(SectionRegistered)),
    Point("section's picture torn", on_file(Write, "/registration/section")),
    Point("focus refused", committed(FocusDone, applied=False)),
    Point("tile seen in its focus images", committed(TileRegistered), before_next=True),
    Point("exposing, not scanned", committed(PlaneExposing)),
    Point("scanned, not exposed by the journal", committed(PlaneExposing), before_next=True),
    Point("exposed, not written", committed(PlaneExposed)),
    Point("take written, not synced", on_file(Write, "/takes/")),
    Point("take synced, not renamed", on_file(SyncFile, "/takes/")),
    Point("take renamed, folder not synced", on_file(Rename, "/takes/")),
    Point("take on disk, durable not committed", on_file(SyncFolder, "/takes/"), before_next=True),
    Point("durable, not judged", committed(PlaneDurable)),
    Point("judged not sharp", committed(PlaneJudged, verdict=Verdict.UNSHARP)),
    Point("take in the grid, folder not synced", on_file(Rename, "/0/c/")),
    Point("take in the grid, at both places", on_file(SyncFolder, "/0/c/"), before_next=True),
    Point("chosen", committed(PlaneChosen)),
    Point("journal's copy not synced", on_file(Write, "/journal-before-mill")),
    Point("journal copied, gate not passed", on_file(Rename, "/journal-before-mill"), before_next=True),
    Point("gate passed", committed(GatePassed)),
    Point("mill begun, guard not asked", committed(MillBegin)),
    Point("open, first heartbeat not committed", committed(MillBegin), before_next=True),
    Point("open, a heartbeat committed", committed(MillHeartbeat)),
    Point("closed, end not committed", committed(MillHeartbeat), before_next=True),
    Point("ended, done not committed", committed(MillEnd)),
    Point("pass done", committed(MillDone)),
    Point("cycle done", committed(CycleDone)),
)

POINTS = {point.name: point for point in _ALL}
