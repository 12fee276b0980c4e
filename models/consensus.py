"""From many patches to one answer whose spread is honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HUBER = 2.5  # standard deviations beyond which a patch loses weight
ROUNDS = 5
BLANK_SHARE = 0.7  # of a blank patch's spread: a patch must know better than that to count
INFORMED_SHARE = 0.5  # of a blank patch's spread: what knows defocus better than that holds texture


@dataclass(frozen=True, slots=True)
class Consensus:
    """How patches are weighed, calibrated on held-out images; lengths in perturbations.

    ``spread`` scales what the patches of an image say of their own spread, for they overlap, are of
    one kind of tissue and met one beam. ``floor`` is an error that no number of patches removes.
    ``blank`` (3,) is what a patch without texture says of its spread: it knows only the range of
    the training.
    """

    spread: float
    floor: float
    blank: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """Mean (3,) and covariance (3, 3) of an image pair; ``informed`` (n,): patches that hold texture."""

    mean: Floats
    covariance: Floats
    informed: NDArray[np.bool_]


def combine(means: Floats, covariances: Floats, consensus: Consensus) -> Answer:
    """The mean of patches by what each adds to knowing nothing, and its covariance.

    A patch's information is the inverse of its covariance less that of a blank patch, so that
    blank patches count for nothing and an all-blank image gets a covariance far beyond the
    training's range. Patches that contradict the others lose weight (Huber), and a scatter of the
    patches that is wider than they claim widens the answer's covariance.

    Args:
        means: (n, 3) answers of the patches.
        covariances: (n, 3, 3) as the patches state them.
        consensus: the calibration.
    """
    blank = np.asarray(consensus.blank)
    precisions: Floats = np.asarray(np.linalg.inv(covariances), np.float64)
    information = _beyond(precisions, (BLANK_SHARE * blank) ** -2.0) / consensus.spread**2
    prior = np.diag((10.0 * blank) ** -2.0)
    mean, weights = _robust_mean(means, information, prior)
    total = np.einsum("n,nij->ij", weights, information) + prior
    inverse = np.linalg.inv(total)
    informed = np.sqrt(covariances[:, 0, 0]) < INFORMED_SHARE * blank[0]
    scatter = (weights * _distances2(means - mean, information)).sum() / (3 * max(informed.sum() - 1, 1))
    covariance = max(1.0, scatter) * inverse + consensus.floor**2 * np.eye(3)
    return Answer(mean, covariance, informed)


def _beyond(precisions: Floats, blank: Floats) -> Floats:
    """Precisions (n, 3, 3) less that of a blank patch (3,), in no direction below 0."""
    values, vectors = np.linalg.eigh(precisions - np.diag(blank))
    return np.asarray(np.einsum("nij,nj,nkj->nik", vectors, values.clip(0.0), vectors))


def _robust_mean(means: Floats, information: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Mean (3,) and weights (n,) of answers (n, 3), by Huber's reweighting from the median answer.

    ``information`` (n, 3, 3) and ``prior`` (3, 3) are precisions; the prior's mean is 0.
    """
    own = np.diagonal(information, axis1=1, axis2=2)
    mean, weights = _weighted_median(means, own + np.diag(prior) / len(means)), np.full(len(means), np.nan)
    for _ in range(ROUNDS):
        distance = np.sqrt(_distances2(means - mean, information) / 3)
        before, weights = weights, np.minimum(1.0, HUBER / np.maximum(distance, 1e-12))
        if np.array_equal(weights, before):
            break
        total = np.einsum("n,nij->ij", weights, information) + prior
        mean = np.linalg.solve(total, np.einsum("n,nij,nj->i", weights, information, means))
    return mean, weights


def _distances2(deviations: Floats, information: Floats) -> Floats:
    """Squared Mahalanobis distances (n,)."""
    return np.asarray(np.einsum("ni,nij,nj->n", deviations, information, deviations))


def _weighted_median(values: Floats, weights: Floats) -> Floats:
    """Weighted median of each column."""
    order = values.argsort(axis=0)
    cumulated = np.take_along_axis(weights, order, axis=0).cumsum(axis=0)
    middle = (cumulated >= 0.5 * cumulated[-1]).argmax(axis=0)
    picked = np.take_along_axis(order, middle[None], axis=0)
    median: Floats = np.take_along_axis(values, picked, axis=0)[0]
    return median
