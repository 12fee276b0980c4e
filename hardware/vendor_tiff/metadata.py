"""What a microscope's header says of a frame, in this project's units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from hardware.types import StagePose

SQUARE_WITHIN = 0.01
"""Edges of a pixel that differ by more are no square."""


class Vendor(Enum):
    """Whose header it is."""

    ZEISS = "Zeiss"
    THERMO = "Thermo Fisher (FEI)"
    TESCAN = "TESCAN"


class Beam(Enum):
    """What scanned the frame."""

    ELECTRONS = "electrons"
    IONS = "ions"


@dataclass(frozen=True, slots=True)
class FrameMetadata:
    """``None`` stands for what the header does not say, or says in a way that can be read in two.

    Stigmators are in the vendor's unit, rotations in the vendor's sense, and the pose is in the vendor's
    frame of reference: only their units are ours. ``taken_at`` is the instrument's local time.
    """

    vendor: Vendor
    instrument: str | None = None
    beam: Beam | None = None
    taken_at: datetime | None = None
    pixel_width_nm: float | None = None
    pixel_height_nm: float | None = None
    wd_um: float | None = None
    stig_x: float | None = None
    stig_y: float | None = None
    dwell_ns: float | None = None
    scan_rot_deg: float | None = None
    eht_kv: float | None = None
    probe_current_na: float | None = None
    stage: StagePose = StagePose()

    @property
    def pixel_size_nm(self) -> float | None:
        """The edge of a pixel, if it is a square."""
        width_nm, height_nm = self.pixel_width_nm, self.pixel_height_nm
        if width_nm is None or height_nm is None:
            return None
        if abs(width_nm - height_nm) > SQUARE_WITHIN * max(width_nm, height_nm):
            return None
        return math.sqrt(width_nm) * math.sqrt(height_nm)
