"""Fitting tiles together: by how much neighbours are apart in their overlap, then all of them at once.

Pixels only. What a strip of overlap tells is a shift and how well it is known along each direction: a
single edge says nothing of a shift along itself, and bare wafer says nothing at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from hardware.types import Image
from scopeacq.plan.geometry import Point
from scopeacq.vision.alignment import Band, band_pass, vertex

Floats = NDArray[np.float64]

BAND = Band(1.0, 8.0)
"""Finer detail is shot noise, coarser detail is shading."""
LEAST_TEMPLATE_PX = 4
"""What is searched for is at least so narrow, and the search goes as far as the overlap then lets it."""
LARGEST_REACH_PX = 12
LEAST_CORRELATION = 0.3
CHANCE_SD = 5.0
"""A correlation below so many standard deviations of what noise gives is chance."""
NOISE_AREA_PX = 12.0
"""Pixels that noise in the band has in common: 4 pi times the variance of its blur."""
UNLIKE = 0.05
"""What two scans of one place differ by besides noise: they never meet the same points."""
FINEST_PX = 0.1
"""No shift is known better than this."""
OUTLIER_SD = 6.0
"""A link whose residual is larger is wrong, when it also stands out of the others."""
OUTLIER_MEDIANS = 4.0

Information = tuple[tuple[float, float], tuple[float, float]]
"""The inverse covariance of a shift (columns, rows) [1/px^2]."""


@dataclass(frozen=True, slots=True)
class Link:
    """``offset_px`` (columns, rows) leads from the corner of the first tile to that of the second."""

    first: int
    second: int
    offset_px: Point
    information: Information
    correlation: float


@dataclass(frozen=True, slots=True)
class Fit:
    """Where tiles lie: ``corners_px`` (n, 2), columns and rows.

    ``residuals_px``: of each link that is ``used``, along what it knows.
    """

    corners_px: Floats
    used: tuple[Link, ...]
    dropped: tuple[Link, ...]
    residuals_px: Floats

    @property
    def rms_px(self) -> float | None:
        """Root mean square of the residuals, None where no tiles are linked."""
        return float(np.sqrt(np.mean(self.residuals_px**2))) if self.used else None


def linked(
    first: int,
    second: int,
    pictures: tuple[Image, Image],
    expected_px: Point,
    overlap_px: int,
    largest_reach_px: int = LARGEST_REACH_PX,
) -> Link | None:
    """Find the overlap of one tile in its neighbour, to a fraction of a pixel; None where nothing shows it.

    Args:
        pictures: both tiles, 2-D and of one shape, uint8 or uint16.
        expected_px: from the first one's corner to the second's (columns, rows).
        overlap_px: the width of the overlap as planned.
        largest_reach_px: how far off the tiles may lie; what a narrow overlap allows may be less.
    """
    reach = min((overlap_px - LEAST_TEMPLATE_PX) // 2, largest_reach_px)
    strips = _strips(pictures, expected_px)
    if reach < 1 or strips is None or min(strips[0].shape) <= 2 * reach + 1:
        return None
    fixed, moving = (np.asarray(band_pass(strip, BAND), np.float32) for strip in strips)
    template = fixed[reach:-reach, reach:-reach]
    if not (template.any() and moving.any()):
        return None
    scores = cv2.matchTemplate(moving, template, cv2.TM_CCOEFF_NORMED).astype(np.float64)
    row, column = (int(i) for i in np.unravel_index(int(np.argmax(scores)), scores.shape))
    correlation, independent = float(scores[row, column]), template.size / NOISE_AREA_PX
    at_border = not (0 < row < 2 * reach and 0 < column < 2 * reach)
    if at_border or correlation < max(LEAST_CORRELATION, CHANCE_SD / math.sqrt(independent)):
        return None
    dx = column - reach + vertex(scores[row, column - 1 : column + 2])
    dy = row - reach + vertex(scores[row - 1 : row + 2, column])
    nominal = round(expected_px[0]), round(expected_px[1])
    known = _information(scores, row, column, independent)
    return Link(first, second, (nominal[0] - dx, nominal[1] - dy), known, correlation)


def _strips(pictures: tuple[Image, Image], expected_px: Point) -> tuple[Image, Image] | None:
    """What both tiles show of their overlap, if they lie as expected."""
    rows, columns = pictures[0].shape
    dx, dy = round(expected_px[0]), round(expected_px[1])
    if abs(dx) >= columns or abs(dy) >= rows:
        return None
    left, top = max(dx, 0), max(dy, 0)
    width, height = columns - abs(dx), rows - abs(dy)
    return (
        pictures[0][top : top + height, left : left + width],
        pictures[1][top - dy : top - dy + height, left - dx : left - dx + width],
    )


def _information(scores: Floats, row: int, column: int, independent: float) -> Information:
    """What a map of correlations tells of the shift: how narrowly the best ones lie about their peak.

    Each shift counts by how far its correlation is below the best one, in units of what noise does to the
    correlation of so many ``independent`` pixels. An edge leaves a ridge, which is wide along it.
    """
    best = float(scores[row, column])
    noise = (1.0 - best**2 + UNLIKE) / math.sqrt(independent)
    weights = np.exp((scores - best) / noise)
    weights /= weights.sum()
    dy, dx = (axis - centre for axis, centre in zip(np.indices(scores.shape), (row, column), strict=True))
    xx, xy, yy = (float((weights * product).sum()) for product in (dx * dx, dx * dy, dy * dy))
    known = np.linalg.inv(np.array([[xx, xy], [xy, yy]]) + FINEST_PX**2 * np.eye(2))
    (a, b), (c, d) = known.tolist()
    return (a, b), (c, d)


def fitted(believed_px: Floats, links: Sequence[Link], believed_sd_px: float) -> Fit:
    """Where all tiles lie by least squares; links that contradict the others are left out, the worst first.

    ``believed_px``: corners (n, 2) as the stage says, each good to ``believed_sd_px``: what nothing links
    stays there.
    """
    used, dropped = list(links), list[Link]()
    while True:
        corners = _solved(believed_px, used, believed_sd_px)
        deviations = np.array([_deviation(link, corners) for link in used])
        limit = max(OUTLIER_SD, OUTLIER_MEDIANS * float(np.median(deviations))) if used else math.inf
        if not used or deviations.max() <= limit:
            return Fit(corners, tuple(used), tuple(dropped), FINEST_PX * deviations)
        dropped.append(used.pop(int(np.argmax(deviations))))


def _deviation(link: Link, corners: Floats) -> float:
    """How far a link is from being kept, in standard deviations of its shift."""
    off = corners[link.second] - corners[link.first] - link.offset_px
    return math.sqrt(max(float(off @ np.array(link.information) @ off), 0.0))


def _solved(believed_px: Floats, links: Sequence[Link], believed_sd_px: float) -> Floats:
    """The minimum of all squared deviations: (n, 2)."""
    n, weight = len(believed_px), believed_sd_px**-2
    rows, columns, values = list(range(2 * n)), list(range(2 * n)), [weight] * (2 * n)
    right = weight * believed_px.astype(np.float64)
    for link in links:
        known = np.array(link.information)
        pull = known @ link.offset_px
        right[link.second] += pull
        right[link.first] -= pull
        for one, other, sign in (
            (link.first, link.first, 1.0),
            (link.second, link.second, 1.0),
            (link.first, link.second, -1.0),
            (link.second, link.first, -1.0),
        ):
            for i in (0, 1):
                rows += [2 * one + i] * 2
                columns += [2 * other, 2 * other + 1]
                values += (sign * known[i]).tolist()
    matrix = coo_array((values, (rows, columns)), shape=(2 * n, 2 * n)).tocsc()
    return np.asarray(spsolve(matrix, right.ravel()), np.float64).reshape(n, 2)
