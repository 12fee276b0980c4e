"""Whether a stigmator frame may be used, and why not: sentences for operators. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calibration.stigmators.beam_angle import BeamAngle
from calibration.stigmators.fit import FittedFrame, Floats, Response
from scopeacq.plan.calibrations import Verdict

LEAST_PAIRS = 9
"""Of the fourteen: two for each direction of the star, and one."""

LARGEST_SHARE_LEFT_OUT = 0.25
LARGEST_SPREAD = 2.5
"""Standard deviations that residuals may be larger than stated: beyond it no frame fits."""

STRENGTH_SD, ROTATION_SD_DEG = 0.05, 2.0
"""With a frame that is off by so much, one correction still takes away nine tenths of the astigmatism."""

BENT = 0.15
"""Share by which large offsets may act otherwise than small ones."""

RICHER = "choose a place that is richer in structure, or a longer dwell time"


def verdict_on(offsets: Floats, frame: FittedFrame, angle: BeamAngle) -> Verdict:
    """For the fit to readings at ``offsets`` (n, 2) [a.u.], read with ``angle``."""
    reasons = tuple(_troubles(offsets, frame, angle))
    return Verdict(good=not reasons, reasons=reasons or (_praise(frame),))


def _praise(frame: FittedFrame) -> str:
    strength = 100 * frame.sd_um_per_unit / frame.frame.um_per_unit
    return (
        f"The stigmators act as a frame does; its strength is known to {strength:.1f} % and its axes to "
        f"{frame.sd_rotation_deg:.1f} degrees."
    )


def _troubles(offsets: Floats, frame: FittedFrame, angle: BeamAngle) -> Iterator[str]:
    yield from _of_pairs(frame.response, len(offsets))
    strength_sd = max(
        frame.sd_um_per_unit / frame.frame.um_per_unit, frame.sd_y_ratio / frame.frame.y_ratio
    )
    axes_sd_deg = max(frame.sd_rotation_deg, frame.sd_skew_deg)
    if strength_sd > STRENGTH_SD or axes_sd_deg > ROTATION_SD_DEG:
        yield (
            f"The frame is known to {100 * strength_sd:.0f} % and {axes_sd_deg:.1f} degrees only; {RICHER}."
        )
    bent = bend(offsets, frame)
    if abs(bent) > BENT:
        yield (
            f"Large offsets act {100 * bent:+.0f} % otherwise than small ones; choose smaller offsets, and "
            "see whether the stigmators are near their limits."
        )
    if not angle.settled:
        yield (
            f"The estimator's answers stretch by {angle.stretch:.2f} with every convergence angle that was "
            "tried; begin nearer to focus, or recalibrate the estimator."
        )


def _of_pairs(response: Response, count: int) -> Iterator[str]:
    left_out = len(response.left_out)
    if count - left_out < LEAST_PAIRS:
        yield f"Only {count - left_out} pairs could be used, and {LEAST_PAIRS} are needed; {RICHER}."
    if left_out > LARGEST_SHARE_LEFT_OUT * count:
        yield f"{left_out} of {count} pairs contradict the others; measure again."
    if response.spread > LARGEST_SPREAD:
        yield (
            f"The pairs scatter {response.spread:.1f} times as much as their estimator says; see whether "
            "anything drifts or charges, and measure again."
        )


def bend(offsets: Floats, frame: FittedFrame) -> float:
    """How much more a unit acts in large offsets than in small ones, as a share.

    What residuals add along what the fit says, for each half by size.
    """
    kept = np.ones(len(offsets), bool)
    kept[list(frame.response.left_out)] = False
    said_um = (offsets @ frame.response.matrix.T)[kept]
    along = (frame.response.residuals[kept] * said_um).sum(axis=1)
    squares = np.square(said_um).sum(axis=1)
    large = squares > 0.7 * squares.max(initial=0.0)
    parts = [along[part].sum() / max(float(squares[part].sum()), 1e-12) for part in (large, ~large)]
    return float(parts[0] - parts[1])
