"""Defects of a frame that its pixels alone prove."""

from __future__ import annotations

import numpy as np

from hardware.types import Image

TRUNCATED_ROWS = 2
"""So many constant rows at the bottom are no chance: every true pixel carries noise."""


def defect(image: Image) -> str | None:
    """What is wrong with ``image`` (2-D, uint8 or uint16) as a clause, or None.

    A scan that broke off leaves constant rows at its end; a dead digitiser leaves a constant
    frame. A dark frame is no defect: bare wafer is dark as well.
    """
    if image.ndim != 2 or image.size == 0:
        return f"the frame has the shape {image.shape}"
    if image.dtype not in (np.uint8, np.uint16):
        return f"the frame holds {image.dtype}, not 8 or 16 bit"
    bottom = image[-TRUNCATED_ROWS:]
    if not bool((bottom == bottom[0, 0]).all()):
        return None
    if bool((image == bottom[0, 0]).all()):
        return f"the frame is constant at grey level {int(image[0, 0])}"
    return "the frame is truncated: its last rows are constant"
