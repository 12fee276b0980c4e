"""The last step to focus: the likelihood of a pair's spectra, maximised near an answer.

Both images of a pair show one texture, unknown, through two probes and with independent noise.
In one frequency, with spectra F+ and F- in units of the noise and transfer functions h+ and h-,

    v = (h+ F+ + h- F-) / rho,   r = (h- F+ - h+ F-) / rho,   rho^2 = h+^2 + h-^2,

r holds noise alone when the aberration is right, and signal leaks into it when it is not. Of a
Gaussian likelihood with an unknown power of the texture in each frequency the score is
``-2 w Re(v r*) psi'`` with the mixing angle ``psi = atan2(h-, h+)`` and the weight
``w = snr / (1 + snr)``; what the images have in common (floor of the probe, lag of the detector,
the texture) cancels. Near focus this reaches what the electrons allow (Cramer-Rao). It needs
the right model of the probe: gain, convergence angle and filling of the aperture are fitted
along, held by what is known of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft, special
from scipy.signal import windows

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]

POOLED = 3  # frequencies along each axis that are averaged: far less than the probe changes over
HIGHEST = 2.5  # rad/px; at the nominal blur nothing is left beyond
LOWEST = 3.0  # cycles per patch: slower changes may be shading
TAPER = 0.5  # of the window: less wastes electrons, more lets strong frequencies leak
NOISE_BAND = 0.42  # cycles per row from which on there is only noise
LOOKS = POOLED**2 / 1.7  # independent frequencies in a cell under that window
SMOOTHED = 3  # cells along each axis that the power of the texture is taken of
CHANCE = 2.0 / (LOOKS * SMOOTHED**2) ** 0.5  # two standard deviations of what noise passes for signal
KNOWN = np.array([0.005, 0.1, 0.25])  # sd of the gain ratio, of the angle (log), of the aperture's filling
ROUNDS = 4
LONGEST_STEP = 0.4  # perturbations
MODEL_SHARE = 0.04  # of the distance from focus: what the model of the probe may still be wrong by


@dataclass(frozen=True, slots=True)
class Refined:
    """Mean (3,) and covariance (3, 3) in perturbations."""

    mean: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Cells:
    """Averaged frequencies of a windowed patch: ``kx``, ``ky`` [rad/px], (cells,) each, on a grid."""

    edge: int
    window: Pixels
    kx: Floats
    ky: Floats
    kept: NDArray[np.bool_]

    @property
    def reach(self) -> int:
        """Cells from the centre to the edge of the grid, which has 2 reach + 1 rows and reach columns."""
        return int(self.kept.shape[1])

    def averaged(self, maps: NDArray[np.floating]) -> Floats:
        """Means (n, cells) of maps over rfft frequencies (n, edge, edge // 2 + 1)."""
        half = self.reach * POOLED + POOLED // 2
        rows = np.arange(-half, half + 1)
        band = maps[:, rows][:, :, 1 : 1 + self.reach * POOLED]
        blocks = band.reshape(len(maps), 2 * self.reach + 1, POOLED, self.reach, POOLED)
        return np.asarray(blocks.mean(axis=(2, 4))[:, self.kept], dtype=np.float64)

    def smoothed(self, values: Floats) -> Floats:
        """Values (n, cells) averaged with their neighbours."""
        grid = np.zeros((len(values), *self.kept.shape))
        grid[:, self.kept] = values
        size, border = (SMOOTHED, SMOOTHED), cv2.BORDER_CONSTANT
        share = cv2.blur(self.kept.astype(np.float64), size, borderType=border).clip(1e-9)
        return np.stack([cv2.blur(one, size, borderType=border) / share for one in grid])[:, self.kept]


@lru_cache(maxsize=8)
def cells_of(edge: int) -> Cells:
    """The cells of square patches of ``edge`` px."""
    taper = windows.tukey(edge, TAPER, sym=False)
    step = 2 * np.pi / edge
    reach = int(HIGHEST / (step * POOLED))
    ky = POOLED * step * np.arange(-reach, reach + 1)[:, None] + np.zeros(reach)
    kx = step * (POOLED * np.arange(reach) + 1 + POOLED // 2) + 0 * ky
    k = np.hypot(kx, ky)
    # rows around ky = 0 hold streaks of charging
    kept = (k < HIGHEST) & (k > LOWEST * step) & (np.abs(ky) > 0.5 * POOLED * step)
    return Cells(edge, np.outer(taper, taper).astype(np.float32), kx[kept], ky[kept], kept)


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """Of n patch pairs, in units of the noise, (n, cells) each: power of either image, cross power."""

    plus: Floats
    minus: Floats
    cross: NDArray[np.complex128]


def statistics(plus: Pixels, minus: Pixels, cells: Cells) -> PairStatistics:
    """What the likelihood needs of patches (n, edge, edge) of both images, aligned to a pixel."""
    one, other = (_spectra(patches, cells) for patches in (plus, minus))
    power = [np.square(s.real) + np.square(s.imag) for s in (one, other)]
    noise = cells.averaged(_noise(power, cells.edge))[0]
    cross = one * other.conj()
    return PairStatistics(
        cells.averaged(power[0]) / noise - 1,
        cells.averaged(power[1]) / noise - 1,
        (cells.averaged(cross.real) + 1j * cells.averaged(cross.imag)) / noise,
    )


def overlap(patches: Pixels, image: Pixels) -> float:
    """Area of patches (n, edge, edge) over that of the image that they were cut from."""
    return float(patches.size / image.size)


def _spectra(patches: Pixels, cells: Cells) -> NDArray[np.complex64]:
    offset = (patches * cells.window).sum(axis=(1, 2), keepdims=True) / cells.window.sum()
    return np.asarray(fft.rfft2((patches - offset) * cells.window))


def _noise(power: list[Pixels], edge: int) -> Pixels:
    """Noise power, (1, edge, edge // 2 + 1): of fast rows, where it alone is left, smoothed along x.

    The lag of a detector colours it along the fast axis only.
    """
    fast = np.abs(np.fft.fftfreq(edge)) > NOISE_BAND
    per_column = np.mean([p[:, fast].mean(axis=(0, 1)) for p in power], axis=0)
    smooth = cv2.blur(per_column[None].astype(np.float32), (edge // 6 | 1, 1))
    return np.broadcast_to(smooth[:, None], (1, edge, edge // 2 + 1))


def refine(data: PairStatistics, cells: Cells, blur_px: float, start: Floats, overlap: float) -> Refined:
    """Fisher scoring of all patches together from ``start`` (3,), in perturbations.

    Args:
        data: spectra of the patches.
        cells: their frequencies.
        overlap: area of all patches over that of the image: what is seen twice counts once.
        blur_px: radius of the probe disk at one perturbation.
        start: an answer within about one perturbation of the truth.
    """
    state, nuisance = np.array(start, dtype=np.float64), np.zeros(3)
    shift = np.zeros((len(data.plus), 2))
    precision = KNOWN**-2.0
    for _ in range(ROUNDS):
        plus, plus_slopes = _transfer(cells, state, +1.0, nuisance, blur_px)
        minus, minus_slopes = _transfer(cells, state, -1.0, nuisance, blur_px)
        shift = shift + _shift_step(data, cells, plus, minus, shift)
        slopes = (plus * minus_slopes - minus * plus_slopes) / (plus**2 + minus**2)
        score, information = _score(data, cells, (plus, minus), slopes, shift)
        score, information = score / max(1.0, overlap), information / max(1.0, overlap)
        score[3:] -= precision * nuisance
        information[[3, 4, 5], [3, 4, 5]] += precision
        step = np.linalg.solve(information, score)
        state = state + step[:3] * min(1.0, LONGEST_STEP / max(np.abs(step[:3]).max(), 1e-12))
        nuisance = np.clip(nuisance + step[3:], -4 * KNOWN, 4 * KNOWN)
    of_model = MODEL_SHARE**2 * (state @ state) * np.eye(3)
    return Refined(state, np.linalg.inv(information)[:3, :3] + of_model)


def _transfer(
    cells: Cells, state: Floats, sign: float, nuisance: Floats, blur_px: float
) -> tuple[Floats, Floats]:
    """Transfer function (cells,) and its slopes (6, cells) by state and nuisance parameters.

    The aperture is filled as ``1 + p (2 s - 1)`` over its area s: ``2 J1(u) / u - 2 p J3(u) / u``.
    """
    gain, angle, filling = nuisance
    radius = blur_px * np.exp(angle)
    z, ax, ay = state[0] + sign, state[1], state[2]
    mx, my = (z + ax) * cells.kx + ay * cells.ky, ay * cells.kx + (z - ax) * cells.ky
    length = np.hypot(mx, my) + 1e-9
    u = np.maximum(radius * length, 1e-3)
    j0, j1 = special.j0(u), special.j1(u)
    j2 = 2 * j1 / u - j0
    odd = -2 * (4 * j2 / u - j1) / u
    by_length = radius * (-2 * j2 / u) / length
    scale = np.exp(-0.5 * sign * gain)
    value = scale * (2 * j1 / u + filling * odd)
    slopes = scale * np.stack(
        [
            by_length * (mx * cells.kx + my * cells.ky),
            by_length * (mx * cells.kx - my * cells.ky),
            by_length * (mx * cells.ky + my * cells.kx),
            -0.5 * sign * value / scale,
            by_length * length**2,
            odd,
        ]
    )
    return value, slopes


def _aligned(data: PairStatistics, cells: Cells, shift: Floats) -> NDArray[np.complex128]:
    """The cross power with the second image moved back by ``shift`` (n, 2) px."""
    phase = shift[:, :1] * cells.kx + shift[:, 1:] * cells.ky
    return np.asarray(data.cross * np.exp(-1j * phase))


def _signal(data: PairStatistics, cells: Cells, h: tuple[Floats, Floats], cross: Floats) -> Floats:
    """Signal over noise (n, cells) at the estimated power of the texture."""
    plus, minus = h
    power = plus**2 * data.plus + minus**2 * data.minus + 2 * plus * minus * cross
    return np.asarray(np.maximum(cells.smoothed(power / (plus**2 + minus**2)) - CHANCE, 0.0))


def _shift_step(data: PairStatistics, cells: Cells, plus: Floats, minus: Floats, shift: Floats) -> Floats:
    """One step (n, 2) [px] towards the shift that is left between the images of each patch."""
    cross = _aligned(data, cells, shift)
    snr = _signal(data, cells, (plus, minus), cross.real)
    both = plus * minus / (plus**2 + minus**2)
    score = 2 * LOOKS * both * cross.imag * snr / (1 + snr)
    information = 2 * LOOKS * (both * snr) ** 2 / (1 + snr)
    k = np.stack([cells.kx, cells.ky])
    right = np.einsum("nc,ic->ni", score, k)
    left = np.einsum("nc,ic,jc->nij", information, k, k) + np.eye(2)
    return np.clip(np.linalg.solve(left, right[..., None])[..., 0], -1.0, 1.0)


def _score(
    data: PairStatistics, cells: Cells, h: tuple[Floats, Floats], slopes: Floats, shift: Floats
) -> tuple[Floats, Floats]:
    """Score (6,) and Fisher information (6, 6) of all patches."""
    plus, minus = h
    cross = _aligned(data, cells, shift).real
    snr = _signal(data, cells, h, cross)
    leak = plus * minus * (data.plus - data.minus) + (minus**2 - plus**2) * cross
    score = -2 * LOOKS * (leak / (plus**2 + minus**2) * snr / (1 + snr)).sum(axis=0)
    information = 2 * LOOKS * (snr**2 / (1 + snr)).sum(axis=0)
    return slopes @ score, (slopes * information) @ slopes.T
