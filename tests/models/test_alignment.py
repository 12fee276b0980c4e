"""Alignment of the two images of a pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.alignment import aligned
from tests.models.scenes import tissue

LONGEST = (40, 30)


@settings(max_examples=25)
@given(st.integers(-40, 40), st.integers(-30, 30))
def test_common_part_of_shifted_images_is_found(down, right):
    field = tissue(8, 400, 420).astype(np.float32)
    one = field[50:300, 50:320]
    other = field[50 + down : 300 + down, 50 + right : 320 + right]
    first, second = aligned(one, other, LONGEST)
    assert np.array_equal(first, second)
    assert first.shape == (250 - abs(down), 270 - abs(right))
    swapped = aligned(other, one, LONGEST)
    assert np.array_equal(swapped[0], second) and np.array_equal(swapped[1], first)


@pytest.mark.parametrize("longest", [(0, 0), (3, 0)])
def test_shift_stays_within_its_limit(longest):
    field = tissue(8, 400, 420).astype(np.float32)
    first, second = aligned(field[:300, :300], field[20:320, 10:310], longest)
    assert first.shape == second.shape
    assert first.shape[0] >= 300 - longest[0] and first.shape[1] >= 300 - longest[1]


def test_unrelated_and_constant_images_keep_their_size_but_for_the_limit():
    noise = np.random.default_rng(0).normal(size=(2, 200, 200)).astype(np.float32)
    assert min(aligned(noise[0], noise[1], LONGEST)[0].shape) >= 160
    flat = np.ones((200, 200), np.float32)
    assert min(aligned(flat, flat, LONGEST)[0].shape) >= 160
