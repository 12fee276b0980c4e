"""Small TIFF files in memory, for pictures that are kept beside a run."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import tifffile

from hardware.types import Frame, Image


def pair_as_tiff(images: Sequence[Image]) -> bytes:
    """Images of one shape as the pages of a TIFF file."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.stack(images), compression="zlib")
    return buffer.getvalue()


def frame_as_tiff(frame: Frame, more: Mapping[str, object]) -> bytes:
    """A frame as it came, 8 or 16 bit, with how it was taken as JSON in its description.

    The pixel size also stands in the resolution tags. ``more``: what else is known of it; units in keys.
    """
    told = {
        "software": "scopeacq",
        "frame": asdict(frame.settings),
        "optics": asdict(frame.optics),
        "stage": asdict(frame.stage),
        "scanned_at_s": frame.scanned_at_s,
        **more,
    }
    per_cm = 1e7 / frame.settings.pixel_size_nm
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        frame.image,
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
        description=json.dumps(told),
        metadata=None,
    )
    return buffer.getvalue()
