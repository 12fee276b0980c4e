"""From a proposal to the likelihood's answer: on tissue, on gratings, on what is neither."""

from __future__ import annotations

import numpy as np
import pytest

from models.likelihood import Texture
from models.refinement import Place, refine
from tests.models.spectral_scenes import BLUR_PX, Floats, pair, pair_of_lines

MILD = np.array([2.0, -2.4, 2.4])
OFF = np.array([0.3, 0.25, -0.3])
PROPOSED = MILD + OFF


def place(images: list[np.ndarray]) -> Place:
    return Place.of((images[0][0], images[1][0]), BLUR_PX)


def spread(sd: float) -> Floats:
    return sd**2 * np.eye(3)


def test_tissue_is_read_as_smooth():
    found = refine(place(pair(MILD, 1)), PROPOSED, spread(0.25))
    assert found is not None and found.texture is Texture.SMOOTH
    assert found.mean == pytest.approx(MILD, abs=0.15)


def test_gratings_are_read_as_lines_and_better_than_proposed():
    errors = []
    for seed in range(3):
        found = refine(place(pair_of_lines(MILD, seed)), PROPOSED, spread(0.25))
        assert found is not None and found.texture is Texture.LINES
        errors.append(np.abs(found.mean - MILD).max())
        assert (np.abs(found.mean - MILD) < 3 * np.sqrt(np.diag(found.covariance)) + 0.02).all()
    assert np.median(errors) < 0.5 * np.abs(OFF).max()


def test_lines_are_not_told_apart_from_far_away():
    assert refine(place(pair_of_lines(MILD, 1)), MILD + 2.0, spread(2.0)) is None


def test_a_proposal_is_not_left_behind_on_lines():
    """One that is sure and wrong stands: on lines there are many answers that fit."""
    wrong = MILD + 1.5
    found = refine(place(pair_of_lines(MILD, 2)), wrong, spread(0.05))
    assert found is None or (np.abs(found.mean - wrong) <= 0.2).all()
