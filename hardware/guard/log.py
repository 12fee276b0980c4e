"""The guard's own record of openings: JSON lines, appended and synced one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening as the guard recorded it.

    Times ``*_at_s`` are wall clock, ``*_instrument_s`` the instrument's time as of the request
    or the last heartbeat. ``closed_at_s`` is ``None`` when the log ends while the beam was
    open: the guard itself was killed. ``closed_instrument_s`` is the last heartbeat's.
    ``open_s`` is by the monotonic clock.
    """

    pass_id: str
    requested_at_s: float
    opened_at_s: float | None
    closed_at_s: float | None
    open_s: float | None
    opened_instrument_s: float
    closed_instrument_s: float | None
    why: str


def read_openings(path: Path) -> list[Opening]:
    """Every opening in the log, oldest first. No file is no opening; a torn last line is skipped.

    Refused requests are not openings. Raises ``ValueError`` with the line for anything else unreadable.
    """
    raise NotImplementedError
