"""Frames that an operator keeps: TIFF files with all that is known of them, in the run's folder."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles, FileLayer
from scopeacq.storage.tiff import frame_as_tiff

if TYPE_CHECKING:  # a window imports this, and does without the session until it has one
    from scopeacq.cockpit import Shot

FOLDER = "frames"


def keep_frame(plan: Plan, shot: Shot, files: FileLayer | None = None) -> str:
    """Write a frame durably under a new name; that name, from the run's folder on.

    Raises ``OSError``; nothing is overwritten.
    """
    files = files or DiskFiles()
    folder = plan.folder.root / FOLDER
    files.make_folder(folder)
    kept_at = datetime.now().astimezone()
    stem = f"frame-{kept_at:%Y%m%d-%H%M%S}"
    names = (f"{stem}.tif" if n == 1 else f"{stem}-{n}.tif" for n in count(1))
    name = next(name for name in names if not (folder / name).exists())
    judgement = shot.seen.judgement
    more: dict[str, object] = {
        "instrument": plan.instrument.name,
        "electron_dose_per_nm2": shot.electron_dose_per_nm2,
        "verdict": judgement.verdict.value,
        "score_um": None if math.isnan(judgement.score_um) else judgement.score_um,
        "kept_at": kept_at.isoformat(timespec="seconds"),
    }
    files.write_durable(folder / name, frame_as_tiff(shot.seen.frame, more))
    return f"{FOLDER}/{name}"
