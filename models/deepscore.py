"""DeepScore: how blurred a single image is, without a sign."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.networks import ImageSpectraNet
from models.spectra import binned, patch_corners, patches
from models.weights import SHIPPED, Weights, load_into

MOST_PATCHES = 25
PIXEL_NM = (7.5, 13.0)  # of the binned image, about the 10 nm of the training
NOMINAL_PIXEL_NM = 10.0
COARSE_PX = 8
COARSE_OVER_NOISE = 6.0  # 1 is white noise, up to 3 with a slow detector; tissue has 30 and more


class DeepScore:
    """A :class:`~models.estimate.SharpnessScorer` from the shapes of power spectra.

    Scores are um of defocus at the trained convergence angle of about 8.9 mrad. The model card
    says how well they separate.
    """

    def __init__(self, network: ImageSpectraNet) -> None:
        self._network = network.eval()

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
        return cls(network)

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
        textured = [square for square in squares if _has_texture(square)]
        if not textured:
            return math.nan
        with torch.inference_mode():
            log_blur, _ = self._network(torch.from_numpy(np.stack(textured))[None])
        return max(0.0, math.expm1(float(log_blur))) * pixel_size_nm * factor / NOMINAL_PIXEL_NM


def _has_texture(square: NDArray[np.float32]) -> bool:
    """Whether there is more coarse structure than white noise would have.

    Noise from differences between rows: along them the detector's lag correlates it.
    """
    noise = 0.5 * float(np.diff(square, axis=0).var())
    coarse = float(binned(square, COARSE_PX).var())
    return coarse > COARSE_OVER_NOISE * noise / COARSE_PX**2
