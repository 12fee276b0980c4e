"""By hand: every frame is booked, the stage goes only where it was shown, and all is left safe."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.claim import InstrumentLock
from hardware.errors import Busy, Halted, HardwareError, Interlocked, OutOfRange, Refused
from hardware.motion import follow
from hardware.paths import path_to_mill
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from hardware.simulator.truth import FrameTruth
from hardware.types import Blanker, FrameSettings, PoseTolerance
from scopeacq.engine.readings import Author, Quantity
from scopeacq.journal.history import has_begun
from scopeacq.journal.journal import Journal, JournalReader
from scopeacq.journal.records import DoseBooked, Purpose, Record, RunOpened, WaferRegistered
from scopeacq.manual import Manual, open_manual
from scopeacq.plan.briefing import brief
from scopeacq.plan.demo import make_demo
from scopeacq.plan.preflight import Site
from scopeacq.storage.files import DiskFull
from scopeacq.storage.locks import Locked, OwnerLock
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scopeacq.manual_bench import FRAME, SLOW_UM_PER_S, held, slow_run

SITE = Site(network_problems=lambda _: [])


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    return TinyRun.make(tmp_path)


def booked(run: TinyRun) -> list[DoseBooked]:
    return [r for r in run.records() if isinstance(r, DoseBooked)]


# -- electrons -----------------------------------------------------------------------------


def test_a_frame_is_booked_as_an_upper_bound_before_its_beam_is_on(run: TinyRun) -> None:
    beam_was_on: list[bool] = []

    def look(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, DoseBooked) for r in records):
            beam_was_on.append(run.nature.column.on_wafer)

    run.on_commit = look
    with held(run) as manual:
        manual.go(manual.way_to(300.0, -200.0))
        manual.set_beam_shift(2.0, 1.0)
        frame = manual.grab(FRAME)
    assert frame.image.shape == (64, 64) and beam_was_on == [False]
    (dose,) = booked(run)
    assert dose.purpose is Purpose.MANUAL
    assert (dose.x_um, dose.y_um) == pytest.approx((302.0, -199.0), abs=1.0)
    assert dose.electron_dose_per_nm2 == pytest.approx(FRAME.electron_dose_per_nm2(1.8))


def test_a_dose_is_booked_where_the_wafer_was_found(run: TinyRun) -> None:
    with run.start() as program:
        program.rig.record(WaferRegistered(0, 100.0, 50.0, 0.0, 0.1, 2, 0.0))
    with held(run) as manual:
        manual.grab(FRAME)
    dose = booked(run)[-1]
    assert (dose.x_um, dose.y_um) == pytest.approx((-100.0, -50.0), abs=1.0)


def test_a_current_that_reads_as_no_number_is_booked_as_planned(run: TinyRun) -> None:
    with held(run) as manual:
        run.nature.column.emission = float("nan")
        with suppress(HardwareError, ValueError):  # what comes of the frame is not the question
            manual.grab(FRAME)
        run.nature.column.emission = 1.0
    (dose,) = booked(run)
    assert dose.electron_dose_per_nm2 == pytest.approx(FRAME.electron_dose_per_nm2(1.8))


def test_what_cannot_be_booked_is_not_scanned(run: TinyRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DiskFull(run.plan.folder.root)

    with held(run) as manual:
        monkeypatch.setattr(Journal, "append", full)
        with pytest.raises(DiskFull):
            manual.grab(FRAME)
    assert not [t for t in run.truth if isinstance(t, FrameTruth)]


def test_a_halt_ends_before_the_next_frame(run: TinyRun) -> None:
    halted = threading.Event()
    with held(run) as manual:
        manual.begin(halted)
        manual.grab(FRAME)
        halted.set()
        with pytest.raises(Halted):
            manual.grab(FRAME)
        manual.begin(threading.Event())
        manual.grab(FRAME)
    assert len(booked(run)) == 2


def test_a_long_frame_is_ended_at_once_and_its_dose_stays_booked(tmp_path: Path) -> None:
    run, halted, began_s = slow_run(tmp_path), threading.Event(), time.monotonic()
    long = FrameSettings(64, 64, 10.0, 60e9 / 64**2)
    with held(run) as manual:
        manual.begin(halted)

        def end() -> None:
            halted.set()
            manual.end_frame()

        timer = threading.Timer(0.3, end)
        timer.start()
        with pytest.raises(Halted):
            manual.grab(long)
        timer.join()
        assert time.monotonic() - began_s < long.duration_s / 3
        assert manual.devices.column.state().blanked
        manual.begin(threading.Event())
        manual.end_frame()  # nothing is under way, and nothing is halted
        manual.grab(FRAME)
    assert [dose.electron_dose_per_nm2 for dose in booked(run)] == pytest.approx(
        [long.electron_dose_per_nm2(1.8), FRAME.electron_dose_per_nm2(1.8)]
    )


# -- reading and setting ---------------------------------------------------------------------


def test_everything_that_is_set_reads_back_with_who_set_it(run: TinyRun) -> None:
    with held(run) as manual:
        optics = manual.devices.column.optics().shifted(wd_um=3.0, stig_x=0.1)
        manual.set_optics(optics, Author.AUTOFOCUS)
        manual.set_beam_shift(1.0, -1.0)
        manual.set_detector(replace(manual.devices.detector.state(), gain=1.5))
        manual.set_detector_hv(False)
        manual.set_valve(False)
        manual.set_eht(False)
        manual.set_gun_hv(False)
        read = manual.read()
    assert read.optics == optics and read.beam_shift_um == (1.0, -1.0)
    assert read.detector is not None and (read.detector.gain, read.detector.hv_on) == (1.5, False)
    assert read.beam is not None and not (read.beam.eht_on or read.beam.valve_open)
    assert read.gun is not None and not read.gun.hv_on
    assert read.ions is Blanker.BLANKED and read.silent == {}
    assert read.set_by[Quantity.WD] is Author.AUTOFOCUS
    assert read.set_by[Quantity.BEAM_SHIFT] is Author.OPERATOR
    assert {"wd_um", "stig_x", "x_um", "rotation_deg"} <= read.limits.keys()


def test_a_value_outside_its_limits_is_refused_and_nothing_is_set(run: TinyRun) -> None:
    with held(run) as manual:
        before = manual.devices.column.optics()
        with pytest.raises(OutOfRange):
            manual.set_optics(before.shifted(wd_um=1e6))
        assert manual.devices.column.optics() == before


@pytest.mark.parametrize(
    ("device", "field", "name"),
    [
        (Device.COLUMN, "beam", "column"),
        (Device.DETECTOR, "detector", "detector"),
        (Device.STAGE, "stage", "stage"),
        (Device.GUN, "gun", "gun"),
        (Device.CHAMBER, "pressure_mbar", "chamber"),
    ],
)
def test_a_device_that_dies_is_a_sentence_among_the_readings(
    tmp_path: Path, device: Device, field: str, name: str
) -> None:
    dead = FaultScript((Fault(device, FaultKind.UNPLUGGED, AfterCalls(6)),))
    run = TinyRun.make(tmp_path, script=dead)
    with suppress(Interlocked), held(run) as manual:
        for _ in range(8):
            read = manual.read()
    assert getattr(read, field) is None
    assert "connection is gone" in read.silent[name]
    assert read.ions is Blanker.BLANKED


def test_the_ion_beam_stays_shut_whatever_is_done_by_hand(run: TinyRun) -> None:
    with held(run) as manual:
        manual.set_gun_hv(False)
        manual.set_gun_hv(True)
        manual.grab(FRAME)
        manual.go(manual.way_to(500.0, 500.0))
        assert not run.nature.gun.open
    assert run.line_openings == []
    assert not {name for name in dir(Manual) if "ion" in name} - {"ions"}


def test_what_imaging_needs_is_brought_up_and_reads_back(run: TinyRun) -> None:
    with held(run) as manual:
        manual.set_valve(False)
        manual.set_eht(False)
        manual.set_detector_hv(False)
        manual.bring_up()
        beam = manual.devices.column.state()
        assert beam.eht_on and beam.valve_open and manual.devices.detector.state().hv_on
        manual.grab(FRAME)


@pytest.mark.parametrize("pressure_mbar", [5e-3, math.nan])
def test_nothing_is_brought_up_unless_the_pressure_is_low(run: TinyRun, pressure_mbar: float) -> None:
    with held(run) as manual:
        manual.set_valve(False)
        run.nature.chamber.pressure_mbar = pressure_mbar
        with pytest.raises(Interlocked, match="pressure"):
            manual.bring_up()
        assert not manual.devices.column.state().valve_open


# -- the stage -----------------------------------------------------------------------------


def test_a_way_moves_nothing_and_says_how_far_and_how_long(run: TinyRun) -> None:
    with held(run) as manual:
        before = manual.devices.stage.pose()
        way = manual.way_to(300.0, 400.0)
        assert manual.devices.stage.pose() == before == way.start
        assert way.distance_um == pytest.approx(500.0)
        assert len(way.path) == len(way.durations_s) == 1
        assert manual.go(way).x_um == pytest.approx(300.0, abs=2.0)


def test_from_the_mill_pose_the_way_leads_through_the_safe_plane(run: TinyRun) -> None:
    profile = run.plan.instrument
    with held(run) as manual:
        stage, mill = manual.devices.stage, profile.mill.pose(0.0)
        path = path_to_mill(stage.pose(), mill, profile.stage.safe_z_um)
        follow(stage, manual._microscope.model, path, PoseTolerance())
        way = manual.way_to(0.0, 0.0)
        assert [leg.z_um for leg in way.path][-1] == profile.stage.imaging_z_um
        assert way.path.index(next(leg for leg in way.path if leg.tilt_deg is not None)) < len(way.path) - 1
        assert manual.go(way).tilt_deg == pytest.approx(0.0, abs=0.05)


def test_a_way_out_of_reach_is_refused_and_nothing_moves(run: TinyRun) -> None:
    with held(run) as manual:
        before = manual.devices.stage.pose()
        with pytest.raises(OutOfRange):
            manual.way_to(1e6, 0.0)
        assert manual.devices.stage.pose() == before


def test_a_way_is_not_driven_once_the_stage_was_moved(run: TinyRun) -> None:
    with held(run) as manual:
        old = manual.way_to(300.0, 0.0)
        manual.go(manual.way_to(0.0, 300.0))
        with pytest.raises(Refused, match="was moved since"):
            manual.go(old)
        assert manual.devices.stage.pose().y_um == pytest.approx(300.0, abs=2.0)


def test_a_stop_ends_a_move_where_it_is_and_drives_no_further_leg(tmp_path: Path) -> None:
    run = slow_run(tmp_path)
    with held(run) as manual:
        way = manual.way_to(10 * SLOW_UM_PER_S, 0.0)
        threading.Timer(0.5, manual.stop_stage).start()
        began_s = time.monotonic()
        with pytest.raises(Halted):
            manual.go(way)
        assert time.monotonic() - began_s < 8.0
        x_um = manual.devices.stage.pose().x_um
        assert x_um is not None and 0.0 < x_um < 9 * SLOW_UM_PER_S
        time.sleep(0.1)
        assert manual.devices.stage.pose().x_um == x_um


# -- beginning and leaving ---------------------------------------------------------------------


def test_an_error_leaves_both_beams_blanked_and_the_stage_at_rest(tmp_path: Path) -> None:
    run = slow_run(tmp_path)
    with pytest.raises(ZeroDivisionError), held(run) as manual:
        manual.devices.stage.move(manual.way_to(5 * SLOW_UM_PER_S, 0.0).path[0])
        manual.devices.column.unblank()
        assert run.nature.column.on_wafer
        raise ZeroDivisionError
    assert run.nature.column.blanked and not run.nature.gun.open
    assert not run.nature.stage.moving(run.nature.clock.now_s())


def test_a_beam_that_somebody_left_on_is_blanked_first(run: TinyRun) -> None:
    run.nature.column.blanked = False
    with held(run) as manual:
        assert manual.devices.column.state().blanked


def test_what_cannot_be_left_safe_is_said(tmp_path: Path) -> None:
    dead = FaultScript((Fault(Device.STAGE, FaultKind.UNPLUGGED, AfterCalls(3)),))
    run = TinyRun.make(tmp_path, script=dead)
    with pytest.raises(Interlocked, match="stage"), held(run) as manual:
        for _ in range(4):
            manual.read()
    assert run.nature.column.blanked


def test_nothing_is_touched_while_another_program_holds_the_run(tmp_path: Path) -> None:
    plan = make_demo(tmp_path / "demo")
    with OwnerLock.of_run(plan.folder.root), pytest.raises(Locked), open_manual(plan):
        pass
    assert not plan.folder.journal_file.exists()


def test_an_instrument_in_use_is_refused_and_the_run_is_let_go(tmp_path: Path) -> None:
    plan = make_demo(tmp_path / "demo")
    plan.instrument_folder.mkdir(parents=True)
    lock = InstrumentLock(plan.instrument_folder / "instrument.lock")
    with lock.claim("somebody else"), pytest.raises(Busy, match="somebody else"), open_manual(plan):
        pass
    lock.release()
    with OwnerLock.of_run(plan.folder.root):
        pass


def test_an_instrument_is_opened_used_and_let_go_again(tmp_path: Path) -> None:
    plan = make_demo(tmp_path / "demo")
    with open_manual(plan) as manual:
        assert manual.read().silent == {}
        manual.grab(FrameSettings(128, 128, 10.0, 100.0))
        with pytest.raises(Locked), open_manual(plan):
            pass
    with OwnerLock.of_run(plan.folder.root):
        pass
    assert not has_begun(plan.folder)
    records = [row.record for row in JournalReader(plan.folder.journal_file).read()]
    assert [type(r) for r in records] == [DoseBooked]


def test_a_run_has_not_begun_by_what_was_done_by_hand(tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path, tiny_project())
    with held(run) as manual:
        manual.grab(FRAME)
    assert not brief(run.plan, SITE).begun and not has_begun(run.plan.folder)
    with run.start() as program:
        program.rig.record(RunOpened("0", "host", 1))
    assert brief(run.plan, SITE).begun and has_begun(run.plan.folder)


def test_setters_do_not_hide_what_a_device_refuses(tmp_path: Path) -> None:
    dead = FaultScript((Fault(Device.GUN, FaultKind.REFUSED, AfterCalls(0), n_times=99),))
    run = TinyRun.make(tmp_path, script=dead)
    with held(run) as manual, pytest.raises(HardwareError):
        manual.set_gun_hv(False)
