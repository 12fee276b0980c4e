"""From patches to one answer: what each adds, and how honest the spread is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.consensus import Consensus, combine

Floats = NDArray[np.float64]

PLAIN = Consensus(spread=1.0, floor=1e-9, blank=(4.0, 4.0, 4.0))
TRUTH = np.array([0.5, -0.2, 0.3])


def patches(seed: int, count: int, truth: Floats = TRUTH) -> tuple[Floats, Floats]:
    """Answers that err as their random, correlated covariances say."""
    rng = np.random.default_rng(seed)
    roots = 0.1 * rng.normal(size=(count, 3, 3)) + 0.1 * np.eye(3)
    covariances = roots @ roots.transpose(0, 2, 1) + 1e-3 * np.eye(3)
    errors = np.einsum("nij,nj->ni", np.linalg.cholesky(covariances), rng.normal(size=(count, 3)))
    return truth + errors, covariances


def blanks(count: int) -> tuple[Floats, Floats]:
    """Patches without texture: random answers, and the spread that says so."""
    means = np.random.default_rng(7).normal(0, 2, (count, 3))
    return means, np.broadcast_to(np.diag(np.square(PLAIN.blank)), (count, 3, 3)).copy()


def test_errors_are_spread_as_the_covariance_says():
    distances = []
    for seed in range(300):
        answer = combine(*patches(seed, 8), PLAIN)
        error = answer.mean - TRUTH
        distances.append(error @ np.linalg.solve(answer.covariance, error))
    assert 2.4 < np.mean(distances) < 3.9  # 3 for a chi-square of three; Huber costs a little


def test_two_good_patches_among_eight_blank_ones_answer_as_the_two_alone():
    good, bare = patches(1, 2), blanks(8)
    alone = combine(*good, PLAIN)
    mixed = combine(np.concatenate([good[0], bare[0]]), np.concatenate([good[1], bare[1]]), PLAIN)
    assert mixed.mean == pytest.approx(alone.mean, abs=1e-3)
    assert np.sqrt(np.diag(mixed.covariance)) == pytest.approx(np.sqrt(np.diag(alone.covariance)), rel=0.05)
    assert mixed.informed.tolist() == [True, True] + 8 * [False]


def test_blank_patches_alone_know_nothing():
    answer = combine(*blanks(10), PLAIN)
    assert np.abs(answer.mean).max() < 1.0
    assert np.sqrt(np.diag(answer.covariance)).min() > 4.0
    assert not answer.informed.any()


def test_one_patch_that_contradicts_the_others_hardly_counts():
    means, covariances = patches(2, 8)
    right = combine(means, covariances, PLAIN)
    means[3] += 3.0
    assert combine(means, covariances, PLAIN).mean == pytest.approx(right.mean, abs=0.1)


def test_patches_that_contradict_each_other_widen_the_answer():
    means, covariances = patches(3, 8)
    calm = combine(means, covariances, PLAIN)
    torn = combine(means + 0.6 * np.resize([1.0, -1.0], (8, 1)), covariances, PLAIN)
    assert np.linalg.det(torn.covariance) > 10 * np.linalg.det(calm.covariance)


def test_a_patch_that_knows_one_direction_only_adds_only_that():
    covariances = np.stack([np.diag([1e-4, 16.0, 16.0]), np.diag([16.0, 1e-4, 1e-4])])
    means = np.array([[0.5, 3.0, -3.0], [-2.0, -0.2, 0.3]])
    answer = combine(means, covariances, PLAIN)
    assert answer.mean == pytest.approx(TRUTH, abs=0.01)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_swapped_images_give_the_negative_and_order_does_not_matter(seed, count):
    means, covariances = patches(seed, count)
    answer = combine(means, covariances, PLAIN)
    back = combine(-means, covariances, PLAIN)
    assert np.array_equal(back.mean, -answer.mean)
    assert np.array_equal(back.covariance, answer.covariance)
    order = np.random.default_rng(seed).permutation(count)
    shuffled = combine(means[order], covariances[order], PLAIN)
    assert shuffled.mean == pytest.approx(answer.mean, abs=2e-2)
