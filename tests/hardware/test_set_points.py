"""Set-points and what reads back of them: what is not a number is never as wanted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hardware.errors import NotReached, OutOfRange
from hardware.set_points import (
    require_optics,
    require_optics_within,
    require_pose,
    require_pose_within,
    require_reached,
    require_within,
)
from hardware.types import Optics, PoseTolerance, Range, StagePose

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


def test_a_target_is_held_against_the_limits_of_the_axes_that_it_names() -> None:
    limits = {"x_um": Range(-10.0, 10.0), "tilt_deg": Range(0.0, 30.0)}
    require_pose_within("SEM", StagePose(x_um=10.0), limits)
    for target in (StagePose(x_um=11.0), StagePose(x_um=0.0, tilt_deg=math.nan)):
        with pytest.raises(OutOfRange):
            require_pose_within("SEM", target, limits)


@pytest.mark.parametrize("name", ["wd_um", "stig_x", "stig_y"])
def test_each_of_the_optics_is_compared(name: str) -> None:
    wanted, limits = Optics(4_500.0, 1.0, -1.0), {name: Range(-5.0, 5_000.0)}
    require_optics("SEM", wanted, wanted.shifted(0.09, 0.009, -0.009), 0.1, 0.01)
    require_optics_within("SEM", wanted, limits)
    with pytest.raises(NotReached, match=name):
        require_optics("SEM", wanted, wanted.shifted(**{name: 0.2}), 0.1, 0.01)
    with pytest.raises(OutOfRange, match=name):
        require_optics_within("SEM", replace(wanted, **{name: math.nan}), limits)
