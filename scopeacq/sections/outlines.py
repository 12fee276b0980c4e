"""Outlines with few corners around masks: what a section that was cut with straight edges looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.polygons import Polygon as Outline
from models.polygons import area, fill

__all__ = [
    "Mask",
    "Outline",
    "area",
    "contour_of",
    "corners_of_sides",
    "fill",
    "log_sides",
    "outline_of",
    "outward_normals",
    "overlap",
    "reach",
    "turned",
]

Mask = NDArray[np.uint8]
"""Shape (y, x): 0, or 1 inside."""

CORNER_SHARE = 0.02
"""A corner that changes the area by less than this is none."""
HALF_PX = 0.5  # contours run through the centres of the outermost pixels
LEAST_SINE = 0.25  # of two sides that meet in a corner


def reach(outline: Outline) -> float:
    """The radius of the circle about the mean of the corners that holds the outline [px]."""
    return float(np.linalg.norm(outline - outline.mean(0), axis=1).max())


def turned(outline: Outline, angle_deg: float) -> Outline:
    """About (0, 0), clockwise as seen in a picture, whose rows run down."""
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.asarray(outline @ np.array([[c, s], [-s, c]]))


def log_sides(points: Outline | NDArray[np.float32]) -> NDArray[np.float64]:
    """The logarithms of the smaller and the larger side [px] of the smallest rectangle around points."""
    return np.log(np.maximum(sorted(cv2.minAreaRect(points.astype(np.float32))[1]), 1e-3))


def overlap(one: Outline, other: Outline) -> float:
    """Intersection over union of two outlines, each taken as convex."""
    if np.linalg.norm(one.mean(0) - other.mean(0)) > reach(one) + reach(other):
        return 0.0
    hulls = [cv2.convexHull(outline.astype(np.float32)) for outline in (one, other)]
    shared = float(cv2.intersectConvexConvex(hulls[0], hulls[1])[0])
    return shared / (sum(float(cv2.contourArea(hull)) for hull in hulls) - shared)


def contour_of(mask: Mask) -> Outline:
    """The outer contour of the largest part of a mask, (n, 2): all its pixels in turn; n may be 0."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(contours, key=cv2.contourArea, default=np.empty((0, 1, 2)))
    return np.asarray(longest[:, 0], np.float64)


def outline_of(mask: Mask) -> Outline | None:
    """The outline with few corners that fits a mask's largest part best; None where there is no area.

    The hull of the mask loses its smallest sides until one matters, then each side is moved to where
    most of the contour along it runs, so that nicks, frays and rounded corners do not count.
    """
    contour = contour_of(mask)
    if len(contour) < 3:
        return None
    ring = cv2.approxPolyDP(cv2.convexHull(contour.astype(np.float32)), HALF_PX, closed=True)
    hull: Outline = np.asarray(ring[:, 0], np.float64)
    if len(hull) < 3 or area(hull) <= 0:
        return None
    return _sides_fitted(_few_corners(hull), contour)


def _few_corners(hull: Outline) -> Outline:
    """A convex outline around ``hull``: its least sides give way to their prolonged neighbours."""
    enough = CORNER_SHARE * area(hull)
    while len(hull) > 3:
        tips = [_tip(*(hull[(place + k) % len(hull)] for k in (-1, 0, 1, 2))) for place in range(len(hull))]
        added = [
            area(np.stack([hull[i], tip, hull[(i + 1) % len(hull)]])) if tip is not None else math.inf
            for i, tip in enumerate(tips)
        ]
        least = int(np.argmin(added))
        tip = tips[least]
        if tip is None or added[least] > enough:
            break
        hull = np.roll(hull, -least, axis=0)
        hull = np.concatenate([tip[None], hull[2:]])
    return hull


def _tip(a: Outline, b: Outline, c: Outline, d: Outline) -> Outline | None:
    """Where the lines a-b and d-c meet beyond b and c, None where they do not."""
    meeting = _meeting(a, b - a, d, c - d)
    if meeting is None or (meeting - b) @ (b - a) < 0 or (meeting - c) @ (c - d) < 0:
        return None
    return meeting


def _meeting(a: Outline, along_a: Outline, b: Outline, along_b: Outline) -> Outline | None:
    """Where two lines meet, None where they are all but parallel."""
    cross = along_a[0] * along_b[1] - along_a[1] * along_b[0]
    if abs(cross) < 1e-3 * np.linalg.norm(along_a) * np.linalg.norm(along_b):
        return None
    between = b - a
    return np.asarray(a + along_a * (between[0] * along_b[1] - between[1] * along_b[0]) / cross)


def _sides_fitted(outline: Outline, contour: Outline) -> Outline:
    """Each side moved to the middle of the contour along it, and outwards to the edge of the pixels."""
    following = np.roll(outline, -1, axis=0)
    lines = [_line_along(a, b, contour) for a, b in zip(outline, following, strict=True)]
    outward = _outward_sign(outline)
    sides = []
    for point, along in lines:
        pushed = point + outward * HALF_PX * np.array([along[1], -along[0]])
        sides.append((pushed, pushed + along))
    return corners_of_sides(sides, outline)


def corners_of_sides(sides: Sequence[tuple[Outline, Outline]], before: Outline) -> Outline:
    """Where lines through two points each, one per side, meet the line of the side before.

    ``before``: the corners that stay where two sides are all but parallel.
    """
    moved = []
    for k, (point, beyond) in enumerate(sides):
        last, last_beyond = sides[k - 1]
        along, along_last = (_unit(beyond - point), _unit(last_beyond - last))
        sine = along_last[0] * along[1] - along_last[1] * along[0]
        corner = _meeting(last, along_last, point, along)
        moved.append(before[k] if corner is None or abs(sine) < LEAST_SINE else corner)
    return np.stack(moved)


def _unit(vector: Outline) -> Outline:
    return np.asarray(vector / np.linalg.norm(vector))


def outward_normals(outline: Outline) -> Outline:
    """Of the side after each corner, shape (n, 2), of length 1."""
    along = np.roll(outline, -1, axis=0) - outline
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return np.asarray(_outward_sign(outline) * np.stack([along[:, 1], -along[:, 0]], axis=1))


def _outward_sign(outline: Outline) -> float:
    """1 where (y, -x) of a side's direction points out of the outline, else -1."""
    x, y = outline.T
    return 1.0 if x @ np.roll(y, -1) - y @ np.roll(x, -1) > 0 else -1.0


def _line_along(a: Outline, b: Outline, contour: Outline) -> tuple[Outline, Outline]:
    """A point and the direction of the line that the contour follows between ``a`` and ``b``.

    Robust: what lies off the line hardly counts. The ends of the side are left to its neighbours.
    """
    length = float(np.linalg.norm(b - a))
    along = (b - a) / length
    relative = contour - a
    place, aside = relative @ along / length, np.abs(relative @ np.array([along[1], -along[0]]))
    near = contour[(place > 0.12) & (place < 0.88) & (aside < max(2.0, 0.12 * length))]
    if len(near) < 5:
        return a, along
    vx, vy, x, y = cv2.fitLine(near.astype(np.float32), cv2.DIST_WELSCH, 0, 0.01, 0.01).ravel()
    fitted = np.array([vx, vy], np.float64)
    fitted *= np.sign(fitted @ along) or 1.0
    return (np.array([x, y], np.float64), fitted) if fitted @ along > 0.95 else (a, along)
