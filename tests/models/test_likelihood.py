"""The likelihood near focus, on spectra that obey its model, against the Cramer-Rao bound."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from models.likelihood import Cells, Refined, cells_of, overlap, refine, statistics

Floats = NDArray[np.float64]

EDGE, MARGIN = 240, 40
BLUR_PX = 2.2
NOISE = 0.1  # variance per pixel; the texture has 1
FOCUS = np.zeros(3)


@pytest.fixture(scope="module")
def cells() -> Cells:
    return cells_of(EDGE)


def wave_numbers(size: int) -> tuple[Floats, Floats]:
    k = 2 * np.pi * np.fft.fftfreq(size)
    return k[None, :] + 0 * k[:, None], k[:, None] + 0 * k[None, :]


def texture_power(size: int) -> Floats:
    kx, ky = wave_numbers(size)
    power = (kx**2 + ky**2 + 0.1**2) ** -1.2
    return power / power.mean()


def disk(aberration: Floats, sign: float, size: int) -> Floats:
    """2 J1(u) / u of the probe at one perturbation more or less."""
    kx, ky = wave_numbers(size)
    z, ax, ay = aberration[0] + sign, aberration[1], aberration[2]
    u = BLUR_PX * np.hypot((z + ax) * kx + ay * ky, ay * kx + (z - ax) * ky) + 1e-9
    return np.asarray(2 * special.j1(u) / u)


def pair(
    aberration: Floats, seed: int, shift: tuple[float, float] = (0.0, 0.0)
) -> list[NDArray[np.float32]]:
    """Patches (1, EDGE, EDGE) of one random texture; the second moved by ``shift`` (columns, rows)."""
    rng = np.random.default_rng(seed)
    size = EDGE + 2 * MARGIN
    kx, ky = wave_numbers(size)
    texture = np.fft.fft2(rng.normal(size=(size, size))) * np.sqrt(texture_power(size))
    moved = np.exp(-1j * (kx * shift[0] + ky * shift[1]))
    images = []
    for sign, phase in ((1.0, 1.0), (-1.0, moved)):
        seen = np.fft.ifft2(texture * disk(aberration, sign, size) * phase).real
        noisy = seen + np.sqrt(NOISE) * rng.normal(size=seen.shape)
        images.append(noisy[None, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float32))
    return images


def refined(cells: Cells, images: list[NDArray[np.float32]], start: Floats) -> Refined:
    return refine(statistics(images[0], images[1], cells), cells, BLUR_PX, start, 1.0)


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


def test_errors_at_focus_are_within_twice_the_cramer_rao_bound(cells):
    errors = np.array([refined(cells, pair(FOCUS, seed), np.full(3, 0.05)).mean for seed in range(24)])
    ratio = np.sqrt((errors**2).mean(axis=0)) / bound(FOCUS)
    assert (ratio < 2.0).all(), ratio
    assert (ratio > 0.6).all(), "better than any estimator can be: the bound or the images are wrong"


def test_an_answer_that_was_off_is_corrected(cells):
    truth = np.array([0.2, -0.1, 0.15])
    for seed in range(4):
        answer = refined(cells, pair(truth, seed, shift=(0.4, -0.3)), truth + np.array([0.08, 0.05, -0.06]))
        assert answer.mean == pytest.approx(truth, abs=0.05)


def test_stated_spread_is_that_of_the_errors(cells):
    answers = [refined(cells, pair(FOCUS, seed), FOCUS) for seed in range(24)]
    z = [a.mean / np.sqrt(np.diag(a.covariance)) for a in answers]
    assert 0.5 < np.sqrt(np.mean(np.square(z))) < 2.5


def test_swapping_the_images_negates_the_answer(cells):
    images = pair(np.array([0.1, 0.2, -0.1]), 3, shift=(0.3, 0.2))
    start = np.array([0.12, 0.15, -0.05])
    there, back = refined(cells, images, start), refined(cells, images[::-1], -start)
    assert back.mean == pytest.approx(-there.mean, abs=1e-6)
    assert back.covariance == pytest.approx(there.covariance, rel=1e-4)


def test_coloured_noise_along_rows_does_not_pull(cells):
    """A slow detector smears along the fast axis, signal and noise alike."""
    images = [0.7 * image + 0.3 * np.roll(image, 1, axis=2) for image in pair(FOCUS, 5)]
    assert np.abs(refined(cells, images, np.full(3, 0.03)).mean).max() < 0.05


def test_noise_alone_says_that_nothing_is_known(cells):
    rng = np.random.default_rng(1)
    images = [rng.normal(100, 10, (1, EDGE, EDGE)).astype(np.float32) for _ in range(2)]
    answer = refined(cells, images, FOCUS)
    assert np.isfinite(answer.mean).all()
    textured = refined(cells, pair(FOCUS, 1), FOCUS)
    assert (np.diag(answer.covariance) > 100 * np.diag(textured.covariance)).all()


def test_what_is_seen_twice_counts_once(cells):
    one, other = pair(FOCUS, 2)
    twice = statistics(np.concatenate([one, one]), np.concatenate([other, other]), cells)
    answer = refine(twice, cells, BLUR_PX, FOCUS, overlap(np.concatenate([one, one]), one[0]))
    once = refined(cells, [one, other], FOCUS)
    assert answer.mean == pytest.approx(once.mean, abs=0.01)
    assert answer.covariance == pytest.approx(once.covariance, rel=0.2)
