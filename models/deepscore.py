"""DeepScore: how blurred a single image is, without a sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.networks import LAPLACE_SD, ImageSpectraNet
from models.spectra import binned, patch_corners, patches
from models.weights import SHIPPED, Weights, WeightsError, load_into

MOST_PATCHES = 25
PIXEL_NM = (7.5, 13.0)  # of the binned image, about the 10 nm of the training
NOMINAL_PIXEL_NM = 10.0
TELLING = 0.8  # an image counts when its score is surer than this share of a blank one's spread
COARSE_PX = 8
BARE = 0.2  # a patch is bare below this share of the coarse variance of a good one
SHARP_UM = 1.5
LEAST_LIMIT_UM, LIMIT_RATIO = 0.7, 1.4


def sharp_limit_um(scores_in_focus_um: Sequence[float]) -> float:
    """The limit of "sharp" for a specimen, from scores of images of it that are known to be in focus.

    What a specimen holds of fine detail cannot be told from the blur of one image: a soft one
    scores 1 um in perfect focus. ``SHARP_UM`` serves until such images exist.

    Raises:
        ValueError: no score is a number.
    """
    scores = [score for score in scores_in_focus_um if math.isfinite(score)]
    if not scores:
        raise ValueError("no image with texture to learn the limit of sharpness from; score others")
    return max(LEAST_LIMIT_UM, LIMIT_RATIO * float(np.median(scores)))


class DeepScore:
    """A :class:`~models.estimate.SharpnessScorer` from the shapes of power spectra.

    Scores are um of defocus at the trained convergence angle of about 8.9 mrad. The model card
    says how well they separate.
    """

    def __init__(self, network: ImageSpectraNet, blank_sd: float) -> None:
        self._network, self._blank_sd = network.eval(), blank_sd

    @property
    def name(self) -> str:
        return "DeepScore"

    @classmethod
    def load(cls, path: Path | None = None) -> DeepScore:
        """The scorer with the weights at ``path``, by default those that are shipped.

        Raises:
            WeightsError: the file cannot be used.
        """
        path = path or SHIPPED / "deepscore.safetensors"
        weights = Weights.load(path, ImageSpectraNet.architecture)
        network = ImageSpectraNet()
        load_into(network, weights, path)
        blank_sd = weights.card.get("blank_sd")
        if not isinstance(blank_sd, float) or not 0 < blank_sd < math.inf:
            raise WeightsError(path, "its card lacks the spread of blank patches")
        return cls(network, blank_sd)

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`.

        Raises:
            ValueError: the image is smaller than a patch (192 px at 10 nm), or its pixels are of
                a size that was not trained.
        """
        factor = max(1, round(NOMINAL_PIXEL_NM / pixel_size_nm)) if pixel_size_nm > 0 else 1
        if not PIXEL_NM[0] <= pixel_size_nm * factor <= PIXEL_NM[1]:
            raise ValueError(
                f"DeepScore cannot judge pixels of {pixel_size_nm:g} nm; "
                f"choose a pixel size of at most {PIXEL_NM[1]:g} nm"
            )
        edge = self._network.patch_px
        if image.ndim != 2 or min(image.shape) < edge * factor:
            raise ValueError(
                f"DeepScore got an image of shape {image.shape}; it needs at least {edge * factor} px "
                "along each axis at this pixel size"
            )
        # cut before binning: a tile may have a hundred times the pixels that are looked at
        corners = patch_corners(image.shape, edge * factor, MOST_PATCHES)
        squares = [binned(square, factor) for square in patches(image, corners, edge * factor)]
        textured = _textured(np.stack(squares))
        if not len(textured):
            return math.nan
        return self._blur_um(textured) * pixel_size_nm * factor / NOMINAL_PIXEL_NM

    def _blur_um(self, squares: NDArray[np.float32]) -> float:
        """Blur by patches (n, s, s) at the nominal pixel size; nan without texture."""
        with torch.inference_mode():
            mean, log_scale = self._network(torch.from_numpy(squares)[None])
        if LAPLACE_SD * math.exp(float(log_scale)) > TELLING * self._blank_sd:
            return math.nan
        return max(0.0, math.expm1(float(mean)))


def _textured(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """The patches with coarse structure, which a small blur leaves alone: blank ones add noise only."""
    coarse = np.array([binned(square, COARSE_PX).var() for square in squares])
    kept: NDArray[np.float32] = squares[(coarse > 0) & (coarse >= BARE * np.quantile(coarse, 0.75))]
    return kept
