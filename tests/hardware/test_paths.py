"""Planned paths from anywhere: through the safe plane, never into anything."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hardware.chamber_model import ChamberModel
from hardware.paths import Path, centred_xy, path_between_imaging, path_to_imaging, path_to_mill
from hardware.types import StagePose

MODEL = ChamberModel(rotation_centre_um=(35.0, -20.0))
SAFE_Z_UM = 6_000.0

across = st.floats(-13_000.0, 13_000.0)
turns = st.floats(-360.0, 360.0)
anywhere = st.builds(StagePose, across, across, st.floats(0.0, 28_000.0), st.floats(-5.0, 60.0), turns)
imaging = st.builds(StagePose, across, across, st.floats(22_000.0, 27_000.0), st.just(0.0), turns)
mill = st.builds(
    StagePose,
    st.floats(-100, 100),
    st.floats(-100, 100),
    st.floats(4_000.0, SAFE_Z_UM),
    st.just(30.0),
    turns,
)


def corners(start: StagePose, path: Path) -> list[StagePose]:
    poses = [start]
    for leg in path:
        poses.append(leg.over(poses[-1]))
    return poses


def turned(before: StagePose, after: StagePose) -> bool:
    return (before.tilt_deg, before.rotation_deg) != (after.tilt_deg, after.rotation_deg)


def assert_sound(start: StagePose, path: Path) -> None:
    poses = corners(start, path)
    for before, after in pairwise(poses):
        assert before.z_um is not None and after.z_um is not None
        if turned(before, after):
            assert before.z_um <= SAFE_Z_UM and after.z_um == before.z_um
        if after.z_um > before.z_um:
            assert after.tilt_deg == 0.0 or after.z_um <= SAFE_Z_UM
            assert after is poses[-1]
    assert MODEL.path_collisions(poses) == []


@settings(max_examples=120)
@given(start=anywhere, target=mill)
def test_every_path_to_mill_is_sound(start: StagePose, target: StagePose) -> None:
    assume(not MODEL.collisions(start))
    path = path_to_mill(start, target, SAFE_Z_UM)
    assert corners(start, path)[-1] == target
    assert_sound(start, path)


@settings(max_examples=120)
@given(start=anywhere, target=imaging)
def test_every_path_to_imaging_is_sound(start: StagePose, target: StagePose) -> None:
    assume(not MODEL.collisions(start))
    path = path_to_imaging(start, target, SAFE_Z_UM)
    assert corners(start, path)[-1] == target
    assert_sound(start, path)


def test_the_order_to_the_mill_pose() -> None:
    start = StagePose(1.0, 2.0, 25_500.0, 0.0, 0.0)
    assert path_to_mill(start, StagePose(10.0, 20.0, 5_000.0, 30.0, 120.0), SAFE_Z_UM) == (
        StagePose(z_um=SAFE_Z_UM),
        StagePose(x_um=10.0, y_um=20.0),
        StagePose(tilt_deg=30.0),
        StagePose(rotation_deg=120.0),
        StagePose(z_um=5_000.0),
    )


def test_the_order_back_to_imaging() -> None:
    start = StagePose(10.0, 20.0, 5_000.0, 30.0, 120.0)
    assert path_to_imaging(start, StagePose(1.0, 2.0, 25_500.0, 0.0, 0.0), SAFE_Z_UM) == (
        StagePose(rotation_deg=0.0),
        StagePose(tilt_deg=0.0),
        StagePose(x_um=1.0, y_um=2.0),
        StagePose(z_um=25_500.0),
    )


@given(
    start=anywhere,
    target=mill,
    leave=st.sets(st.sampled_from(["x_um", "y_um", "tilt_deg", "rotation_deg"])),
)
def test_axes_that_are_not_named_are_never_driven(
    start: StagePose, target: StagePose, leave: set[str]
) -> None:
    named = {axis: None if axis in leave else getattr(target, axis) for axis in StagePose.__slots__}
    for path in (
        path_to_mill(start, StagePose(**named), SAFE_Z_UM),
        path_to_imaging(start, StagePose(**named), SAFE_Z_UM),
    ):
        assert all(getattr(leg, axis) is None for leg in path for axis in leave)
        assert StagePose() not in path


def test_short_moves_fall_first_and_rise_last() -> None:
    start, across = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0), StagePose(x_um=50.0, y_um=60.0)
    up, down = StagePose(50.0, 60.0, 25_510.0), StagePose(50.0, 60.0, 25_490.0)
    assert path_between_imaging(start, up) == (across, StagePose(z_um=25_510.0))
    assert path_between_imaging(start, down) == (StagePose(z_um=25_490.0), across)
    assert path_between_imaging(start, StagePose(x_um=50.0, y_um=60.0)) == (across,)
    assert path_between_imaging(start, StagePose()) == ()


def test_short_moves_refuse_to_turn() -> None:
    start = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="safe plane"):
        path_between_imaging(start, StagePose(tilt_deg=1.0))


def test_paths_through_the_safe_plane_need_a_height() -> None:
    start = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)
    for plan in (path_to_mill, path_to_imaging):
        with pytest.raises(ValueError, match="z"):
            plan(start, StagePose(x_um=1.0), SAFE_Z_UM)


@given(
    point=st.tuples(across, across),
    rotation=turns,
    centre=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_centred_point_lies_on_the_beam_axis(
    point: tuple[float, float], rotation: float, centre: tuple[float, float]
) -> None:
    """By the definition in ``hardware.types``: R(rotation) @ (p - c) + c - (x, y) = 0."""
    x, y = centred_xy(point, rotation, centre)
    turn = complex(math.cos(math.radians(rotation)), math.sin(math.radians(rotation)))
    lab = turn * (complex(*point) - complex(*centre)) + complex(*centre) - complex(x, y)
    assert abs(lab) < 1e-6
