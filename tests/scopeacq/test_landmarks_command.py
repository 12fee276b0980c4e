"""``scopeacq wafer landmarks``: tables and JSON, edits of the file, bad input in one sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopeacq.cli import run_command
from scopeacq.plan.demo import make_demo
from scopeacq.plan.geometry import Rigid
from scopeacq.plan.mark_edits import measured_at, taken_out, with_fiducials, with_landmarks, with_measured
from scopeacq.plan.overviews import add_overview
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Wafer
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.locks import OwnerLock
from scopeacq.telling.exit_codes import ExitCode

MOUNT = Rigid(300.0, -120.0, 7.0)
SPOTS = {"L1": (-1200.0, -1100.0), "L2": (1300.0, -1000.0), "L3": (900.0, 1400.0)}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def run(demo: Plan) -> Plan:
    """The demo with nothing set."""
    demo.folder.wafer_file.write_text(demo.wafer.to_geojson())
    return demo


def told(capsys: pytest.CaptureFixture[str], plan: Plan, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    code = run_command(["wafer", "landmarks", str(plan.folder.root), *options, "--json"])
    printed = capsys.readouterr()
    assert code == ExitCode.FINISHED, printed.err
    result: dict[str, Any] = json.loads(printed.out)
    return result


def options_for(mount: Rigid, *names: str) -> list[str]:
    pairs = [(name, mount.apply(SPOTS[name])) for name in names]
    return [text for name, (x, y) in pairs for text in ("--set", f"{name}={x:.3f},{y:.3f}")]


def added() -> list[str]:
    return [text for name, (x, y) in SPOTS.items() for text in ("--add", f"{name}={x},{y}")]


def test_landmarks_are_added_and_measured_and_the_file_holds_them(
    capsys: pytest.CaptureFixture[str], run: Plan
) -> None:
    said = told(capsys, run, *added(), *options_for(MOUNT, "L1", "L2", "L3"))
    assert said["sound"] and said["misfit"] is None and said["scale"] == pytest.approx(1.0)
    assert said["mount"]["rotation_deg"] == pytest.approx(7.0, abs=1e-3)
    assert [mark["residual_um"] < 0.01 for mark in said["landmarks"]] == [True] * 3
    assert Wafer.read(run.folder.wafer_file).mount.rotation_deg == pytest.approx(7.0, abs=1e-3)
    assert told(capsys, run) == said


def test_a_new_mount_forgets_the_places_but_not_the_landmarks(
    capsys: pytest.CaptureFixture[str], run: Plan
) -> None:
    told(capsys, run, *added(), *options_for(Rigid(), "L1", "L2", "L3"))
    said = told(capsys, run, "--remounted", *options_for(MOUNT, "L1", "L2"))
    assert [mark["stage_um"] is None for mark in said["landmarks"]] == [False, False, True]
    assert said["mount"]["x_um"] == pytest.approx(300.0, abs=0.1)


def test_an_outlier_is_named_in_the_table(capsys: pytest.CaptureFixture[str], run: Plan) -> None:
    told(capsys, run, *added(), *options_for(MOUNT, "L1", "L2"), "--set", "L3=0,0")
    capsys.readouterr()
    assert run_command(["wafer", "landmarks", str(run.folder.root)]) == ExitCode.FINISHED
    text = capsys.readouterr().out
    assert "without L3" in text and "Landmark" in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--set", "L9=1,2"), "no landmark L9"),
        (("--set", "L1=1"), "is not NAME=x,y"),
        (("--add", "L 1=1,2"), "is not NAME=x,y"),
        (("--add", "L1=999999999,0"), "L1"),
        (("--fiducials", "3"), "no overview"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], run: Plan, options: tuple[str, ...], says: str
) -> None:
    before = run.folder.wafer_file.read_bytes()
    capsys.readouterr()
    code = run_command(["wafer", "landmarks", str(run.folder.root), *options])
    error = " ".join(capsys.readouterr().err.split())
    assert code == ExitCode.BAD_INPUT and says in error and "Traceback" not in error
    assert run.folder.wafer_file.read_bytes() == before


def test_a_run_under_way_is_left_alone(capsys: pytest.CaptureFixture[str], run: Plan) -> None:
    with OwnerLock.of_run(run.folder.root, DiskFiles()):
        code = run_command(["wafer", "landmarks", str(run.folder.root), *added()])
    assert code == ExitCode.BUSY
    assert Wafer.read(run.folder.wafer_file).landmarks == ()


def test_landmarks_and_fiducials_are_measured_on_the_twin(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plan = make_demo(tmp_path)
    marks = {f.id.replace("F", "L"): f.centre_um for f in plan.wafer.fiducials[:3]}
    pointed = [f"{name}={x + 1:.1f},{y - 1:.1f}" for name, (x, y) in marks.items()]
    first = told(
        capsys,
        plan,
        *(text for name, (x, y) in marks.items() for text in ("--add", f"{name}={x},{y}")),
        *(text for place in pointed for text in ("--set", place)),
        "--measure",
    )
    assert {mark["measured"]["how"] for mark in first["landmarks"]} == {"its picture was taken"}
    assert [picture["how"] for picture in first["pictured"]] == ["its picture was taken"] * 5
    again = told(capsys, plan, "--remounted", "--set", pointed[0], "--set", pointed[1], "--measure")
    assert {mark["measured"]["how"] for mark in again["landmarks"]} == {"found by its picture"}
    assert again["sound"] and again["pictured"] == []
    assert all(mark["residual_um"] < 1.0 for mark in again["landmarks"])


def test_fiducials_are_chosen_beside_sections_where_the_overview_shows_marks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plan = make_demo(tmp_path)
    marks = ((-1900.0, -1800.0), (1850.0, -1700.0), (1700.0, 1900.0))
    plan.folder.wafer_file.write_text(replace(plan.wafer, fiducials=()).to_geojson())
    add_overview(drawn_overview(tmp_path, marks), plan.folder.overviews, 2.0 * EDGE_PX, DiskFiles())
    said = told(capsys, plan, "--fiducials", "3")
    places = [tuple(f["centre_um"]) for f in said["fiducials"]]
    assert len(places) == 3
    assert all(min(math.dist(place, mark) for mark in marks) < 20.0 for place in places)
    assert Wafer.read(plan.folder.wafer_file).fiducials[0].id == "F1"


EDGE_PX = 2200


def drawn_overview(folder: Path, marks_um: Sequence[tuple[float, float]]) -> Path:
    """A picture of 2 um pixels about the wafer's middle, with marks of uneven arms."""
    greys = np.random.default_rng(3).normal(40, 3, (EDGE_PX, EDGE_PX)).astype(np.uint8)
    for x_um, y_um in marks_um:
        column, row = round(EDGE_PX / 2 + x_um / 2), round(EDGE_PX / 2 - y_um / 2)
        cv2.line(greys, (column - 6, row), (column + 6, row), 200, 2)
        cv2.line(greys, (column, row - 2), (column, row + 6), 200, 2)
    path = folder / "drawn.tif"
    tifffile.imwrite(path, greys)
    return path


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=20) | st.from_regex(r"L?[0-9]?=?[-0-9.e]*,?[-0-9.e]*", fullmatch=True))
def test_any_place_is_understood_or_refused_in_words(
    capsys: pytest.CaptureFixture[str], run: Plan, text: str
) -> None:
    before = run.folder.wafer_file.read_bytes()
    capsys.readouterr()
    code = run_command(["wafer", "landmarks", str(run.folder.root), f"--set={text}"])
    assert code == ExitCode.BAD_INPUT, "no landmark has any of these names"
    assert "Traceback" not in capsys.readouterr().err
    assert run.folder.wafer_file.read_bytes() == before


@given(
    st.dictionaries(
        st.sampled_from(["L1", "L2", "x"]), st.tuples(st.floats(-9e3, 9e3), st.floats(-9e3, 9e3))
    )
)
def test_edits_of_marks_survive_the_file(places: dict[str, tuple[float, float]]) -> None:
    path = Path("wafer.geojson")
    wafer = with_fiducials(measured_at(with_landmarks(Wafer((), ()), places), places), places.values())
    again = Wafer.parse(path, wafer.to_geojson())
    assert again == wafer and len({f.id for f in again.fiducials}) == len(places)
    assert all(mark.stage_um is None for mark in taken_out(again).landmarks)


def test_what_was_measured_is_not_taken_for_a_landmark_that_was_moved_meanwhile() -> None:
    before = with_landmarks(Wafer(), SPOTS)
    measured = measured_at(before, {"L1": (1.0, 2.0), "L2": (3.0, 4.0)}).landmarks
    now = with_landmarks(before, {"L1": (500.0, 0.0), "L4": (0.0, 0.0)})
    places = {mark.id: mark.stage_um for mark in with_measured(now, measured).landmarks}
    assert places == {"L1": None, "L2": (3.0, 4.0), "L3": None, "L4": None}
