"""Tiles put together by their overlaps, from where the stage believed them to be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scopeacq.vision.stitching import stitched

EDGE, OVERLAP = 300, 60
CORNERS = {0: (0.0, 0.0), 1: (240.0, 0.0), 2: (0.0, 240.0), 3: (240.0, 240.0)}
missed = st.tuples(st.integers(-14, 14), st.integers(-14, 14))


def tissue(seed: int = 5) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (620, 620)), (0, 0), 2.5)
    return np.clip(128 + 200 * grain, 0, 255).astype(np.uint8)


def scanned(specimen: NDArray[np.uint8], corner: tuple[float, float], noise: int) -> NDArray[np.uint8]:
    x, y = (30 + round(n) for n in corner)
    tile = specimen[y : y + EDGE, x : x + EDGE]
    grey = tile + np.random.default_rng(noise).normal(0, 12, tile.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(misses=st.tuples(missed, missed, missed, missed))
def test_tiles_are_moved_to_where_the_stage_truly_was(misses: tuple[tuple[int, int], ...]) -> None:
    specimen = tissue()
    truly = {tile: np.add(CORNERS[tile], misses[tile]) for tile in CORNERS}
    pictures = {tile: scanned(specimen, tuple(truly[tile]), tile) for tile in CORNERS}
    moves = stitched(pictures, CORNERS, OVERLAP, 20.0)
    apart = np.array([np.add(CORNERS[tile], moves[tile]) - truly[tile] for tile in CORNERS])
    assert np.abs(apart - apart.mean(0)).max() < 0.3  # where all of them lie is nothing that overlaps tell


def test_what_shows_nothing_stays_where_it_was_believed() -> None:
    bare = {tile: np.full((EDGE, EDGE), 9, np.uint8) for tile in CORNERS}
    assert stitched(bare, CORNERS, OVERLAP, 20.0) == dict.fromkeys(CORNERS, (0.0, 0.0))


def test_a_single_tile_stays() -> None:
    moves = stitched({4: scanned(tissue(), (0, 0), 1)}, {4: (7.0, 3.0)}, OVERLAP, 20.0)
    assert moves[4] == pytest.approx((0.0, 0.0))
