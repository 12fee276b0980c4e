"""DeepFocus with the weights that are shipped, on ray-traced images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.deepfocus import DeepFocus
from models.images import ImageFault, ImagesRefused
from tests.models.scenes import CONDITION, Microscope, noise_pair


@pytest.fixture(scope="module")
def deepfocus() -> DeepFocus:
    return DeepFocus.load()


@pytest.fixture(scope="module")
def microscope() -> Microscope:
    return Microscope()


def test_swapping_the_images_negates_the_answer_exactly(deepfocus, microscope):
    plus, minus = microscope.pair(np.array([3.0, -2.0, 1.0]))
    there = deepfocus.estimate(plus, minus, CONDITION)
    back = deepfocus.estimate(minus, plus, CONDITION)
    assert np.array_equal(there.patch_means, -back.patch_means)
    assert np.array_equal(there.patch_sds, back.patch_sds)
    assert back.mean == pytest.approx(-there.mean, rel=1e-4)  # the likelihood rounds to single precision
    assert back.covariance == pytest.approx(there.covariance, rel=1e-3, abs=1e-6)


def test_equal_images_have_no_aberration(deepfocus, microscope):
    image = microscope.image(np.array([5.0, 0.0, 0.0]), 0)
    assert deepfocus.estimate(image, image, CONDITION).mean == pytest.approx(np.zeros(3), abs=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("component", [0, 1, 2])
def test_each_component_has_the_sign_and_size_of_the_traced_rays(deepfocus, microscope, component, sign):
    aberration = np.zeros(3)
    aberration[component] = 5.0 * sign
    answer = deepfocus.estimate(*microscope.pair(aberration), CONDITION).mean
    assert answer == pytest.approx(aberration, abs=0.8)


@pytest.mark.parametrize("start", [(10.0, -12.0, 12.0), (-9.0, 8.0, 14.0), (30.0, -24.0, 24.0)])
def test_three_corrections_reach_focus(deepfocus, start):
    microscope = Microscope(dwell_ns=50.0)
    state = np.array(start)
    for take in range(3):
        state = state - deepfocus.estimate(*microscope.pair(state, take), CONDITION).mean
    assert np.abs(state).max() < 0.5


def test_stated_spread_is_that_of_the_errors(deepfocus):
    rng = np.random.default_rng(5)
    scores = []
    for n in range(12):
        truth = rng.uniform(-1, 1, 3) * (4.0, 3.0, 3.0)
        estimate = deepfocus.estimate(*Microscope(seed=n % 3, dwell_ns=50.0).pair(truth, n), CONDITION)
        scores.append((estimate.mean - truth) / estimate.sd)
    assert 0.2 < np.sqrt(np.mean(np.square(scores))) < 2.0


def test_bare_patches_do_not_count(deepfocus, microscope):
    truth = np.array([6.0, 2.0, -3.0])
    pair = [image.copy() for image in microscope.pair(truth)]
    for image, bare in zip(pair, noise_pair(shape=pair[0].shape), strict=True):
        image[:, 352:] = bare[:, 352:]
    estimate = deepfocus.estimate(pair[0], pair[1], CONDITION)
    assert estimate.mean == pytest.approx(truth, abs=1.5)
    assert estimate.sd.max() < 3.0


@pytest.mark.parametrize(("level", "fault"), [(0, ImageFault.BLACK), (117, ImageFault.CONSTANT)])
def test_constant_images_are_refused(deepfocus, level, fault):
    image = np.full((768, 1024), level, np.uint8)
    with pytest.raises(ImagesRefused) as refusal:
        deepfocus.estimate(image, image, CONDITION)
    assert refusal.value.fault is fault


def test_bare_images_say_that_little_is_known(deepfocus):
    estimate = deepfocus.estimate(*noise_pair(), CONDITION)
    assert estimate.sd.min() > 10.0
    assert np.isfinite(estimate.mean).all()
    assert not estimate.structured


def test_images_of_different_places_are_refused(deepfocus):
    plus = Microscope(seed=1).image(np.array([5.0, 0.0, 0.0]), 0)
    elsewhere = Microscope(seed=2).image(np.array([-5.0, 0.0, 0.0]), 1)
    with pytest.raises(ImagesRefused) as refusal:
        deepfocus.estimate(plus, elsewhere, CONDITION)
    assert refusal.value.fault is ImageFault.UNRELATED


@pytest.mark.parametrize("shift_px", [(32, 10), (-60, 40)])
def test_images_may_be_shifted_against_each_other(deepfocus, shift_px):
    truth = np.array([3.0, -2.0, 2.0])
    pair = Microscope().pair(truth, shift_px=shift_px)
    assert deepfocus.estimate(*pair, CONDITION).mean == pytest.approx(truth, abs=0.8)


def test_one_patch_is_enough(deepfocus):
    truth = np.array([4.0, 0.0, 0.0])
    pair = Microscope(width_px=320, height_px=320).pair(truth)
    estimate = deepfocus.estimate(*pair, CONDITION)
    assert estimate.patch_means.shape == (1, 3)
    assert estimate.mean == pytest.approx(truth, abs=1.5)


def test_sixteen_bits_answer_like_eight(deepfocus, microscope):
    plus, minus = microscope.pair(np.array([2.0, 1.0, 0.0]))
    eight = deepfocus.estimate(plus, minus, CONDITION)
    sixteen = deepfocus.estimate(*(image.astype(np.uint16) * 200 for image in (plus, minus)), CONDITION)
    assert sixteen.mean == pytest.approx(eight.mean, abs=0.02)


@settings(max_examples=8)
@given(st.floats(0.5, 2.0), st.floats(0.8, 1.25))
def test_answer_scales_with_the_optics(deepfocus_pair, length, angle):
    """Twice the lengths in specimen and optics is the same picture: only units differ."""
    deepfocus, pair, reference = deepfocus_pair
    scaled = replace(
        CONDITION,
        pixel_size_nm=CONDITION.pixel_size_nm * length * angle,
        perturbation_um=CONDITION.perturbation_um * length,
        convergence_mrad=CONDITION.convergence_mrad * angle,
    )
    estimate = deepfocus.estimate(*pair, scaled)
    assert estimate.mean == pytest.approx(reference.mean * length, abs=1e-3 * length)
    assert estimate.sd == pytest.approx(reference.sd * length, rel=1e-3)


@pytest.fixture(scope="module")
def deepfocus_pair(deepfocus, microscope):
    pair = microscope.pair(np.array([4.0, -1.0, 2.0]))
    return deepfocus, pair, deepfocus.estimate(*pair, CONDITION)


@pytest.mark.parametrize(
    "change", [{"perturbation_um": 0.5}, {"convergence_mrad": 0.0}, {"pixel_size_nm": 100.0}]
)
def test_optics_outside_the_training_are_refused(deepfocus, microscope, change):
    images = microscope.pair(np.zeros(3))
    with pytest.raises(ValueError, match=r"at least 1\.1 px"):
        deepfocus.estimate(*images, replace(CONDITION, **change))


@pytest.mark.parametrize(
    "shapes", [((768, 1024), (768, 1000)), ((300, 1024), (300, 1024)), ((0, 0), (0, 0))]
)
def test_images_that_cannot_be_a_pair_are_refused(deepfocus, shapes):
    with pytest.raises(ImagesRefused) as refusal:
        deepfocus.estimate(*(np.ones(shape, np.uint8) for shape in shapes), CONDITION)
    assert refusal.value.fault is ImageFault.SHAPE


def test_threads_of_torch_are_left_alone(deepfocus, microscope):
    import torch

    before = torch.get_num_threads()
    deepfocus.estimate(*noise_pair(), CONDITION)
    assert torch.get_num_threads() == before


def test_patches_say_where_they_lie_and_what_they_add(deepfocus, microscope):
    estimate = deepfocus.estimate(*microscope.pair(np.array([3.0, -2.0, 1.0])), CONDITION)
    boxes, (height, width) = estimate.patch_boxes, microscope.image(np.zeros(3), 0).shape
    assert len(boxes) == len(estimate.patch_means)
    assert (boxes >= 0).all()
    assert (boxes[:, 0] + boxes[:, 2] <= width).all() and (boxes[:, 1] + boxes[:, 3] <= height).all()
    assert estimate.patch_shares.sum() == pytest.approx(1.0)
