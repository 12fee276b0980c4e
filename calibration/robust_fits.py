"""Least squares over complex numbers, with outliers left out: points of a plane as x + iy. Pure.

Complex coefficients turn and scale; a column of conjugates shears and mirrors
(:mod:`scopeacq.plan.plane_fits`). Outliers are found by the least median of squares over random samples
(Rousseeuw & Leroy 1987), after which all that agree are fitted together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

SAMPLES = 300
"""Random samples tried: enough for a clean one among a third of outliers."""
INLIER_SD = 3.5
"""Standard deviations of one coordinate within which a point counts as one that fits."""
MEDIAN_OF_LENGTHS = math.sqrt(2 * math.log(2))
"""Median length of a vector whose coordinates have a standard deviation of 1 (Rayleigh)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard deviation, in the value's own unit."""

    value: float
    sd: float


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """``values ~ design @ coefficients``.

    ``coefficients`` and ``sd`` (p,): ``sd`` is of real and of imaginary part alike. ``residuals`` (n,) of
    all, ``kept`` (n,): those that were fitted. ``noise``: standard deviation of one coordinate of a value.
    """

    coefficients: Complex
    sd: NDArray[np.float64]
    residuals: Complex
    kept: NDArray[np.bool_]
    noise: float


def robust_fit(design: Complex, values: Complex, rng: np.random.Generator, least: float = 0.0) -> Solution:
    """Fit complex ``values`` (n,) by the columns of ``design`` (n, p).

    ``least``: a standard deviation below which nothing is an outlier. Raises ``ValueError`` where the
    points do not determine the coefficients, or are no more than those.
    """
    n, p = design.shape
    if n <= p or np.linalg.matrix_rank(design) < p:
        raise ValueError(f"{n} points do not determine {p} values")
    residuals = _best_sample(design, values, rng)
    noise = (1 + 5 / (n - p)) * float(np.median(np.abs(residuals))) / MEDIAN_OF_LENGTHS
    kept = _fitting(design, residuals, max(noise, least))
    for _ in range(2):  # what the sample left out by chance comes back
        solution = _solved(design, values, kept)
        kept = _fitting(design, solution.residuals, max(solution.noise, least))
    return _solved(design, values, kept)


def _best_sample(design: Complex, values: Complex, rng: np.random.Generator) -> Complex:
    """Residuals (n,) of the fit through a small sample whose median residual is the least."""
    n, p = design.shape
    tried = [np.arange(n), *(rng.choice(n, p + 1, replace=False) for _ in range(SAMPLES))]
    fits = [np.linalg.lstsq(design[chosen], values[chosen], rcond=None)[0] for chosen in tried]
    residuals = values - np.array(fits) @ design.T
    best: Complex = residuals[int(np.median(np.abs(residuals), axis=1).argmin())]
    return best


def _fitting(design: Complex, residuals: Complex, noise: float) -> NDArray[np.bool_]:
    """Which points fit, shape (n,); all of them where those alone would determine nothing."""
    inside = np.asarray(np.abs(residuals) <= INLIER_SD * noise)
    enough = inside.sum() > design.shape[1] and np.linalg.matrix_rank(design[inside]) == design.shape[1]
    return inside if enough else np.ones(len(design), np.bool_)


def _solved(design: Complex, values: Complex, kept: NDArray[np.bool_]) -> Solution:
    """Plain least squares over the points that are kept."""
    part = design[kept]
    coefficients: Complex = np.linalg.lstsq(part, values[kept], rcond=None)[0].astype(np.complex128)
    residuals: Complex = values - design @ coefficients
    freedom = 2 * (len(part) - part.shape[1])  # each point has two coordinates
    noise = math.sqrt(float((np.abs(residuals[kept]) ** 2).sum()) / freedom)
    covariance = np.linalg.inv(part.conj().T @ part).real.diagonal()
    return Solution(coefficients, noise * np.sqrt(covariance), residuals, kept, noise)
