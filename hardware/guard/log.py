"""The guard's own record of openings: JSON lines, appended and synced one by one."""

from __future__ import annotations

import json
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
    recorded the end: the guard was killed, or the opening still lasts. An empty ``pass_id`` is
    a line that was found open though nobody had asked.
    """

    pass_id: str
    requested_at_s: float
    opened_instrument_s: float | None
    opened_at_s: float | None = None
    closed_at_s: float | None = None
    closed_instrument_s: float | None = None
    open_s: float | None = None
    why: Why | None = None


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
    text = path.read_text(errors="replace") if path.exists() else ""
    for entry in filter(None, map(_parsed, text.splitlines())):
        if entry["entry"] == Entry.REQUESTED.value:
            openings.append(Opening(entry["pass_id"], entry["at_s"], entry["instrument_s"]))
        elif entry["entry"] == Entry.FOUND_OPEN.value:
            at_s, instrument_s = entry["at_s"], entry["instrument_s"]
            openings.append(Opening("", at_s, instrument_s, opened_at_s=at_s))
        elif openings and openings[-1].pass_id == entry["pass_id"]:
            openings[-1] = _followed_by(openings[-1], entry)
    return openings


def _followed_by(opening: Opening, entry: dict[str, Any]) -> Opening:
    if entry["entry"] == Entry.OPENED.value:
        return replace(opening, opened_at_s=entry["at_s"])
    return replace(
        opening,
        closed_at_s=entry["at_s"],
        closed_instrument_s=entry["instrument_s"],
        open_s=entry["open_s"],
        why=Why(entry["why"]),
    )


def _parsed(line: str) -> dict[str, Any] | None:
    """The entry in ``line``; ``None`` when it is torn."""
    try:
        entry = json.loads(line)
        return entry if isinstance(entry, dict) and Entry(entry["entry"]) else None
    except (ValueError, KeyError):
        return None
