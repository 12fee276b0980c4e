"""From where marks lie to the gun's elevation and the mill pose. Pure.

The stage's tilt t carries the wafer; the beam comes down by the elevation e and crosses the column's axis
at the height a. On the wafer it ends ``v = (a - z) cos(e) / sin(t + e)`` up the slope from the tilt axis,
so that ``dv/dz = -cos(e) / sin(t + e)`` and ``tan(e) = (1/|dv/dz| - sin(t)) / cos(t)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Point


@dataclass(frozen=True, slots=True)
class Found:
    """A mark: stage x, y, z and tilt beside the gun, and where in the stage frame it was found.

    ``sd_um``: of that place, x and y.
    """

    stage_um: Point
    z_um: float
    tilt_deg: float
    at_um: Point
    sd_um: Point


@dataclass(frozen=True, slots=True, eq=False)
class GunFit:
    """``x_um, y_um``: the mill pose, where the stage frame's origin meets the beam at the mill height under
    the glancing angle. ``residuals_um`` (n, 2): what the marks are off. ``turned_deg``: how the wafer came
    back.
    """

    elevation_deg: float
    elevation_sd_deg: float
    x_um: float
    x_sd_um: float
    y_um: float
    y_sd_um: float
    turned_deg: float
    residuals_um: NDArray[np.float64]


def fit_gun(marks: Sequence[Found], glancing_deg: float, mill_z_um: float) -> GunFit:
    """Fit the marks of one stay beside the gun, at one tilt.

    Raises ``ValueError`` where they do not tell an angle: fewer than four, or all at one height.
    """
    stage, at = np.array([m.stage_um for m in marks]), np.array([m.at_um for m in marks])
    dz, x = np.array([m.z_um for m in marks]) - mill_z_um, at[:, 0] - at[:, 0].mean()
    (u, v), (sd_u, sd_v) = (at - stage).T, np.array([m.sd_um for m in marks]).max(axis=0)
    design = np.column_stack([np.ones_like(dz), dz, x])
    if len(marks) < 4 or np.linalg.matrix_rank(design) < 3:
        raise ValueError("the marks do not tell an angle: they need two heights and more places")
    (v0, slope, turn), cov = _solved(design, v, float(sd_v))
    tilt = math.radians(float(np.mean([m.tilt_deg for m in marks])))
    if slope >= 0:
        raise ValueError("the marks do not walk down the slope as the stage rises")
    elevation = math.atan((-1 / slope - math.sin(tilt)) / math.cos(tilt))
    elevation_sd = math.sqrt(cov[1, 1]) * math.cos(elevation) ** 2 / (slope**2 * math.cos(tilt))
    # at another tilt the same height above the beam is another way up the slope
    stretch = math.sin(tilt + elevation) / math.sin(math.radians(glancing_deg))
    residuals = np.column_stack([u - u.mean(), v - design @ (v0, slope, turn)])
    return GunFit(
        elevation_deg=math.degrees(elevation),
        elevation_sd_deg=math.degrees(elevation_sd),
        x_um=-float(u.mean()),
        x_sd_um=float(sd_u / math.sqrt(len(u))),
        y_um=-float(v0 * stretch),
        y_sd_um=float(math.sqrt(cov[0, 0]) * stretch),
        turned_deg=math.degrees(turn),
        residuals_um=residuals,
    )


def _solved(
    design: NDArray[np.float64], values: NDArray[np.float64], sd: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least squares with covariance; scatter beyond what is known of the places counts as well."""
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    left = values - design @ coefficients
    variance = max(sd**2, float(left @ left) / max(len(values) - design.shape[1], 1))
    covariance = variance * np.linalg.inv(design.T @ design)
    return np.asarray(coefficients, np.float64), np.asarray(covariance, np.float64)
