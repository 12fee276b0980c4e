"""The wafer's focus surface: a plane of working distance over the wafer, fitted in each cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point
from scopeacq.telling.wording import counted

MIN_SPREAD = 0.05
"""Points closer to a line than this share of their extent carry no slope across it."""

KEPT_SHARE = 0.75
KEPT_POINTS = 4
"""Outliers may be left out down to these: more are no accident, and through three a plane always goes."""

ROBUST_ROUNDS, TUKEY, FINEST_UM = 20, 4.7, 0.05
"""Reweightings, the deviations from which on a point does not count, and the least of them [um]."""


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
    """Plane through focused points of the wafer; as many outliers are left out as must be.

    Raises ``SurfaceRefused``: fewer than three points, all near a line, or no plane within
    ``max_residual_um`` of at least three quarters of the points and of four of them.
    """
    if not spans_plane(points):
        raise SurfaceRefused(
            f"No focus surface goes through {counted(len(points), 'point')} on a line or too close; "
            "focus on more sections."
        )
    everything = _fit(points, wd_um, tuple(range(len(points))))
    fewest = min(max(KEPT_POINTS, int(np.ceil(KEPT_SHARE * len(points)))), len(points))
    best = everything
    while best.residual_um > max_residual_um and len(best.kept) > fewest:
        best = _without_worst(points, wd_um, best.kept)
    if best.residual_um <= max_residual_um:
        return best
    raise SurfaceRefused(
        f"The focus of {len(points)} places lies up to {everything.residual_um:.1f} um off any plane "
        f"(allowed {max_residual_um:g} um); correct every tile, or look what holds the wafer."
    )


def robust_surface(points: Sequence[Point], wd_um: Sequence[float]) -> Surface:
    """Plane through points that span one, whatever some of them say: to be looked at, not to be trusted.

    Least squares in which what lies far off counts less (Tukey's weights on the median deviation).
    """
    xy, wd = np.asarray(points, dtype=np.float64), np.asarray(wd_um, dtype=np.float64)
    centre = xy.mean(axis=0)
    design = np.column_stack([np.ones(len(xy)), xy - centre])
    plane: NDArray[np.float64] = np.array([np.median(wd), 0.0, 0.0])
    weights = np.ones(len(xy))
    for _ in range(ROBUST_ROUNDS):
        root = np.sqrt(weights)
        plane = np.linalg.lstsq(design * root[:, None], wd * root, rcond=None)[0]
        deviation = np.abs(design @ plane - wd)
        reach = TUKEY * max(1.4826 * float(np.median(deviation)), FINEST_UM)
        weights = np.square(np.clip(1 - np.square(deviation / reach), 1e-6, None))
    level, slope_x, slope_y = (float(v) for v in plane)
    return Surface(level - slope_x * float(centre[0]) - slope_y * float(centre[1]), slope_x, slope_y)


def spans_plane(points: Sequence[Point]) -> bool:
    """Whether a plane over these points is determined: three or more, well off a line."""
    if len(points) < 3:
        return False
    centred = np.asarray(points) - np.mean(points, axis=0)
    extents = np.linalg.svd(centred, compute_uv=False)
    return bool(extents[1] > MIN_SPREAD * extents[0] > 0)


def _without_worst(points: Sequence[Point], wd_um: Sequence[float], kept: tuple[int, ...]) -> SurfaceFit:
    """The best fit with one point less."""
    subsets = [tuple(i for i in kept if i != left) for left in kept]
    fits = [_fit(points, wd_um, subset) for subset in subsets if spans_plane([points[i] for i in subset])]
    return min(fits, key=lambda fit: fit.residual_um, default=_fit(points, wd_um, subsets[0]))


def _fit(points: Sequence[Point], wd_um: Sequence[float], kept: tuple[int, ...]) -> SurfaceFit:
    xy: NDArray[np.float64] = np.asarray(points, dtype=np.float64)[list(kept)]
    wd = np.asarray(wd_um, dtype=np.float64)[list(kept)]
    centre = xy.mean(axis=0)
    design = np.column_stack([np.ones(len(xy)), xy - centre])
    (level, slope_x, slope_y), *_ = np.linalg.lstsq(design, wd, rcond=None)
    residual = float(np.abs(design @ (level, slope_x, slope_y) - wd).max())
    wd0 = level - slope_x * centre[0] - slope_y * centre[1]
    return SurfaceFit(Surface(float(wd0), float(slope_x), float(slope_y)), residual, kept)
