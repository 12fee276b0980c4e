"""The parts of a ground truth that are pure: where places lie, the bowl of scores, readings, the table."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import shapely
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.ground_truth.acquisition import PairTaken
from calibration.ground_truth.bowl import fit_bowl
from calibration.ground_truth.dataset import table
from calibration.ground_truth.microscope import Angle, Reading, fit_microscope
from calibration.ground_truth.places import regular_grid
from hardware.optics import StigmatorFrame
from hardware.types import Optics
from models.convergence import stretch_of
from models.estimate import AberrationEstimate, PairCondition
from models.training.acquired import COLUMNS, FromFolder, Row, read_rows
from models.training.flagship import FLAGSHIP_RANGES
from models.training.recipe import TrainingError
from tests.models.scenes import CONDITION, Microscope

AXES = np.eye(3)


@given(
    centre=st.tuples(*3 * [st.floats(-8, 8)]),
    strength=st.floats(0.35, 2.8),
    floor_um=st.floats(0.3, 1.5),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
def test_the_bowl_is_found_whatever_the_stigmators_strength(centre, strength, floor_um, seed):
    rng = np.random.default_rng(seed)
    truth = np.array(centre) / np.array([1.0, strength, strength])
    near = [
        truth + sign * 7.0 / np.array([1.0, strength, strength]) * axis for axis in AXES for sign in (1, -1)
    ]
    far = [step * axis for axis in AXES for step in (-14.0, -8.0, -4.0, 4.0, 8.0, 14.0)]
    points = np.array([np.zeros(3), *far, *near])
    blurs = np.linalg.norm((points - truth) * [1.0, strength, strength], axis=1)
    bowl = fit_bowl(points, np.hypot(blurs, floor_um) * np.exp(0.05 * rng.standard_normal(len(points))))
    assert bowl.strength == pytest.approx(strength, rel=0.2)
    assert np.linalg.norm((bowl.centre - truth) * [1.0, strength, strength]) < 1.5


def test_images_without_texture_have_no_part_in_the_bowl():
    points = np.array([[z, 0.0, 0.0] for z in (0.0, -9.0, -3.0, 3.0, 6.0, 9.0)])
    scores = np.hypot(points[:, 0] - 2.0, 0.5)
    scores[1] = math.inf
    assert fit_bowl(points, scores).centre[0] == pytest.approx(2.0, abs=0.5)
    with pytest.raises(ValueError, match="fewer than four"):
        fit_bowl(points[:4], np.array([1.0, math.inf, math.inf, 1.0]))


@given(count=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_places_lie_regularly_where_there_is_room(count: int):
    rooms = {
        "a": shapely.box(0, 0, 500, 250),
        "b": shapely.box(900, 0, 1400, 250).difference(shapely.box(1000, 50, 1300, 200)),
    }
    spots = regular_grid(rooms, count, closest_um=10.0)
    assert len(spots) == count
    assert all(rooms[spot.section].contains(shapely.Point(spot.at_um)) for spot in spots)
    between = [math.dist(a.at_um, b.at_um) for n, a in enumerate(spots) for b in spots[:n]]
    assert not between or min(between) >= 10.0


def test_too_little_room_gives_the_places_that_there_are():
    assert 0 < len(regular_grid({"a": shapely.box(0, 0, 40, 40)}, 50, closest_um=15.0)) < 50


@given(
    strength=st.floats(1.2, 12.0),
    turn_deg=st.floats(0.0, 90.0),
    scan_rot_deg=st.sampled_from([0.0, 90.0, 37.0]),
    off_um=st.floats(-1.0, 1.0),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
def test_readings_give_frame_and_true_focus_of_each_place(strength, turn_deg, scan_rot_deg, off_um, seed):
    rng, frame = np.random.default_rng(seed), StigmatorFrame(strength, turn_deg)
    readings = []
    for place in range(3):
        constant = np.array([off_um * (place - 1), 0.3 * place, -0.2])
        for _ in range(8):
            offset = rng.uniform(-1, 1, 3) * [20.0, 20.0 / strength, 20.0 / strength]
            truth = np.array([offset[0], *(frame.matrix_um(scan_rot_deg) @ offset[1:])])
            seen = constant + truth + 0.05 * rng.standard_normal(3)
            taken = PairTaken(place, Optics(4500.0, 0.0, 0.0), 100.0, "")
            readings.append(Reading(taken, offset, AberrationEstimate(seen, 0.05**2 * np.eye(3))))
    found = fit_microscope(readings, Angle(8.9, 0.1, 12), scan_rot_deg)
    assert found.frame.frame.um_per_unit == pytest.approx(strength, rel=0.03)
    turned = (found.frame.frame.rotation_deg - turn_deg + 90.0) % 180.0 - 90.0
    assert turned == pytest.approx(0.0, abs=1.0)
    assert found.gain == pytest.approx(1.0, abs=0.02)
    assert found.aberration_um(0, np.zeros(3)) == pytest.approx([-off_um, 0.0, -0.2], abs=0.15)


@pytest.mark.parametrize("believed_mrad", [6.5, 8.9, 11.0])
def test_pairs_tell_the_angle_of_the_beam(believed_mrad: float):
    truth_um = np.array([4.0, -3.0, 2.0])
    plus, minus = Microscope().pair(truth_um)
    condition = PairCondition(10.0, 5.0, believed_mrad, 5.0)
    stretch = stretch_of(plus, minus, condition, truth_um)
    assert stretch.fits
    assert believed_mrad * stretch.ratio == pytest.approx(CONDITION.convergence_mrad, rel=0.05)


ROW = Row("pair-0-0.tif", 0, 10.0, 5.0, 8.9, 5.0, 1.0, 0.5, -0.5, 1.1, 2.0, -2.0)


def test_the_table_reads_back(tmp_path: Path):
    (tmp_path / "pairs.csv").write_text(table([ROW, ROW]))
    assert read_rows(tmp_path) == [ROW, ROW]


@given(text=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@settings(max_examples=60, deadline=None)
def test_no_table_does_more_than_being_refused(tmp_path_factory, text: bytes):
    folder = tmp_path_factory.mktemp("table")
    (folder / "pairs.csv").write_bytes(text)
    with pytest.raises(TrainingError):
        read_rows(folder)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("image", "../x.tif"),
        ("image", ""),
        *(("pixel_size_nm", value) for value in ("nan", "-1", "inf", "", "many")),
        *(("defocus_um", value) for value in ("nan", "inf", "", "many")),
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, column: str, value: str):
    cells = dict(zip(COLUMNS, table([ROW]).splitlines()[1].split(","), strict=True)) | {column: value}
    (tmp_path / "pairs.csv").write_text(",".join(COLUMNS) + "\n" + ",".join(cells.values()) + "\n")
    with pytest.raises(TrainingError):
        read_rows(tmp_path)


@pytest.mark.parametrize(
    "pages",
    [
        np.zeros((2, 400, 400), np.uint8),
        np.ones((3, 400, 400), np.uint8),
        np.ones((2, 99, 99), np.uint8),
        None,
    ],
)
def test_images_that_cannot_be_learned_from_are_refused(tmp_path: Path, pages):
    (tmp_path / "pairs.csv").write_text(table([ROW]))
    if pages is None:
        (tmp_path / ROW.image).write_bytes(b"II*\0 no picture")
    else:
        tifffile.imwrite(tmp_path / ROW.image, pages, photometric="minisblack")
    with pytest.raises(TrainingError):
        FromFolder(tmp_path)(None, None, FLAGSHIP_RANGES, 0, None)  # type: ignore[arg-type]
