"""The bowl that scores of single images lie in, when nothing is known of the stigmators. Pure.

The blur of an image is ``sqrt(wd^2 + astig x^2 + astig y^2)`` away from focus, in um of focal shift. How
many um a unit of the stigmators is, is fitted along with where focus lies: their axes do not matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Floats = NDArray[np.float64]

RELATIVE_SD, DOUBTED_UM = 0.1, 4.0
"""Of a score; beyond so many um it grows with the score: from afar all images look alike."""

START_SD_UM, STRENGTH_SD, SCALE_SD = 20.0, 0.9, 0.35
FLOOR_UM, FLOOR_SD = 0.8, 0.7
LEAST_SCORE_UM = 0.05
LOG_LIMITS = (-4.0, 4.0)
GUESSED_STRENGTHS = (0.4, 1.0, 2.5)


@dataclass(frozen=True, slots=True, eq=False)
class Bowl:
    """Where focus lies in the points' coordinates (3,), with its standard deviations (3,).

    ``strength``: how many times as far the second and third coordinate truly lead as they say.
    ``floor_um``: the score in focus.
    """

    centre: Floats
    sd: Floats
    strength: float
    strength_sd: float
    floor_um: float


def fit_bowl(points: Floats, scores_um: Floats) -> Bowl:
    """Fit ``score^2 = scale^2 (wd^2 + strength^2 |astig|^2) + floor^2`` to images at points (n, 3) [um].

    The first point is where focus is believed to be. Outliers hardly count (Cauchy). Scores that are not
    finite are left out. Raises ``ValueError`` for fewer than four others.
    """
    seen = np.isfinite(scores_um)
    if seen.sum() < 4:
        raise ValueError("fewer than four images have texture to score")
    start, points, scores = points[0], points[seen], np.maximum(scores_um[seen], LEAST_SCORE_UM)
    sds = RELATIVE_SD * np.maximum(1.0, scores / DOUBTED_UM)
    before = np.array([0.0, 0.0, 0.0, 0.0, 0.0, math.log(FLOOR_UM)])
    before_sds = np.array([*3 * [START_SD_UM], STRENGTH_SD, SCALE_SD, FLOOR_SD])

    def residuals(unknown: Floats) -> Floats:
        strength, scale, floor = np.exp(np.clip(unknown[3:], *LOG_LIMITS))
        off = (points - start - unknown[:3]) * np.array([1.0, strength, strength])
        expected = np.log(np.hypot(scale * np.sqrt(np.square(off).sum(1)), floor))
        return np.array([*((expected - np.log(scores)) / sds), *((unknown - before) / before_sds)])

    nearest = points[int(scores.argmin())] - start
    guesses = [[*nearest, math.log(s), *before[4:]] for s in GUESSED_STRENGTHS]
    best = min(
        (least_squares(residuals, guess, loss="cauchy") for guess in guesses), key=lambda fit: fit.cost
    )
    jacobian = np.asarray(best.jac, dtype=np.float64)
    scatter = max(1.0, 2 * float(best.cost) / len(scores))
    sd = np.sqrt(scatter * np.diag(np.linalg.inv(jacobian.T @ jacobian)))
    strength = math.exp(float(best.x[3]))
    return Bowl(start + best.x[:3], sd[:3], strength, strength * float(sd[3]), math.exp(float(best.x[5])))
