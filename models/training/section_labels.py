"""What a pixel of a wafer's picture is said to be: all of a drawing, some by an operator."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.polygons import Polygon, fill

Labels = NDArray[np.uint8]
"""Shape (y, x) of :class:`Label`."""
Instances = NDArray[np.int32]
"""Shape (y, x): the number of the section, 0 beside all."""

RIM_PX = 10
SEAM_PX = 3


class Label(IntEnum):
    """Classes of the section network. Pixels to ignore do not count in its loss."""

    BACKGROUND = 0
    SECTION = 1
    SEAM = 2
    IGNORE = 255


def seams(instances: Instances) -> NDArray[np.bool_]:
    """Where two sections lie within half of ``SEAM_PX``, and so touch or nearly do."""
    numbers = instances.astype(np.float32)
    around = np.ones((SEAM_PX, SEAM_PX), np.uint8)
    highest = cv2.dilate(numbers, around)
    lowest = cv2.erode(np.where(numbers > 0, numbers, np.float32(np.inf)), around)
    return np.asarray((highest > lowest) & np.isfinite(lowest))


def dense_labels(instances: Instances) -> Labels:
    """Every pixel labelled."""
    labels = np.where(instances > 0, np.uint8(Label.SECTION), np.uint8(Label.BACKGROUND))
    labels[seams(instances)] = Label.SEAM
    return labels


def sparse_labels(
    shape: tuple[int, int], sections: Sequence[Polygon], background: Sequence[Polygon] = ()
) -> Labels:
    """What an operator has outlined: sections with a rim of background about them; the rest is ignored.

    The rim is that of the source: the sections are dilated ``RIM_PX`` times into what is ignored.
    """
    labels = np.full(shape, Label.IGNORE, np.uint8)
    for outline in background:
        fill(labels, outline, Label.BACKGROUND)
    instances = np.zeros(shape, np.int32)
    for number, outline in enumerate(sections, 1):
        fill(instances, outline, number)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    rim = cv2.dilate((instances > 0).astype(np.uint8), cross, iterations=RIM_PX) > 0
    labels[rim & (labels == Label.IGNORE)] = Label.BACKGROUND
    labels[instances > 0] = Label.SECTION
    labels[seams(instances)] = Label.SEAM
    return labels
