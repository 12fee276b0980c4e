"""What a calibration shows, while it runs and at its end: plain values that window and reports draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point
from scopeacq.telling.svg import Axes, Series


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines and dots over two axes."""

    title: str
    series: tuple[Series, ...]
    axes: Axes


@dataclass(frozen=True, slots=True)
class Arrows:
    """Deviations at places, both in ``unit``: what residuals of geometry look like.

    ``at`` and ``by`` are of one length; arrows are drawn ``factor`` times as long as ``by``. ``left_out``
    holds the numbers of those that were no part of the fit.
    """

    title: str
    unit: str
    at: tuple[Point, ...]
    by: tuple[Point, ...]
    factor: float = 1.0
    left_out: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Values (h, w) on a grid, NaN where there is none; rows run down.

    ``left, top, right, bottom`` are the borders of the grid in the units of the axes' labels.
    """

    title: str
    values: NDArray[np.float64]
    borders: tuple[float, float, float, float]
    x_label: str
    y_label: str
    value_label: str


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture, uint8 (h, w), with the points (column, row) that were found in it."""

    title: str
    grey: NDArray[np.uint8]
    marks: tuple[Point, ...] = ()


Figure = Plot | Arrows | HeatMap | Picture
