"""The border of a round target in a picture, finer than a pixel, and the ellipse through it. Pure.

Along rays from the middle of the target the grey value changes most at its border: the place of the
steepest change of a smoothed picture is found to a fraction of a pixel by the parabola through its
neighbours. An ellipse ``(x - cx)^2 / a^2 + (y - cy)^2 / b^2 = 1`` with axes along columns and rows is
fitted to all, with a loss that bounds what a scratch or a mount contributes (Huber 1964), and once more
without what is far off.

A disc that is blurred by a spot of sigma is steepest ``sigma^2 / (2 R)`` inside its border (the gradient
goes as ``exp(-(r - R)^2 / (2 sigma^2)) / sqrt(r)``); sigma follows from how sharp the steepest places are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.optimize import least_squares

Floats = NDArray[np.float64]

RAYS = 360
SMOOTHED_SHARE = 0.006
"""Sigma by which a picture is smoothed before, as a share of its shorter edge."""
LEAST_CONTRAST_SD = 4.0
FAR_OFF_SD = 4.0
LEAST_SHARE = 0.5
"""Of the rays, that has to show a border where the ellipse is."""
MOST_RESIDUAL = 0.03
"""Rms distance of the border from the ellipse, as a share of its radius, that a round target has."""
SCRATCH, MOUNT = 0.05, 0.1
"""Widths, as shares of the picture's shorter edge, of what may cross a target or hold it."""


class NoTarget(ValueError):
    """No round target can be made out; the message says why in one clause."""


@dataclass(frozen=True, slots=True, eq=False)
class Ellipse:
    """In pixels: middle (column, row), half axes along columns and rows with their standard deviations.

    ``border`` (n, 2): column and row of what was fitted; ``residuals`` (n,) [px], outwards.
    """

    middle: tuple[float, float]
    half_axes: tuple[float, float]
    half_axes_sd: tuple[float, float]
    border: Floats
    residuals: Floats


def fit_ellipse(picture: NDArray[np.integer] | NDArray[np.floating]) -> Ellipse:
    """The ellipse of a target in a grey picture (h, w). Raises ``NoTarget``."""
    grey = np.asarray(picture, np.float64)
    if grey.ndim != 2 or min(grey.shape) < 64:
        raise NoTarget("the picture is smaller than 64 pixels")
    smooth = gaussian_filter(grey, max(SMOOTHED_SHARE * min(grey.shape), 1.0))
    rough = _rough(smooth)
    border, blur_px = _border(smooth, rough)
    found = _fitted(border, rough, smoothed_px=max(SMOOTHED_SHARE * min(grey.shape), 1.0))
    rms, radius = math.sqrt(float(np.mean(found.residuals**2))), math.sqrt(math.prod(found.half_axes))
    if len(found.border) < LEAST_SHARE * RAYS or rms > MOST_RESIDUAL * radius:
        raise NoTarget("its border is no ellipse along columns and rows")
    a, b = found.half_axes
    return replace(found, half_axes=(a + blur_px**2 / (2 * a), b + blur_px**2 / (2 * b)))


def _rough(smooth: Floats) -> tuple[float, float, float, float]:
    """Middle and half axes of the largest part that differs from the picture's rim [px]."""
    rim = np.concatenate([smooth[0], smooth[-1], smooth[:, 0], smooth[:, -1]])
    apart = np.abs(smooth - np.median(rim))
    scale = 255.0 / max(float(apart.max()), 1e-12)
    level, mask = cv2.threshold((apart * scale).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    if level < LEAST_CONTRAST_SD * float(np.median(np.abs(rim - np.median(rim)))) * scale:
        raise NoTarget("nothing in it differs clearly from its rim")
    for share, how in ((SCRATCH, cv2.MORPH_CLOSE), (MOUNT, cv2.MORPH_OPEN)):
        width = round(share * min(smooth.shape))
        mask = cv2.morphologyEx(mask, how, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    n, _, stats, centroids = cv2.connectedComponentsWithStats(mask)
    if n < 2:
        raise NoTarget("nothing in it differs clearly from its rim")
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height, area = (int(v) for v in stats[largest])
    if left == 0 or top == 0 or left + width == smooth.shape[1] or top + height == smooth.shape[0]:
        raise NoTarget("the target is cut off by the picture's edge: use a larger amplitude")
    if not 0.6 < area / (math.pi / 4 * width * height) < 1.3:
        raise NoTarget("the largest thing in it is not round")
    return float(centroids[largest][0]), float(centroids[largest][1]), width / 2, height / 2


def _border(smooth: Floats, rough: tuple[float, float, float, float]) -> tuple[Floats, float]:
    """Column and row of the steepest change along each ray (n, 2), and the blur's sigma there [px].

    Rays that have none are left out.
    """
    cx, cy, a, b = rough
    angles = np.linspace(0, 2 * math.pi, RAYS, endpoint=False)
    shares = np.linspace(0.7, 1.3, max(round(0.6 * max(a, b) * 2), 40))
    columns = cx + a * np.outer(np.cos(angles), shares)
    rows = cy + b * np.outer(np.sin(angles), shares)
    along = map_coordinates(smooth, [rows, columns], order=3, mode="nearest")
    steep = np.abs(np.diff(along, axis=1))
    peak = steep.argmax(axis=1)
    inner = (peak > 0) & (peak < steep.shape[1] - 1)
    ray, at = np.flatnonzero(inner), peak[inner]
    before, here, after = (steep[ray, at + k] for k in (-1, 0, 1))
    bend = before - 2 * here + after
    bend = np.where(bend < 0, bend, -math.inf)
    shift, step = 0.5 * (before - after) / bend, shares[1] - shares[0]
    share = shares[at] + step * (0.5 + shift)
    blur_px = step * math.sqrt(a * b) * math.sqrt(float(np.median(-here / bend))) if len(ray) else 0.0
    border = np.column_stack([cx + a * share * np.cos(angles[ray]), cy + b * share * np.sin(angles[ray])])
    return border, blur_px


def _fitted(border: Floats, rough: tuple[float, float, float, float], smoothed_px: float) -> Ellipse:
    """``smoothed_px``: places on the border that are nearer than that by sigma share their noise."""
    scale = math.sqrt(rough[2] * rough[3])
    first = least_squares(_off, rough, loss="huber", f_scale=max(0.003 * scale, 0.3), args=(border,))
    off = _off(first.x, border)
    noise = max(float(1.4826 * np.median(np.abs(off - np.median(off)))), 1e-3)
    kept = border[np.abs(off) < FAR_OFF_SD * noise]
    if len(kept) < 8:
        raise NoTarget("its border is no ellipse along columns and rows")
    last = least_squares(_off, first.x, args=(kept,))
    jacobian = np.asarray(last.jac, np.float64)
    alike = max(2 * math.sqrt(math.pi) * smoothed_px * RAYS / (2 * math.pi * scale), 1.0)
    variance = alike * 2 * float(last.cost) / max(len(kept) - 4, 1)
    sd = np.sqrt(np.diag(variance * np.linalg.pinv(jacobian.T @ jacobian)))
    cx, cy, a, b = (float(v) for v in last.x)
    return Ellipse((cx, cy), (a, b), (float(sd[2]), float(sd[3])), kept, _off(last.x, kept))


def _off(p: Floats, border: Floats) -> Floats:
    """How far outside the ellipse points lie, about [px]: along the ray from its middle."""
    away = border - p[:2]
    reach = np.hypot(away[:, 0] / p[2], away[:, 1] / p[3])
    return np.asarray(np.hypot(away[:, 0], away[:, 1]) * (1 - 1 / np.maximum(reach, 1e-9)))
