"""Frequencies of windowed patches, averaged into cells, and what a pair of images has in them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

Maps = NDArray[np.float32]
Spectra = NDArray[np.complex64]
Cut = tuple[slice, slice]
Values = TypeVar("Values", Maps, Spectra)

HIGHEST = 2.5  # rad/px; at the nominal blur nothing is left beyond
LOWEST = 2.0  # cycles per patch: slower changes may be shading
TAPER = 0.4  # of the window: less wastes electrons, more lets strong frequencies leak
LEVEL = 1 / 128  # of the edge: sd of the Gaussian whose mean is taken off: strong slow changes would leak
NOISE_BAND = 0.42  # cycles per row from which on there is only noise
TELLING = 0.2  # of the strongest patch's signal
PAD = 2  # cells around the grid, and half the width of the window's blur in cells
RINGS_PER_OCTAVE = 8 / 3
LINEAR_BELOW = 8.0  # cycles per patch: rings are as wide as there from the centre on


@dataclass(frozen=True, slots=True)
class Rings:
    """Rings of frequency; a cell belongs to ring ``index`` and, by ``share``, to the next one."""

    index: NDArray[np.intp]
    share: Maps

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sums over the rings (rings,) of values (rows, columns)."""
        index, further = self.index.ravel(), (self.share * values).ravel()
        count = int(index.max()) + 2
        there = np.bincount(index, values.ravel() - further, count)
        return np.asarray(there + np.bincount(index + 1, further, count), dtype=np.float64)

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of rings (..., rings) at each cell (..., rows, columns)."""
        near, further = values[..., self.index], values[..., self.index + 1]
        return np.asarray(near + self.share * (further - near))


@dataclass(frozen=True, slots=True)
class Cells:
    """Half a plane of frequencies of patches with ``edge`` px, ``pool`` x ``pool`` of them a cell.

    ``kx`` and ``ky`` [rad/px] reach ``PAD`` cells beyond the grid (rows, columns) of all else; ``kept`` is
    1 where a cell counts. What is true of a frequency is seen in a cell averaged over its neighbours with
    ``kernel`` along each axis: the window's power spectrum, and the cell's own width. ``looks``: how many
    independent frequencies a cell holds.
    """

    edge: int
    pool: int
    kx: Maps
    ky: Maps
    kept: Maps
    kernel: NDArray[np.float64]
    looks: float
    rings: Rings

    @property
    def inner(self) -> tuple[Maps, Maps]:
        """``kx`` and ``ky`` of the grid itself."""
        return self.kx[PAD:-PAD, PAD:-PAD], self.ky[PAD:-PAD, PAD:-PAD]

    def seen(self, maps: Maps) -> Maps:
        """Averages (m, rows, columns) of maps on the wider grid (rows + 2 PAD, columns + 2 PAD, m)."""
        smooth = cv2.sepFilter2D(maps, -1, self.kernel, self.kernel, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(np.moveaxis(smooth[PAD:-PAD, PAD:-PAD], -1, 0), dtype=np.float32)

    def within(self, highest: float) -> tuple[Cells, Cut]:
        """The cells below ``highest`` [rad/px], and where they lie on the grid."""
        reach = max(3, min(self.kept.shape[1], int(highest * self.edge / (2 * math.pi * self.pool))))
        middle = self.kept.shape[0] // 2
        cut = (slice(middle - reach, middle + reach + 1), slice(0, reach))
        wide = (slice(cut[0].start, cut[0].stop + 2 * PAD), slice(0, reach + 2 * PAD))
        kept = self.kept * (np.hypot(*self.inner) < highest)
        rings = Rings(self.rings.index[cut], self.rings.share[cut])
        return replace(self, kx=self.kx[wide], ky=self.ky[wide], kept=kept[cut], rings=rings), cut


@lru_cache(maxsize=32)
def cells_of(edge: int, pool: int) -> Cells:
    """The cells of square patches of ``edge`` px, ``pool`` (odd) frequencies wide."""
    # rows around ky = 0 hold streaks of charging, column 0 both halves of the plane, and shading
    step = 2 * math.pi / edge
    reach = int(HIGHEST / (pool * step) - 0.5)
    rows = np.arange(-reach - PAD, reach + PAD + 1)[:, None] + np.zeros(reach + 2 * PAD)
    columns = np.arange(-PAD, reach + PAD) + 0 * rows
    kx = np.asarray(step * (pool * columns + 1 + pool // 2), dtype=np.float32)
    ky = np.asarray(step * pool * rows, dtype=np.float32)
    grid = (slice(PAD, -PAD), slice(PAD, -PAD))
    k = np.hypot(kx, ky)[grid]
    kept = (
        (k < HIGHEST) & (k > (LOWEST + pool // 2) * step) & (np.abs(ky[grid]) > max(1.5, pool / 2) * step)
    )
    return Cells(
        edge,
        pool,
        kx,
        ky,
        kept.astype(np.float32),
        _kernel(edge, pool),
        _looks(edge, pool),
        _rings(k / step),
    )


def _taper(edge: int) -> NDArray[np.float64]:
    """Tukey's window: a flat middle between flanks of a cosine."""
    rim = np.minimum(np.arange(edge), edge - np.arange(edge))
    return np.asarray(0.5 - 0.5 * np.cos(math.pi * np.minimum(1.0, 2 * rim / (TAPER * edge))))


@lru_cache(maxsize=32)
def _window(edge: int) -> Maps:
    return np.outer(_taper(edge), _taper(edge)).astype(np.float32)


def _kernel(edge: int, pool: int) -> NDArray[np.float64]:
    """Shares of the cells around one in what is seen in it, along one axis."""
    leak = np.abs(np.fft.fft(_taper(edge))) ** 2
    reach = PAD * pool + pool // 2
    own = np.arange(pool) - pool // 2
    shares = np.array([leak[(own - there) % edge].sum() for there in range(-reach, reach + 1)])
    cells = shares.reshape(2 * PAD + 1, pool).sum(1)
    return np.asarray(cells / cells.sum())


def _looks(edge: int, pool: int) -> float:
    taper = _taper(edge)
    width = edge * (taper**4).sum() / (taper**2).sum() ** 2  # frequencies that count as one, along an axis
    return float((pool / width) ** 2)


def _rings(cycles: NDArray[np.floating]) -> Rings:
    """Rings of frequencies that make so many cycles per patch."""
    octaves = np.log2(np.maximum(cycles, LINEAR_BELOW)) + np.minimum(cycles / LINEAR_BELOW, 1.0)
    place = RINGS_PER_OCTAVE * octaves
    index = place.astype(np.intp)
    return Rings(index - index.min(), (place - index).astype(np.float32))


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """Of n patch pairs, in units of the noise, (n, rows, columns) each.

    ``plus`` and ``minus``: power of either image less that of the noise; ``cross``: their cross power.
    """

    plus: Maps
    minus: Maps
    cross: Spectra

    def within(self, cut: Cut) -> PairStatistics:
        """The same on a part of the grid."""
        return PairStatistics(self.plus[:, *cut], self.minus[:, *cut], self.cross[:, *cut])


@dataclass(frozen=True, slots=True)
class PairSpectra:
    """Spectra (n, edge, edge // 2 + 1) of windowed patches of both images, and the noise in each column."""

    plus: Spectra
    minus: Spectra
    noise: NDArray[np.float64]

    @classmethod
    def of(cls, plus: Maps, minus: Maps) -> PairSpectra:
        """Of patches (n, edge, edge) of both images, aligned to a pixel."""
        one, other = _spectra(plus), _spectra(minus)
        return cls(one, other, _noise((one, other)))

    @property
    def edge(self) -> int:
        return int(self.plus.shape[1])

    def telling(self) -> PairSpectra:
        """The patches that hold signal; where most of an image is bare, the rest would only add noise."""
        found = self.statistics(cells_of(self.edge, 1))
        signal = (cells_of(self.edge, 1).kept * (found.plus + found.minus)).sum(axis=(1, 2))
        held = signal >= TELLING * max(float(signal.max()), 0.0)
        if not held.any():
            return self
        return PairSpectra(self.plus[held], self.minus[held], self.noise)

    def statistics(self, cells: Cells) -> PairStatistics:
        """What the likelihood needs of them in all of ``cells``."""
        reach = cells.kept.shape[1] * cells.pool
        half = cells.kept.shape[0] // 2 * cells.pool + cells.pool // 2
        rows = np.arange(-half, half + 1)
        step = 2 * math.pi / self.edge
        k2 = (step * rows[:, None]) ** 2 + (step * np.arange(1, 1 + reach)) ** 2
        levelled = -np.expm1(-0.5 * (LEVEL * self.edge) ** 2 * k2)
        per_noise = (1 / (self.noise[1 : 1 + reach] * levelled**2)).astype(np.float32)
        one, other = (spectra[:, rows, 1 : 1 + reach] for spectra in (self.plus, self.minus))

        up, down = (_pooled(_power(spectra) * per_noise, cells.pool) - 1 for spectra in (one, other))
        return PairStatistics(up, down, _pooled(one * other.conj() * per_noise, cells.pool))


def _pooled(maps: Values, pool: int) -> Values:
    """Means over ``pool`` x ``pool`` frequencies of maps (n, rows, columns)."""
    count, rows, columns = maps.shape
    blocks = maps.reshape(count, rows // pool, pool, columns // pool, pool)
    return np.asarray(blocks.mean(axis=(2, 4)), dtype=maps.dtype)


def _spectra(patches: Maps) -> Spectra:
    edge = patches.shape[1]
    sigma = LEVEL * edge
    levelled = [p - cv2.GaussianBlur(p, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for p in patches]
    return np.asarray(fft.rfft2(np.stack(levelled) * _window(edge)))


def _power(spectra: Spectra) -> Maps:
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag))


def _noise(images: tuple[Spectra, Spectra]) -> NDArray[np.float64]:
    """Noise power of each column: of fast rows, where it alone is left, smoothed along x.

    The lag of a detector colours it along the fast axis only.
    """
    edge = images[0].shape[1]
    fast = np.abs(np.fft.fftfreq(edge)) > NOISE_BAND
    per_column = np.mean([_power(spectra[:, fast]).mean(axis=(0, 1)) for spectra in images], axis=0)
    return np.asarray(cv2.blur(per_column[None].astype(np.float64), (edge // 6 | 1, 1))[0])
