from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.types import Image
from scopeacq.project import QualitySettings
from scopeacq.quality import Judgement, as_seen_so_far, dark_fraction, judge
from scopeacq.records import Verdict
from tests.scopeacq.scenes import texture

SETTINGS = QualitySettings()
TISSUE = texture(3, 512, (4, 12, 60))
RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal((512, 512))
RAMP = np.linspace(-10, 10, 512)[None, :] * np.ones((512, 1))


@dataclass
class FixedScore:
    """A scorer that says what a test wants, and remembers that it was asked."""

    score_um: float = 0.3
    asked: bool = False
    name: str = "fixed"

    def score(self, image: NDArray[np.generic], pixel_size_nm: float) -> float:
        self.asked = True
        return self.score_um


def grey(level: float | NDArray[np.floating], noise: float = 8.0) -> Image:
    return np.clip(level + noise * NOISE, 0, 255).astype(np.uint8)


def verdict(image: Image, score_um: float = 0.3, settings: QualitySettings = SETTINGS) -> Judgement:
    return judge(image, settings, FixedScore(score_um), 10.0)


@pytest.mark.parametrize(
    ("score_um", "wanted"), [(0.0, Verdict.SHARP), (1.49, Verdict.SHARP), (1.5, Verdict.UNSHARP)]
)
def test_the_score_decides_on_texture(score_um: float, wanted: Verdict) -> None:
    judged = verdict(grey(128 + 25 * TISSUE), score_um)
    assert judged.verdict is wanted
    assert judged.score_um == score_um
    assert f"{score_um:.2f} um" in judged.sentence


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
    judged = judge(grey(level, noise=4.0), SETTINGS, scorer, 10.0)
    assert judged.verdict is Verdict.WAFER
    assert judged.dark_fraction > 0.95
    assert not scorer.asked


def test_a_tile_half_on_wafer_is_judged_by_its_tissue() -> None:
    image = grey(128 + 25 * TISSUE)
    image[:, :256] = grey(4.0, 2.0)[:, :256]
    judged = verdict(image, 2.0)
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


def test_the_limit_narrows_to_what_sharp_planes_of_the_specimen_score() -> None:
    settings = QualitySettings(sharp_below_um=1.5, sharp_ratio=1.4, sharp_least_um=0.7)
    assert as_seen_so_far(settings, [0.6] * 7).sharp_below_um == 1.5
    assert as_seen_so_far(settings, [0.6] * 8).sharp_below_um == pytest.approx(0.84)
    assert as_seen_so_far(settings, [0.1] * 8).sharp_below_um == 0.7
    assert as_seen_so_far(settings, [1.4] * 8).sharp_below_um == 1.5
