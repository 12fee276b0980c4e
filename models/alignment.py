"""The shift between the two images of a pair: a lens that changes focus also moves the image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.spectra import binned
from models.windows import fast_part, windowed_spectrum

Pixels = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

FINE_PX, COARSE_PX = 3.0, 20.0  # rms widths of the band-pass that images are compared by
HIGHEST = 0.18  # cycles per pixel: the band-pass leaves nothing beyond
BINNED = 2  # pixels along each axis that may be averaged without touching that band


def aligned(one: Pixels, other: Pixels, longest: tuple[int, int]) -> tuple[Pixels, Pixels]:
    """The part that two shifted images of one shape have in common, to the nearest pixel.

    ``longest`` limits the shift in rows and columns. Swapped images give the swapped result.
    """
    small = [fast_part(binned(image, BINNED)) for image in (one, other)]
    if (
        small[1].tobytes() < small[0].tobytes()
    ):  # one order for both, or rounding could break a tie differently
        down, right = (-n for n in _shift(small[1], small[0], longest))
    else:
        down, right = _shift(small[0], small[1], longest)
    height, width = one.shape[0] - abs(down), one.shape[1] - abs(right)
    return (
        one[max(0, -down) :, max(0, -right) :][:height, :width],
        other[max(0, down) :, max(0, right) :][:height, :width],
    )


def _shift(one: Pixels, other: Pixels, longest: tuple[int, int]) -> tuple[int, int]:
    """Where binned ``other`` shows what ``one`` shows at (0, 0), in (rows, columns) before binning.

    From the highest absolute cross-correlation of band-passed images: between two signs of
    defocus the contrast of some frequencies is reversed.
    """
    search = _search(one.shape, longest)
    spectra = [search.within(windowed_spectrum(image)) for image in (one, other)]
    correlation = np.abs((search.down @ (spectra[1] * spectra[0].conj() * search.band) @ search.right).real)
    row, column = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
    return int(row) - longest[0], int(column) - longest[1]


@dataclass(frozen=True, slots=True)
class _Search:
    """A band of frequencies, and the inverse transform from it to all shifts that are allowed.

    Between shifts and frequencies, ``down`` (2 rows + 1, high) and ``right`` (wide, 2 columns + 1);
    ``band`` (high, wide) is the power that passes.
    """

    down: Spectrum
    right: Spectrum
    band: Pixels

    def within(self, spectrum: Spectrum) -> Spectrum:
        """The band of ``rfft2`` of an image."""
        below, width = self.band.shape[0] // 2, self.band.shape[1]
        return np.concatenate([spectrum[: below + 1, :width], spectrum[-below:, :width]])


@lru_cache(maxsize=8)
def _search(shape: tuple[int, int], longest: tuple[int, int]) -> _Search:
    """For binned images of one shape."""
    reach = [int(HIGHEST * BINNED * n) for n in shape]
    ky = np.r_[0 : reach[0] + 1, -reach[0] : 0] / (BINNED * shape[0])
    kx = np.r_[0 : reach[1] + 1] / (BINNED * shape[1])
    k2 = ky[:, None] ** 2 + kx[None, :] ** 2
    band = np.exp(-2 * (np.pi * FINE_PX) ** 2 * k2) - np.exp(-2 * (np.pi * COARSE_PX) ** 2 * k2)
    weight = np.where(kx > 0, 2.0, 1.0) * np.square(band)  # -k adds as much as k, and is left out
    rows, columns = (np.arange(-n, n + 1) for n in longest)
    down, right = (np.exp(2j * np.pi * np.outer(*pair)) for pair in ((rows, ky), (kx, columns)))
    return _Search(down.astype(np.complex64), right.astype(np.complex64), weight.astype(np.float32))
