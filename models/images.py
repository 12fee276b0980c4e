"""What images may be judged: checked arrays of one kind, or a refusal that names the reason.

Frames come with 8 or 16 bits or as floats, with tissue dark on bright or bright on dark. What
follows sees float32 and needs no more checks.
"""

from __future__ import annotations

import math
from enum import Enum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from models.spectra import binned
from models.windows import fast_part, windowed_spectrum

Pixels = NDArray[np.float32]

BLACK, BLACK_SHARE = 10, 0.01  # of a frame without a beam so few pixels reach this grey value
CLIPPED = 0.1  # of the pixels at the lowest or highest grey value: more is no accident
UNCLIPPED = 0.1  # of a frame's blocks must hold fewer such pixels than that
BLOCK_PX = 32

COMPARED_PX, LEAST_PX = 172, 96  # edge that images are binned down to, about, and at least
SMOOTHED = 5  # neighbouring frequencies along each axis that a mean power is taken of
NOISY = 0.35  # cycles per pixel along the slow axis from which on there is only noise
STRUCTURE = 2.0  # power over that of noise from which on a frequency shows structure
LOWEST = 4  # periods per frame: what changes more slowly may come from the detector
EXPECTED = 19.0  # height of the correlation's peak over its rms from which on it must show
FOUND = 10.0  # height of the peak from which on it is no chance


class ImageFault(Enum):
    """Why images are not judged."""

    SHAPE = "wrong shape"
    NUMBERS = "not grey values"
    NOT_FINITE = "not finite"
    BLACK = "black"
    CONSTANT = "constant"
    SATURATED = "saturated"
    UNRELATED = "different places"


class ImagesRefused(ValueError):
    """Images that cannot be judged. ``fault`` is the reason, the message one sentence with what to do."""

    def __init__(self, fault: ImageFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault


def checked_image(image: NDArray[np.generic], least_px: int = 1) -> Pixels:
    """One image as float32 (h, w), fit to be judged.

    Values of 8 and 16 bits are kept. All others are centred and scaled to a standard deviation
    of 1, so that their squares stay within float32.

    Args:
        image: 2-D, of any integer or float type, at least ``least_px`` along each axis.

    Raises:
        ImagesRefused: for every reason but ``UNRELATED``.
    """
    return _as_floats([_proven(image, least_px)])[0]


def checked_pair(
    one: NDArray[np.generic], other: NDArray[np.generic], least_px: int = 1
) -> tuple[Pixels, Pixels]:
    """Two images of one shape as :func:`checked_image` gives them, scaled alike.

    Whether they show one place can be asked once they are aligned (:func:`require_one_place`).

    Raises:
        ImagesRefused: for every reason but ``UNRELATED``.
    """
    if np.shape(one) != np.shape(other):
        raise ImagesRefused(
            ImageFault.SHAPE,
            f"The images of the pair have the shapes {np.shape(one)} and {np.shape(other)}; "
            "scan both with the same frame.",
        )
    first, second = _as_floats([_proven(image, least_px) for image in (one, other)])
    return first, second


def _proven(image: NDArray[np.generic], least_px: int) -> NDArray[np.generic]:
    """The image, if it can be judged. Raises ``ImagesRefused``."""
    image, least_px = np.asarray(image), max(least_px, 1)
    if image.ndim != 2 or min(image.shape) < least_px:
        raise ImagesRefused(
            ImageFault.SHAPE,
            f"The image has the shape {image.shape} and must be 2-D with at least {least_px} px along "
            "each axis; scan a larger frame.",
        )
    if image.dtype.kind not in "uif":
        raise ImagesRefused(
            ImageFault.NUMBERS,
            f"The image holds {image.dtype} instead of grey values; give integers or floats.",
        )
    if (trouble := _grey_trouble(image)) is not None:
        raise ImagesRefused(*trouble)
    return image


def _grey_trouble(image: NDArray[np.generic]) -> tuple[ImageFault, str] | None:
    low, high = image.min(), image.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        return ImageFault.NOT_FINITE, "The image holds values that are not finite; take it again."
    if _is_black(image, high):
        return (
            ImageFault.BLACK,
            f"The image is black (highest grey value {high}); check that beam and detector are on.",
        )
    if low == high:
        return ImageFault.CONSTANT, f"The image is constant at {low}; restart the scan generator."
    if _is_clipped(image, low, high):
        return (
            ImageFault.SATURATED,
            f"The image is saturated nearly everywhere at {low} or {high}; lower the detector's gain or "
            "correct its offset.",
        )
    return None


def _is_black(image: NDArray[np.generic], high: np.generic) -> bool:
    """Whether it holds zeros, or no more than a detector's offset and noise.

    What that is, is known for 8 bits alone: 16 may hold anything from 8 bits to all of them.
    """
    if high == 0:
        return not image.any()
    grey = image.dtype.kind == "u"
    return grey and bool(np.count_nonzero(np.greater_equal(image, BLACK)) < BLACK_SHARE * image.size)


def _is_clipped(image: NDArray[np.generic], low: np.generic, high: np.generic) -> bool:
    """Whether pixels pile up at an extreme almost all over the frame and not in a part only."""
    at_extreme = (image == low) | (image == high)
    if np.count_nonzero(at_extreme) <= CLIPPED * image.size:
        return False
    rows, columns = (max(n // BLOCK_PX, 1) for n in image.shape)
    share = cv2.resize(at_extreme.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    return bool(np.mean(share <= CLIPPED) < UNCLIPPED)


def _as_floats(images: list[NDArray[np.generic]]) -> list[Pixels]:
    if all(image.dtype in (np.uint8, np.uint16) for image in images):
        return [image.astype(np.float32) for image in images]
    halves = [image.astype(np.float64) / 2 for image in images]  # so that no difference overflows
    largest = max(float(np.abs(half).max()) for half in halves)
    centred = [half / largest - float((half / largest).mean()) for half in halves]
    scale = max(float(image.std()) for image in centred)
    return [np.asarray(image / scale if scale > 0 else image, np.float32) for image in centred]


def require_one_place(one: Pixels, other: Pixels) -> bool:
    """Whether two aligned images show structure, surely of one place.

    Args:
        one: image (h, w).
        other: image of the same shape at another focus, aligned.

    Raises:
        ImagesRefused: they surely show different places (``UNRELATED``).
    """
    expected, found = coherence(one, other)
    if expected >= EXPECTED and found < FOUND:
        raise ImagesRefused(
            ImageFault.UNRELATED,
            "The two images of the pair show different places; check that nothing moved the stage or the "
            "beam between them, and take them again.",
        )
    return expected >= EXPECTED and found >= FOUND


def coherence(one: Pixels, other: Pixels) -> tuple[float, float]:
    """How far the peak of the cross-correlation should stand out, and how far it does [its rms].

    The correlation is whitened and holds only frequencies at which both images show structure:
    of m of them, sqrt(m) is what one place gives, and chance gives 4 to 8 whatever m is. With few,
    as in strong blur or bare resin, nothing can be said. A lens that changes focus reverses some
    frequencies, which lowers the peak a little.
    """
    factor = max(1, round(min(one.shape) / COMPARED_PX))
    if min(one.shape) // factor < LEAST_PX:
        return 0.0, 0.0
    small = [fast_part(binned(image, factor)) for image in (one, other)]
    a, b = (windowed_spectrum(image) for image in small)
    (power_a, share_a), (power_b, share_b) = _structure(a), _structure(b)
    weight2 = share_a * share_b
    expected = math.sqrt(float(weight2.sum()))
    if expected == 0:
        return 0.0, 0.0
    whitened = np.sqrt(weight2 / (power_a * power_b)) * (b * a.conj())
    correlation = fft.irfft2(whitened, s=small[0].shape)
    peak = max(float(correlation.max()), -float(correlation.min()))
    return expected, peak / math.sqrt(float(np.square(correlation).mean()))


def _structure(spectrum: NDArray[np.complex64]) -> tuple[Pixels, Pixels]:
    """Mean power of each frequency, and the share of it that is structure, 0 where noise might do as well.

    Lag of the detector, charging and line noise act along rows: their power depends on the
    frequency along the rows alone, and is seen where the other one is high.
    """
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    height = len(power)
    fast = slice(math.floor(NOISY * height) + 1, math.ceil((1 - NOISY) * height))
    noise = cv2.blur(power[fast].mean(axis=0, keepdims=True), (2 * SMOOTHED - 1, 1))
    smooth = np.asarray(cv2.blur(power, (SMOOTHED, SMOOTHED)), np.float32) + np.finfo(np.float32).tiny
    share = np.maximum(1 - STRUCTURE * noise / smooth, 0)
    share[_slow(*share.shape)] = 0
    return smooth, share


@lru_cache(maxsize=8)
def _slow(height: int, width: int) -> NDArray[np.bool_]:
    """Which frequencies of ``rfft2`` (height, width) are lower than ``LOWEST``."""
    cycles = np.hypot(height * fft.fftfreq(height)[:, None], np.arange(width))
    return np.asarray(cycles < LOWEST)
