"""Where frames lie: the conventions of hardware.types, checked point by point."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.simulator.config import ColumnSettings
from hardware.simulator.scan_geometry import scan_geometry
from hardware.types import FrameSettings, StagePose

WD_UM = 4_500.0
CENTRE_UM = (35.0, -20.0)
PLAIN = ColumnSettings(
    image_shift_um_per_um=(0.0, 0.0), image_rotation_deg_per_um=0.0, image_magnification_per_um=0.0
)


def turned(angle_deg: float, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([c * vector[0] - s * vector[1], s * vector[0] + c * vector[1]])


def wafer_point(frame: FrameSettings, pose: StagePose, col: float, row: float) -> NDArray[np.float64]:
    geometry = scan_geometry(frame, pose, WD_UM, (0.0, 0.0), PLAIN, WD_UM, CENTRE_UM)
    return np.asarray(geometry.to_wafer @ np.array([col, row, 1.0]))


@given(
    x_um=st.floats(-9e3, 9e3),
    y_um=st.floats(-9e3, 9e3),
    rotation_deg=st.floats(-180, 180),
    scan_rot_deg=st.floats(-180, 180),
    col=st.floats(0, 200),
    row=st.floats(0, 100),
)
def test_pixels_show_the_wafer_points_that_the_conventions_say(
    x_um: float, y_um: float, rotation_deg: float, scan_rot_deg: float, col: float, row: float
) -> None:
    frame = FrameSettings(200, 100, 10.0, 50.0, scan_rot_deg)
    point = wafer_point(frame, StagePose(x_um, y_um, 25_500.0, 0.0, rotation_deg), col, row)
    lab_of_pixel = turned(scan_rot_deg, np.array([(col - 99.5) * 0.01, -(row - 49.5) * 0.01]))
    centre = np.array(CENTRE_UM)
    lab_of_point = turned(rotation_deg, point - centre) + centre - np.array([x_um, y_um])
    assert lab_of_point == pytest.approx(lab_of_pixel, abs=1e-6)


def test_tilt_stretches_the_field_of_view_up_the_slope() -> None:
    frame = FrameSettings(101, 101, 10.0, 50.0)
    pose = StagePose(0.0, 0.0, 25_500.0, 60.0, 0.0)
    up = wafer_point(frame, pose, 50, 0) - wafer_point(frame, pose, 50, 100)
    assert up == pytest.approx([0.0, 2.0], abs=1e-9)


def test_a_point_up_the_slope_is_higher() -> None:
    frame = FrameSettings(101, 101, 10.0, 50.0)
    pose = StagePose(0.0, 0.0, 25_500.0, 30.0, 0.0)
    geometry = scan_geometry(frame, pose, WD_UM, (0.0, 20.0), PLAIN, WD_UM, CENTRE_UM)
    assert geometry.plane_z_um == pytest.approx(25_500 + 20 * math.tan(math.radians(30)))


def test_the_lens_shifts_turns_and_magnifies_with_the_working_distance() -> None:
    frame = FrameSettings(1001, 1001, 10.0, 50.0)
    pose = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)
    column = ColumnSettings()
    plain = scan_geometry(frame, pose, WD_UM, (0.0, 0.0), column, WD_UM, CENTRE_UM)
    far = scan_geometry(frame, pose, WD_UM + 10, (0.0, 0.0), column, WD_UM, CENTRE_UM)
    assert plain.centre_um == pytest.approx((0.0, 0.0), abs=1e-9)
    assert far.centre_um == pytest.approx(tuple(10 * u for u in column.image_shift_um_per_um), abs=1e-9)
    linear = far.to_wafer[:, :2] @ np.linalg.inv(plain.to_wafer[:, :2])
    assert np.linalg.det(linear) == pytest.approx((1 + 10 * column.image_magnification_per_um) ** 2)
    assert math.degrees(math.atan2(linear[1, 0], linear[0, 0])) == pytest.approx(0.005)
