"""Set-points and what reads back of them: what is not a number is never as wanted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hardware.errors import NotReached, OutOfRange
from hardware.set_points import require_pose, require_reached, require_within
from hardware.types import PoseTolerance, Range, StagePose

WANTED = StagePose(100.0, -200.0, 6_000.0, 30.0, 359.98)
TOLERANCE = PoseTolerance()


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_a_set_point_outside_its_limits_is_refused(value: float) -> None:
    with pytest.raises(OutOfRange, match="outside 0 to 1"):
        require_within("SEM", "gain", value, Range(0.0, 1.0))


@pytest.mark.parametrize("got", [0.8, math.nan, math.inf])
def test_a_set_point_that_reads_otherwise_was_not_reached(got: float) -> None:
    with pytest.raises(NotReached):
        require_reached("SEM", "gain", 1.0, got, 0.1)


def test_a_pose_is_reached_within_its_tolerance_and_across_a_whole_turn() -> None:
    require_pose("SEM", WANTED, replace(WANTED, x_um=109.0, rotation_deg=0.02), TOLERANCE, "Look.")


@pytest.mark.parametrize(
    ("axis", "got"),
    [("x_um", 111.0), ("z_um", math.nan), ("tilt_deg", -30.0), ("tilt_deg", 390.0), ("rotation_deg", 0.2)],
)
def test_each_axis_of_a_pose_is_compared(axis: str, got: float) -> None:
    with pytest.raises(NotReached, match=axis):
        require_pose("SEM", WANTED, replace(WANTED, **{axis: got}), TOLERANCE, "Look.")
