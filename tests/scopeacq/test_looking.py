"""What is seen on a frame: levels, histogram, spectrum, judgement; and what is kept of it."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.types import Frame, FrameSettings, Image, Optics, StagePose
from models.estimate import Sharpness
from scopeacq.journal.laid_down import LaidDown
from scopeacq.journal.records import Verdict
from scopeacq.plan.project import QualitySettings
from scopeacq.storage.tiff import frame_as_tiff
from scopeacq.vision.looking import (
    OVERVIEW_PX,
    Levels,
    auto_levels,
    full_levels,
    grey,
    histogram,
    look_at,
    power_spectrum,
)
from scopeacq.vision.quality import Standard
from tests.scenarios.harness import Scores

STANDARD = Standard(QualitySettings())


class Refuses(Scores):
    """A judge to whom every frame is too small."""

    def assess(self, image: NDArray[np.generic], pixel_size_nm: float) -> Sharpness:
        raise ValueError("the frame is too small")


def frame_of(image: Image, pixel_size_nm: float = 10.0) -> Frame:
    height, width = image.shape
    settings = FrameSettings(width, height, pixel_size_nm, 200.0, 0.0, 8 * image.dtype.itemsize)
    return Frame(image, settings, Optics(4500.0, 0.1, 0.2), StagePose(1.0, 2.0, 3.0, 0.0, 0.0), 7.0)


def noise(
    shape: tuple[int, int] = (300, 400), top: int = 256, dtype: type = np.uint8
) -> NDArray[np.generic]:
    made: Image = np.random.default_rng(1).integers(top // 4, top // 2, shape).astype(dtype)
    return made


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 256), (np.uint16, 65536)])
def test_the_histogram_counts_every_pixel_where_it_belongs(dtype: type, top: int) -> None:
    image = noise(top=top, dtype=dtype)
    seen = histogram(image)
    assert seen.counts.sum() == image.size
    expected, _ = np.histogram(image, bins=256, range=(0, top))
    assert np.array_equal(seen.counts, expected)
    assert seen.step == top / 256


def test_automatic_levels_leave_out_few_pixels_and_are_never_equal() -> None:
    image = noise()
    image[0, 0] = 255
    levels = auto_levels(image)
    assert 60 <= levels.low < levels.high < 140
    flat = auto_levels(np.full((40, 40), 255, np.uint8))
    assert 0 <= flat.low < flat.high <= 255


@given(st.floats(-500, 70_000), st.floats(-500, 70_000), st.sampled_from([np.uint8, np.uint16]))
def test_any_levels_show_a_picture_between_black_and_white(low: float, high: float, dtype: type) -> None:
    image = noise((8, 9), 200, dtype)
    levels = Levels(low, high).within(full_levels(image))
    assert full_levels(image).low <= levels.low < levels.high <= full_levels(image).high
    shown = grey(image, levels)
    assert shown.shape == image.shape and shown.dtype == np.uint8
    assert (shown[image <= levels.low] == 0).all() and (shown[image >= levels.high] == 255).all()


def test_the_spectrum_shows_the_frequency_of_waves() -> None:
    columns = np.arange(512)
    image = np.tile(128 + 60 * np.sin(2 * np.pi * columns / 16), (512, 1)).astype(np.uint8)
    spectrum = power_spectrum(image)
    row, column = np.unravel_index(int(spectrum[:, 260:].argmax()), spectrum[:, 260:].shape)
    assert abs(row - 256) <= 2 and abs(column + 260 - (256 + 512 // 16)) <= 2


def test_a_large_frame_has_a_small_overview_and_a_score() -> None:
    seen = look_at(frame_of(noise((64, 2 * OVERVIEW_PX))), Scores(0.7), STANDARD)
    assert max(seen.overview.shape) == OVERVIEW_PX
    assert seen.judgement.verdict is Verdict.SHARP and seen.judgement.score_um == 0.7
    assert not seen.unscored


def test_a_frame_that_cannot_be_scored_is_shown_all_the_same() -> None:
    seen = look_at(frame_of(noise()), Refuses(), STANDARD)
    assert seen.unscored == "the frame is too small"
    assert math.isnan(seen.judgement.score_um) and seen.judgement.mean > 60


def test_a_black_frame_is_said_to_be_dark() -> None:
    dark = np.random.default_rng(0).integers(0, 4, (128, 128)).astype(np.uint8)
    assert look_at(frame_of(dark), Scores(), STANDARD).judgement.verdict is Verdict.WAFER


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_saved_frame_says_how_it_was_taken(dtype: type) -> None:
    frame = frame_of(noise(dtype=dtype), 20.0)
    with tifffile.TiffFile(io.BytesIO(frame_as_tiff(frame, {"electron_dose_per_nm2": 19.0}))) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        assert np.array_equal(page.asarray(), frame.image) and page.dtype == dtype
        told = json.loads(page.description)
        per_cm, denominator = page.tags["XResolution"].value
    assert told["frame"]["dwell_ns"] == 200.0 and told["optics"]["stig_y"] == 0.2
    assert told["electron_dose_per_nm2"] == 19.0
    assert per_cm / denominator == pytest.approx(1e7 / 20.0)


def test_dose_is_summed_where_it_was_laid_down() -> None:
    small = FrameSettings(1000, 500, 10.0, 200.0)
    laid = LaidDown()
    laid.add((0.0, 0.0), small, 19.0)
    laid.add((0.0, 0.0), small, 19.0)
    laid.add((4.0, 0.0), replace(small, pixel_size_nm=100.0), 0.2)
    assert laid.at((0.0, 0.0)) == pytest.approx(38.2)
    assert laid.at((0.0, 3.0)) == pytest.approx(0.2)
    assert laid.at((100.0, 0.0)) == 0.0
