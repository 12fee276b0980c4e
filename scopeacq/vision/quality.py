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
from models.estimate import Sharp, Sharpness, SharpnessJudge
from scopeacq.engine.frames import defect
from scopeacq.journal.records import Verdict
from scopeacq.plan.project import QualitySettings

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

ALLOWED_UM, CLEARLY_UM = 1.0, 1.7
"""Blur by the optics, beside the softness of the specimen, up to which a plane is sharp, and from
which on it is not; between them places of one specimen differ by as much."""


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


@dataclass(frozen=True, slots=True)
class Standard:
    """What a plane is held against.

    ``in_focus_um``: what this run's planes score in focus, None until enough of them are known.
    ``just_focused``: whether a correction of focus on this very plane has converged.
    """

    settings: QualitySettings
    in_focus_um: float | None = None
    just_focused: bool = False


def seen_in_focus_um(sharp_scores_um: Sequence[float]) -> float | None:
    """What a specimen scores in focus, once ``ENOUGH_SCORES`` planes were sharp."""
    return statistics.median(sharp_scores_um) if len(sharp_scores_um) >= ENOUGH_SCORES else None


def sharp_limit_um(settings: QualitySettings, in_focus_um: float, blur_um: float = ALLOWED_UM) -> float:
    """The score of a blur of the optics on a specimen that scores ``in_focus_um`` in focus.

    What a specimen holds of fine detail cannot be told from the blur of one image: a soft one
    scores 1 um in perfect focus. Its softness and the blur of the optics add up in squares. The
    project's own limit caps it always.
    """
    return min(settings.sharp_below_um, math.hypot(in_focus_um, blur_um))


def judge(image: Image, standard: Standard, scorer: SharpnessJudge, pixel_size_nm: float) -> Judgement:
    """Judge a plane (2-D, uint8 or uint16). Safe to call from several threads.

    A plane without texture is blank only when it has no coarse structure either: tissue far out of
    focus has lost its fine texture as well, and is not sharp.
    """
    settings = standard.settings
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
    seen = scorer.assess(image, pixel_size_nm)
    verdict, sentence = _without_texture(image) if math.isnan(seen.blur_um) else _verdict(seen, standard)
    return Judgement(verdict, seen.blur_um, mean, sd, dark, sentence)


def _without_texture(image: Image) -> tuple[Verdict, str]:
    if has_coarse_structure(image):
        return Verdict.UNSHARP, "Not sharp: there is coarse structure, but no fine texture at all."
    return Verdict.BLANK, "No texture: nothing there could be sharp."


def _verdict(seen: Sharpness, standard: Standard) -> tuple[Verdict, str]:
    """What the image tells; where it cannot tell, the correction that has just converged."""
    sharp, why = _sharp(seen, standard)
    match sharp:
        case Sharp.YES:
            return Verdict.SHARP, f"Sharp: {why}."
        case Sharp.NO:
            return Verdict.UNSHARP, f"Not sharp: {why}."
        case Sharp.CANNOT_TELL if standard.just_focused:
            return Verdict.SHARP, f"Sharp as far as can be told: {why}; focus had just been corrected."
        case Sharp.CANNOT_TELL:
            return Verdict.CANNOT_TELL, f"Cannot tell: {why}; focus had not been corrected here."


def _sharp(seen: Sharpness, standard: Standard) -> tuple[Sharp, str]:
    """Against the run's own planes in focus, where these are known: they tell more than one image can."""
    settings, score = standard.settings, f"the score is {seen.blur_um:.2f} um"
    if standard.in_focus_um is None:
        odds = f"{score}, and in focus it is with a probability of {seen.inside:.0%}"
        return (Sharp.NO if seen.blur_um >= settings.sharp_below_um else seen.sharp), odds
    sharp_um, unsharp_um = (
        sharp_limit_um(settings, standard.in_focus_um, blur_um) for blur_um in (ALLOWED_UM, CLEARLY_UM)
    )
    limits = f"{score}, this specimen is sharp below {sharp_um:.2f} um and not from {unsharp_um:.2f} um on"
    if seen.blur_um < sharp_um:
        return Sharp.YES, limits
    return (Sharp.NO if seen.blur_um >= unsharp_um else Sharp.CANNOT_TELL), limits


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
