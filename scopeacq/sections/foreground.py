"""Sections told from wafer by their grey alone, without any training: two greys, uneven over the wafer."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.components import Probability

Picture = NDArray[np.uint8]
"""Shape (y, x)."""
_Greys = NDArray[np.float32]
_Members = NDArray[np.bool_]

ROUNDS = 3
NEIGHBOURHOODS = (0.25, 0.06, 0.03)
"""Of the picture's longer side: how far greys of wafer and of sections may be averaged."""
SOFTENED_PX = 1.0
LEAST_CONTRAST = 4.0
"""Grey values between section and wafer below which there is nothing to tell."""
COARSE_PX = 700
COARSE_SD_PX = 4.0


def bright_shares(picture: Picture) -> Iterator[Probability]:
    """How much each pixel is of the brighter of the two greys around it, shape (y, x), 0..1.

    One map for each size of the neighbourhood, since it is not known how the light falls. A first
    guess is what is brighter than its neighbourhood; then each class is averaged, and each pixel goes
    to the grey that it is nearer to, so that vignetting and uneven sections do not count.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), SOFTENED_PX)
    shrink = min(1.0, COARSE_PX / max(picture.shape))
    size = [max(1, round(n * shrink)) for n in reversed(picture.shape)]
    greys = cv2.resize(soft, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    for neighbourhood in NEIGHBOURHOODS:
        low, high = _levels(greys, neighbourhood * max(greys.shape))
        yield _between(soft, low, high)


def _levels(greys: _Greys, sd_px: float) -> tuple[_Greys, _Greys]:
    """The darker and the brighter grey around each pixel."""
    bright = greys > _local_mean(greys, np.ones(greys.shape, bool), sd_px)
    for _ in range(ROUNDS):
        low, high = _local_mean(greys, ~bright, sd_px), _local_mean(greys, bright, sd_px)
        bright = greys > (low + high) / 2
    return low, high


def _between(soft: Picture, low: _Greys, high: _Greys) -> Probability:
    """Where each pixel lies between two levels, which are known coarsely; 0..1."""
    size = soft.shape[::-1]
    low, high = (cv2.resize(level, size, interpolation=cv2.INTER_LINEAR) for level in (low, high))
    return np.asarray(np.clip((soft - low) / np.maximum(high - low, LEAST_CONTRAST), 0, 1), np.float32)


def _local_mean(greys: _Greys, members: _Members, sd_px: float) -> _Greys:
    """The mean grey of the members around each pixel, of all members where none is near."""
    weight = members.astype(np.float32)
    overall = float(greys[members].mean()) if members.any() else float(greys.mean())
    prior = 1e-3
    total = _smoothed(weight * greys, sd_px) + prior * overall
    return np.asarray(total / (_smoothed(weight, sd_px) + prior))


def _smoothed(greys: _Greys, sd_px: float) -> _Greys:
    """By a Gaussian, on a grid that is as coarse as that allows."""
    shrink = min(1.0, COARSE_SD_PX / sd_px)
    size = [max(1, round(n * shrink)) for n in reversed(greys.shape)]
    small = cv2.GaussianBlur(cv2.resize(greys, size, interpolation=cv2.INTER_AREA), (0, 0), sd_px * shrink)
    return cv2.resize(small, greys.shape[::-1], interpolation=cv2.INTER_LINEAR)
