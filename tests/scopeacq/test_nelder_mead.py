from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from scopeacq.focus.nelder_mead import nelder_mead

Point = NDArray[np.float64]


def images_until(
    good: float, value: Callable[[Point], float], start: Point, seed: int = 0, budget: int = 400
) -> int:
    """How many evaluations until a value below ``good``; ``budget`` when there is none."""
    search = nelder_mead(
        start, np.array([5.0, 2, 2]), np.array([2.0, 0.5, 0.5]), np.random.default_rng(seed)
    )
    point = next(search)
    for n in range(1, budget):
        result = value(point)
        if result < good:
            return n
        point = search.send(result)
    return budget


def bowl(point: Point) -> float:
    return float(np.linalg.norm(point / (1.0, 0.25, 0.25)))


@pytest.mark.parametrize("seed", range(10))
def test_it_finds_the_bottom_of_a_bowl(seed: int) -> None:
    start = np.random.default_rng(seed).uniform((-10, -1, -1), (10, 1, 1))
    assert images_until(0.75, bowl, start, seed) < 60


def test_kicks_leave_a_place_where_nothing_improves() -> None:
    """A plateau with one hole that the simplex cannot feel."""

    def hole(point: Point) -> float:
        return 0.0 if np.linalg.norm(point - (6.0, 0.5, 0.5)) < 1.5 else 1.0

    assert images_until(0.5, hole, np.zeros(3)) < 400


def test_the_same_seed_asks_for_the_same_points() -> None:
    def trace(seed: int) -> list[float]:
        search = nelder_mead(np.zeros(2), np.ones(2), np.ones(2), np.random.default_rng(seed))
        point = next(search)
        return [float((point := search.send(float(np.sum(point**2 + 1))))[0]) for _ in range(60)]

    assert trace(3) == trace(3)
    assert trace(3) != trace(4)
