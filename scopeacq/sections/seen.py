"""A picture of the wafer in memory, small enough to be searched, and where its pixels lie."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Placement
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.candidates import Ring
from scopeacq.sections.outlines import Outline
from scopeacq.sections.rings import counter_clockwise
from scopeacq.storage.pyramid_tiff import PyramidTiff, UnreadablePicture

MOST_PX = 5000
"""Larger pictures are searched in fewer pixels: sections are large, and memory is not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """``greys``: shape (y, x), uint8; ``placement`` is that of these pixels."""

    greys: NDArray[np.uint8]
    placement: Placement

    def ring_um(self, outline: Outline) -> Ring:
        """Corners (n, 2) of (column, row) [px] on the wafer [um], counter-clockwise there."""
        return counter_clockwise(tuple(self.placement.wafer_um((float(x), float(y))) for x, y in outline))

    def outline_px(self, ring: Ring) -> Outline:
        """Corners on the wafer [um] as (n, 2) of (column, row) [px]."""
        return np.array([self.placement.px(corner) for corner in ring])

    def shows(self, outline: Outline) -> bool:
        """Whether all corners (column, row) [px] lie in the picture."""
        height, width = self.greys.shape
        return bool((outline >= -0.5).all() and (outline <= (width - 0.5, height - 0.5)).all())


def look_at(overview: Overview, most_px: int = MOST_PX) -> Seen:
    """An overview in grey, made smaller where it has more than ``most_px`` columns or rows.

    Raises:
        SettingsError: the file cannot be read.
    """
    enough = [k for k, level in enumerate(overview.levels) if max(level.shape) >= most_px]
    try:
        with PyramidTiff(overview.path) as picture:
            greys = _grey(picture, max(enough, default=0))
    except UnreadablePicture as error:
        raise SettingsError(overview.path, [str(error)], "Remove it and add the picture again.") from None
    if (shrink := most_px / max(greys.shape)) < 1:
        size = [max(1, round(n * shrink)) for n in reversed(greys.shape)]
        greys = np.asarray(cv2.resize(greys, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Seen(greys, _of_smaller(overview.placement, overview.size_px, greys.shape[::-1]))


def _grey(picture: PyramidTiff, number: int) -> NDArray[np.uint8]:
    """A whole level; colours count as the eye sees them."""
    level = picture.levels[number]
    whole = np.empty(level.shape, np.uint8)
    for row in range(level.grid[0]):
        for column in range(level.grid[1]):
            part = picture.part(number, row, column)
            grey = part if part.ndim == 2 else cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
            top, left = row * level.part[0], column * level.part[1]
            whole[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
    return whole


def _of_smaller(full: Placement, size_px: tuple[int, int], smaller_px: tuple[int, ...]) -> Placement:
    """Where the pixels of a picture lie that was made smaller; both sizes are width and height."""
    u, v = (whole / part for whole, part in zip(size_px, smaller_px, strict=True))
    (a, b, _), (c, d, _) = full.to_wafer
    x, y = full.wafer_um((u / 2 - 0.5, v / 2 - 0.5))  # its first pixel's centre
    return Placement(((a * u, b * v, x), (c * u, d * v, y)))
