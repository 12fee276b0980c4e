"""DeepFocus: the aberration of a pair of images. A network proposes, the likelihood decides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.alignment import aligned
from models.consensus import Answer, Consensus, Floats, combine
from models.estimate import AberrationEstimate, PairCondition
from models.images import checked_pair, require_one_place
from models.networks import PairPolarNet, folded
from models.refinement import MOST_PATCHES, Place, Refined, refine
from models.spectra import binned, boxes_of, overlapping_corners, patches
from models.threads import threads
from models.weights import SHIPPED, Weights, WeightsError, load_into

Pixels = NDArray[np.float32]

LONGEST_SHIFT_PX = 48  # between the two images, after binning
BLUR_PX = (1.1, 4.5)  # trained radii of the probe disk at one perturbation, on the binned image
NOMINAL_BLUR_PX = 2.2
FAR = 2.5  # perturbations from focus: farther off, larger pixels may tell more
VAGUE = 0.6  # perturbations: a proposal less certain than this may be a far one
FAR_BLUR_PX = 1.45
MODEL_SHARE = 0.04  # of the distance from focus: what the model of the probe may be wrong by


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a card says of the weights: how patches are weighed, and the spread of refined answers."""

    consensus: Consensus
    refined_spread: float
    refined_floor: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the network says of a pair: of each patch (n, 3) and (n, 3, 3), and in all; in perturbations.

    ``boxes`` (n, 4): where the patches lie on the images as they came, in px.
    """

    images: tuple[Pixels, Pixels]
    blur_px: float
    means: Floats
    covariances: Floats
    answer: Answer
    boxes: Floats

    @property
    def sd(self) -> Floats:
        """Standard deviations (3,) of the answer."""
        return np.asarray(np.sqrt(np.diag(self.answer.covariance)))


class DeepFocus:
    """An :class:`~models.estimate.AberrationEstimator`: one forward pass over overlapping patches.

    The network sees an image pair in units of its perturbation and of the blur that this
    perturbation makes, so that any pixel size and convergence angle will do for which
    ``convergence * perturbation / (binning * pixel size)`` lies in the trained range.
    """

    def __init__(self, network: PairPolarNet, calibration: Calibration) -> None:
        self._network, self._calibration = folded(network), calibration

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
        weights = Weights.load(path, PairPolarNet.architecture)
        network = PairPolarNet()
        load_into(network, weights, path)
        return cls(network, calibration_of(weights.card, path))

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        """See :class:`~models.estimate.AberrationEstimator`.

        Args:
            plus: image at ``wd + perturbation``, 2-D, at least one patch (320 px at 10 nm) wide and high.
            minus: image at ``wd - perturbation``, the same shape.
            condition: pixel size, perturbation, convergence angle.

        Raises:
            ImagesRefused: the images cannot be judged, or show different places.
            ValueError: the optics lie outside the trained range.
        """
        factor, blur_px = binning(condition)
        checked = checked_pair(plus, minus, self._network.patch_px * factor)
        proposal = self._proposal(checked, factor, blur_px)
        related = require_one_place(*proposal.images)
        if np.abs(proposal.answer.mean).max() > FAR or proposal.sd.max() > VAGUE:
            proposal = min([proposal, *self._coarser(checked, factor, blur_px)], key=lambda p: p.sd.max())
        answer = self._refined(proposal)
        unit_um = condition.perturbation_um
        patch_sds = np.sqrt(np.diagonal(proposal.covariances, axis1=1, axis2=2))
        return AberrationEstimate(
            unit_um * answer.mean,
            unit_um**2 * answer.covariance,
            unit_um * proposal.means,
            unit_um * patch_sds,
            structured=related or bool(answer.informed.any()),
            patch_boxes=proposal.boxes,
        )

    def _proposal(self, checked: tuple[Pixels, Pixels], factor: int, blur_px: float) -> Proposal:
        """What the network says of two images, averaged over ``factor`` x ``factor`` pixels and aligned."""
        images = seen_alike(checked, factor)
        means, covariances = self.patch_answers(images, blur_px)
        answer = combine(means, covariances, self._calibration.consensus)
        edge = self._network.patch_px
        corners = overlapping_corners(images[0].shape, edge, MOST_PATCHES)
        return Proposal(images, blur_px, means, covariances, answer, boxes_of(corners, edge, factor))

    def _coarser(self, checked: tuple[Pixels, Pixels], factor: int, blur_px: float) -> list[Proposal]:
        """The same on larger pixels, where that is possible: a wide blur does not fit a small patch."""
        coarse = max(1, round(blur_px * factor / FAR_BLUR_PX))
        coarse_blur_px = blur_px * factor / coarse
        fits = min(checked[0].shape) >= self._network.patch_px * coarse
        if coarse <= factor or not fits or coarse_blur_px < BLUR_PX[0]:
            return []
        return [self._proposal(checked, coarse, coarse_blur_px)]

    def patch_answers(self, images: tuple[Pixels, Pixels], blur_px: float) -> tuple[Floats, Floats]:
        """What the patches of two binned, aligned images say: means (n, 3), covariances (n, 3, 3).

        In perturbations. Patches that are constant in either image know nothing.
        """
        edge = self._network.patch_px
        corners = overlapping_corners(images[0].shape, edge, MOST_PATCHES)
        pairs = np.stack([patches(image, corners, edge) for image in images], axis=1)
        blur = torch.full((len(pairs),), blur_px)
        with threads(1), torch.inference_mode():
            mean, covariance, _ = self._network(torch.from_numpy(pairs), blur)
        means, covariances = mean.double().numpy(), covariance.double().numpy()
        flat = (np.ptp(pairs, axis=(2, 3)) == 0).any(axis=1)
        means[flat], covariances[flat] = 0.0, np.diag(np.square(self._calibration.consensus.blank))
        return means, covariances

    def _refined(self, proposal: Proposal) -> Answer:
        """The answer of the likelihood where its model fits, else the proposal's."""
        answer = proposal.answer
        if not answer.informed.any():
            return answer
        refined = refine(Place.of(proposal.images, proposal.blur_px), answer.mean, answer.covariance)
        if refined is None:
            return answer
        spread, floor = self._calibration.refined_spread, self._calibration.refined_floor
        return Answer(refined.mean, stated(refined, spread, floor), answer.informed)


def seen_alike(pair: tuple[Pixels, Pixels], factor: int) -> tuple[Pixels, Pixels]:
    """What two images have in common, averaged over ``factor`` x ``factor`` pixels and aligned."""
    one, other = (binned(image, factor) for image in pair)
    height, width = (min(LONGEST_SHIFT_PX, n - PairPolarNet.patch_px) for n in one.shape)
    return aligned(one, other, (height, width))


def stated(refined: Refined, spread: float, floor: float) -> Floats:
    """The covariance (3, 3) of what the likelihood found, with what no likelihood knows."""
    of_model = MODEL_SHARE**2 * float(refined.mean @ refined.mean)
    return np.asarray(spread**2 * refined.covariance + (floor**2 + of_model) * np.eye(3))


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


def calibration_of(card: dict[str, Any], path: Path) -> Calibration:
    """The calibration in a card of weights.

    Raises:
        WeightsError: it is missing or not made of finite positive numbers.
    """
    try:
        entry = card["calibration"]
        x, y, z = (float(v) for v in entry["blank"])
        numbers = [float(entry[key]) for key in ("spread", "floor")]
        refined = [float(entry[key]) for key in ("refined_spread", "refined_floor")]
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(path, "its card lacks the calibration of the spread") from error
    if not all(math.isfinite(v) and v > 0 for v in (*numbers, *refined, x, y, z)):
        raise WeightsError(path, "the calibration of the spread in its card is not finite and positive")
    spread, floor = numbers
    return Calibration(Consensus(spread, floor, (x, y, z)), *refined)
