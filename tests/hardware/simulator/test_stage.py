"""The twin's stage: it reports where it should be, and is nearly there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.errors import Deadline, OutOfRange, Refused, StageTouch
from hardware.simulator.config import StageSettings, TwinSettings
from hardware.simulator.stage_body import Vector, vector_of
from hardware.simulator.tiny import tiny_settings
from hardware.simulator.truth import IncidentTruth
from hardware.types import StagePose
from tests.hardware.simulator.stations import IMAGE_Z_UM, Station, come_back, drive, go_to_mill, station


def slow() -> TwinSettings:
    """A tiny twin whose stage takes its time."""
    return tiny_settings().model_copy(update={"stage": StageSettings()})


def error_of(at: Station) -> Vector:
    """True minus reported pose, shape (5,)."""
    now_s = at.nature.clock.now_s()
    return vector_of(at.nature.stage.true(now_s)) - vector_of(at.nature.stage.reported(now_s))


@settings(max_examples=30)
@given(st.floats(-9e3, 9e3), st.floats(-9e3, 9e3))
def test_short_moves_are_repeatable_within_a_micrometre(x_um: float, y_um: float) -> None:
    at = station()
    pose = drive(at.devices, StagePose(x_um=x_um, y_um=y_um))
    assert (pose.x_um, pose.y_um) == (x_um, y_um)
    error = error_of(at)
    assert np.all(np.abs(error[:2]) <= 0.5 + 1e-6)
    assert np.all(error[2:] == 0)


def test_errors_after_a_trip_stay_within_bounds_and_are_new_each_time() -> None:
    at = station()
    bounds = StageSettings()
    seen = []
    for _ in range(8):
        go_to_mill(at.devices)
        come_back(at.devices)
        seen.append(error_of(at))
    errors = np.array(seen)
    lateral = bounds.trip_error_xy_um + bounds.move_error_um + bounds.backlash_um
    most = [
        lateral,
        lateral,
        bounds.trip_error_z_um,
        bounds.trip_error_tilt_deg,
        bounds.trip_error_rotation_deg,
    ]
    assert np.all(np.abs(errors) <= np.array(most) + 1e-6)
    assert np.all(np.ptp(errors, axis=0) > 0.3 * np.array(most))


def test_the_error_of_a_trip_stays_until_the_next_one() -> None:
    at = station()
    go_to_mill(at.devices)
    come_back(at.devices)
    before = error_of(at)
    drive(at.devices, StagePose(x_um=500.0), StagePose(x_um=0.0))
    assert error_of(at)[2] == before[2]
    assert np.abs(error_of(at)[:2] - before[:2]).max() < 0.8


def test_arriving_from_above_lags_by_the_backlash() -> None:
    exact = StageSettings(move_error_um=0.0, settling_um=0.0)
    at = station(tiny_settings().model_copy(update={"stage": exact}))
    drive(at.devices, StagePose(x_um=100.0))
    assert error_of(at)[0] == pytest.approx(0.0, abs=1e-6)
    drive(at.devices, StagePose(x_um=50.0))
    assert error_of(at)[0] == pytest.approx(exact.backlash_um, abs=1e-6)


def test_a_move_takes_the_time_that_was_foretold() -> None:
    at = station(slow())
    target = StagePose(x_um=4_000.0, z_um=IMAGE_Z_UM - 1_000.0)
    foretold_s = at.devices.stage.duration_s(target)
    started_s = at.devices.clock.now_s()
    drive(at.devices, target)
    assert at.devices.clock.now_s() - started_s == pytest.approx(foretold_s, abs=0.01)
    assert foretold_s == pytest.approx(2.2)


def test_stop_leaves_the_stage_where_it_is() -> None:
    at = station(slow())
    motion = at.devices.stage.move(StagePose(x_um=4_000.0))
    at.devices.clock.sleep(1.0)
    at.devices.stage.stop()
    here = at.devices.stage.pose()
    assert here.x_um == pytest.approx(2_000.0)
    at.devices.clock.sleep(100.0)
    assert at.devices.stage.pose() == here
    assert motion.done()


def test_cancelling_a_motion_stops_it() -> None:
    at = station(slow())
    motion = at.devices.stage.move(StagePose(y_um=4_000.0))
    at.devices.clock.sleep(0.5)
    motion.cancel()
    assert motion.wait(1.0).y_um == pytest.approx(1_000.0)


def test_a_motion_that_is_late_raises_at_its_deadline() -> None:
    at = station(slow())
    with pytest.raises(Deadline, match="stage"):
        at.devices.stage.move(StagePose(x_um=20_000.0)).wait(1.0)
    assert at.devices.clock.now_s() == pytest.approx(1.0)


def test_a_second_move_is_refused_while_one_is_under_way() -> None:
    at = station(slow())
    at.devices.stage.move(StagePose(x_um=4_000.0))
    with pytest.raises(Refused, match="moving"):
        at.devices.stage.move(StagePose(y_um=1.0))


@pytest.mark.parametrize(
    "target", [StagePose(z_um=-1.0), StagePose(tilt_deg=80.0), StagePose(x_um=math.nan)]
)
def test_targets_outside_the_limits_move_nothing(target: StagePose) -> None:
    at = station()
    before = at.devices.stage.pose()
    with pytest.raises(OutOfRange):
        at.devices.stage.move(target)
    assert at.devices.stage.pose() == before


def test_a_partial_target_leaves_the_other_axes_alone() -> None:
    at = station()
    go_to_mill(at.devices, 120.0)
    pose = drive(at.devices, StagePose(z_um=3_000.0))
    assert (pose.tilt_deg, pose.rotation_deg) == (30.0, 120.0)


def test_tilting_under_the_pole_piece_is_a_collision() -> None:
    at = station(slow())
    with pytest.raises(StageTouch):
        drive(at.devices, StagePose(tilt_deg=30.0))
    tilt_deg = at.devices.stage.pose().tilt_deg
    assert tilt_deg is not None
    assert 2.0 < tilt_deg < 29.0
    assert [record.kind for record in at.truth if isinstance(record, IncidentTruth)] == ["collision"]
    with pytest.raises(StageTouch):
        drive(at.devices, StagePose(tilt_deg=0.0))
    drive(at.devices, StagePose(z_um=2_000.0), StagePose(tilt_deg=0.0))


def test_the_stage_settles_after_it_arrived() -> None:
    at = station(slow())
    motion = at.devices.stage.move(StagePose(x_um=2_000.0))
    at.devices.clock.sleep(1.0)
    swinging = error_of(at)[0]
    motion.wait(10.0)
    at.devices.clock.sleep(5.0)
    assert abs(swinging - error_of(at)[0]) == pytest.approx(StageSettings().settling_um, rel=0.05)
