"""Of the stage."""

from __future__ import annotations

from functools import partial

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.expect import (
    AXES,
    STANDS_WITHIN,
    about,
    outside,
    refuses,
    same_pose,
    told_nothing,
)
from hardware.errors import Deadline, OutOfRange
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.types import StagePose

NEARBY = {"x_um": 40.0, "y_um": -30.0, "z_um": -500.0, "tilt_deg": 0.5, "rotation_deg": 2.0}
LONG_S = 1e4


@about(Part.STAGE)
@pytest.mark.parametrize("axis", AXES)
def test_a_partial_pose_leaves_the_other_axes_alone(bench: Bench, devices: Devices, axis: str) -> None:
    devices.stage.move(bench.low).wait(LONG_S)
    before = devices.stage.pose()
    target = StagePose(**{axis: getattr(before, axis) + NEARBY[axis]})
    arrived = devices.stage.move(target).wait(LONG_S)
    assert same_pose(arrived, devices.stage.pose()) and same_pose(arrived, target.over(before))
    assert getattr(arrived, axis) != getattr(before, axis)


@about(Part.STAGE)
@pytest.mark.parametrize("axis", AXES)
def test_poses_outside_the_limits_move_nothing(bench: Bench, devices: Devices, axis: str) -> None:
    stage, before = devices.stage, devices.stage.pose()
    for value in outside(stage.limits[axis]):
        target = StagePose(**{axis: value})
        with told_nothing(bench):
            refuses(partial(stage.check, target), OutOfRange)
            refuses(partial(stage.move, target), OutOfRange)
    assert same_pose(stage.pose(), before)


@about(Part.STAGE)
def test_checking_a_pose_moves_nothing(bench: Bench, devices: Devices) -> None:
    before = devices.stage.pose()
    devices.stage.check(bench.low)
    devices.clock.sleep(10.0)
    assert same_pose(devices.stage.pose(), before)


@about(Part.STAGE)
@pytest.mark.parametrize("by", ["stage", "motion"])
def test_a_stopped_stage_stands_where_it_is(bench: Bench, devices: Devices, by: str) -> None:
    start = devices.stage.pose()
    motion = devices.stage.move(bench.low)
    devices.clock.sleep(1.0)
    devices.stage.stop() if by == "stage" else motion.cancel()
    stopped = devices.stage.pose()
    devices.clock.sleep(60.0)
    assert same_pose(devices.stage.pose(), stopped)
    assert start.z_um is not None and stopped.z_um is not None and bench.low.z_um is not None
    low_um, high_um = sorted((start.z_um, bench.low.z_um))
    assert low_um - STANDS_WITHIN <= stopped.z_um <= high_um + STANDS_WITHIN
    assert not same_pose(stopped, bench.low.over(start))


@about(Part.STAGE)
def test_stopping_a_stage_that_stands_is_no_error(devices: Devices) -> None:
    before = devices.stage.pose()
    devices.stage.stop()
    assert same_pose(devices.stage.pose(), before)


@about(Part.STAGE)
def test_a_move_keeps_its_own_estimate(bench: Bench, devices: Devices) -> None:
    estimate_s, before_s = devices.stage.duration_s(bench.low), devices.clock.now_s()
    motion = devices.stage.move(bench.low)
    motion.wait(2 * estimate_s + 1.0)
    assert motion.done() and devices.clock.now_s() - before_s <= 2 * estimate_s + 1.0


@about(Part.STAGE)
def test_a_wait_ends_at_its_deadline(bench: Bench, devices: Devices) -> None:
    if devices.stage.duration_s(bench.low) < 2.0:
        pytest.skip("this stage is too quick to be waited for")
    before_s = devices.clock.now_s()
    motion = devices.stage.move(bench.low)
    refuses(lambda: motion.wait(0.5), Deadline)
    assert 0.5 <= devices.clock.now_s() - before_s < 2.0
    devices.stage.stop()
