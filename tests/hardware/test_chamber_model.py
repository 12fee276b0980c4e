"""What the geometry lets pass and what it stops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.chamber_model import POLE_PIECE, ChamberModel, Frustum
from hardware.types import StagePose

MODEL = ChamberModel()
IMAGING = StagePose(0.0, 0.0, 25_500.0, 0.0, 0.0)
MILL = StagePose(0.0, 0.0, 5_000.0, 30.0, 0.0)


def test_a_flat_wafer_hangs_one_working_distance_below_the_pole_piece() -> None:
    assert MODEL.clearance_um(IMAGING) == pytest.approx(4_500.0, abs=1.0)
    assert MODEL.clearance_um(replace(IMAGING, z_um=27_000.0)) == pytest.approx(3_000.0, abs=1.0)


def test_tilting_at_the_imaging_height_is_a_collision_and_at_the_mill_height_is_not() -> None:
    (sentence,) = MODEL.collisions(replace(IMAGING, tilt_deg=30.0))
    assert "pole piece" in sentence and "tilt 30.0" in sentence
    assert MODEL.collisions(MILL) == []


def test_an_edge_rises_by_half_the_diameter_times_the_sine_of_the_tilt() -> None:
    """25.4 mm at 30 degrees: 6.35 mm, seen by a plate that hangs over the far edge."""
    plate = Frustum("plate", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 200.0, 200.0, 1.0)
    model = ChamberModel(holder_rim_mm=0.0, solids=(plate,))
    flat = model.clearance_um(replace(MILL, tilt_deg=0.0))
    assert flat - model.clearance_um(MILL) == pytest.approx(6_350.0, abs=5.0)


def test_the_far_edge_rises_and_the_near_edge_falls() -> None:
    """The gun shoots from -y: the tilted surface faces it, so the +y edge is the high one."""
    far = Frustum("far", (0.0, 11.0, 0.0), (0.0, 0.0, 1.0), 1.0, 1.0, 5.0)
    near = replace(far, tip_mm=(0.0, -11.0, 0.0))
    clearance = {s.tip_mm[1]: ChamberModel(solids=(s,)).clearance_um(MILL) for s in (far, near)}
    assert clearance[11.0] < 25_000.0 - 5_000.0 < clearance[-11.0]


def test_the_nose_of_the_gun_is_met_when_the_stage_goes_towards_it() -> None:
    towards = StagePose(0.0, 25_000.0, 5_000.0, 0.0, 0.0)
    assert any("gun" in sentence for sentence in MODEL.collisions(towards))


def test_a_path_is_judged_between_its_ends() -> None:
    """Both ends are safe, the way leads through the pole piece."""
    through = [replace(IMAGING, tilt_deg=-18.0), replace(IMAGING, tilt_deg=18.0)]
    lower = [replace(IMAGING, z_um=8_000.0), replace(MILL, z_um=8_000.0), replace(MILL, z_um=24_000.0)]
    assert MODEL.path_collisions([IMAGING, replace(IMAGING, z_um=6_000.0), MILL]) == []
    assert MODEL.path_collisions(lower)
    assert MODEL.path_collisions(through) == []
    needle = Frustum("needle", (0.0, 0.0, -4.0), (0.0, 0.0, 1.0), 0.5, 0.5, 4.0)
    beside, beyond = (
        StagePose(-28_000.0, 0.0, 26_500.0, 0.0, 0.0),
        StagePose(28_000.0, 0.0, 26_500.0, 0.0, 0.0),
    )
    model = ChamberModel(solids=(needle,))
    assert model.collisions(beside) == model.collisions(beyond) == []
    assert model.path_collisions([beside, beyond])


def test_standing_still_in_a_collision_is_one() -> None:
    assert MODEL.path_collisions([replace(IMAGING, tilt_deg=30.0)])
    assert MODEL.path_collisions([]) == []


def test_a_wafer_off_the_rotation_centre_swings_out() -> None:
    """Centre of rotation 5 mm beside the wafer's centre: half a turn moves it by 10 mm."""
    post = Frustum("post", (-22.0, 0.0, -10.0), (0.0, 0.0, 1.0), 1.0, 1.0, 10.0)
    model = ChamberModel(rotation_centre_um=(-5_000.0, 0.0), solids=(post,))
    low = StagePose(0.0, 0.0, 22_000.0, 0.0, 0.0)
    assert model.collisions(low) == [] and model.collisions(replace(low, rotation_deg=180.0))
    assert model.path_collisions([low, replace(low, rotation_deg=360.0)])


def test_an_incomplete_or_impossible_pose_is_not_judged_safe() -> None:
    with pytest.raises(ValueError, match="complete"):
        MODEL.collisions(StagePose(z_um=0.0))
    assert MODEL.collisions(replace(IMAGING, z_um=math.nan))


@given(
    st.tuples(*[st.floats(-60.0, 60.0)] * 3),
    st.floats(0.5, 20.0),
    st.floats(0.5, 40.0),
    st.floats(1.0, 30.0),
)
def test_distances_agree_with_a_dense_sampling_of_the_solid(
    point: tuple[float, float, float], tip: float, base: float, length: float
) -> None:
    solid = Frustum("solid", (3.0, -2.0, 1.0), (0.0, 1.0, 0.0), tip, base, length)
    turns = np.linspace(0.0, 2 * math.pi, 181)
    share = np.linspace(0.0, 1.0, 61)
    rims = [(tip * s, 0.0) for s in share] + [(base * s, length) for s in share]
    rims += [(tip + (base - tip) * s, length * s) for s in share]
    surface = np.concatenate(
        [
            np.stack([3 + r * np.cos(turns), np.full(181, h - 2), 1 + r * np.sin(turns)], axis=1)
            for r, h in rims
        ]
    )
    sampled = float(np.linalg.norm(surface - np.asarray(point), axis=1).min())
    distance = float(solid.distance_mm(np.asarray([point]))[0])
    assert abs(distance) == pytest.approx(sampled, abs=1.6)
    along, radius = point[1] + 2, math.hypot(point[0] - 3, point[2] - 1)
    inside = 0 < along < length and radius < tip + (base - tip) * along / length
    assert (distance < 0) == inside or abs(distance) < 1e-9


def test_the_pole_piece_is_solid() -> None:
    assert POLE_PIECE.distance_mm(np.array([[0.0, 0.0, 15.0]]))[0] == pytest.approx(-15.0)
