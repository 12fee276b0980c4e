"""What quality control says of a plane. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.types import Image
from models.estimate import SharpnessScorer
from scopeacq.frames import defect
from scopeacq.project import QualitySettings
from scopeacq.records import Verdict

WAFER_FRACTION = 0.95
"""Share of dark area from which a plane shows nothing but wafer."""

DARK_BLOCK_PX = 8
"""Darkness is judged on means of blocks, so that noise does not count."""

COARSE_BLOCK_PX = 32
"""Blur wipes out fine texture but leaves the differences between neighbouring coarse blocks."""

COARSE_TEXTURE_SD = 1.6
"""So many times what noise alone does to the means of blocks is structure (blank: 0.9 to 1.1)."""

ENOUGH_SCORES = 8
"""So many sharp planes tell what a specimen's sharp planes score."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its figures, and one sentence for the operator.

    ``score_um`` is nan where nothing was scored; grey levels are those of the image.
    """

    verdict: Verdict
    score_um: float
    mean: float
    sd: float
    dark_fraction: float
    sentence: str


def as_seen_so_far(settings: QualitySettings, sharp_scores_um: Sequence[float]) -> QualitySettings:
    """The settings with the limit of sharpness narrowed, once ``ENOUGH_SCORES`` planes were sharp."""
    if len(sharp_scores_um) < ENOUGH_SCORES:
        return settings
    return settings.model_copy(update={"sharp_below_um": sharp_limit_um(settings, sharp_scores_um)})


def sharp_limit_um(settings: QualitySettings, scores_in_focus_um: Sequence[float]) -> float:
    """The limit of "sharp" for a specimen, from scores of images of it that were in focus.

    What a specimen holds of fine detail cannot be told from the blur of one image: a soft one
    scores 1 um in perfect focus. The project's own limit caps it always.
    """
    seen_um = settings.sharp_ratio * statistics.median(scores_in_focus_um)
    return min(settings.sharp_below_um, max(settings.sharp_least_um, seen_um))


def judge(
    image: Image, settings: QualitySettings, scorer: SharpnessScorer, pixel_size_nm: float
) -> Judgement:
    """Judge a plane (2-D, uint8 or uint16). Safe to call from several threads.

    A plane without texture is blank only when it has no coarse structure either: tissue far out of
    focus has lost its fine texture as well, and is not sharp.
    """
    if (trouble := defect(image)) is not None:
        return Judgement(Verdict.FAULTY, math.nan, *_mean_and_sd(image), 0.0, f"Faulty: {trouble}.")
    mean, sd = _mean_and_sd(image)
    dark = dark_fraction(image, settings)
    saturated = saturated_fraction(image)
    if saturated > settings.saturated_fraction_max:
        sentence = f"Faulty: {saturated:.1%} of the pixels are saturated; turn the detector's gain down."
        return Judgement(Verdict.FAULTY, math.nan, mean, sd, dark, sentence)
    if dark >= WAFER_FRACTION:
        return Judgement(Verdict.WAFER, math.nan, mean, sd, dark, f"Dark over {dark:.0%} of the area.")
    score_um = scorer.score(image, pixel_size_nm)
    verdict, sentence = _verdict(image, settings, score_um)
    return Judgement(verdict, score_um, mean, sd, dark, sentence)


def _verdict(image: Image, settings: QualitySettings, score_um: float) -> tuple[Verdict, str]:
    limit_um = settings.sharp_below_um
    if math.isnan(score_um):
        if has_coarse_structure(image):
            return Verdict.UNSHARP, "Not sharp: there is coarse structure, but no fine texture at all."
        return Verdict.BLANK, "No texture: nothing there could be sharp."
    if score_um < limit_um:
        return Verdict.SHARP, f"Sharp: the score is {score_um:.2f} um, below {limit_um:g} um."
    return Verdict.UNSHARP, f"Not sharp: the score is {score_um:.2f} um, allowed is below {limit_um:g} um."


def shows_wafer(image: Image, settings: QualitySettings) -> bool:
    """Whether a plane is dark all over, as bare wafer is, or as any frame without a beam."""
    return dark_fraction(image, settings) >= WAFER_FRACTION


def dark_fraction(image: Image, settings: QualitySettings) -> float:
    """Share of the area whose local mean is below the level of bare wafer, whatever the bit depth."""
    threshold = settings.dark_below * (float(np.iinfo(image.dtype).max) / 255.0)
    return float((_block_means(image, DARK_BLOCK_PX) < threshold).mean())


def saturated_fraction(image: Image) -> float:
    """Share of pixels at the top of the detector's range."""
    return float((image == np.iinfo(image.dtype).max).mean())


def has_coarse_structure(image: Image) -> bool:
    """Whether means of coarse blocks vary by more than noise makes them, shading apart."""
    means = _block_means(image, COARSE_BLOCK_PX)
    return _roughness(means) > COARSE_TEXTURE_SD * _roughness(image) / COARSE_BLOCK_PX


def _roughness(image: Image | NDArray[np.float32]) -> float:
    """Standard deviation of white noise, after Immerkaer 1996: a mask blind to smooth structure."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    response = cv2.filter2D(image, cv2.CV_32F, mask)
    return float(np.abs(response).mean()) * math.sqrt(math.pi / 2) / 6


def _block_means(image: Image, edge_px: int) -> NDArray[np.float32]:
    """Means of square blocks; a remainder at the right and bottom edges is left out."""
    rows, columns = (max(length // edge_px, 1) for length in image.shape)
    whole = image[: rows * edge_px, : columns * edge_px].astype(np.float32)
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)


def _mean_and_sd(image: Image) -> tuple[float, float]:
    mean, sd = cv2.meanStdDev(image)
    return float(mean[0, 0]), float(sd[0, 0])
