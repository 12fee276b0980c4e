"""What is seen on a single frame: grey values, spectrum, sharpness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.types import Frame, Image
from models.estimate import SharpnessJudge
from scopeacq.journal.records import Verdict
from scopeacq.storage.thumbnails import smaller
from scopeacq.vision.quality import Judgement, Standard, dark_fraction, judge

BINS = 256
SPECTRUM_PX = 512
"""Longest edge of the square that is transformed."""
OVERVIEW_PX = 2048
"""Longest edge of what a screen shows of a large frame as a whole."""
OUTLIERS = 0.5
"""Percent of the pixels at either end that automatic levels leave out."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The grey values that are shown as black and as white."""

    low: float
    high: float

    def within(self, full: Levels) -> Levels:
        """These, inside ``full`` and at least one grey value apart."""
        low = min(max(self.low, full.low), full.high - 1)
        return Levels(low, min(max(self.high, low + 1), full.high))


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often grey values occur: ``counts`` (256,) int64 over all that the detector can say."""

    counts: NDArray[np.int64]
    full: Levels

    @property
    def step(self) -> float:
        """Grey values in one bin."""
        return (self.full.high + 1 - self.full.low) / len(self.counts)


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame and what it shows.

    ``overview`` is the image with at most 2048 px along an edge; ``spectrum`` its power by frequency as
    an 8-bit picture, zero in the middle; ``unscored`` says why there is no score, if so.
    """

    frame: Frame
    overview: Image
    histogram: Histogram
    auto: Levels
    spectrum: NDArray[np.uint8]
    judgement: Judgement
    unscored: str = ""


def look_at(frame: Frame, scorer: SharpnessJudge, standard: Standard) -> Seen:
    """Look at a frame. Takes some tenths of a second, most of it for the score."""
    image = frame.image
    judgement, unscored = _judged(frame, scorer, standard)
    return Seen(
        frame,
        smaller(image, OVERVIEW_PX),
        histogram(image),
        auto_levels(image),
        power_spectrum(image),
        judgement,
        unscored,
    )


def full_levels(image: Image) -> Levels:
    """All that the detector can say."""
    return Levels(0.0, float(np.iinfo(image.dtype).max))


def auto_levels(image: Image) -> Levels:
    """From the 0.5th to the 99.5th percentile of grey values, at least one apart."""
    low, high = np.percentile(_sparse(image), (OUTLIERS, 100 - OUTLIERS))
    return Levels(float(low), float(high)).within(full_levels(image))


def histogram(image: Image) -> Histogram:
    """Of an 8 or 16 bit image of any shape."""
    shift = 8 * (image.dtype.itemsize - 1)
    counts = np.bincount((image >> shift).ravel(), minlength=BINS) if shift else _counts_of_bytes(image)
    return Histogram(counts.astype(np.int64), full_levels(image))


def grey(image: Image, levels: Levels) -> NDArray[np.uint8]:
    """The image between two levels as 8 bits."""
    steps = np.arange(int(np.iinfo(image.dtype).max) + 1, dtype=np.float32)
    shown = (steps - levels.low) * (255 / max(levels.high - levels.low, 1e-9))
    table = np.clip(shown, 0, 255).round().astype(np.uint8)
    if image.dtype == np.uint8:
        return np.asarray(cv2.LUT(np.ascontiguousarray(image), table), np.uint8)
    return np.asarray(table[image], np.uint8)


def power_spectrum(image: Image, edge_px: int = SPECTRUM_PX) -> NDArray[np.uint8]:
    """Logarithm of the power by frequency of the middle of an image, as a picture (n, n), uint8.

    Frequency 0 is in the middle, Nyquist at the edges; contrast spans the 1st to 99.9th percentile.
    """
    edge = min(edge_px, *image.shape)
    top, left = ((n - edge) // 2 for n in image.shape)
    square = image[top : top + edge, left : left + edge].astype(np.float32)
    window = np.hanning(edge).astype(np.float32)
    spectrum = np.fft.fft2((square - square.mean()) * window * window[:, None])
    power = np.fft.fftshift(np.log(np.abs(spectrum) ** 2 + 1.0))
    low, high = np.percentile(power, (1.0, 99.9))
    return np.asarray(np.clip((power - low) * (255 / max(high - low, 1e-6)), 0, 255), np.uint8)


def _judged(frame: Frame, scorer: SharpnessJudge, standard: Standard) -> tuple[Judgement, str]:
    """The judgement of a plane; where the scorer cannot score such a frame, what the pixels say."""
    image = frame.image
    try:
        return judge(image, standard, scorer, frame.settings.pixel_size_nm), ""
    except ValueError as error:
        dark = dark_fraction(image, standard.settings)
        mean, sd = (float(values[0, 0]) for values in cv2.meanStdDev(image))
        unscored = Judgement(Verdict.CANNOT_TELL, float("nan"), mean, sd, dark, "This frame has no score.")
        return unscored, str(error)


def _counts_of_bytes(image: Image) -> NDArray[np.float32]:
    """Counts of the values of an 8-bit image; OpenCV needs no copy of it."""
    counts = cv2.calcHist([np.ascontiguousarray(image)], [0], None, [BINS], [0, BINS])
    return np.asarray(counts.ravel(), np.float32)


def _sparse(image: Image) -> Image:
    """Every n-th pixel of a large image: percentiles need no more."""
    step = max(1, round((image.size / 1e6) ** 0.5))
    return image[::step, ::step]
