"""DeepFocus: the aberration of a pair of images by a small network on their power spectra."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.alignment import aligned
from models.consensus import Consensus, Floats, combine
from models.estimate import AberrationEstimate, PairCondition
from models.networks import LAPLACE_SD, PairSpectraNet
from models.spectra import binned, patch_corners, patches
from models.weights import SHIPPED, Weights, WeightsError, load_into

MOST_PATCHES = 12
LONGEST_SHIFT_PX = 48  # between the two images, after binning
BLUR_PX = (1.5, 3.2)  # trained radii of the probe disk at one perturbation, on the binned image
NOMINAL_BLUR_PX = 2.2
CALIBRATED_UM = 5.0  # the perturbation that the consensus in the card was measured at


class DeepFocus:
    """An :class:`~models.estimate.AberrationEstimator`: one forward pass over a grid of patches.

    The network sees an image pair in units of its perturbation and of the blur that this
    perturbation makes, so that any pixel size and convergence angle will do for which
    ``convergence * perturbation / (binning * pixel size)`` lies in the trained range.
    """

    def __init__(self, network: PairSpectraNet, consensus: Consensus) -> None:
        self._network, self._consensus = network.eval(), consensus

    @property
    def name(self) -> str:
        return "DeepFocus"

    @classmethod
    def load(cls, path: Path | None = None) -> DeepFocus:
        """The estimator with the weights at ``path``, by default those that are shipped.

        Raises:
            WeightsError: the file cannot be used.
        """
        path = path or SHIPPED / "deepfocus.safetensors"
        weights = Weights.load(path, PairSpectraNet.architecture)
        network = PairSpectraNet()
        load_into(network, weights, path)
        return cls(network, consensus_of(weights.card, path))

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        """See :class:`~models.estimate.AberrationEstimator`.

        Args:
            plus: image at ``wd + perturbation``, 2-D, at least one patch (320 px at 10 nm) wide and high.
            minus: image at ``wd - perturbation``, the same shape.
            condition: pixel size, perturbation, convergence angle.

        Raises:
            ValueError: shapes differ or are too small, or the optics lie outside the trained range.
        """
        factor, blur_px = binning(condition)
        edge = self._network.patch_px
        if plus.shape != minus.shape or plus.ndim != 2 or min(plus.shape) < edge * factor:
            raise ValueError(
                f"DeepFocus got images of shape {plus.shape} and {minus.shape}; it needs two of the same "
                f"shape with at least {edge * factor} px along each axis at this pixel size"
            )
        one, other = (binned(image, factor) for image in (plus, minus))
        height, width = (min(LONGEST_SHIFT_PX, n - edge) for n in one.shape)
        images = aligned(one, other, (height, width))
        corners = patch_corners(images[0].shape, edge, MOST_PATCHES)
        pairs = np.stack([patches(image, corners, edge) for image in images], axis=1)
        means, sds = self._answers(pairs, blur_px)
        unit_um = condition.perturbation_um
        consensus = self._consensus.scaled(unit_um / CALIBRATED_UM)
        flat = (np.ptp(pairs, axis=(2, 3)) == 0).any(axis=1)
        means[flat], sds[flat] = 0.0, np.divide(consensus.blank_um, unit_um)
        return combine(means * unit_um, sds * unit_um, consensus)

    def _answers(self, pairs: NDArray[np.float32], blur_px: float) -> tuple[Floats, Floats]:
        """Means and standard deviations (n, 3) in perturbations of pairs (n, 2, s, s)."""
        blur = torch.full((len(pairs),), blur_px)
        with torch.inference_mode():
            mean, log_scale = self._network(torch.from_numpy(pairs), blur)
        return mean.double().numpy(), LAPLACE_SD * log_scale.double().exp().numpy()


def binning(condition: PairCondition) -> tuple[int, float]:
    """How many pixels to average along each axis, and the blur radius of the perturbation then [px].

    Raises:
        ValueError: no binning brings the blur into the trained range.
    """
    blur_px = condition.convergence_mrad * condition.perturbation_um / condition.pixel_size_nm
    factor = max(1, round(blur_px / NOMINAL_BLUR_PX)) if math.isfinite(blur_px) else 1
    if not BLUR_PX[0] <= blur_px / factor <= BLUR_PX[1]:
        raise ValueError(
            f"DeepFocus cannot judge a perturbation that blurs by {blur_px:.2f} px "
            f"({condition.convergence_mrad:g} mrad x {condition.perturbation_um:g} um "
            f"at {condition.pixel_size_nm:g} nm per pixel); "
            f"choose a perturbation and a pixel size that give at least {BLUR_PX[0]:g} px"
        )
    return factor, blur_px / factor


def consensus_of(card: dict[str, Any], path: Path) -> Consensus:
    """The calibration in a card of weights.

    Raises:
        WeightsError: it is missing or not made of finite positive numbers.
    """
    try:
        entry = card["consensus"]
        x, y, z = (float(v) for v in entry["blank_um"])
        consensus = Consensus(
            float(entry["spread"]), float(entry["common"]), float(entry["floor_um"]), (x, y, z)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(path, "its card lacks the calibration of the spread") from error
    numbers = (consensus.spread, consensus.common, consensus.floor_um, *consensus.blank_um)
    if not all(math.isfinite(v) and v > 0 for v in numbers):
        raise WeightsError(path, "the calibration of the spread in its card is not finite and positive")
    return consensus
