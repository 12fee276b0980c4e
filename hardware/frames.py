"""Whether a frame that came is the one that was asked for."""

from __future__ import annotations

import math
from dataclasses import replace

from hardware.types import FrameSettings

PIXEL_SIZE_ROUNDED = 1e-3
ROTATION_ROUNDED_DEG = 0.01
"""So far a scanner may round what it was told, which is not round when calibrated: a share, an angle."""


def as_asked(scanned: FrameSettings, asked: FrameSettings) -> bool:
    """Whether a frame was scanned as asked, but for what a scanner rounds."""
    turned_deg = scanned.scan_rot_deg - asked.scan_rot_deg
    same = replace(scanned, pixel_size_nm=asked.pixel_size_nm, scan_rot_deg=asked.scan_rot_deg) == asked
    return (
        same
        and math.isclose(scanned.pixel_size_nm, asked.pixel_size_nm, rel_tol=PIXEL_SIZE_ROUNDED)
        and (turned_deg + ROTATION_ROUNDED_DEG) % 360.0 <= 2 * ROTATION_ROUNDED_DEG
    )
