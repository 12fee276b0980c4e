"""The networks of Schubert 2022 as estimators and scorer, to compare them with ours on one footing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.estimate import AberrationEstimate, Floats, PairCondition
from models.images import checked_image, checked_pair
from models.source_networks import (
    PAIR_NETWORKS,
    SCORE_NETWORK,
    PairNetwork,
    ScoreNet,
    architecture_of,
    folded,
)
from models.spectra import binned
from models.weights import Weights, WeightsError, load_into

UM_PER_UNIT = 4.0
"""Astigmatic focal shift per unit of the stigmators, from the margins of the source: 1 um, 0.25 a.u."""

ABERRATION_PER_CORRECTION = (-1.0, -UM_PER_UNIT, UM_PER_UNIT)
"""From a correction (um, a.u., a.u.) to the aberration [um] in the image frame that it cancels.

The stigmators' axes are those of an unrotated scan with y up, as ``StigmatorFrame()`` of
``hardware.optics`` has them; the image frame has y down.
"""

PERTURBATION_UM = 5.0
PERTURBATION_TOLERANCE = 0.1
PIXEL_NM = (8.0, 12.5)  # of the image that the network sees; 10 in the source
NOMINAL_PIXEL_NM = 10.0
PATCHES = 10
CONTRAST = 0.2  # standard deviation given to images that do not have the 8 bits of the source
COMMON = 0.5  # share of a patch's error that all patches of an image have in common


def as_grey(images: Tensor) -> Tensor:
    """Greys from 0..255 as the source's networks see them, from -1 to 1."""
    return images * (2.0 / 255.0) - 1.0


def patch_corners(shape: tuple[int, int], edge: int, count: int) -> list[tuple[int, int]]:
    """Corners (row, column) of random patches, the same ones for each image of a shape."""
    rng = np.random.default_rng(0)
    rows, columns = (rng.integers(0, n - edge + 1, count).tolist() for n in shape)
    return list(zip(rows, columns, strict=True))


def _binning(pixel_size_nm: float, name: str) -> int:
    factor = max(1, round(NOMINAL_PIXEL_NM / pixel_size_nm)) if pixel_size_nm > 0 else 1
    if not PIXEL_NM[0] <= factor * pixel_size_nm <= PIXEL_NM[1]:
        raise ValueError(
            f"{name} cannot judge pixels of {pixel_size_nm:g} nm; choose about {NOMINAL_PIXEL_NM:g} nm"
        )
    return factor


def _patches(
    images: list[NDArray[np.float32]], eight_bit: bool, edge: int, factor: int, count: int
) -> Tensor:
    """Patches (n, m, s, s) of m images in the networks' greys, cut at the same places."""
    seen = torch.from_numpy(np.stack([binned(image, factor) for image in images]))
    if eight_bit:
        seen = as_grey(seen)
    else:
        seen = seen - seen.mean((1, 2), keepdim=True)
        seen = CONTRAST * seen / seen.std().clamp_min(1e-9)
    corners = patch_corners((seen.shape[1], seen.shape[2]), edge, count)
    return torch.stack([seen[:, top : top + edge, left : left + edge] for top, left in corners])


class SourceFocus:
    """An :class:`~models.estimate.AberrationEstimator` by a pair network of the source.

    The mean of random patches, weighted by the softmax of their scores where there are scores.
    Convergence angle and dose are not asked for: the network knows those of its training.
    """

    def __init__(self, name: str, network: PairNetwork, patch_error_um: Floats) -> None:
        self._name, self._network, self._error_um = name, folded(network), patch_error_um

    @property
    def name(self) -> str:
        return self._name

    @classmethod
    def load(cls, path: Path) -> SourceFocus:
        """The estimator with the weights at ``path``, whichever pair network they are of.

        Raises:
            WeightsError: the file cannot be used.
        """
        names = {architecture_of(name): name for name in PAIR_NETWORKS}
        weights = Weights.load(path, *names)
        name = names[weights.architecture]
        network = PAIR_NETWORKS[name]()
        load_into(network, weights, path)
        return cls(name, network, patch_error_of(weights.card, path))

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        """See :class:`~models.estimate.AberrationEstimator`. Images are not aligned, as in the source.

        Raises:
            ImagesRefused: an image cannot be judged.
            ValueError: pixels or perturbation are not those of the training.
        """
        if abs(condition.perturbation_um / PERTURBATION_UM - 1) > PERTURBATION_TOLERANCE:
            raise ValueError(
                f"{self._name} cannot judge a perturbation of {condition.perturbation_um:g} um; "
                f"take {PERTURBATION_UM:g} um"
            )
        factor = _binning(condition.pixel_size_nm, self._name)
        edge = self._network.patch_px
        images = checked_pair(plus, minus, edge * factor)
        pairs = _patches([*images], plus.dtype == minus.dtype == np.uint8, edge, factor, PATCHES)
        with torch.inference_mode():
            corrections, scores = self._network.patch_answers(pairs)
            weights = scores.softmax(0)
        means_um = corrections.double().numpy() * np.array(ABERRATION_PER_CORRECTION)
        return combined(means_um, weights.double().numpy(), self._error_um)


def combined(means_um: Floats, weights: Floats, error_um: Floats) -> AberrationEstimate:
    """The weighted mean of patches; its spread follows from theirs.

    Args:
        means_um: (n, 3) answers of the patches.
        weights: (n,), sum 1.
        error_um: (3,) error of a single patch on held-out images, a part of which no number of
            patches removes.
    """
    mean = weights @ means_um
    effective = 1.0 / float(np.square(weights).sum())
    variance_of_mean = weights @ (means_um - mean) ** 2 / max(effective - 1.0, 1.0)
    covariance = np.diag(np.maximum(variance_of_mean, (COMMON * error_um) ** 2))
    return AberrationEstimate(mean, covariance, means_um, np.broadcast_to(error_um, means_um.shape))


def patch_error_of(card: dict[str, Any], path: Path) -> Floats:
    """The error [um] of a single patch, shape (3,), in a card of weights.

    Raises:
        WeightsError: it is missing or not made of three finite positive numbers.
    """
    try:
        error_um = np.array([float(value) for value in card["patch_error_um"]])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(path, "its card lacks the error of a patch") from error
    if error_um.shape != (3,) or not (np.isfinite(error_um).all() and (error_um > 0).all()):
        raise WeightsError(path, "the error of a patch in its card is not three positive numbers")
    return error_um


class SourceScore:
    """A :class:`~models.estimate.SharpnessScorer` by the source's DeepScore.

    The least wd score and the least stigmator score of random patches, summed: um and a.u.
    without a weight, as in the source.
    """

    def __init__(self, network: ScoreNet) -> None:
        self._network = folded(network)

    @property
    def name(self) -> str:
        return SCORE_NETWORK

    @classmethod
    def load(cls, path: Path) -> SourceScore:
        """The scorer with the weights at ``path``.

        Raises:
            WeightsError: the file cannot be used.
        """
        network = ScoreNet()
        load_into(network, Weights.load(path, architecture_of(SCORE_NETWORK)), path)
        return cls(network)

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`.

        Raises:
            ImagesRefused: the image cannot be judged.
            ValueError: pixels are not of the size that was trained.
        """
        factor = _binning(pixel_size_nm, SCORE_NETWORK)
        edge = self._network.patch_px
        checked = checked_image(image, edge * factor)
        patches = _patches([checked], image.dtype == np.uint8, edge, factor, PATCHES)
        with torch.inference_mode():
            scores = self._network(patches[:, 0])
        return float(scores.min(0).values.sum())
