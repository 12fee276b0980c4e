"""Plain measures of sharpness, to be minimised like a score: one over what a sharp image has more of."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

SMOOTHED_PX = 1.0
"""Blur of the image before the Laplacian, which is of noise alone otherwise."""

BAND = (0.05, 0.25)
"""Frequencies [cycles per pixel] that blur takes first and noise does not fill: 40 to 200 nm at 10 nm."""


@dataclass(frozen=True)
class LaplacianVariance:
    """Variance of the Laplacian (Pech-Pacheco 2000), the usual measure of autofocus."""

    name: str = "variance of the Laplacian"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`; in no unit."""
        smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), SMOOTHED_PX)
        return 1.0 / max(float(cv2.Laplacian(smooth, cv2.CV_32F).var()), 1e-9)


@dataclass(frozen=True)
class SpectralPower:
    """Share of the image's variance in a band of high frequencies."""

    name: str = "spectral power"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`; in no unit."""
        grey = image.astype(np.float32)
        power = np.abs(scipy.fft.rfft2(grey - grey.mean())) ** 2
        frequency = np.hypot(
            scipy.fft.fftfreq(image.shape[0])[:, None], scipy.fft.rfftfreq(image.shape[1])[None, :]
        )
        high = (frequency >= BAND[0]) & (frequency < BAND[1])
        return float(power.sum() / max(float(power[high].sum()), 1e-9))
