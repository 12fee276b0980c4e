"""The truth log: what really happened, append-only, read by tests and benchmarks alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from hardware.types import StagePose


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """One scanned frame. Residuals are what was set minus what would have been in focus."""

    scanned_at_s: float
    x_um: float
    y_um: float
    section: str | None
    residual_wd_um: float
    residual_stig_x: float
    residual_stig_y: float
    removed_nm: float
    dose_per_nm2: float
    width_um: float
    height_um: float


@dataclass(frozen=True, slots=True)
class OpeningTruth:
    """One opening of the ion beam, from blanked to blanked.

    ``at_opening``: why the mill pose was not proven when it opened (empty if it was).
    ``while_open``: what ceased to hold afterwards, and ``unproven_s`` for how long either stood.
    ``*_real_s`` are real monotonic times, which the guard's deadline is measured in.
    """

    opened_at_s: float
    closed_at_s: float
    opened_real_s: float
    closed_real_s: float
    pose: StagePose
    delivered_uc: float
    at_opening: tuple[str, ...]
    while_open: tuple[str, ...]
    unproven_s: float
    closed_by: str


@dataclass(frozen=True, slots=True)
class IdleExposureTruth:
    """The electron beam stood on the wafer while no frame was scanned."""

    started_at_s: float
    duration_s: float
    electrons: float


@dataclass(frozen=True, slots=True)
class IncidentTruth:
    """Damage: a collision, ions on a live detector, a raster changed under the open beam."""

    at_s: float
    kind: str
    detail: str


Record = FrameTruth | OpeningTruth | IdleExposureTruth | IncidentTruth
Sink = Callable[[Record], None]
R = TypeVar("R", FrameTruth, OpeningTruth, IdleExposureTruth, IncidentTruth)


class TruthFile:
    """Appends one JSON line per record to ``folder/truth.jsonl``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lines = (folder / "truth.jsonl").open("a", encoding="utf-8")

    def __call__(self, record: Record) -> None:
        self._lines.write(json.dumps({"record": type(record).__name__, **asdict(record)}) + "\n")
        self._lines.flush()

    def close(self) -> None:
        self._lines.close()


def read_truth(folder: Path, kind: type[R]) -> list[R]:
    """All records of one kind in ``folder/truth.jsonl``, in the order of their being written."""
    records = []
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            if fields.pop("record") == kind.__name__:
                records.append(_from_json(kind, fields))
    return records


def _from_json(kind: type[R], fields: dict[str, Any]) -> R:
    if kind is OpeningTruth:
        fields["pose"] = StagePose(**fields["pose"])
        fields["at_opening"] = tuple(fields["at_opening"])
        fields["while_open"] = tuple(fields["while_open"])
    return kind(**fields)
