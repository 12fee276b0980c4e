"""Periodic random fields from which procedural tissue is made.

A table holds four channels that are looked up together, because that costs as much as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def gaussian_fields(
    rng: np.random.Generator, size_px: int, wavelength_px: float, bandwidth: float
) -> Floats:
    """Four periodic Gaussian random fields of mean 0 and standard deviation 1.

    The power spectrum per octave is log-normal around ``wavelength_px`` with ``bandwidth`` in
    units of the natural logarithm of the frequency. Returns float32 (size_px, size_px, 4).
    """
    white = rng.standard_normal((4, size_px, size_px), dtype=np.float32)
    fy = scipy.fft.fftfreq(size_px).astype(np.float32)[:, None]
    fx = scipy.fft.rfftfreq(size_px).astype(np.float32)[None, :]
    frequency = np.hypot(fx, fy)
    frequency[0, 0] = np.inf
    amplitude = (
        np.exp(-0.5 * (np.log(np.minimum(frequency, 1.0) * wavelength_px) / bandwidth) ** 2) / frequency
    )
    fields = scipy.fft.irfft2(scipy.fft.rfft2(white) * amplitude, s=(size_px, size_px))
    fields /= fields.std(axis=(1, 2), keepdims=True)
    return np.asarray(cv2.merge(list(fields)), np.float32)


class PeriodicTable:
    """Channels on a periodic grid of its own pitch and orientation.

    Tables of incommensurate pitch and orientation never repeat together.
    """

    def __init__(self, values: Floats, pitch_um: float, rotation_deg: float) -> None:
        """``values`` is float32 (n, n) or (n, n, channels)."""
        self._values = values
        self._cos = math.cos(math.radians(rotation_deg)) / pitch_um
        self._sin = math.sin(math.radians(rotation_deg)) / pitch_um

    def sample(self, x_um: Floats, y_um: Floats) -> Floats:
        """Bilinear values at the given points: float32 (h, w) or (h, w, channels)."""
        column = self._folded(self._cos * x_um + self._sin * y_um)
        row = self._folded(self._cos * y_um - self._sin * x_um)
        values = cv2.remap(self._values, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.asarray(values, np.float32)

    def _folded(self, position_px: Floats) -> Floats:
        """Positions within the first period: OpenCV is slow where it has to wrap."""
        period = self._values.shape[0]
        position_px -= period * np.floor(position_px * (1 / period))
        return position_px


@dataclass(frozen=True)
class EvolvingPair:
    """Two random fields that change with depth: ``A cos(z / depth) + B sin(z / depth)``.

    Independent Gaussian A and B keep a field Gaussian and stationary at every depth; its
    correlation between two depths is ``cos(dz / depth)``. ``table`` holds A0, B0, A1, B1.
    """

    table: PeriodicTable
    depth_um: tuple[float, float]

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        size_px: int,
        pitch_um: float,
        wavelength_um: float,
        depth_um: tuple[float, float],
        bandwidth: float = 0.28,
    ) -> EvolvingPair:
        """Two fields of the given wavelength in a random orientation."""
        values = gaussian_fields(rng, size_px, wavelength_um / pitch_um, bandwidth)
        return cls(PeriodicTable(values, pitch_um, rng.uniform(0, 360)), depth_um)

    def sample(self, x_um: Floats, y_um: Floats, z_um: Floats) -> tuple[Floats, Floats]:
        """Both fields at the given points: float32 (h, w) each."""
        channels = cv2.split(self.table.sample(x_um, y_um))
        a0, b0, a1, b1 = (np.asarray(channel, np.float32) for channel in channels)
        return _turned(a0, b0, z_um / self.depth_um[0]), _turned(a1, b1, z_um / self.depth_um[1])


def _turned(a: Floats, b: Floats, angle: Floats) -> Floats:
    """``a cos(angle) + b sin(angle)``, in place."""
    a *= np.cos(angle)
    b *= np.sin(angle)
    a += b
    return a
