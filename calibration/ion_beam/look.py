"""A picture of the wafer around a mark, laid together from frames by where the stage stood."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.types import Frame, FrameSettings
from scopeacq.engine.ways import xy_um
from scopeacq.manual import Manual
from scopeacq.plan.geometry import Point, pixel_to_lab

Picture = NDArray[np.float32]
"""Mean grey values (h, w), NaN where nothing was seen; rows run down."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture lies: its first pixel's middle in the stage frame, and the edge of a pixel [um]."""

    left_um: float
    top_um: float
    pitch_um: float

    def columns_um(self, picture: Picture) -> NDArray[np.float64]:
        """Stage x of the columns (w,)."""
        return self.left_um + self.pitch_um * np.arange(picture.shape[1], dtype=np.float64)

    def rows_um(self, picture: Picture) -> NDArray[np.float64]:
        """Stage y of the rows (h,)."""
        return self.top_um - self.pitch_um * np.arange(picture.shape[0], dtype=np.float64)


def frame_places(at_um: Point, half_um: Point, frame: FrameSettings) -> list[Point]:
    """Middles of frames, side by side, that cover a rectangle of the stage frame."""
    edges_um = (frame.width_px * frame.pixel_size_nm * 1e-3, frame.height_px * frame.pixel_size_nm * 1e-3)
    columns, rows = (math.ceil(2 * half / edge) for half, edge in zip(half_um, edges_um, strict=True))
    return [
        (at_um[0] + (c - (columns - 1) / 2) * edges_um[0], at_um[1] - (r - (rows - 1) / 2) * edges_um[1])
        for r in range(rows)
        for c in range(columns)
    ]


def look(
    manual: Manual, at_um: Point, half_um: Point, settings: FrameSettings, told: Callable[[], None]
) -> tuple[Picture, Placed]:
    """See the surroundings of a point of the stage frame.

    Raises ``HardwareError``, also ``Halted``; the electron beam is blanked then.
    """
    places = frame_places(at_um, half_um, settings)
    pitch_um = settings.pixel_size_nm * 1e-3
    xs, ys = zip(*places, strict=True)
    shape = (
        round((max(ys) - min(ys)) / pitch_um) + settings.height_px,
        round((max(xs) - min(xs)) / pitch_um) + settings.width_px,
    )
    left_um, top_um = at_um[0] - (shape[1] - 1) / 2 * pitch_um, at_um[1] + (shape[0] - 1) / 2 * pitch_um
    laid = _Laid(Placed(left_um, top_um, pitch_um), shape)
    for frame, field_um in _frames(manual, places, settings):
        laid.add(frame, field_um)
        told()
    return laid.picture(), laid.placed


def _frames(manual: Manual, places: list[Point], settings: FrameSettings) -> Iterator[tuple[Frame, Point]]:
    """Each with where its middle lies off the beam axis [um]."""
    for place_um in places:
        manual.go(manual.way_to(*place_um))
        manual.bring_up()
        frame = manual.grab(settings)
        yield frame, manual.field_shift_um(frame.optics)


class _Laid:
    """Sums of grey values and of pixels, bin by bin."""

    def __init__(self, placed: Placed, shape: tuple[int, int]) -> None:
        self.placed, self._shape = placed, shape
        self._sum, self._n = np.zeros(shape), np.zeros(shape)

    def add(self, frame: Frame, field_um: Point) -> None:
        """Lay down a frame of a stage at rotation 0; what lies outside is left out."""
        stage_um = xy_um(frame.stage)
        to_lab = pixel_to_lab(frame.settings, field_um, frame.shape)
        columns, rows = np.meshgrid(np.arange(frame.image.shape[1]), np.arange(frame.image.shape[0]))
        x_um, y_um = (a * columns + b * rows + c for a, b, c in to_lab)
        column = np.rint((x_um + stage_um[0] - self.placed.left_um) / self.placed.pitch_um).astype(int)
        row = np.rint((self.placed.top_um - y_um - stage_um[1]) / self.placed.pitch_um).astype(int)
        height, width = self._shape
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        bins = row[inside] * width + column[inside]
        self._sum += np.bincount(bins, frame.image[inside], height * width).reshape(self._shape)
        self._n += np.bincount(bins, minlength=height * width).reshape(self._shape)

    def picture(self) -> Picture:
        return np.where(self._n > 0, self._sum / np.maximum(self._n, 1), np.nan).astype(np.float32)
