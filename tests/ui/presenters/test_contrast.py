"""Grey values as they are shown."""

from __future__ import annotations

import numpy as np
import pytest

from hardware.types import Image
from ui.presenters.contrast import EQUAL, Contrast, as_shown, difference_as_shown, fitting, histogram_of


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_limits_become_black_and_white(dtype: type) -> None:
    top = np.iinfo(dtype).max
    pixels: Image = np.array([[0, top // 4, top // 2, top]], dtype)
    shown = as_shown(pixels, Contrast(top / 4, top / 2))
    assert shown.dtype == np.uint8
    assert shown[0, 0] == 0
    assert shown[0, 1] <= 1
    assert shown[0, 2] >= 250
    assert shown[0, 3] == 255


def test_limits_that_meet_do_no_harm() -> None:
    assert as_shown(np.zeros((2, 2), np.uint8), Contrast(9, 9)).shape == (2, 2)


def test_equal_slices_differ_by_nothing() -> None:
    pixels: Image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (difference_as_shown(pixels, pixels, Contrast()) == EQUAL).all()
    brighter = difference_as_shown(np.full((1, 1), 90, np.uint8), np.full((1, 1), 80, np.uint8), Contrast())
    assert int(brighter[0, 0]) > EQUAL


def test_fitting_limits_leave_out_what_is_rare() -> None:
    pixels: Image = np.full((200, 200), 100, np.uint8)
    pixels[:, ::2] = 160
    pixels[0, 0], pixels[0, 1] = 0, 255
    found = fitting([pixels])
    assert found is not None
    assert (found.low, found.high) == (100, 160)
    counted = histogram_of([pixels])
    assert counted is not None
    assert sum(counted.counts) == pixels.size
    assert fitting([]) is None
    assert histogram_of([]) is None
