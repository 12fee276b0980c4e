"""The shift between the two images of a pair: a lens that changes focus also moves the image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

FINE_PX, COARSE_PX = 3.0, 20.0  # rms widths of the band-pass that images are compared by


def aligned(
    one: NDArray[np.float32], other: NDArray[np.float32], longest: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The part that two shifted images of one shape have in common, to the nearest pixel.

    ``longest`` limits the shift in rows and columns. Swapped images give the swapped result.
    """
    if other.tobytes() < one.tobytes():  # one order for both, or rounding could break a tie differently
        second, first = aligned(other, one, longest)
        return first, second
    down, right = _shift(one, other, longest)
    height, width = one.shape[0] - abs(down), one.shape[1] - abs(right)
    return (
        one[max(0, -down) :, max(0, -right) :][:height, :width],
        other[max(0, down) :, max(0, right) :][:height, :width],
    )


def _shift(
    one: NDArray[np.float32], other: NDArray[np.float32], longest: tuple[int, int]
) -> tuple[int, int]:
    """Where ``other`` shows what ``one`` shows at (0, 0), in (rows, columns).

    From the highest absolute cross-correlation of band-passed images: between two signs of
    defocus the contrast of some frequencies is reversed.
    """
    height, width = one.shape
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    band = _band(height, width)
    spectra: list[Any] = [fft.rfft2((image - image.mean()) * window) * band for image in (one, other)]
    correlation = np.abs(fft.irfft2(spectra[1] * spectra[0].conj(), s=one.shape))
    rows, columns = (np.arange(-n, n + 1) for n in longest)
    near = correlation[np.ix_(rows % height, columns % width)]
    row, column = np.unravel_index(int(np.argmax(near)), near.shape)
    return int(rows[row]), int(columns[column])


def _band(height: int, width: int) -> NDArray[np.float32]:
    k2 = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None, :] ** 2
    band = np.exp(-2 * (np.pi * FINE_PX) ** 2 * k2) - np.exp(-2 * (np.pi * COARSE_PX) ** 2 * k2)
    return np.asarray(band, dtype=np.float32)
