"""The guard's own record of openings: JSON lines, appended and synced one by one."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hardware.guard.core import Entry, Record
from hardware.guard.messages import Why


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening as the guard recorded it.

    ``*_at_s`` are wall clock, ``*_instrument_s`` the instrument's time as of the request and
    of the last heartbeat; ``open_s`` is by the monotonic clock. ``opened_at_s`` is ``None`` when
    the line did not open. ``closed_at_s``, ``open_s`` and ``why`` are ``None`` when nobody
    recorded the end: the guard was killed, or the opening still lasts.

    ``unconfirmed_at_s`` is when the line was first known to be told to blank without reading as
    blanked, or was found open by a later guard; ``None`` when neither happened. ``blanked_at_s``
    is when it first read as blanked again, to whichever guard.

    An empty ``pass_id`` is a line that was found open though nobody had asked:
    ``requested_at_s`` is then when it was last known to be blanked.
    """

    pass_id: str
    requested_at_s: float
    opened_instrument_s: float | None
    opened_at_s: float | None = None
    closed_at_s: float | None = None
    closed_instrument_s: float | None = None
    open_s: float | None = None
    why: Why | None = None
    unconfirmed_at_s: float | None = None
    blanked_at_s: float | None = None

    @property
    def may_be_open_s(self) -> tuple[float, float]:
        """Wall clock outside of which the line was surely blanked [s]; ``inf``: not read so yet."""
        return self.requested_at_s, math.inf if self.blanked_at_s is None else self.blanked_at_s


class OpeningLog:
    """The writing end. Its methods raise ``OSError`` when the record is not safely on disk."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(self._fd, b"\n")  # whatever a crash left of the last line ends here
        self.append(Record(Entry.STARTED, ""), None)
        _sync_folder(path.parent)

    def append(self, record: Record, instrument_s: float | None) -> None:
        """Write one entry, with the times of now, and sync it."""
        entry = {
            "entry": record.entry.value,
            "pass_id": record.pass_id,
            "at_s": time.time(),
            "monotonic_s": time.monotonic(),
            "instrument_s": instrument_s,
            "open_s": record.open_s,
            "why": record.why and record.why.value,
        }
        line = json.dumps(entry).encode() + b"\n"
        if os.write(self._fd, line) != len(line):
            os.write(self._fd, b"\n")
            raise OSError("the disk took only a part of an entry of the guard's log")
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, nor does it need to be
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def read_openings(path: Path) -> list[Opening]:
    """Every opening in the log, oldest first; no file is no opening.

    Torn lines are skipped, which hides no opening: the line is opened only after its request
    was synced whole, and an end that is not recorded stays unknown.
    """
    openings: list[Opening] = []
    blanked_at_s: float | None = None
    text = path.read_text(errors="replace") if path.exists() else ""
    for entry in filter(None, map(_parsed, text.splitlines())):
        kind = Entry(entry["entry"])
        lasts = bool(openings) and openings[-1].blanked_at_s is None
        if kind is Entry.REQUESTED:
            openings.append(Opening(entry["pass_id"], entry["at_s"], entry["instrument_s"]))
        elif kind is Entry.FOUND_OPEN and not lasts:
            openings.append(_found(entry, blanked_at_s))
        elif openings:
            openings[-1] = _followed_by(openings[-1], kind, entry)
        if kind in (Entry.CLOSED, Entry.BLANKED):
            blanked_at_s = entry["at_s"]
    return openings


def _found(entry: dict[str, Any], blanked_at_s: float | None) -> Opening:
    """A line that nobody opened; ``blanked_at_s`` is when an earlier guard said that it was blanked."""
    at_s = entry["at_s"]
    if entry["open_s"] is not None:
        blanked_at_s = at_s - entry["open_s"]
    since_s = at_s if blanked_at_s is None else blanked_at_s
    return Opening("", since_s, entry["instrument_s"], opened_at_s=at_s, unconfirmed_at_s=at_s)


def _followed_by(opening: Opening, kind: Entry, entry: dict[str, Any]) -> Opening:
    at_s, own = entry["at_s"], opening.pass_id == entry["pass_id"]
    match kind:
        case Entry.OPENED if own:
            return replace(opening, opened_at_s=at_s)
        case Entry.UNCONFIRMED | Entry.FOUND_OPEN if opening.blanked_at_s is None:
            return replace(opening, unconfirmed_at_s=opening.unconfirmed_at_s or at_s)
        case Entry.CLOSED if own and opening.why is None:
            opening = replace(
                opening,
                closed_at_s=at_s,
                closed_instrument_s=entry["instrument_s"],
                open_s=entry["open_s"],
                why=Why(entry["why"]),
            )
    if kind in (Entry.CLOSED, Entry.BLANKED) and opening.blanked_at_s is None:
        return replace(opening, blanked_at_s=at_s)
    return opening


def _parsed(line: str) -> dict[str, Any] | None:
    """The entry in ``line``; ``None`` when it is torn."""
    try:
        entry = json.loads(line)
        return entry if isinstance(entry, dict) and Entry(entry["entry"]) else None
    except (ValueError, KeyError):
        return None
