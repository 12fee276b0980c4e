"""The journal's table of planes: one row per plane and take, for readers that want no history.

The rows follow from the Plane* records alone and are written in the same transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import cast

from scopeacq.journal_format import decode
from scopeacq.records import (
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneExposing,
    PlaneJudged,
    PlaneKey,
    Record,
)

_COLUMNS: dict[type[Record], str] = {
    PlaneExposing: "exposing",
    PlaneExposed: "exposed",
    PlaneDurable: "durable",
    PlaneJudged: "judged",
}


@dataclass(frozen=True, slots=True)
class PlaneRow:
    """All that is known of one take of one plane. ``None``: that has not happened."""

    key: PlaneKey
    take: int
    chosen: bool
    exposing: PlaneExposing | None
    exposed: PlaneExposed | None
    durable: PlaneDurable | None
    judged: PlaneJudged | None


def note(connection: sqlite3.Connection, record: Record, body: str) -> None:
    """Bring the table up to date with one record, inside the caller's transaction."""
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
                (key.cycle, key.section, key.tile, take, body),
            )
        case _:
            pass


def select(connection: sqlite3.Connection, cycle: int | None, section: str | None) -> list[PlaneRow]:
    """The rows of one cycle, of one section, of both or of all, in the order of their keys and takes."""
    wanted = {"cycle = ?": cycle, "section = ?": section}
    given = {clause: value for clause, value in wanted.items() if value is not None}
    rows = connection.execute(
        "SELECT cycle, section, tile, take, chosen, exposing, exposed, durable, judged FROM planes "  # noqa: S608
        f"WHERE {' AND '.join(given) or 'TRUE'} ORDER BY cycle, section, tile, take",
        tuple(given.values()),
    )
    return [_plane_row(row) for row in rows]


def _plane_row(
    row: tuple[int, str, int, int, int, str | None, str | None, str | None, str | None],
) -> PlaneRow:
    cycle, section, tile, take, chosen, exposing, exposed, durable, judged = row
    return PlaneRow(
        PlaneKey(cycle, section, tile),
        take,
        bool(chosen),
        cast(PlaneExposing | None, _record("PlaneExposing", exposing)),
        cast(PlaneExposed | None, _record("PlaneExposed", exposed)),
        cast(PlaneDurable | None, _record("PlaneDurable", durable)),
        cast(PlaneJudged | None, _record("PlaneJudged", judged)),
    )


def _record(kind: str, body: str | None) -> Record | None:
    return None if body is None else decode(kind, body)
