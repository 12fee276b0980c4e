"""Landmarks by hand on a tiny twin: pointed at, pictured, found again, and never guessed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.errors import Halted
from hardware.simulator.mounted import Mounted
from hardware.simulator.truth import FrameTruth
from hardware.types import FrameSettings
from scopeacq.landmarking import How, look, measure, picture_fiducials, picture_name
from scopeacq.manual import Manual
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.landmarks import Misfit, unmounted
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.plan.project import RegistrationSettings
from scopeacq.storage.files import DiskFiles
from scopeacq.vision.references import References, Shown
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scopeacq.manual_bench import held

FRAMES = RegistrationSettings(width_px=320, height_px=320, pixel_size_nm=80.0)


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    return TinyRun.make(tmp_path, tiny_project(registration=FRAMES))


@pytest.fixture
def manual(run: TinyRun) -> Iterator[Manual]:
    with held(run) as manual:
        manual.bring_up()
        yield manual


@pytest.fixture
def pictures(run: TinyRun) -> References:
    return References(run.plan.folder, DiskFiles())


def marks(run: TinyRun, off_um: Point = (0.0, 0.0)) -> tuple[Landmark, ...]:
    """Landmarks on three marks of the twin, pointed at as they lie, all beside by as much."""
    at = [(mark.x_um, mark.y_um) for mark in run.nature.specimen.fiducials[:3]]
    stage = [run.nature.mounted.on_stage(*spot) for spot in at]
    return tuple(
        Landmark(f"L{n}", spot, (x + off_um[0], y + off_um[1]))
        for n, (spot, (x, y)) in enumerate(zip(at, stage, strict=True))
    )


def frames(run: TinyRun) -> int:
    return sum(isinstance(t, FrameTruth) for t in run.truth)


def test_a_landmark_is_where_an_operator_points_in_a_frame(run: TinyRun, manual: Manual) -> None:
    (mark, *_) = marks(run)
    wide = FrameSettings(400, 300, 200.0, 200.0)
    manual.set_beam_shift(2.0, -1.0)
    sight = look(
        manual, replace(mark, stage_um=(mark.wafer_um[0] + 9, mark.wafer_um[1] - 5)), Rigid(), wide
    )
    middle = sight.measured()
    assert middle.stage_um == pytest.approx((mark.wafer_um[0] + 11, mark.wafer_um[1] - 6), abs=1.0)
    pointed = sight.measured((199.5 - 55.0, 149.5 - 30.0)).stage_um
    assert pointed is not None and math.dist(pointed, mark.wafer_um) < 1.0


def test_nothing_is_scanned_while_no_mount_is_known(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    (first, *others) = marks(run)
    result = measure(manual, (first, *unmounted(others)), pictures)
    assert (result.each, result.mounting.misfit) == ((), Misfit.TOO_FEW)
    assert frames(run) == 0


def test_what_nobody_has_pointed_at_is_not_guessed(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    one, two, three = marks(run)
    result = measure(manual, (one, two, *unmounted((three,))), pictures)
    assert [m.how for m in result.each] == [How.PICTURED, How.PICTURED, How.UNKNOWN]
    assert result.landmarks[2].stage_um is None and result.each[2].text


def test_a_picture_finds_the_spot_wherever_an_operator_points_next(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    first = measure(manual, marks(run), pictures)
    told: list[float] = []
    again = measure(manual, marks(run, (3.0, -2.0)), pictures, told.append)
    assert [m.how for m in again.each] == [How.FOUND] * 3 and told[-1] == 1.0
    for before, after in zip(first.landmarks, again.landmarks, strict=True):
        assert before.stage_um is not None and after.stage_um is not None
        assert math.dist(before.stage_um, after.stage_um) < 0.5


def test_a_turned_wafer_is_imaged_upright(run: TinyRun, manual: Manual, pictures: References) -> None:
    measure(manual, marks(run), pictures)
    run.nature.mount(Mounted(-200.0, 90.0, 120.0))
    again = measure(manual, marks(run, (1.0, 1.0)), pictures)
    assert [m.how for m in again.each] == [How.FOUND] * 3
    assert again.mounting.mount.rotation_deg == pytest.approx(120.0, abs=0.1)


def test_what_is_not_found_stays_where_it_was(run: TinyRun, manual: Manual, pictures: References) -> None:
    measure(manual, marks(run), pictures)
    off = marks(run, (60.0, 60.0))
    result = measure(manual, off, pictures)
    assert {m.how for m in result.each} == {How.LOST}
    assert result.landmarks == off and all(m.text.endswith(".") for m in result.each)


def test_a_landmark_that_is_moved_on_the_wafer_gets_a_new_picture(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    one, *others = marks(run)
    measure(manual, (one, *others), pictures)
    moved = replace(one, wafer_um=(one.wafer_um[0] + 5.0, one.wafer_um[1]))
    result = measure(manual, (moved, *others), pictures)
    assert [m.how for m in result.each] == [How.PICTURED, How.FOUND, How.FOUND]
    assert pictures.path(Shown.LANDMARK, picture_name(moved)).exists()


def test_pictures_of_fiducials_are_taken_once_and_never_in_the_dark(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    spots = [(mark.x_um, mark.y_um) for mark in run.nature.specimen.fiducials[:2]]
    fiducials = [Fiducial(f"F{n}", spot) for n, spot in enumerate([*spots, (5000.0, 5000.0)])]
    taken = picture_fiducials(manual, fiducials, pictures)
    assert [m.how for m in taken] == [How.PICTURED, How.PICTURED, How.LOST]
    assert [m.mark for m in picture_fiducials(manual, fiducials, pictures)] == ["F2"]


def test_no_picture_of_a_landmark_is_kept_that_is_dark(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    beside = Landmark("L9", (5000.0, 5000.0), (5000.0, 5000.0))
    for _ in range(2):  # a dark picture would be sought from the second time on
        result = measure(manual, (*marks(run), beside), pictures)
        assert result.each[-1].how is How.LOST and "dark all over" in result.each[-1].text
    assert not pictures.path(Shown.LANDMARK, picture_name(beside)).exists()


def test_a_fiducial_that_is_moved_elsewhere_gets_a_new_picture(
    run: TinyRun, manual: Manual, pictures: References
) -> None:
    one, other = [(mark.x_um, mark.y_um) for mark in run.nature.specimen.fiducials[:2]]
    assert [m.how for m in picture_fiducials(manual, [Fiducial("F1", one)], pictures)] == [How.PICTURED]
    nudged = Fiducial("F1", (one[0] + 2.0, one[1]))
    assert picture_fiducials(manual, [nudged], pictures) == ()
    assert [m.how for m in picture_fiducials(manual, [Fiducial("F1", other)], pictures)] == [How.PICTURED]


def test_an_operator_ends_it_between_two_frames(run: TinyRun, manual: Manual, pictures: References) -> None:
    halted = threading.Event()
    manual.begin(halted)
    with pytest.raises(Halted):
        measure(manual, marks(run), pictures, lambda _: halted.set())
    assert frames(run) == 1
