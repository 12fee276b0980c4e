"""What a scanner can be asked for, and whether a frame that came is the one that was."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import xxhash

from hardware.errors import BadFrame, OutOfRange
from hardware.types import FrameSettings, Image

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


def require_scan(device: str, settings: FrameSettings) -> None:
    """Raise ``OutOfRange`` for settings that no scanner takes, whatever its own limits are."""
    for name in ("width_px", "height_px", "pixel_size_nm", "dwell_ns"):
        if not 0 < (value := getattr(settings, name)) < math.inf:
            raise OutOfRange(device, f"a frame's {name} cannot be {value}", "Choose one above 0.")
    if not math.isfinite(settings.scan_rot_deg):
        raise OutOfRange(device, f"scan rotation {settings.scan_rot_deg} is no angle", "Choose one.")
    if settings.bit_depth not in (8, 16):
        raise OutOfRange(device, f"frames have no {settings.bit_depth} bit", "Choose 8 or 16.")


class FrameCheck:
    """Lets no frame of a scanner pass that cannot be true. Thread-safe.

    Two scans never give the same pixels, since electrons are counted: a frame that is the last one again
    was never scanned.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._last = b""

    def passed(self, pixels: Any, settings: FrameSettings) -> Image:
        """The pixels as an array of shape (height_px, width_px), uint8 or uint16. Raises ``BadFrame``."""
        wanted = (settings.height_px, settings.width_px), np.dtype(f"uint{settings.bit_depth}")
        got = getattr(pixels, "shape", None), getattr(pixels, "dtype", None)
        if got != wanted:
            what = f"the frame is {got[0]} of {got[1]} instead of {wanted[0]} of {wanted[1]}"
            raise BadFrame(self._device, what, "Scan again.")
        image: Image = np.ascontiguousarray(pixels)
        if np.ptp(image) == 0:
            raise BadFrame(self._device, "all pixels have one value", "Check beam and detector.")
        digest = xxhash.xxh3_128_digest(image.data)
        with self._lock:
            if digest == self._last:
                raise BadFrame(self._device, "the frame is the last one again", "Scan it again.")
            self._last = digest
        return image
