"""DeepScore: how blurred a single image is, without a sign, and whether it is within the depth of focus."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.blur_network import BlurAnswer, BlurNet
from models.estimate import Sharp, Sharpness
from models.spectra import binned, overlapping_corners, patches
from models.threads import threads
from models.weights import SHIPPED, Weights, WeightsError, load_into

CONVERGENCE_MRAD = 8.9
TRAINED_MRAD = (5.0, 14.0)
MOST_PATCHES = 48
OVERLAP_GAIN = 2.5  # what Hann windows that overlap by half see beyond those that touch
NOMINAL_PIXEL_NM = 10.0
FINE_NM = (7.5, 13.5)  # of the binned image: the pixels that a verdict is given on
LEAST_NM, LARGEST_NM = 0.5, 60.0
COARSE_PX = 8
COARSE_OVER_NOISE = 6.0  # 1 is white noise, up to 3 with a slow detector; tissue has 30 and more
LAPLACE_SD = math.sqrt(2.0)  # standard deviation of a Laplace distribution of scale 1
SHARP_FROM, UNSHARP_BELOW = 0.7, 0.1


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

        Pixels much larger than 10 nm hide what decides about focus, but serve to measure large blurs:
        what the network sees is the blur in pixels.

        Raises:
            ValueError: the image is smaller than a patch (256 px at 10 nm and more), or no pixel size
                of an SEM image that could be judged.
        """
        factor = _binning(pixel_size_nm)
        binned_nm = factor * pixel_size_nm
        scale = binned_nm / NOMINAL_PIXEL_NM if binned_nm > FINE_NM[1] else 1.0
        squares = self._squares(image, factor)
        textured = [square for square in squares if _has_texture(square)]
        if not textured:
            return Sharpness.without_texture()
        seen = min(1.0, OVERLAP_GAIN * image.size / (factor * self._network.patch_px) ** 2 / len(squares))
        with threads(1), torch.inference_mode():
            power = self._network.spectra(torch.from_numpy(np.stack(textured)))
            blur_px = torch.tensor([scale * self._convergence_mrad / binned_nm])
            answer = self._network.judge(power[None], blur_px, torch.tensor([seen * len(textured)]))
        return _sharpness(answer, scale)

    def _squares(self, image: NDArray[np.generic], factor: int) -> list[NDArray[np.float32]]:
        """Patches of the binned image; cut before binning: a tile may have a hundred times more pixels."""
        edge = self._network.patch_px
        shape = tuple(n // factor for n in image.shape)
        if image.ndim != 2 or min(shape) < edge:
            raise ValueError(
                f"DeepScore got an image of shape {image.shape}; it needs at least {edge * factor} px "
                "along each axis at this pixel size"
            )
        corners = [(factor * y, factor * x) for y, x in overlapping_corners(shape, edge, MOST_PATCHES)]
        return [binned(square, factor) for square in patches(image, corners, edge * factor)]


def _sharpness(answer: BlurAnswer, scale: float) -> Sharpness:
    """In um from what the network says of lengths that are ``scale`` times as large."""
    sizes = torch.expm1(answer.sizes[0]).clamp_min(0.0)
    blur_um, larger_um, smaller_um = (scale * sizes).tolist()
    sd_um = LAPLACE_SD * math.exp(float(answer.log_scales[0, 0])) * (scale + blur_um)
    inside = float(torch.sigmoid(answer.inside[0]))
    if scale > 1.0 and inside >= UNSHARP_BELOW:
        return Sharpness(blur_um, sd_um, larger_um, smaller_um, inside, Sharp.CANNOT_TELL)
    return Sharpness(blur_um, sd_um, larger_um, smaller_um, inside, verdict_of(inside))


def verdict_of(inside: float) -> Sharp:
    """The verdict at a probability of being in focus; its error rates stand in the model card."""
    if inside >= SHARP_FROM:
        return Sharp.YES
    return Sharp.NO if inside < UNSHARP_BELOW else Sharp.CANNOT_TELL


def _binning(pixel_size_nm: float) -> int:
    """How many pixels are averaged along each axis for about the nominal size, or at least that."""
    if not LEAST_NM <= pixel_size_nm <= LARGEST_NM:
        raise ValueError(
            f"DeepScore cannot judge pixels of {pixel_size_nm:g} nm; "
            f"choose a pixel size from {LEAST_NM:g} to {LARGEST_NM:g} nm"
        )
    return max(1, round(NOMINAL_PIXEL_NM / pixel_size_nm))


def _has_texture(square: NDArray[np.float32]) -> bool:
    """Whether there is more coarse structure than white noise would have.

    Noise from differences between rows: along them the detector's lag correlates it.
    """
    noise = 0.5 * float(np.diff(square, axis=0).var())
    coarse = float(binned(square, COARSE_PX).var())
    return coarse > COARSE_OVER_NOISE * noise / COARSE_PX**2
