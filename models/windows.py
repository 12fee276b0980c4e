"""Windows and sizes for Fourier transforms of images."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Pixels = NDArray[np.float32]


@lru_cache(maxsize=16)
def hann(height: int, width: int) -> Pixels:
    """The Hann window (height, width), 0 at the rim."""
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    window.flags.writeable = False
    return window


def fast_part(image: Pixels) -> Pixels:
    """Nearly all of an image (h, w), with sides that transform fast: prime ones take four times as long."""
    height, width = (int(fft.prev_fast_len(n, real=True)) for n in image.shape)
    return image[:height, :width]


def windowed_spectrum(image: Pixels) -> NDArray[np.complex64]:
    """``rfft2`` of an image (h, w) about its mean, under a Hann window."""
    spectrum: NDArray[np.complex64] = fft.rfft2((image - image.mean()) * hann(*image.shape))
    return spectrum
