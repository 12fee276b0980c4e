"""The wafer's focus surface: a plane of working distance over the wafer, fitted in each cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scopeacq.geometry import Point


@dataclass(frozen=True, slots=True)
class Surface:
    """``wd = wd0_um + slope_x * x + slope_y * y`` over wafer um."""

    wd0_um: float
    slope_x: float
    slope_y: float

    def wd_um(self, point: Point) -> float:
        """Working distance at a point of the wafer [um]."""
        return self.wd0_um + self.slope_x * point[0] + self.slope_y * point[1]


@dataclass(frozen=True, slots=True)
class SurfaceFit:
    """A fitted surface, the largest residual among the points kept [um], and their indices."""

    surface: Surface
    residual_um: float
    kept: tuple[int, ...]


class SurfaceRefused(Exception):
    """No trustworthy plane goes through these points; the message says why in one sentence."""


def fit_surface(points: Sequence[Point], wd_um: Sequence[float], max_residual_um: float) -> SurfaceFit:
    """Plane through focused points of the wafer, outliers left out.

    Raises ``SurfaceRefused``: fewer than three points, all on a line, or no plane within
    ``max_residual_um`` of all but a quarter of them.
    """
    raise NotImplementedError
