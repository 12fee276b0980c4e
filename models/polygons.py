"""Polygons in pictures: their area, and painted by the centres of pixels."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Polygon = NDArray[np.float64]
"""Shape (n, 2), n >= 3: corners (column, row) in turn; (0, 0) is the centre of the first pixel."""

HAIR_PX = 1e-6  # of two polygons that share a side along centres of pixels, one gets these


def area(polygon: Polygon) -> float:
    """By the shoelace formula [px^2]."""
    x, y = polygon.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def fill(canvas: NDArray[np.uint8] | NDArray[np.int32], polygon: Polygon, value: int = 1) -> None:
    """Paint those pixels whose centres lie inside; shape (y, x), what lies beside the canvas is left out.

    OpenCV paints each pixel that the border touches, and so half a pixel too much all around.
    """
    size = canvas.shape[::-1]
    low = np.clip(np.ceil(polygon.min(0)), 0, size).astype(int)
    high = np.clip(np.floor(polygon.max(0)) + 1, low, size).astype(int)
    window = canvas[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    window[shapely.contains_xy(shapely.Polygon(polygon), x + HAIR_PX, y + HAIR_PX)] = value
