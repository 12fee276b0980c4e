"""When the wafer first shows, for each pixel of a stack of slices (Schubert 2022, section 2.2). Pure.

The source takes the wafer for what is darker than a threshold and the slice behind the last one with tissue
for its first occurrence. A crumb of debris on bare wafer then counts as tissue. So the slice is also taken
that contradicts the fewest others: as few as possible dark before it and bright from it on, in slices
smoothed by a pixel. Where there is no debris and little noise, both are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from hardware.types import Image

Indices = NDArray[np.int32]
SMOOTHING_PX = 1.0
"""Standard deviation of the Gaussian over indices, as in the source."""


@dataclass(frozen=True, slots=True, eq=False)
class FirstWafer:
    """Numbers of the first slice that shows the wafer, int32 (h, w): 0 from the start, ``slices`` never.

    ``behind_last_tissue`` is the source's, ``least_contradicted`` bears debris.
    """

    behind_last_tissue: Indices
    least_contradicted: Indices
    slices: int

    @property
    def through(self) -> float:
        """The share of pixels where the wafer has come through."""
        return float((self.least_contradicted < self.slices).mean())


@dataclass(frozen=True, slots=True)
class Height:
    """Mean and standard deviation of the first occurrence over pixels, in slices."""

    mean: float
    sd: float

    @classmethod
    def of(cls, indices: Indices) -> Height:
        """After a slight smoothing, as in the source."""
        smooth = gaussian_filter(indices.astype(np.float64), SMOOTHING_PX, mode="nearest")
        return cls(float(smooth.mean()), float(smooth.std()))


def first_wafer(slices: Iterable[Image], dark_below: int) -> FirstWafer:
    """One look at each slice, uint8 or uint16 (h, w), from the top; ``dark_below`` is of 255 grey levels.

    Raises ``ValueError`` for no slice at all.
    """
    behind: Indices | None = None
    count = 0
    for count, image in enumerate(slices, start=1):
        threshold = dark_below * float(np.iinfo(image.dtype).max) / 255
        if behind is None:
            behind, best = np.zeros(image.shape, np.int32), np.zeros(image.shape, np.int32)
            contradictions, fewest = np.zeros(image.shape, np.int32), np.zeros(image.shape, np.int32)
        behind[image >= threshold] = count
        smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), SMOOTHING_PX)
        # to begin behind this slice contradicts it if it is dark, and no longer if it is bright
        contradictions += np.where(smooth < threshold, 1, -1).astype(np.int32)
        fewer = contradictions < fewest
        best[fewer], fewest[fewer] = count, contradictions[fewer]
    if behind is None:
        raise ValueError("a stack without slices shows nothing")
    return FirstWafer(behind, best, count)
