"""How points of two planes fit: turned, scaled, mirrored, sheared, or with some of them off. Pure.

Points are complex numbers, x + iy: a turn is a factor, and an affine map about the middle is
``p * z + q * conj(z)``: ``p`` turns and scales, ``q`` is there for what is sheared or mirrored.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from scopeacq.plan.geometry import Rigid

Complex = NDArray[np.complex128]

SAME_SPOT_UM = 1.0
"""Nearer than anybody tells two spots apart in an overview."""
BY_EYE_UM = 2.0
"""How well a spot is met by eye; no landmark is an outlier by less than a few times that."""
INLIER_SD = 2.5
"""Standard deviations within which a landmark counts as one that fits (Rousseeuw & Leroy 1987)."""
MOST_PAIRED = 40
"""Landmarks of which all pairs are tried."""


def extent_um(points: Complex) -> float:
    """The largest distance of two points, no more than twice off."""
    return float(2 * np.abs(points - points.mean()).max())


def similar(wafer: Complex, stage: Complex) -> complex:
    """The turn and scale of least squares, as a factor."""
    z, w = wafer - wafer.mean(), stage - stage.mean()
    return complex((z.conj() * w).sum() / (np.abs(z) ** 2).sum())


def rigid(wafer: Complex, stage: Complex) -> Rigid:
    """The turn and shift of least squares. Raises ``ValueError`` for points that are all one."""
    columns = [np.column_stack([points.real, points.imag]) for points in (wafer, stage)]
    return Rigid.fit(columns[0], columns[1])[0]


def off(wafer: Complex, stage: Complex, factor: complex) -> Complex:
    """What is left at each landmark, shape (n,), of a map with this factor."""
    return np.asarray(stage - stage.mean() - factor * (wafer - wafer.mean()))


def agreeing(wafer: Complex, stage: Complex, tolerance_um: float) -> NDArray[np.bool_] | None:
    """Which landmarks agree on a mount, shape (n,); None where no majority does.

    Least median of squares over the mounts through all pairs (Rousseeuw & Leroy 1987). Of three landmarks
    two agree by their distance alone, so that this must hold for one pair only.
    """
    count = len(wafer)
    numbers = range(min(count, MOST_PAIRED))
    pairs = [(a, b) for a, b in combinations(numbers, 2) if abs(wafer[a] - wafer[b]) > SAME_SPOT_UM]
    misses = np.array([_misses_of_pair(wafer, stage, pair) for pair in pairs])
    if count == 3:
        agree = [
            pair for pair, miss in zip(pairs, misses, strict=True) if miss[list(pair)].max() <= BY_EYE_UM
        ]
        return np.isin(np.arange(3), agree[0]) if len(agree) == 1 else None
    if count < 3:
        return None
    medians = np.sort(misses, axis=1)[:, count // 2]
    best = int(medians.argmin())
    sd_um = 1.4826 * (1 + 5 / (count - 2)) * float(medians[best])
    inside: NDArray[np.bool_] = misses[best] <= max(INLIER_SD * sd_um, INLIER_SD * BY_EYE_UM)
    if 2 * inside.sum() <= count or inside.sum() < 3:
        return None
    kept = off(wafer[inside], stage[inside], _unit(similar(wafer[inside], stage[inside])))
    return inside if np.abs(kept).max() <= tolerance_um else None


def _misses_of_pair(wafer: Complex, stage: Complex, pair: tuple[int, int]) -> NDArray[np.float64]:
    """How far the mount through two landmarks misses each of all, shape (n,) [um]."""
    two = list(pair)
    factor = _unit(similar(wafer[two], stage[two]))
    return np.asarray(np.abs(stage - stage[two].mean() - factor * (wafer - wafer[two].mean())))


def _unit(factor: complex) -> complex:
    """The turn of a factor, without its scale."""
    return factor / abs(factor) if factor else 1.0 + 0.0j


def off_affine(wafer: Complex, stage: Complex) -> Complex:
    """What an affine map of least squares leaves at each landmark, shape (n,)."""
    z, w = wafer - wafer.mean(), stage - stage.mean()
    turned, mirrored = _affine(wafer, stage)
    return np.asarray(w - turned * z - mirrored * z.conj())


def stretch(wafer: Complex, stage: Complex) -> float:
    """How much longer lengths become by that map along one direction than across it; inf for a line."""
    turned, mirrored = map(abs, _affine(wafer, stage))
    least = abs(turned - mirrored)
    return (turned + mirrored) / least if least else math.inf


def _affine(wafer: Complex, stage: Complex) -> tuple[complex, complex]:
    z, w = wafer - wafer.mean(), stage - stage.mean()
    (turned, mirrored), *_ = np.linalg.lstsq(np.column_stack([z, z.conj()]), w, rcond=None)
    return complex(turned), complex(mirrored)
