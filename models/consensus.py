"""From many patches to one answer whose spread is honest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.estimate import AberrationEstimate

Floats = NDArray[np.float64]

HUBER = 2.5  # standard deviations beyond which a patch loses weight
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Consensus:
    """How patches are weighed, calibrated on held-out images.

    ``spread`` scales what the patches say of their own spread. ``common`` is the share of a
    patch's variance that all patches of one image have in common, for they are of one kind of
    tissue and met one beam. ``floor_um`` is an error that no number of patches removes.
    ``blank_um`` (3,) is what a patch without texture says of its spread: it knows only the
    range of the training.
    """

    spread: float
    common: float
    floor_um: float
    blank_um: tuple[float, float, float]

    def scaled(self, factor: float) -> Consensus:
        """The same for a problem whose lengths are ``factor`` times longer."""
        x, y, z = (factor * b for b in self.blank_um)
        return replace(self, floor_um=factor * self.floor_um, blank_um=(x, y, z))


def combine(means_um: Floats, sds_um: Floats, consensus: Consensus) -> AberrationEstimate:
    """The mean of patches by what each adds to knowing nothing, and its covariance.

    A patch's information is its precision less that of a blank patch, so that blank patches
    count for nothing and an all-blank image gets a covariance far beyond the training's range.
    Patches that contradict the others lose weight (Huber), and a spread among the patches that
    is wider than they claim widens the answer's.

    Args:
        means_um: (n, 3) answers of the patches.
        sds_um: (n, 3) their own standard deviations.
        consensus: the calibration.
    """
    blank = np.asarray(consensus.blank_um)
    information = np.clip(sds_um**-2.0 - (0.7 * blank) ** -2.0, 0.0, None) / consensus.spread**2
    nothing_known = (10.0 * blank) ** -2.0
    mean, weights = robust_mean(means_um, information, nothing_known)
    total = weights.sum(axis=0) + nothing_known
    excess = np.maximum(1.0, (weights * (means_um - mean) ** 2).sum(axis=0) / max(len(means_um) - 1, 1))
    typical_variance = np.count_nonzero(information > 0, axis=0) / total
    variance = excess / total + consensus.common * typical_variance + consensus.floor_um**2
    return AberrationEstimate(mean, np.diag(variance), means_um, sds_um)


def robust_mean(means: Floats, information: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Mean (c,) and weights (n, c) of answers (n, c), by Huber's reweighting from the median answer.

    ``information`` (n, c) and ``prior`` (c,) are precisions; the prior's mean is 0.
    """
    mean = _weighted_median(means, information + prior / len(means))
    weights = information
    for _ in range(ROUNDS):
        deviation = np.abs(means - mean) * np.sqrt(information)
        weights = information * np.minimum(1.0, HUBER / np.maximum(deviation, 1e-12))
        mean = (weights * means).sum(axis=0) / (weights.sum(axis=0) + prior)
    return mean, weights


def _weighted_median(values: Floats, weights: Floats) -> Floats:
    """Weighted median of each column."""
    order = values.argsort(axis=0)
    cumulated = np.take_along_axis(weights, order, axis=0).cumsum(axis=0)
    middle = (cumulated >= 0.5 * cumulated[-1]).argmax(axis=0)
    picked = np.take_along_axis(order, middle[None], axis=0)
    median: Floats = np.take_along_axis(values, picked, axis=0)[0]
    return median
