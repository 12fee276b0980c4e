"""What no frame of any scanner may be."""

from __future__ import annotations

import numpy as np
import pytest

from hardware.errors import BadFrame
from hardware.frames import FrameCheck
from hardware.types import FrameSettings

SCAN = FrameSettings(32, 24, 10.0, 100.0)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (24, 32), dtype=np.uint8)


def test_each_new_frame_passes() -> None:
    check = FrameCheck("SEM")
    for seed in (1, 2, 1):
        assert np.array_equal(check.passed(noise(seed), SCAN), noise(seed))


def test_pixels_that_do_not_lie_together_pass_as_such_that_do() -> None:
    image = FrameCheck("SEM").passed(noise(1)[::-1], SCAN)
    assert image.flags.c_contiguous and np.array_equal(image, noise(1)[::-1])


def test_the_last_frame_does_not_pass_again() -> None:
    check = FrameCheck("SEM")
    check.passed(noise(1), SCAN)
    with pytest.raises(BadFrame, match="last one again"):
        check.passed(noise(1), SCAN)


@pytest.mark.parametrize(
    "pixels",
    [
        noise(1)[:12],
        noise(1).astype(np.uint16),
        noise(1).T,
        noise(1)[None],
        np.zeros((24, 32), np.uint8),
        None,
        b"png",
    ],
    ids=["half", "16 bit", "turned", "stack", "constant", "nothing", "bytes"],
)
def test_what_is_no_such_frame_does_not_pass(pixels: object) -> None:
    with pytest.raises(BadFrame) as error:
        FrameCheck("SEM").passed(pixels, SCAN)
    assert error.value.device == "SEM" and error.value.advice
