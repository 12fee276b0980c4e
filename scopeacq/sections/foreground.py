"""Sections told from wafer by their grey alone, without any training: two greys, uneven over the wafer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scopeacq.sections.components import Probability

Picture = NDArray[np.uint8]
"""Shape (y, x)."""
Mask = NDArray[np.bool_]
_Greys = NDArray[np.float32]

ROUNDS = 3
NEIGHBOURHOODS = (0.25, 0.06, 0.03)
"""Of the picture's longer side: how far greys of wafer and of sections may be averaged."""
BORDERS = (0.5, 0.33)
"""How far from the grey of the wafer to that of sections these begin, which may vary more."""
SOFTENED_PX = 1.0
LEAST_CONTRAST = 4.0
"""Grey values between section and wafer below which there is nothing to tell."""
USUAL_QUANTILE, LEAST_SHARE = 0.9, 0.6
"""What contrast over a picture is usual, and what share of that must be anywhere."""
COARSE_PX = 700
COARSE_SD_PX = 4.0


@dataclass(frozen=True, slots=True)
class TwoGreys:
    """The greys of wafer and of sections around each place, as coarse maps of a picture."""

    wafer: _Greys
    section: _Greys
    border: float

    @property
    def bright(self) -> bool:
        """Whether sections are brighter than the wafer."""
        return float((self.section - self.wafer).mean()) > 0

    def found(self, picture: Picture) -> Probability:
        """How much each pixel is of a section, shape (y, x), 0..1: 0.5 at the border."""
        soft = cv2.GaussianBlur(picture, (0, 0), SOFTENED_PX)
        size = picture.shape[::-1]
        wafer, contrast = (
            cv2.resize(level, size, interpolation=cv2.INTER_LINEAR)
            for level in (self.wafer, self.section - self.wafer)
        )
        sign = 1.0 if float(contrast.mean()) > 0 else -1.0
        # where no section is near, both greys are the wafer's
        usual = float(np.quantile(sign * (self.section - self.wafer), USUAL_QUANTILE))
        contrast = np.maximum(sign * contrast, max(LEAST_CONTRAST, LEAST_SHARE * usual))
        return np.asarray(np.clip(sign * (soft - wafer) / (2 * self.border * contrast), 0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Guess:
    """How greys may be distributed over a wafer that nothing is known of."""

    neighbourhood: float
    border: float
    bright: bool

    def greys(self, picture: Picture, left_out: Mask | None = None) -> TwoGreys:
        """The two greys of a picture, beside what is left out of it.

        A first guess is what is brighter than its neighbourhood; then each class is averaged, and each
        pixel goes to the grey that it is nearer to, so that vignetting and uneven sections do not count.
        """
        shrink = min(1.0, COARSE_PX / max(picture.shape))
        size = [max(1, round(n * shrink)) for n in reversed(picture.shape)]
        greys = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        known = np.ones(greys.shape, bool)
        if left_out is not None:
            known = cv2.resize(left_out.astype(np.uint8), size, interpolation=cv2.INTER_AREA) == 0
        low, high = _levels(greys, known, self.neighbourhood * max(greys.shape))
        return TwoGreys(low, high, self.border) if self.bright else TwoGreys(high, low, self.border)


def guesses() -> Iterator[Guess]:
    """All ways that are tried."""
    for neighbourhood, border, bright in itertools.product(NEIGHBOURHOODS, BORDERS, (True, False)):
        yield Guess(neighbourhood, border, bright)


def _levels(greys: _Greys, known: Mask, sd_px: float) -> tuple[_Greys, _Greys]:
    """The darker and the brighter grey around each pixel."""
    bright = greys > _local_mean(greys, known, sd_px)
    for _ in range(ROUNDS):
        low = _local_mean(greys, known & ~bright, sd_px)
        high = _local_mean(greys, known & bright, sd_px)
        bright = greys > (low + high) / 2
    return low, high


def _local_mean(greys: _Greys, members: Mask, sd_px: float) -> _Greys:
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
    return np.asarray(cv2.resize(small, greys.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
