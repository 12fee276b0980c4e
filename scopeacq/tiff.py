"""Small TIFF files in memory, for pictures that are kept beside a run."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import tifffile

from hardware.types import Image


def pair_as_tiff(images: Sequence[Image]) -> bytes:
    """Images of one shape as the pages of a TIFF file."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.stack(images), compression="zlib")
    return buffer.getvalue()
