"""How stigmators act, fitted to what was seen of their offsets: arrays in, frozen values out. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.optics import StigmatorFrame

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]

FREEDOM = 4.0
"""Degrees of freedom of the t distribution that residuals are taken from: a few may be far off."""

OUTLIER = 4.0
"""Standard deviations from which on a measurement has no part in the fit."""

ROUNDS = 30
MEDIAN_OF_CHI2 = 2 * math.log(2)
"""Of two degrees of freedom."""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """What two stigmators do to a vector seen in images: ``seen = matrix @ offset + constant``.

    ``matrix`` (2, 2) per a.u., ``covariance`` (4, 4) of its entries row by row; ``constants`` (places, 2);
    ``residuals`` (n, 2) in the unit of what was seen; ``left_out`` are numbers of measurements.
    ``spread``: standard deviation of the residuals over what was stated of them.
    """

    matrix: Floats
    covariance: Floats
    constants: Floats
    residuals: Floats
    left_out: frozenset[int]
    spread: float


@dataclass(frozen=True, slots=True, eq=False)
class FittedFrame:
    """A stigmator frame, the standard deviations of its values, and the fit that it comes from.

    ``response.matrix`` [um per a.u.] is in the image frame at the scan rotation of the images.
    """

    frame: StigmatorFrame
    sd_um_per_unit: float
    sd_rotation_deg: float
    sd_y_ratio: float
    sd_skew_deg: float
    response: Response


def fit_frame(
    stig_offsets: ArrayLike,
    astig_um: ArrayLike,
    covariances: ArrayLike,
    scan_rot_deg: float,
    places: ArrayLike | None = None,
) -> FittedFrame:
    """The frame of the stigmators from the astigmatism that estimators saw at offsets of them.

    Args:
        stig_offsets: (n, 2) [a.u.], from anything that is the same at one place.
        astig_um: (n, 2) astigmatism x, y [um] in the image frame.
        covariances: (n, 2, 2) of these [um^2].
        scan_rot_deg: of the images.
        places: (n,) numbers from 0 on, one place by default. Each has an astigmatism of its own at
            offset 0, which is fitted along.

    Raises:
        ValueError: too few measurements, in too few directions, or stigmators that are not independent.
    """
    response = fit_response(stig_offsets, astig_um, covariances, places)
    frame = StigmatorFrame.of_matrix(response.matrix, scan_rot_deg)
    jacobian = _jacobian(response.matrix)
    sds = np.sqrt(np.diag(jacobian @ response.covariance @ jacobian.T)).tolist()
    return FittedFrame(frame, sds[0], sds[1], sds[2], sds[3], response)


def fit_response(
    stig_offsets: ArrayLike, seen: ArrayLike, covariances: ArrayLike, places: ArrayLike | None = None
) -> Response:
    """Robust least squares of what both stigmators do; arguments as of :func:`fit_frame`.

    Residuals are taken for draws from a t distribution, whose width is found along and never below what
    ``covariances`` say. Raises ``ValueError`` where the offsets do not tell both stigmators apart.
    """
    offsets, wanted = np.asarray(stig_offsets, np.float64), np.asarray(seen, np.float64)
    place = np.zeros(len(offsets), np.intp) if places is None else np.asarray(places, np.intp)
    design = _design(offsets, place)
    if len(offsets) < 4 or np.linalg.matrix_rank(design.reshape(-1, design.shape[2])) < design.shape[2]:
        raise ValueError("the offsets of the stigmators are too few or lie in one direction")
    precisions = np.linalg.inv(np.asarray(covariances, np.float64))
    weights, spread = np.ones(len(offsets)), 1.0
    for _ in range(ROUNDS):
        information = np.einsum("n,nij,nik,nkl->jl", weights, design, precisions, design)
        pull = np.einsum("n,nij,nik,nk->j", weights, design, precisions, wanted)
        found = np.linalg.solve(information, pull)
        residuals = wanted - design @ found
        distances = np.einsum("ni,nij,nj->n", residuals, precisions, residuals)
        spread = _spread(distances, design.shape[2])
        scaled = distances / spread**2
        weights = np.where(scaled < OUTLIER**2, (FREEDOM + 2) / (FREEDOM + scaled), 0.0)
    return Response(
        found[:4].reshape(2, 2),
        spread**2 * np.linalg.inv(information)[:4, :4],
        found[4:].reshape(-1, 2),
        residuals,
        frozenset(np.flatnonzero(weights == 0).tolist()),
        spread,
    )


def _design(offsets: Floats, place: Numbers) -> Floats:
    """Derivatives (n, 2, 4 + 2 places) of what is seen by matrix and constants."""
    design = np.zeros((len(offsets), 2, 4 + 2 * (int(place.max(initial=0)) + 1)))
    rows = np.arange(len(offsets))
    for axis in range(2):
        design[:, axis, 2 * axis : 2 * axis + 2] = offsets
        design[rows, axis, 4 + 2 * place + axis] = 1.0
    return design


def _spread(distances: Floats, parameters: int) -> float:
    """Standard deviation of residuals over what was stated, by their median; 1 at least."""
    share = 1 - parameters / (2 * len(distances))
    return max(1.0, math.sqrt(float(np.median(distances)) / (MEDIAN_OF_CHI2 * max(share, 0.1))))


def _jacobian(matrix: Floats) -> Floats:
    """Derivatives (4, 4) of strength, rotation [deg], ratio and skew [deg] by the matrix, row by row."""
    (xx, xy), (yx, yy) = matrix.tolist()
    x, y = math.hypot(xx, yx), math.hypot(xy, yy)
    half_deg = math.degrees(0.5)
    strength = np.array([xx, 0.0, yx, 0.0]) / x
    rotation = half_deg * np.array([yx, 0.0, -xx, 0.0]) / x**2
    y_strength = np.array([0.0, xy, 0.0, yy]) / y
    y_rotation = half_deg * np.array([0.0, yy, 0.0, -xy]) / y**2
    ratio = (y_strength - y / x * strength) / x
    return np.stack([strength, rotation, ratio, y_rotation - rotation])
