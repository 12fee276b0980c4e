"""The journal's table of planes: one row per plane and take, for readers that want no history.

The rows follow from the Plane* records alone and are written in the same transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from pydantic import TypeAdapter
from pydantic_core import to_json

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.records import (
    PlaneChosen,
    PlaneDurable,
    PlaneExposed,
    PlaneExposing,
    PlaneJudged,
    PlaneKey,
    Record,
    Verdict,
)

_KEY = ("cycle", "section", "tile", "take")
_STAGE = TypeAdapter(StagePose)
_SETTINGS = TypeAdapter(FrameSettings)
_TO_WAFER = TypeAdapter(tuple[float, ...])

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class PlaneRow:
    """All that is known of one take of one plane. ``None``: that event has not happened."""

    key: PlaneKey
    take: int
    chosen: bool
    settings: FrameSettings | None
    electron_dose_per_nm2: float | None
    optics: Optics | None
    stage: StagePose | None
    to_wafer: tuple[float, ...] | None
    scanned_at_s: float | None
    path: str | None
    size_bytes: int | None
    checksum: str | None
    verdict: Verdict | None
    score_um: float | None
    mean: float | None
    sd: float | None
    dark_fraction: float | None


def note(connection: sqlite3.Connection, record: Record) -> None:
    """Bring the table up to date with one record, inside the caller's transaction."""
    match record:
        case PlaneExposing(key, take) | PlaneExposed(key, take) | PlaneDurable(key, take):
            _upsert(connection, key, take, _columns(record))
        case PlaneJudged(key, take):
            _upsert(connection, key, take, _columns(record))
        case PlaneChosen(key, take):
            place = (key.cycle, key.section, key.tile)
            connection.execute("UPDATE planes SET chosen = 0 WHERE cycle = ? AND section = ? AND tile = ?", place)
            _upsert(connection, key, take, {"chosen": 1})
        case _:
            pass


def _columns(record: PlaneExposing | PlaneExposed | PlaneDurable | PlaneJudged) -> dict[str, Value]:
    match record:
        case PlaneExposing():
            return {
                "settings": to_json(record.settings).decode(),
                "electron_dose_per_nm2": record.electron_dose_per_nm2,
            }
        case PlaneExposed(optics=optics):
            return {
                "wd_um": optics.wd_um,
                "stig_x": optics.stig_x,
                "stig_y": optics.stig_y,
                "stage": to_json(record.stage, inf_nan_mode="constants").decode(),
                "to_wafer": to_json(record.to_wafer, inf_nan_mode="constants").decode(),
                "scanned_at_s": record.scanned_at_s,
            }
        case PlaneDurable():
            return {"path": record.path, "size_bytes": record.size_bytes, "checksum": record.checksum}
        case PlaneJudged():
            return {
                "verdict": record.verdict.value,
                "score_um": record.score_um,
                "mean": record.mean,
                "sd": record.sd,
                "dark_fraction": record.dark_fraction,
            }
