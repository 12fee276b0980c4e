"""The aberration that makes a pair of images most likely, whatever texture they show.

Both images of a pair show one texture, unknown, through two probes and with independent noise. In units
of the noise their spectra F = (F+, F-) have, frequency by frequency, the covariance

    C = s M + 1,   M = < (h+, h-) (h+, h-)^T >,

with the power s of the texture, the transfer functions h of the probes, and the mean over the window's
own blur of frequencies. Fisher scoring climbs the Gaussian likelihood of all patches,
``-log det C - F* C^-1 F``, by the aberration. What s may do is left free in the neighbourhood of every
frequency: only directions of change count that are orthogonal to ``M`` there, in the metric of ``C``. So
textures with preferred directions do not pull, and what the images have in common (floor of the probe, lag
of the detector) cancels. How much a frequency counts is told by the mean of s over its ring.

Gain, convergence angle and filling of the aperture are fitted along. They are held by what is believed of
them with the tails of Student's t: where the images contradict it, it gives way. Climbing begins at low
frequencies, where the likelihood has one maximum only, and takes in higher ones as it comes closer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.cells import Cells, Maps, PairSpectra, PairStatistics, Spectra, cells_of

Floats = NDArray[np.float64]

KNOWN = np.array([0.003, 0.005, 0.02])  # sd of gain ratio, angle (log), filling of the aperture
FREEDOM = 3.0  # degrees of freedom of these beliefs
FARTHEST = np.array([0.05, 0.4, 1.0])  # that they may be wrong by
NEIGHBOURS = 11  # frequencies along each axis in which the power of the texture may be what it will
REACH = 16.0  # perturbations: farther off nothing is found
HEARD = 2.0  # standard deviations of a ring's noise
CHANCE = 1.0  # standard deviations of what noise passes for signal in a ring
WIDE_POOL = 3
POOLED_BELOW = 0.45  # rad that the probe may turn over from cell to cell
STEPS_PER_BAND, LAST_STEPS = 2, 12
BAND_GROWTH = 1.6
SURE = 0.05  # perturbations: nearer than this a start needs no low frequencies
LONGEST_STEP = 0.4  # of the distance from focus, and of a perturbation at least
SMALL_STEP = 0.1  # standard deviations
IGNORANCE = 1e-3  # information that is always there, 1 / perturbations^2
WEIGHTS = np.array([1.0, 1.0, 2.0])[:, None, None]  # of the three entries of a symmetric 2 x 2 matrix


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a climb has come to: ``mean`` (3,) and ``covariance`` (3, 3) in perturbations.

    ``nuisance`` (3,): gain ratio, angle (log), filling. ``shift`` (n, 2) px of the second image of each
    patch. ``misfit``: variance of the spectra's distances from what the model says, 1 or less where it
    holds; the texture is not what is assumed of it, or the probe, where it is well above.
    """

    mean: Floats
    nuisance: Floats
    shift: Floats
    covariance: Floats
    misfit: float


class Texture(Enum):
    """What the power of a texture may do from frequency to frequency."""

    SMOOTH = auto()  # follow its ring: most matter
    LINES = auto()  # stand in a few frequencies alone: gratings, crystals, bands


def fit(
    spectra: PairSpectra,
    blur_px: float,
    start: Floats,
    uncertainty: float,
    overlap: float,
    texture: Texture = Texture.SMOOTH,
) -> Fit:
    """The aberration of all patches together.

    Args:
        spectra: of the patches.
        blur_px: radius of the probe disk at one perturbation.
        start: (3,) where to begin, in perturbations.
        uncertainty: how far off that may be, in perturbations.
        overlap: area of all patches over that of the image: what is seen twice counts once.
        texture: what is assumed of it. Of lines less is known, and the covariance says too little.
    """
    fine = cells_of(spectra.edge, 1)
    data = spectra.statistics(fine)
    far = 1e6 * np.eye(3)
    best = Fit(np.clip(start, -REACH, REACH), np.zeros(3), np.zeros((len(data.plus), 2)), far, math.inf)
    heard = _highest(data, fine)
    highest = 1 / (blur_px * min(max(uncertainty, SURE), 2.0))
    while highest < heard:
        cells, cut = fine.within(highest)
        best = climb(data.within(cut), cells, blur_px, best, STEPS_PER_BAND, overlap, texture)
        highest *= BAND_GROWTH
    wide = cells_of(spectra.edge, WIDE_POOL)
    if texture is Texture.SMOOTH and _turn(wide, best.mean, blur_px) < POOLED_BELOW:
        data, fine = spectra.statistics(wide), wide
    cells, cut = fine.within(heard)
    return climb(data.within(cut), cells, blur_px, best, LAST_STEPS, overlap, texture)


def _highest(data: PairStatistics, cells: Cells) -> float:
    """The frequency [rad/px] from which on the images hold noise alone."""
    count = np.maximum(cells.rings.sums(cells.kept), 1e-9)
    signal = cells.rings.sums(cells.kept * (data.plus + data.minus).mean(0)) / count
    heard = signal > HEARD * np.sqrt(2 / (count * cells.looks))
    k = cells.rings.sums(cells.kept * np.hypot(*cells.inner)) / count
    return float(1.2 * k[heard].max(initial=0.0))


def _turn(cells: Cells, mean: Floats, blur_px: float) -> float:
    """How far the phase of the probe's rings goes from cell to cell [rad]."""
    widest = 1 + abs(mean[0]) + math.hypot(mean[1], mean[2])
    return float(blur_px * widest * cells.pool * 2 * math.pi / cells.edge)


def climb(
    data: PairStatistics,
    cells: Cells,
    blur_px: float,
    start: Fit,
    steps: int,
    overlap: float,
    texture: Texture,
) -> Fit:
    """At most ``steps`` of Fisher scoring; ends early where they become small."""
    now = start
    power_of = _ring_power if texture is Texture.SMOOTH else _own_power
    looks = cells.looks * len(data.plus) / max(1.0, overlap)
    inverse = np.array([1.0, 1.0, 0.0])[:, None, None] * np.ones(cells.kept.shape)
    for step in range(steps):
        model, slopes = _models(cells, now, blur_px)
        cross = _aligned(data, cells, now.shift)
        seen = np.stack([data.plus.mean(0), data.minus.mean(0), cross.real.mean(0)]).astype(np.float64)
        for _ in range(1 if step else 2):  # the power of the texture and its weights depend on each other
            power = power_of(cells, seen, model, inverse, looks)
            inverse = _inverse(power * model)
        shift = now.shift + _shift_step(cells, cross, power * model[2], inverse)
        change, information = _scored(cells, seen, power, model, slopes, inverse, looks)
        move, covariance = _step(change, information, now)
        now = Fit(
            np.clip(now.mean + move[:3], -REACH, REACH),
            np.clip(now.nuisance + move[3:], -FARTHEST, FARTHEST),
            shift,
            covariance,
            _misfit(cells, seen, power * model, inverse, looks),
        )
        if (np.abs(move[:3]) < SMALL_STEP * np.sqrt(np.diag(covariance))).all():
            break
    return now


def _step(change: Floats, information: Floats, now: Fit) -> tuple[Floats, Floats]:
    """The next step (6,) and the covariance of the aberration (3, 3)."""
    belief = KNOWN**-2.0 * (FREEDOM + 1) / (FREEDOM + (now.nuisance / KNOWN) ** 2)
    change = change - np.append(np.zeros(3), belief * now.nuisance)
    held = np.diag(np.append(np.full(3, IGNORANCE), belief))
    covariance = np.asarray(np.linalg.inv(information + held), dtype=np.float64)
    move = covariance @ change
    longest = LONGEST_STEP * max(1.0, float(np.abs(now.mean).max()))
    shorter = min(1.0, longest / max(float(np.abs(move[:3]).max()), 1e-12))
    return np.asarray(shorter * move), covariance[:3, :3]


def _models(cells: Cells, now: Fit, blur_px: float) -> tuple[Floats, Floats]:
    """M (3, rows, columns), its entries ++, -- and +-, and its slopes (6, 3, rows, columns)."""
    plus, plus_slopes = _transfer(cells, now, +1.0, blur_px)
    minus, minus_slopes = _transfer(cells, now, -1.0, blur_px)
    products = [plus * plus, minus * minus, plus * minus]
    for up, down in zip(plus_slopes, minus_slopes, strict=True):
        products += [2 * plus * up, 2 * minus * down, plus * down + minus * up]
    # textures fall about so steeply: what is averaged should not change much from cell to cell.
    # Strong signal is all but of rank 1: single precision would lose its inverse
    steep = np.hypot(*cells.inner).astype(np.float64) ** -3
    maps = cells.seen(np.stack(products, -1)) * steep
    return maps[:3], maps[3:].reshape(6, 3, *steep.shape)


def _transfer(cells: Cells, now: Fit, sign: float, blur_px: float) -> tuple[Maps, list[Maps]]:
    """Transfer function on the wider grid and its six slopes, by aberration and nuisance.

    The aperture is filled as ``1 + p (2 s - 1)`` over its area s: ``2 J1(u) / u - 2 p J3(u) / u``.
    """
    gain, angle, filling = (float(v) for v in now.nuisance)
    radius = blur_px * math.exp(angle)
    z, ax, ay = float(now.mean[0]) + sign, float(now.mean[1]), float(now.mean[2])
    mx, my = (z + ax) * cells.kx + ay * cells.ky, ay * cells.kx + (z - ax) * cells.ky
    length = np.maximum(np.hypot(mx, my), np.float32(1e-6))
    u = np.maximum(radius * length, np.float32(1e-3))
    j1 = special.j1(u)
    disk = 2 * j1 / u
    j2 = disk - special.j0(u)
    odd = -2 * (4 * j2 / u - j1) / u
    scale = math.exp(-0.5 * sign * gain)
    value: Maps = np.asarray(scale * (disk + filling * odd), dtype=np.float32)
    by_length = (-2 * radius * scale) * j2 / (u * length)
    slopes: list[Maps] = [
        by_length * (mx * cells.kx + my * cells.ky),
        by_length * (mx * cells.kx - my * cells.ky),
        by_length * (mx * cells.ky + my * cells.kx),
        (-0.5 * sign) * value,
        by_length * length * length,
        np.asarray(scale * odd, dtype=np.float32),
    ]
    return value, slopes


def _aligned(data: PairStatistics, cells: Cells, shift: Floats) -> Spectra:
    """The cross power with the second image moved back by ``shift`` (n, 2) px."""
    kx, ky = cells.inner
    along, down = (np.exp(-1j * s[:, None] * k) for s, k in zip(shift.T, (kx[0], ky[:, 0]), strict=True))
    return np.asarray(data.cross * (down[:, :, None] * along[:, None, :]).astype(np.complex64))


def _ring_power(cells: Cells, seen: Floats, model: Floats, inverse: Floats, looks: float) -> Floats:
    """Power s (rows, columns) of the texture, as its rings have it beyond what noise passes for."""
    weights = _sandwiched(inverse, model)
    found, least, alone = (
        cells.rings.sums(cells.kept * _trace(a, b))
        for a, b in ((weights, seen), (weights, model), (model,) * 2)
    )
    power = found / np.maximum(least, 1e-12) - CHANCE / np.sqrt(np.maximum(alone * looks, 1e-12))
    return cells.rings.spread(np.maximum(power, 0.0))


def _own_power(cells: Cells, seen: Floats, model: Floats, inverse: Floats, looks: float) -> Floats:
    """The same, frequency by frequency."""
    weights = _sandwiched(inverse, model)
    power = _trace(weights, seen) / np.maximum(_trace(weights, model), 1e-12)
    return np.asarray(cells.kept * np.maximum(power, 0))


def _scored(
    cells: Cells, seen: Floats, power: Floats, model: Floats, slopes: Floats, inverse: Floats, looks: float
) -> tuple[Floats, Floats]:
    """Score (6,) and Fisher information (6, 6), with the power of the texture free around each cell."""
    weights = _sandwiched(inverse, model)
    own = [_trace(weights, model), *(_trace(weights, slope) for slope in slopes)]
    size = (NEIGHBOURS // cells.pool | 1,) * 2
    around = cv2.blur(np.stack(own, -1) * cells.kept[..., None], size, borderType=cv2.BORDER_CONSTANT)
    shares = np.moveaxis(around[..., 1:] / np.maximum(around[..., :1], 1e-12), -1, 0)
    changes = power * (slopes - shares[:, None] * model)
    weighted = np.stack([_sandwiched(inverse, change) for change in changes]) * cells.kept
    weighted = (weighted * WEIGHTS).reshape(len(slopes), -1)
    excess = seen - power * model
    score, information = weighted @ excess.ravel(), weighted @ changes.reshape(len(slopes), -1).T
    return looks * score, looks * information


def _shift_step(cells: Cells, cross: Spectra, common: Floats, inverse: Floats) -> Floats:
    """One step (n, 2) [px] towards the shift that is left between the images of each patch."""
    pull = 2 * cells.looks * cells.kept * common * (inverse[0] * inverse[1] - np.square(inverse[2]))
    k = np.stack(cells.inner)
    right = np.einsum("nyx,iyx,yx->ni", cross.imag, k, pull, dtype=np.float64)
    left = np.einsum("iyx,jyx,yx->ij", k, k, pull * common, dtype=np.float64) + np.eye(2)
    return np.clip(np.linalg.solve(left, right.T).T, -1.0, 1.0)


def _misfit(cells: Cells, seen: Floats, signal: Floats, inverse: Floats, looks: float) -> float:
    """Variance of ``F* C^-1 F``, weighted by where there is signal, over what it is of normal spectra."""
    over_noise = signal[0] + signal[1]
    weights = cells.kept * np.square(over_noise / (1 + over_noise))
    distance = _trace(inverse, seen + np.array([1, 1, 0])[:, None, None]) - 2
    variance = (weights * np.square(distance)).sum() / max(float(weights.sum()), 1e-12)
    return float(variance * looks / 2)


def _inverse(signal: Floats) -> Floats:
    """(signal + 1)^-1 of symmetric, positive semidefinite matrices (3, rows, columns)."""
    one, other, both = signal
    determinant = 1 + one + other + (one * other - both * both)
    return np.asarray(np.stack([other + 1, one + 1, -both]) / determinant)


def _trace(a: Floats, b: Floats) -> Floats:
    """tr(a b) of symmetric matrices (3, rows, columns)."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + 2 * a[2] * b[2])


def _sandwiched(outer: Floats, middle: Floats) -> Floats:
    """``outer middle outer`` of symmetric matrices (3, rows, columns)."""
    a, b, c = outer
    p, q, r = middle
    upper, upper_right = a * p + c * r, a * r + c * q
    lower_left, lower = c * p + b * r, c * r + b * q
    return np.stack([upper * a + upper_right * c, lower_left * c + lower * b, upper * c + upper_right * b])
