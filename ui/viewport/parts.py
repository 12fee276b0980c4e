"""Paints a picture of any size from the parts of its levels: as fine as the screen shows, no finer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QImage, QPainter

from scopeacq.storage.pyramid_tiff import Level

Fetch = Callable[[int, int, int], "QImage | None"]
"""A part by level, row and column; None while it is not there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a level and where it lies in the pixels of the full picture, the first from 0 to 1."""

    level: int
    row: int
    column: int
    area: QRectF


def level_for(levels: Sequence[Level], screen_per_px: float) -> int:
    """The smallest level that still has a pixel for each of the screen's.

    ``screen_per_px``: how many pixels of the screen a pixel of the full picture is wide.
    """
    full = levels[0].shape[1]
    fine = (n for n, level in enumerate(levels) if full / level.shape[1] * screen_per_px <= 1 + 1e-6)
    return max(fine, default=0)


def parts_in(levels: Sequence[Level], level: int, window: QRectF) -> list[Part]:
    """The parts of a level of which something lies in ``window``, in pixels of the full picture."""
    (full_h, full_w), (height, width) = levels[0].shape, levels[level].shape
    whole = QRectF(0, 0, full_w, full_h)
    window = window.intersected(whole)
    if window.isEmpty():
        return []
    wide, high = levels[level].part[1] * full_w / width, levels[level].part[0] * full_h / height
    rows = _range(window.top(), window.bottom(), high, levels[level].grid[0])
    columns = _range(window.left(), window.right(), wide, levels[level].grid[1])
    return [
        Part(level, row, column, QRectF(column * wide, row * high, wide, high).intersected(whole))
        for row, column in product(rows, columns)
    ]


def _range(low: float, high: float, edge: float, count: int) -> range:
    return range(max(math.floor(low / edge), 0), min(math.ceil(high / edge), count))


def draw_parts(
    painter: QPainter, levels: Sequence[Level], level: int, window: QRectF, fetch: Fetch
) -> bool:
    """Paint a level, and where parts are not there yet the next coarser one; whether nothing was missing.

    The painter stands in the pixels of the full picture.
    """
    parts = [(part, fetch(part.level, part.row, part.column)) for part in parts_in(levels, level, window)]
    whole = all(image is not None for _, image in parts)
    if not whole and level + 1 < len(levels):
        draw_parts(painter, levels, level + 1, window, fetch)
    for part, image in parts:
        if image is not None:
            painter.drawImage(part.area, image)
    return whole
