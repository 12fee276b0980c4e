"""DeepScore: how blurred a single image is, without a sign, and whether it is within the depth of focus."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.blur_network import BlurAnswer, BlurNet
from models.estimate import Sharp, Sharpness
from models.spectra import binned, patches
from models.weights import SHIPPED, Weights, WeightsError, load_into

CONVERGENCE_MRAD = 8.9
TRAINED_MRAD = (5.0, 14.0)
MOST_PATCHES = 48
OVERLAP_GAIN = 2.5  # what Hann windows that overlap by half see beyond those that touch
PIXEL_NM = (7.5, 13.0)  # of the binned image
NOMINAL_PIXEL_NM = 10.0
COARSE_PX = 8
COARSE_OVER_NOISE = 6.0  # 1 is white noise, up to 3 with a slow detector; tissue has 30 and more
LAPLACE_SD = math.sqrt(2.0)  # standard deviation of a Laplace distribution of scale 1
SHARP_FROM, UNSHARP_BELOW = 0.9, 0.1


class DeepScore:
    """A :class:`~models.estimate.SharpnessJudge` from the shape of the power spectrum.

    The model card says how well it separates, and the error rates of its verdicts.

    Args:
        network: trained.
        convergence_mrad: semi-convergence angle of the instrument; with the pixel size it is all
            that the score has to know of a machine.
    """

    def __init__(self, network: BlurNet, convergence_mrad: float = CONVERGENCE_MRAD) -> None:
        self._network, self._convergence_mrad = network.eval(), convergence_mrad

    @property
    def name(self) -> str:
        return "DeepScore"

    @classmethod
    def load(cls, path: Path | None = None, convergence_mrad: float = CONVERGENCE_MRAD) -> DeepScore:
        """The scorer with the weights at ``path``, by default those that are shipped.

        Raises:
            WeightsError: the file cannot be used, or not at this angle.
        """
        path = path or SHIPPED / "deepscore.safetensors"
        low, high = TRAINED_MRAD
        if not low <= convergence_mrad <= high:
            what = f"trained for a convergence of {low:g} to {high:g} mrad, not of {convergence_mrad:g}"
            raise WeightsError(path, what)
        weights = Weights.load(path, BlurNet.architecture)
        network = BlurNet()
        load_into(network, weights, path)
        return cls(network, convergence_mrad)

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        """See :class:`~models.estimate.SharpnessScorer`. Raises as :meth:`assess`."""
        return self.assess(image, pixel_size_nm).blur_um

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        """See :class:`~models.estimate.SharpnessJudge`.

        Raises:
            ValueError: the image is smaller than a patch (256 px at 10 nm), or its pixels are of
                a size that was not trained.
        """
        factor = _binning(pixel_size_nm)
        edge = self._network.patch_px * factor
        if image.ndim != 2 or min(image.shape) < edge:
            raise ValueError(
                f"DeepScore got an image of shape {image.shape}; it needs at least {edge} px "
                "along each axis at this pixel size"
            )
        # cut before binning: a tile may have a hundred times the pixels that are looked at
        shape = (image.shape[0] // factor, image.shape[1] // factor)
        corners = [(factor * y, factor * x) for y, x in _corners(shape, self._network.patch_px)]
        squares = [binned(square, factor) for square in patches(image, corners, edge)]
        textured = [square for square in squares if _has_texture(square)]
        if not textured:
            return Sharpness.without_texture()
        seen = min(1.0, OVERLAP_GAIN * image.shape[0] * image.shape[1] / edge**2 / len(squares))
        blur_px = self._convergence_mrad / (pixel_size_nm * factor)
        with torch.inference_mode():
            power = self._network.spectra(torch.from_numpy(np.stack(textured)))
            answer = self._network(
                power[None], torch.tensor([blur_px]), torch.tensor([seen * len(textured)])
            )
        return _sharpness(answer)


def _sharpness(answer: BlurAnswer) -> Sharpness:
    blur_um, larger_um, smaller_um = torch.expm1(answer.sizes[0]).clamp_min(0.0).tolist()
    sd_um = LAPLACE_SD * math.exp(float(answer.log_scales[0, 0])) * (1.0 + blur_um)
    inside = float(torch.sigmoid(answer.inside[0]))
    return Sharpness(blur_um, sd_um, larger_um, smaller_um, inside, verdict_of(inside))


def verdict_of(inside: float) -> Sharp:
    """The verdict at a probability of being in focus; its error rates stand in the model card."""
    if inside >= SHARP_FROM:
        return Sharp.YES
    return Sharp.NO if inside < UNSHARP_BELOW else Sharp.CANNOT_TELL


def _binning(pixel_size_nm: float) -> int:
    """How many pixels are averaged along each axis for about the nominal size."""
    factor = max(1, round(NOMINAL_PIXEL_NM / pixel_size_nm)) if pixel_size_nm > 0 else 1
    if not PIXEL_NM[0] <= pixel_size_nm * factor <= PIXEL_NM[1]:
        raise ValueError(
            f"DeepScore cannot judge pixels of {pixel_size_nm:g} nm; "
            f"choose a pixel size of at most {PIXEL_NM[1]:g} nm"
        )
    return factor


def _corners(shape: tuple[int, ...], edge: int) -> list[tuple[int, int]]:
    """Corners (row, column) of squares spread over an image; they overlap by half where it is small."""
    rows, columns = (2 * n // edge - 1 for n in shape)
    while rows * columns > MOST_PATCHES:
        rows, columns = (rows - 1, columns) if rows >= columns else (rows, columns - 1)
    tops, lefts = (
        np.linspace(0, n - edge, k).round().astype(int).tolist() if k > 1 else [(n - edge) // 2]
        for n, k in ((shape[0], rows), (shape[1], columns))
    )
    return [(top, left) for top in tops for left in lefts]


def _has_texture(square: NDArray[np.float32]) -> bool:
    """Whether there is more coarse structure than white noise would have.

    Noise from differences between rows: along them the detector's lag correlates it.
    """
    noise = 0.5 * float(np.diff(square, axis=0).var())
    coarse = float(binned(square, COARSE_PX).var())
    return coarse > COARSE_OVER_NOISE * noise / COARSE_PX**2
