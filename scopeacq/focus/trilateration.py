"""Where focus lies, from scores of single images: each is a distance from the one point in focus.

The blur of an image is ``sqrt(wd^2 + astig x^2 + astig y^2)`` away from focus, in um of focal shift
(Schubert 2022 minimises a score blindly, which takes tens of images). Four distances from known
points determine a point; more of them, taken where it is least certain, determine it well. What a
texture does to all scores alike, a scale, a floor and a preference for a direction, is fitted along.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Target:
    """A point to look at [um], (3,), and how blurred it should be [um], inf where nothing is known.

    ``scatter``: of the scores so far, see :class:`Place`.
    """

    point_um: Doubles
    expected_um: float
    scatter: float = 1.0


Search = Generator[Target, float, None]
"""Yields targets, is sent their scores [um], and ends when focus is found; the last target is it."""

SCORE_SD, DOUBTED_UM = 0.08, 4.0
"""Relative error of a score, which grows beyond so many um: from afar all images look alike."""

USUAL_SCORES = 4
"""What scores really scatter by is learned, as if so many others had scattered by ``SCORE_SD``."""

REACH_UM = (2.5, 15.0)
"""How far from the believed focus images are taken: near enough for small errors of the score."""

FOUND_UM = 0.22
"""Standard deviation along the least certain direction from which on the point is found."""

PATIENCE_IMAGES, LOOSE = 30, 1.5
"""After so many images the point is found at so many times that deviation: scores tell no more."""

ABOUT = 1.4
"""Scores that differ by less may be the same."""

SCALE_SD, LEAN_SD = 0.3, 0.3
FLOOR_UM, FLOOR_SD = 0.8, 0.7
"""What is believed before: the scale of scores is 1 but for a factor, structure lies in all directions
alike but for a lean, and in focus scores are not 0."""

START_SD_UM = 20.0
LEAST_SCORE_UM = 0.05
LOG_LIMITS = (-5.0, 5.0)
LEAST_BLUR = 0.1  # of 1 um off focus


@dataclass(frozen=True, slots=True)
class Place:
    """Where focus is believed to be [um], (3,), with its covariance (3, 3) and the score there.

    ``lean`` (2,): what directions the texture prefers, see :func:`blurs_um`. ``scatter``: how many times
    as much as they should, in squares, scores scatter about the fit; at least 1.
    """

    centre_um: Doubles
    covariance: Doubles
    score_um: float
    lean: Doubles
    scatter: float

    @property
    def sd_um(self) -> float:
        """Along the least certain direction."""
        return float(np.sqrt(np.linalg.eigvalsh(self.covariance)[-1]))


def blurs_um(offsets_um: Doubles, lean: Doubles) -> Doubles:
    """How blurred a texture looks (n,) at (n, 3) from focus [um].

    Along a direction phi the blur is ``|z e + a|`` with ``e = (cos 2 phi, sin 2 phi)``: its mean square
    over the directions that a texture has structure in is ``z^2 + a^2 + 2 z a m``, where m is the mean
    of e, 0 for structure in all directions alike, of length 1 for lines. ``lean`` (2,) has any length.
    """
    z, *a = offsets_um.T
    m = lean / math.hypot(1.0, *lean)
    return np.asarray(np.sqrt(z**2 + a[0] ** 2 + a[1] ** 2 + 2 * z * (m[0] * a[0] + m[1] * a[1])))


def place_of_focus(points_um: Doubles, scores_um: Doubles) -> Place:
    """Fit ``score^2 = (scale blur)^2 + floor^2`` to scores (n,) of images at points (n, 3).

    The blur is that of :func:`blurs_um` at their distances from focus, about which the first point, the
    start, says where it is believed to lie. Errors of scores are relative to them, and learned; outliers
    hardly count (Cauchy). Where nothing could be scored (inf) it is at least as far as from most places
    where anything could.
    """
    seen = np.isfinite(scores_um)
    logs = np.log(np.maximum(scores_um, LEAST_SCORE_UM))
    typical = float(np.median(logs[seen])) if seen.any() else math.log(LEAST_SCORE_UM)
    start = points_um[0]
    sds = SCORE_SD * np.maximum(1.0, np.exp(np.where(seen, logs, typical)) / DOUBTED_UM)
    before = np.array([*start, 0.0, np.log(FLOOR_UM), 0.0, 0.0])
    before_sds = np.array([*3 * [START_SD_UM], SCALE_SD, FLOOR_SD, LEAN_SD, LEAN_SD])

    def residuals(unknown: Doubles) -> Doubles:
        scale, floor = np.exp(np.clip(unknown[3:5], *LOG_LIMITS))
        expected = np.log(np.hypot(scale * blurs_um(points_um - unknown[:3], unknown[5:]), floor))
        errors = np.where(seen, expected - np.where(seen, logs, 0.0), np.minimum(expected - typical, 0.0))
        return np.array([*(errors / sds), *((unknown - before) / before_sds)])

    guesses = [points_um[logs.argmin()], _linear(points_um[seen], np.exp(logs[seen]), start)]
    fits = [least_squares(residuals, [*guess, *before[3:]], loss="cauchy") for guess in guesses]
    best = min(fits, key=lambda fit: float(fit.cost))
    jacobian = np.asarray(best.jac, dtype=np.float64)
    scatter = max(1.0, (2 * best.cost + USUAL_SCORES) / (len(scores_um) - 4 + USUAL_SCORES))
    covariance = np.asarray(scatter * np.linalg.inv(jacobian.T @ jacobian)[:3, :3], dtype=np.float64)
    return Place(best.x[:3], covariance, float(np.exp(best.x[4])), best.x[5:], scatter)


def _linear(points: Doubles, scores: Doubles, start: Doubles) -> Doubles:
    """The centre of the sphere by linear least squares: score^2 = |x|^2 - 2 x c + d."""
    x = points - start
    design = np.column_stack([-2 * x, np.ones(len(x))])
    weights = 1 / np.maximum(scores, 1.0) ** 2
    # a little of "at the start" keeps it defined from the first point on
    design = np.vstack([weights[:, None] * design, 1e-4 * np.eye(4)])
    values = np.append(weights * (scores**2 - (x**2).sum(1)), np.zeros(4))
    return np.asarray(start + np.linalg.lstsq(design, values)[0][:3])


def trilaterate(start_um: Doubles) -> Search:
    """Find focus from ``start_um`` (3,): look at the start, beside it, then go on as :func:`go_on`."""
    points, scores = start_um[None], np.array([(yield Target(start_um, math.inf))])
    step_um = float(np.clip(0.7 * scores[0], *REACH_UM))
    for axis in np.eye(3):
        score = yield Target(start_um + step_um * axis, float(scores[0]))
        points, scores = np.vstack([points, start_um + step_um * axis]), np.append(scores, score)
    yield from go_on(points, scores)


def go_on(points: Doubles, scores: Doubles) -> Search:
    """Find focus after scores (n,) at points (n, 3), at least one: look where it is least certain.

    Whenever the place is certain enough it is looked at itself; the search ends if that image is
    about as sharp as it should be, and no other sharper.
    """
    while True:
        place = place_of_focus(points, scores)
        loose = LOOSE if len(scores) >= PATIENCE_IMAGES else 1.0
        certain = place.sd_um <= loose * FOUND_UM
        point = place.centre_um if certain else _least_certain(place, points)
        expected_um = float(np.linalg.norm(point - place.centre_um)) + place.sd_um
        score = yield Target(point, expected_um, place.scatter)
        points, scores = np.vstack([points, point]), np.append(scores, score)
        if certain and score <= ABOUT * min(ABOUT * place.score_um, scores.min()):
            return


def _least_certain(place: Place, points: Doubles) -> Doubles:
    """A point beside the believed place: along an uncertain direction, on a side that is still empty."""
    variances, directions = np.linalg.eigh(place.covariance)
    # within the softness of the specimen nothing gets less sharp
    blur_um = float(np.clip(1.5 * max(place.sd_um, place.score_um), *REACH_UM))
    # along lines blur grows slowly: farther away
    reaches = np.clip(blur_um / np.maximum(blurs_um(directions.T, place.lean), LEAST_BLUR), *REACH_UM)
    sides: list[Doubles] = [
        place.centre_um + sign * reach * axis
        for reach, axis in zip(reaches, directions.T, strict=True)
        for sign in (1.0, -1.0)
    ]
    empty = [min(blur_um, float(np.linalg.norm(points - side, axis=1).min())) for side in sides]
    return sides[int(np.argmax(np.repeat(variances, 2) * empty))]
