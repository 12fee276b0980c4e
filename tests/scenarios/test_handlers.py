"""Single steps on the tiny twin: where they go, what they lay down, and how they give up."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import OutOfRange
from hardware.simulator.faults import Device, FaultKind
from scopeacq.engine.locating import go
from scopeacq.journal.records import (
    CycleDone,
    DoseBooked,
    ErrorKind,
    FocusDone,
    GatePassed,
    ImagingRecovered,
    Incident,
    PlaneExposing,
    PlaneJudged,
    Policy,
    Purpose,
    Record,
    RunEnd,
    RunRequest,
    SectionRegistered,
    Verdict,
)
from scopeacq.plan.geometry import Rigid, full_turn_deg
from scopeacq.plan.project import RecoverySettings
from scopeacq.vision.registration import View
from tests.scenarios.harness import Started, TinyRun, tiny_project
from tests.scenarios.test_policies import faulty, of_kind, on_record, run_once, unsure_run


def test_an_urgent_pause_while_the_pressure_falls_is_no_incident(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    run.nature.chamber.pressure_mbar = 9e-5

    def prepare(program: Started) -> None:
        program.link.while_asleep = lambda _: program.engine.request(RunRequest.PAUSE_NOW)

    assert run_once(run, prepare) is RunEnd.PAUSED
    assert not of_kind(run, Incident) and not of_kind(run, ImagingRecovered)


def test_an_urgent_pause_does_not_wait_until_charges_have_decayed(tmp_path: Path) -> None:
    decay_s = 600.0
    run = TinyRun.make(tmp_path, tiny_project(recovery=RecoverySettings(charge_decay_s=decay_s)))
    started: list[Started] = []
    begun_s: list[float] = []

    def ask(_: float) -> None:
        begun_s.append(run.nature.clock.now_s())
        started[0].engine.request(RunRequest.PAUSE_NOW)

    on_record(run, CycleDone, lambda: setattr(started[0].link, "while_asleep", ask))
    assert run_once(run, started.append) is RunEnd.PAUSED
    assert run.nature.clock.now_s() - begun_s[0] < decay_s / 4
    run.on_commit = None
    assert [r.cycle for r in of_kind(run, ImagingRecovered)] == [0]
    assert run_once(run) is RunEnd.FINISHED
    assert [r.cycle for r in of_kind(run, ImagingRecovered)] == [0, 1]


def test_a_dark_reference_frame_proves_no_recovery(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, script=faulty(tmp_path, Device.SCANNER, FaultKind.BLACK_FRAME))
    assert run_once(run) is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert (incident.kind, incident.step) == (ErrorKind.BAD_FRAME, "Recovering imaging")
    assert min(r.reference_mean for r in of_kind(run, ImagingRecovered)) > 20.0


def test_a_frame_that_dropped_out_is_no_bare_wafer(tmp_path: Path) -> None:
    """Even where wafer could show: a second frame of the place is bright."""
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))

    def drop_out() -> None:
        script = faulty(tmp_path, Device.SCANNER, FaultKind.BLACK_FRAME)
        run.nature.faults = type(run.nature.faults)(script, run.nature.faults.rng)

    on_record(run, PlaneExposing, drop_out)
    with mock.patch("scopeacq.vision.darkness.SHOWS_FROM", 0.0):
        assert run_once(run) is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert incident.kind is ErrorKind.BAD_FRAME and "second one" in incident.text
    assert [e.take for e in of_kind(run, PlaneExposing)] == [0, 1]
    assert [j.verdict for j in of_kind(run, PlaneJudged)] == [Verdict.SHARP]


def test_a_refused_focus_counts_though_there_is_no_room_for_its_images(tmp_path: Path) -> None:
    run = unsure_run(tmp_path, Policy.GO_ON, n_sections=1)

    def fill(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, DoseBooked) and r.purpose is Purpose.FOCUS for r in records):
            run.disk.fill(1)

    run.on_commit = fill
    assert run_once(run) is RunEnd.FINISHED
    (done,) = of_kind(run, FocusDone)
    assert (done.applied, done.images_path) == (False, "")
    assert len([d for d in of_kind(run, DoseBooked) if d.purpose is Purpose.FOCUS]) == 1


def test_nothing_is_focused_on_without_room(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=1))
    looks_left: list[int] = []

    def fill(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, SectionRegistered) for r in records):
            run.disk.fill(4)
        if any(isinstance(r, DoseBooked) and r.purpose is Purpose.FOCUS for r in records):
            looks_left.append(run.disk.refusals_left)

    run.on_commit = fill
    assert run_once(run) is RunEnd.FINISHED
    assert looks_left == [0]


# -- finding again ----------------------------------------------------------------------------


def test_the_pictures_of_fiducials_are_renewed_in_each_cycle(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    pictures: list[dict[str, bytes]] = []

    def note(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, GatePassed) for r in records):
            images = run.plan.folder.registration_images.glob("fiducial-*.tif")
            pictures.append({path.name: path.read_bytes() for path in images})

    run.on_commit = note
    assert run_once(run) is RunEnd.FINISHED
    first, second = pictures
    assert first.keys() == second.keys() and len(first) == 2
    assert all(first[name] != second[name] for name in first)


def test_a_section_that_is_not_found_again_gets_a_new_reference_as_the_advice_says(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    with run.start() as program:
        assert program.engine.run(cycles=1) is RunEnd.FINISHED
    (path,) = run.plan.folder.registration_images.glob("section-*.tif")
    before = View.read(path)
    noise = np.random.default_rng(0).integers(0, 256, before.image.shape, dtype=np.uint8)
    path.write_bytes(View(noise, before.to_wafer).to_tiff())
    assert run_once(run) is RunEnd.PAUSED
    advice = of_kind(run, Incident)[-1].advice
    assert f"delete registration/{path.name}" in advice
    path.unlink()
    assert run_once(run) is RunEnd.FINISHED
    first, again = of_kind(run, SectionRegistered)
    assert (again.dx_um, again.dy_um) == (first.dx_um, first.dy_um)


# -- going there ------------------------------------------------------------------------------


def allow(run: TinyRun, **electron: float) -> None:
    """Change the column's calibration."""
    instrument = run.plan.instrument
    changed = instrument.electron.model_copy(update=electron)
    run.plan = replace(run.plan, instrument=instrument.model_copy(update={"electron": changed}))


@pytest.mark.parametrize(("max_beam_shift_um", "moves"), [(15.0, False), (1.0, True)])
def test_the_stage_goes_where_the_beam_may_not(
    tmp_path: Path, max_beam_shift_um: float, moves: bool
) -> None:
    run = TinyRun.make(tmp_path)
    allow(run, max_beam_shift_um=max_beam_shift_um)
    with run.start() as program:
        rig = program.rig
        go(rig, (500.0, 300.0), Rigid())
        before = rig.devices.stage.pose()
        go(rig, (501.5, 300.0), Rigid())
        assert (rig.devices.stage.pose() != before) is moves
        assert math.hypot(*rig.devices.column.beam_shift_um()) <= max_beam_shift_um


def test_a_beam_shift_beyond_the_limit_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)
    allow(run, max_beam_shift_um=5.0, image_shift_x_um_per_um=1.0)
    with run.start() as program:
        column = program.rig.devices.column
        column.set_optics(column.optics().shifted(20.0, 0.0, 0.0))
        before = column.beam_shift_um()
        with pytest.raises(OutOfRange, match="max_beam_shift_um allows 5 um"):
            go(program.rig, (500.0, 300.0), Rigid())
        assert column.beam_shift_um() == before


@given(st.floats(-1e4, 1e4))
def test_a_scan_rotation_is_less_than_a_full_turn(angle_deg: float) -> None:
    turned_deg = full_turn_deg(angle_deg)
    assert 0.0 <= turned_deg < 360.0
    assert math.cos(math.radians(turned_deg - angle_deg)) == pytest.approx(1.0)
