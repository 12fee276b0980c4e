"""The adapter of MAPFoSt: scale, axes and signs of the package turned into ours."""

from __future__ import annotations

import numpy as np
import pytest

from models.images import ImageFault, ImagesRefused
from models.mapfost import MapFost
from tests.models.scenes import CONDITION, Microscope, noise_pair


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("component", [0, 1, 2])
def test_each_component_has_the_sign_and_size_of_the_traced_rays(component, sign):
    aberration = np.zeros(3)
    aberration[component] = 3.0 * sign
    answer = MapFost().estimate(*Microscope().pair(aberration), CONDITION).mean
    # the package's probe is a Gaussian: it overestimates disks
    assert answer == pytest.approx(aberration, abs=1.2)


def test_a_few_corrections_reach_focus_from_mild_aberrations():
    microscope, state = Microscope(), np.array([8.0, -6.0, 5.0])
    for take in range(6):
        state = state - MapFost().estimate(*microscope.pair(state, take), CONDITION).mean
    assert np.abs(state).max() < 0.5


@pytest.mark.parametrize("shift_px", [(0, 0), (15, 11), (-16, 13)])
def test_images_are_aligned_first(shift_px):
    truth = np.array([2.0, 1.0, -1.0])
    pair = Microscope().pair(truth, shift_px=shift_px)
    assert MapFost().estimate(*pair, CONDITION).mean == pytest.approx(truth, abs=1.0)


def test_spread_comes_from_the_patches():
    estimate = MapFost().estimate(*Microscope().pair(np.array([3.0, 0.0, 0.0])), CONDITION)
    assert estimate.patch_means.shape == estimate.patch_sds.shape == (4, 3)
    assert estimate.patch_boxes.shape == (4, 4)
    assert (estimate.sd > 0).all() and (estimate.sd < 1.5).all()


def test_bare_images_give_numbers():
    estimate = MapFost().estimate(*noise_pair(), CONDITION)
    assert np.isfinite(estimate.mean).all() and np.isfinite(estimate.covariance).all()


@pytest.mark.parametrize("shapes", [((768, 1024), (768, 1000)), ((200, 200), (200, 200))])
def test_images_that_cannot_be_a_pair_are_refused(shapes):
    with pytest.raises(ImagesRefused) as refused:
        MapFost().estimate(*(np.ones(shape, np.uint8) for shape in shapes), CONDITION)
    assert refused.value.fault is ImageFault.SHAPE


def test_pairs_that_show_nothing_or_two_places_are_refused():
    constant = np.full((768, 1024), 90, np.uint8)
    elsewhere = Microscope(seed=1).image(np.zeros(3), 0)
    for pair, fault in (
        ((constant, constant), ImageFault.CONSTANT),
        ((Microscope().image(np.zeros(3), 0), elsewhere), ImageFault.UNRELATED),
    ):
        with pytest.raises(ImagesRefused) as refused:
            MapFost().estimate(*pair, CONDITION)
        assert refused.value.fault is fault
