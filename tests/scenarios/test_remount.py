"""The wafer is taken out in the middle of a run and comes back shifted and turned: nothing is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.simulator.mounted import Mounted
from hardware.simulator.truth import FrameTruth
from scopeacq.journal.records import (
    DoseBooked,
    PlaneChosen,
    PlaneExposed,
    PlaneKey,
    Purpose,
    RunEnd,
    WaferMounted,
    WaferRegistered,
)
from scopeacq.landmarking import How, Measurement, measure, picture_fiducials
from scopeacq.plan.geometry import Point
from scopeacq.plan.landmarks import unmounted
from scopeacq.plan.marks import Fiducial, Landmark
from scopeacq.plan.project import RegistrationSettings
from scopeacq.storage.files import DiskFiles
from scopeacq.vision.references import References
from tests.scenarios.harness import FIDUCIALS, TinyRun, tiny_project
from tests.scenarios.life import Killed, Life
from tests.scopeacq.manual_bench import held

REMOUNTED = Mounted(300.0, -120.0, 7.0)
BY_EYE_UM: tuple[Point, ...] = ((1.5, -1.0), (-0.8, 1.7), (1.1, 1.2))
"""How far an operator points beside each landmark."""


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    """Marks that are no fiducials are the landmarks, pointed at once with the wafer as it lies."""
    frames = RegistrationSettings(
        width_px=320, height_px=320, pixel_size_nm=80.0, section_pixel_size_nm=60.0
    )
    run = TinyRun.make(tmp_path, tiny_project(cycles=3, registration=frames))
    marks = run.nature.specimen.fiducials[FIDUCIALS:]
    landmarks = tuple(Landmark(f"L{n + 1}", (mark.x_um, mark.y_um)) for n, mark in enumerate(marks))
    say(run, pointed_at(run, landmarks))
    return run


def say(run: TinyRun, landmarks: Sequence[Landmark]) -> None:
    """Save other landmarks in the plan."""
    run.plan = replace(run.plan, wafer=replace(run.plan.wafer, landmarks=tuple(landmarks)))


def pointed_at(run: TinyRun, landmarks: Sequence[Landmark]) -> tuple[Landmark, ...]:
    """Landmarks where an operator sees them in the live image, as well as that is done by eye."""
    return tuple(
        replace(mark, stage_um=(at[0] + off[0], at[1] + off[1]))
        for mark, off in zip(landmarks, BY_EYE_UM, strict=False)
        for at in [run.nature.mounted.on_stage(*mark.wafer_um)]
    )


def measured(run: TinyRun) -> Measurement:
    """Measure the landmarks with the instrument in hand, and save them."""
    with held(run) as manual:
        manual.bring_up()
        references = References(run.plan.folder, DiskFiles())
        found = measure(manual, run.plan.wafer.landmarks, references)
        say(run, found.landmarks)
        manual.take_plan(run.plan)
        picture_fiducials(manual, run.plan.wafer.fiducials, references)
    return found


def remount(run: TinyRun) -> Measurement:
    """Mount the wafer otherwise; the operator points at two landmarks, the third is found from there."""
    run.nature.mount(REMOUNTED)
    first, second, third = unmounted(run.plan.wafer.landmarks)
    say(run, (*pointed_at(run, (first, second)), third))
    return measured(run)


def go_on(run: TinyRun, cycles: int) -> None:
    with run.start() as program:
        assert program.engine.run(cycles) is RunEnd.FINISHED


def true_places(run: TinyRun) -> dict[PlaneKey, Point]:
    """Where on the wafer the planes that count truly lie."""
    frames = {round(t.scanned_at_s, 6): t for t in run.truth if isinstance(t, FrameTruth)}
    records = run.records()
    taken = {
        (r.key, r.take): frames[round(r.scanned_at_s, 6)] for r in records if isinstance(r, PlaneExposed)
    }
    chosen = ((r.key, taken[r.key, r.take]) for r in records if isinstance(r, PlaneChosen))
    return {key: (frame.x_um, frame.y_um) for key, frame in chosen}


def test_planes_stay_in_place_through_a_new_mount(run: TinyRun) -> None:
    first = measured(run)
    assert [m.how for m in first.each] == [How.PICTURED] * 3
    go_on(run, 1)
    again = remount(run)
    assert [m.how for m in again.each] == [How.FOUND] * 3
    assert again.mounting.sound and again.mounting.mount.rotation_deg == pytest.approx(7.0, abs=0.1)
    go_on(run, 3)
    places = true_places(run)
    assert {key.cycle for key in places} == {0, 1, 2}
    for key, place in places.items():
        assert math.dist(place, places[replace(key, cycle=0)]) < 0.5, key


def test_fiducials_that_are_added_later_are_where_the_others_say(run: TinyRun) -> None:
    measured(run)
    go_on(run, 1)
    run.nature.mount(REMOUNTED)
    badly = [(mark, mark.stage_um) for mark in pointed_at(run, run.plan.wafer.landmarks)]
    say(run, [replace(mark, stage_um=(at[0] + 6.0, at[1] - 4.0)) for mark, at in badly if at is not None])
    more = [Fiducial(f"M{n}", mark.wafer_um) for n, mark in enumerate(run.plan.wafer.landmarks)]
    wafer = replace(run.plan.wafer, fiducials=(*run.plan.wafer.fiducials, *more))
    run.plan = replace(run.plan, wafer=wafer)
    go_on(run, 3)
    _, second, third = (r for r in run.records() if isinstance(r, WaferRegistered))
    assert (second.fiducials, third.fiducials) == (FIDUCIALS, FIDUCIALS + 3)
    assert math.dist((second.x_um, second.y_um), (third.x_um, third.y_um)) < 1.5


def test_a_mount_is_journalled_once_and_only_then_is_the_wafer_sought_anew(run: TinyRun) -> None:
    measured(run)
    go_on(run, 1)
    remount(run)
    go_on(run, 2)
    go_on(run, 3)
    told = [r for r in run.records() if isinstance(r, WaferMounted | WaferRegistered)]
    assert [type(r) for r in told] == [
        WaferMounted,
        WaferRegistered,
        WaferMounted,
        WaferRegistered,
        WaferRegistered,
    ]
    before, after = (r for r in told if isinstance(r, WaferMounted))
    assert before.rotation_deg == pytest.approx(0.0, abs=0.2) and before.landmarks == 3
    assert after.rotation_deg == pytest.approx(7.0, abs=0.1)


def test_each_look_by_hand_is_booked(run: TinyRun) -> None:
    measured(run)
    booked = [r for r in run.records() if isinstance(r, DoseBooked)]
    assert len(booked) == 3 + FIDUCIALS
    assert all(r.purpose is Purpose.MANUAL and r.electron_dose_per_nm2 > 0 for r in booked)


@pytest.mark.parametrize("deeds", [3, 12, 40, 90])
def test_a_program_killed_after_a_new_mount_goes_on_as_if_it_had_not_been(run: TinyRun, deeds: int) -> None:
    measured(run)
    go_on(run, 1)
    remount(run)
    life = Life()
    with suppress(Killed), run.start(life) as program:
        life.dies_at = life.deeds + deeds
        program.engine.run(2)
    assert not life.alive
    go_on(run, 2)
    places = true_places(run)
    assert {key.cycle for key in places} == {0, 1}
    for key, place in places.items():
        assert math.dist(place, places[replace(key, cycle=0)]) < 0.5, key


def test_a_run_begins_on_a_wafer_that_lies_askew(run: TinyRun) -> None:
    run.nature.mount(Mounted(-150.0, 200.0, 200.0))
    say(run, pointed_at(run, run.plan.wafer.landmarks))
    measured(run)
    go_on(run, 2)
    centre = run.plan.wafer.sections[0].roi_centre_um
    places = true_places(run)
    assert math.dist(places[PlaneKey(0, "S001", 0)], places[PlaneKey(1, "S001", 0)]) < 0.5
    assert math.dist(places[PlaneKey(0, "S001", 0)], centre) < 5.0, "as well as landmarks are pointed at"
