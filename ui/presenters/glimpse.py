"""What the network finds so far, on a piece of the wafer: shown while it learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A piece of the overview, shape (y, x), uint8, and what is found in it, by pixels (column, row)."""

    picture: NDArray[np.uint8]
    outlines_px: tuple[tuple[Point, ...], ...]
    words: str
