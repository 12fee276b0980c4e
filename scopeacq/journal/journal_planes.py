"""The journal's table of planes: one row per plane and take, for readers that want no history.

A row names the records that tell of the take by their numbers, so that nothing is stored twice and the
records' checksums hold here, too. It is written in the same transaction as they are.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from scopeacq.journal.journal_format import StoredRow, damaged, stored_rows
from scopeacq.journal.records import (
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneExposing,
    PlaneJudged,
    PlaneKey,
    Record,
)

_Kind = TypeVar("_Kind", PlaneExposing, PlaneExposed, PlaneDurable, PlaneJudged)

_COLUMNS: dict[type[Record], str] = {
    PlaneExposing: "exposing",
    PlaneExposed: "exposed",
    PlaneDurable: "durable",
    PlaneJudged: "judged",
}


@dataclass(frozen=True, slots=True)
class PlaneRow:
    """All that is known of one take of one plane. ``None``: that has not happened.

    ``scanned_at_s``: the wall clock when its scan was committed.
    """

    key: PlaneKey
    take: int
    chosen: bool
    exposing: PlaneExposing | None
    exposed: PlaneExposed | None
    durable: PlaneDurable | None
    judged: PlaneJudged | None
    scanned_at_s: float | None = None


def note(connection: sqlite3.Connection, record: Record, seq: int) -> None:
    """Bring the table up to date with the record ``seq``, inside the caller's transaction."""
    match record:
        case PlaneChosen(key, take):
            connection.execute(
                "UPDATE planes SET chosen = (take = ?) WHERE cycle = ? AND section = ? AND tile = ?",
                (take, key.cycle, key.section, key.tile),
            )
        case (
            PlaneExposing(key, take)
            | PlaneExposed(key, take)
            | PlaneDurable(key, take)
            | PlaneJudged(key, take)
        ):
            column = _COLUMNS[type(record)]
            connection.execute(
                f"INSERT INTO planes (cycle, section, tile, take, {column}) VALUES (?, ?, ?, ?, ?) "  # noqa: S608
                f"ON CONFLICT DO UPDATE SET {column} = excluded.{column}",
                (key.cycle, key.section, key.tile, take, seq),
            )
        case _:
            pass


def select(
    connection: sqlite3.Connection, path: Path, cycle: int | None, section: str | None
) -> list[PlaneRow]:
    """The rows of one cycle, of one section, of both or of all, in the order of their keys and takes.

    Raises:
        JournalError: a row or one of its records is damaged.
    """
    wanted = {"cycle = ?": cycle, "section = ?": section}
    given = {clause: value for clause, value in wanted.items() if value is not None}
    rows = connection.execute(
        "SELECT cycle, section, tile, take, chosen, exposing, exposed, durable, judged FROM planes "  # noqa: S608
        f"WHERE {' AND '.join(given) or 'TRUE'} ORDER BY cycle, section, tile, take",
        tuple(given.values()),
    )
    return [_plane_row(connection, path, row) for row in rows]


def _plane_row(connection: sqlite3.Connection, path: Path, row: tuple[Any, ...]) -> PlaneRow:
    cycle, section, tile, take, chosen, *numbers = row
    key = PlaneKey(cycle, section, tile)

    def stored(seq: int) -> StoredRow | None:
        return next(stored_rows(connection, path, after=seq - 1, limit=1), None)

    def record(kind: type[_Kind], seq: int | None) -> _Kind | None:
        if seq is None:
            return None
        row = stored(seq)
        found = row.record(path) if row else None
        if not isinstance(found, kind) or (found.key, found.take) != (key, take):
            raise damaged(path, f"its row of {key}, take {take}, names the wrong record {seq}")
        return found

    exposing, exposed, durable, judged = numbers
    scanned = stored(exposed) if exposed is not None else None
    return PlaneRow(
        key,
        take,
        bool(chosen),
        record(PlaneExposing, exposing),
        record(PlaneExposed, exposed),
        record(PlaneDurable, durable),
        record(PlaneJudged, judged),
        scanned.wall_time_s if scanned else None,
    )
