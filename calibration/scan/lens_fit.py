"""From images at several working distances to how the lens shifts, turns and magnifies them. Pure."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.robust_fits import Complex, Estimate, robust_fit


@dataclass(frozen=True, slots=True)
class Likeness:
    """An image over another: ``factor`` times as large, turned counter-clockwise, shifted by (x, y)."""

    factor: float
    rotation_deg: float
    shift_um: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class LensFit:
    """How pixels grow, rows turn and the field of view moves in the lab, per um of working distance.

    As in :class:`~scopeacq.plan.scan_law.ScanLaw` and ``image_shift`` of the profile. Residuals are of the
    images: shares of the size, degrees, and um (n,) each.
    """

    magnification_per_um: Estimate
    rotation_deg_per_um: Estimate
    shift_x_um_per_um: Estimate
    shift_y_um_per_um: Estimate
    turn_residuals: Complex
    shift_residuals_um: Complex


def likeness(
    reference_um: Complex, found_um: Complex, rng: np.random.Generator, least_um: float
) -> Likeness | None:
    """What turns and scales points (n,) of a reference into where an image shows them.

    Both are measured from the middle of their frames, in the lab. None where there are too few points.
    """
    design = np.column_stack([reference_um, np.ones_like(reference_um)])
    try:
        solution = robust_fit(design, found_um, rng, least_um)
    except ValueError:
        return None
    turn, shift = (complex(value) for value in solution.coefficients)
    return Likeness(abs(turn), math.degrees(cmath.phase(turn)), (shift.real, shift.imag))


def fit_lens(wd_change_um: NDArray[np.float64], seen: list[Likeness]) -> LensFit:
    """Straight lines through images at working distances (n,), n >= 3, over the reference's.

    An image looks smaller where its pixels are larger, and turned the other way; its content is shifted
    against its field of view. Raises ``ValueError`` where the working distances do not tell.
    """
    turns = np.array([math.log(one.factor) + 1j * math.radians(one.rotation_deg) for one in seen])
    moved = np.array([complex(*one.shift_um) for one in seen])
    turn, turn_sd, turn_off = _slope(wd_change_um, -turns)
    shift, shift_sd, shift_off = _slope(wd_change_um, -moved)
    return LensFit(
        Estimate(turn.real, turn_sd),
        Estimate(math.degrees(turn.imag), math.degrees(turn_sd)),
        Estimate(shift.real, shift_sd),
        Estimate(shift.imag, shift_sd),
        turn_off,
        shift_off,
    )


def _slope(x: NDArray[np.float64], y: Complex) -> tuple[complex, float, Complex]:
    """The slope of a line of least squares, the standard deviation of its parts, and residuals (n,)."""
    if len(x) < 3 or float(np.ptp(x)) == 0.0:
        raise ValueError("a line with its uncertainty needs three working distances, not all alike")
    away = x - x.mean()
    slope = complex((away * y).sum() / (away**2).sum())
    residuals = np.asarray(y - y.mean() - slope * away)
    noise = math.sqrt(float((np.abs(residuals) ** 2).sum()) / (2 * (len(x) - 2)))
    return slope, noise / math.sqrt(float((away**2).sum())), residuals
