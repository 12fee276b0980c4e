"""DeepScore with the weights that are shipped, on ray-traced images."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.deepscore import DeepScore
from scopeacq.project import QualitySettings
from scopeacq.quality import sharp_limit_um
from tests.models.scenes import Microscope, noise_pair


@pytest.fixture(scope="module")
def deepscore() -> DeepScore:
    return DeepScore.load()


@pytest.fixture(scope="module")
def microscope() -> Microscope:
    return Microscope(width_px=960, height_px=960)


@pytest.mark.parametrize("direction", [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, -0.8, 0)])
def test_score_grows_with_the_blur(deepscore, microscope, direction):
    residuals = (0.5, 2.5, 5.0, 10.0)
    scores = [deepscore.score(microscope.image(r * np.array(direction), 3), 10.0) for r in residuals]
    assert scores == sorted(scores)
    assert scores[2] == pytest.approx(5.0, rel=0.4)


@pytest.mark.parametrize("seed", [0, 1])
def test_limit_learnt_in_focus_tells_sharp_from_unsharp(deepscore, seed):
    microscope = Microscope(seed, width_px=960, height_px=960, dwell_ns=100.0)

    def score(*aberration_um: float) -> float:
        return deepscore.score(microscope.image(np.array(aberration_um), 0), 10.0)

    limit_um = sharp_limit_um(QualitySettings(), [score(0.0, 0.2, 0.0)])
    assert score(0.4, -0.4, 0.3) < limit_um
    assert score(1.6, -1.2, 0.8) > limit_um


def test_nothing_to_score_without_texture(deepscore):
    assert math.isnan(deepscore.score(noise_pair()[0], 10.0))
    assert math.isnan(deepscore.score(np.full((512, 512), 80, np.uint8), 10.0))


def test_bare_area_hardly_changes_the_score(deepscore, microscope):
    image = microscope.image(np.array([4.0, 0.0, 0.0]), 0)
    whole = deepscore.score(image, 10.0)
    image[:, 500:] = noise_pair(shape=image.shape)[0][:, 500:]
    assert deepscore.score(image, 10.0) == pytest.approx(whole, rel=0.25)


def test_finer_pixels_are_averaged(deepscore, microscope):
    image = microscope.image(np.array([4.0, 0.0, 0.0]), 0)
    fine = image.repeat(2, axis=0).repeat(2, axis=1)
    assert deepscore.score(fine, 5.0) == pytest.approx(deepscore.score(image, 10.0), abs=0.01)


@pytest.mark.parametrize("pixel_size_nm", [30.0, 0.0, -10.0, math.nan])
def test_pixels_outside_the_training_are_refused(deepscore, pixel_size_nm):
    with pytest.raises(ValueError, match="at most 13 nm"):
        deepscore.score(np.zeros((512, 512), np.uint8), pixel_size_nm)


def test_small_images_are_refused(deepscore):
    with pytest.raises(ValueError, match="at least 192 px"):
        deepscore.score(np.zeros((100, 512), np.uint8), 10.0)
