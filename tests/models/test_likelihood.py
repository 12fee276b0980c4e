"""The likelihood on images that obey its model, against the Cramer-Rao bound."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.cells import PairSpectra, cells_of
from models.likelihood import Fit, fit
from tests.models.spectral_scenes import BLUR_PX, EDGE, NOISE, Floats, disk, pair, texture_power

FOCUS = np.zeros(3)


def fitted(images: list[NDArray[np.float32]], start: Floats, off: float = 0.05) -> Fit:
    return fit(PairSpectra.of(*images), BLUR_PX, start, off, overlap=1.0)


def bound(aberration: Floats) -> Floats:
    """Least standard deviations (3,) of any unbiased estimator that knows the texture's power spectrum.

    C = S h h^T + N I per frequency of the half plane; F_ij = tr(C^-1 dC_i C^-1 dC_j).
    """
    step = 1e-4
    power = texture_power(EDGE)

    def covariance(a: Floats) -> Floats:
        h = np.stack([disk(a, 1.0, EDGE), disk(a, -1.0, EDGE)], -1)
        return power[..., None, None] * h[..., :, None] * h[..., None, :] + NOISE * np.eye(2)

    inverse = np.linalg.inv(covariance(aberration))
    slopes = [
        inverse @ (covariance(aberration + d) - covariance(aberration - d)) / (2 * step)
        for d in step * np.eye(3)
    ]
    fisher = np.array([[0.5 * np.einsum("yxij,yxji->", a, b) for b in slopes] for a in slopes])
    return np.sqrt(np.diag(np.linalg.inv(fisher)))


MILD, FAR = np.array([2.0, -2.4, 2.4]), np.array([6.0, -4.8, 4.8])


@pytest.mark.parametrize("truth", [FOCUS, MILD], ids=["focus", "mild"])
def test_errors_are_within_twice_the_cramer_rao_bound(truth):
    starts = truth + 0.05
    errors = np.array([fitted(pair(truth, seed), starts).mean - truth for seed in range(24)])
    ratio = np.sqrt((errors**2).mean(axis=0)) / bound(truth)
    assert (ratio < 2.0).all(), ratio
    assert (ratio > 0.6).all(), "better than any estimator can be: the bound or the images are wrong"


@pytest.mark.parametrize(("truth", "off"), [(MILD, 0.3), (FAR, 1.0)], ids=["mild", "far"])
def test_climbs_from_where_the_network_leaves_it(truth, off):
    rng = np.random.default_rng(0)
    errors = []
    for seed in range(8):
        start = truth + off * rng.normal(size=3)
        errors.append(fitted(pair(truth, seed), start, off).mean - truth)
    assert np.median(np.abs(errors)) < 0.15 * off


def test_a_convergence_angle_other_than_believed_is_found():
    """All blurs are a quarter wider than the program believes, which the images contradict."""
    images = pair(MILD, 4)
    answer = fit(PairSpectra.of(*images), BLUR_PX / 1.25, 1.25 * MILD, 0.2, overlap=1.0)
    assert answer.mean == pytest.approx(MILD, abs=0.25)
    assert answer.nuisance[1] == pytest.approx(np.log(1.25), abs=0.08)


def test_a_texture_of_one_frequency_does_not_fit():
    y, x = np.mgrid[:EDGE, :EDGE]
    grating = np.cos(0.4 * x + 0.1 * y)
    rng = np.random.default_rng(2)
    images = [
        (a * grating + 0.1 * rng.normal(size=grating.shape))[None].astype(np.float32) for a in (1, 0.6)
    ]
    assert fitted(images, FOCUS).misfit > 3.0
    assert fitted(pair(FOCUS, 3), FOCUS).misfit < 1.2


def test_stated_spread_is_that_of_the_errors():
    answers = [fitted(pair(FOCUS, seed), FOCUS) for seed in range(24)]
    z = [a.mean / np.sqrt(np.diag(a.covariance)) for a in answers]
    assert 0.5 < np.sqrt(np.mean(np.square(z))) < 2.5


def test_swapping_the_images_negates_the_answer():
    images = pair(np.array([0.1, 0.2, -0.1]), 3, shift=(0.3, 0.2))
    start = np.array([0.12, 0.15, -0.05])
    there, back = fitted(images, start), fitted(images[::-1], -start)
    assert back.mean == pytest.approx(-there.mean, abs=1e-5)  # rounding of single precision
    assert back.covariance == pytest.approx(there.covariance, rel=1e-4)


def test_coloured_noise_along_rows_does_not_pull():
    """A slow detector smears along the fast axis, signal and noise alike."""
    images = [0.7 * image + 0.3 * np.roll(image, 1, axis=2) for image in pair(FOCUS, 5)]
    assert np.abs(fitted(images, np.full(3, 0.03)).mean).max() < 0.05


def test_noise_alone_says_that_nothing_is_known():
    rng = np.random.default_rng(1)
    images = [rng.normal(100, 10, (1, EDGE, EDGE)).astype(np.float32) for _ in range(2)]
    answer = fitted(images, FOCUS)
    assert np.isfinite(answer.mean).all()
    textured = fitted(pair(FOCUS, 1), FOCUS)
    assert (np.diag(answer.covariance) > 100 * np.diag(textured.covariance)).all()


def test_what_is_seen_twice_counts_once():
    one, other = pair(FOCUS, 2)
    both = [np.concatenate([image, image]) for image in (one, other)]
    twice = fit(PairSpectra.of(*both), BLUR_PX, FOCUS, 0.05, overlap=2.0)
    once = fitted([one, other], FOCUS)
    assert twice.mean == pytest.approx(once.mean, abs=0.01)
    assert twice.covariance == pytest.approx(once.covariance, rel=0.2)


def test_bare_patches_are_left_out():
    rng = np.random.default_rng(6)
    bare = np.sqrt(NOISE) * rng.normal(size=(2, 5, EDGE, EDGE)).astype(np.float32)
    images = [np.concatenate([image, empty]) for image, empty in zip(pair(FOCUS, 5), bare, strict=True)]
    assert len(PairSpectra.of(*images).telling().plus) == 1


def test_what_is_seen_in_a_cell_is_what_lies_around_it():
    cells = cells_of(EDGE, 3)
    flat = np.ones((*cells.kx.shape, 2), np.float32)
    assert cells.seen(flat) == pytest.approx(np.ones((2, *cells.kept.shape)))
    inner, cut = cells.within(1.0)
    assert np.hypot(*inner.inner)[inner.kept > 0].max() < 1.0
    assert inner.kept.shape == cells.kept[cut].shape
