from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.types import Image
from models.estimate import Sharp, Sharpness
from scopeacq.journal.records import Verdict
from scopeacq.plan.project import QualitySettings
from scopeacq.vision.quality import Judgement, Standard, dark_fraction, judge, seen_in_focus_um
from tests.scopeacq.scenes import texture

SETTINGS = QualitySettings()
STANDARD = Standard(SETTINGS)
TISSUE = texture(3, 512, (4, 12, 60))
RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((512, 512))
RAMP = np.linspace(-10, 10, 512)[None, :] * np.ones((512, 1))


@dataclass
class FixedScore:
    """A judge that says what a test wants, and remembers that it was asked."""

    score_um: float = 0.3
    sharp: Sharp = Sharp.YES
    asked: bool = False
    name: str = "fixed"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        return self.assess(image, pixel_size_nm).blur_um

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        self.asked = True
        inside = {Sharp.YES: 0.97, Sharp.NO: 0.02, Sharp.CANNOT_TELL: 0.4}[self.sharp]
        return Sharpness(self.score_um, 0.1, self.score_um, 0.0, inside, self.sharp)


def grey(level: float | NDArray[np.floating], noise: float = 8.0) -> Image:
    return np.clip(level + noise * NOISE, 0, 255).astype(np.uint8)


def verdict(
    image: Image, score_um: float = 0.3, sharp: Sharp = Sharp.YES, standard: Standard = STANDARD
) -> Judgement:
    return judge(image, standard, FixedScore(score_um, sharp), 10.0)


@pytest.mark.parametrize(
    ("sharp", "just_focused", "wanted"),
    [
        (Sharp.YES, False, Verdict.SHARP),
        (Sharp.NO, False, Verdict.UNSHARP),
        (Sharp.NO, True, Verdict.UNSHARP),
        (Sharp.CANNOT_TELL, False, Verdict.CANNOT_TELL),
        (Sharp.CANNOT_TELL, True, Verdict.SHARP),
    ],
)
def test_before_the_specimen_is_known_one_image_decides_where_it_can(
    sharp: Sharp, just_focused: bool, wanted: Verdict
) -> None:
    """Where it cannot, a focus that has just converged on this plane does."""
    judged = verdict(grey(128 + 25 * TISSUE), 1.1, sharp, replace(STANDARD, just_focused=just_focused))
    assert judged.verdict is wanted
    assert judged.score_um == 1.1
    assert "1.10 um" in judged.sentence


@pytest.mark.parametrize("sharp", list(Sharp))
@pytest.mark.parametrize(
    ("in_focus_um", "score_um", "wanted"),
    [
        (0.5, 1.0, Verdict.SHARP),
        (0.5, 1.3, Verdict.CANNOT_TELL),
        (0.5, 1.8, Verdict.UNSHARP),
        (1.1, 1.4, Verdict.SHARP),
        (1.1, 1.8, Verdict.CANNOT_TELL),
        (1.1, 2.1, Verdict.UNSHARP),
        (2.4, 2.6, Verdict.UNSHARP),
    ],
)
def test_a_known_specimen_is_held_against_its_own_planes_in_focus(
    sharp: Sharp, in_focus_um: float, score_um: float, wanted: Verdict
) -> None:
    """What is blur on a crisp specimen is the softness of another; the project's limit caps it."""
    image, standard = grey(128 + 25 * TISSUE), replace(STANDARD, in_focus_um=in_focus_um)
    assert verdict(image, score_um, sharp, standard).verdict is wanted
    after_focus = verdict(image, score_um, sharp, replace(standard, just_focused=True)).verdict
    assert after_focus is (Verdict.SHARP if wanted is Verdict.CANNOT_TELL else wanted)


def test_the_project_may_forbid_what_the_image_would_pass() -> None:
    strict = Standard(QualitySettings(sharp_below_um=0.5))
    assert verdict(grey(128 + 25 * TISSUE), 0.6, standard=strict).verdict is Verdict.UNSHARP


def test_a_specimen_is_known_after_some_sharp_planes() -> None:
    assert seen_in_focus_um([0.6] * 7) is None
    assert seen_in_focus_um([0.5, 0.6, 0.7] * 3) == pytest.approx(0.6)


def test_figures_are_those_of_the_image() -> None:
    image = grey(128 + 25 * TISSUE)
    judged = verdict(image)
    assert judged.mean == pytest.approx(image.mean())
    assert judged.sd == pytest.approx(image.std())
    assert judged.dark_fraction == 0.0


def test_blank_resin_is_blank_even_under_shading() -> None:
    assert verdict(grey(140 + RAMP), math.nan).verdict is Verdict.BLANK


def test_tissue_so_blurred_that_nothing_can_be_scored_is_not_blank() -> None:
    far_out = cv2.GaussianBlur(TISSUE, (0, 0), 15.0).astype(np.float32)
    judged = verdict(grey(128 + 25 * far_out), math.nan)
    assert judged.verdict is Verdict.UNSHARP


@pytest.mark.parametrize("level", [1.0, 4.0, 7.0])
def test_dark_wafer_is_seen_through_its_noise_and_is_not_scored(level: float) -> None:
    scorer = FixedScore()
    judged = judge(grey(level, noise=4.0), STANDARD, scorer, 10.0)
    assert judged.verdict is Verdict.WAFER
    assert judged.dark_fraction > 0.95
    assert not scorer.asked


def test_a_tile_half_on_wafer_is_judged_by_its_tissue() -> None:
    image = grey(128 + 25 * TISSUE)
    image[:, :256] = grey(4.0, 2.0)[:, :256]
    judged = verdict(image, 2.0, Sharp.NO)
    assert judged.verdict is Verdict.UNSHARP
    assert judged.dark_fraction == pytest.approx(0.5, abs=0.02)


def test_darkness_means_the_same_in_16_bit() -> None:
    image = grey(8.0, noise=1.0)
    assert dark_fraction(image.astype(np.uint16) * 257, SETTINGS) == pytest.approx(
        dark_fraction(image, SETTINGS)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_faulty_frames_are_no_planes(dtype: type) -> None:
    good: Image = (grey(128 + 25 * TISSUE).astype(np.float64) / 255 * np.iinfo(dtype).max).astype(dtype)
    truncated, saturated = good.copy(), good.copy()
    truncated[400:] = 0
    saturated[:, :100] = np.iinfo(dtype).max
    for image, word in [
        (truncated, "truncated"),
        (saturated, "saturated"),
        (np.zeros_like(good), "constant"),
    ]:
        judged = verdict(image)
        assert judged.verdict is Verdict.FAULTY
        assert word in judged.sentence
    assert verdict(good).verdict is Verdict.SHARP
