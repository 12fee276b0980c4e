"""What could move, open or leave on something that nobody wants: each of these went wrong once."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from calibration.irradiation import PROCEDURE as IRRADIATION
from calibration.irradiation.log import ReadingLog
from calibration.irradiation.settings import IrradiationSettings
from calibration.irradiation.station import Station
from calibration.keeping import NotPutBack, as_found
from calibration.scan.fit import fit_scan
from calibration.scan.lens_fit import Likeness, fit_lens
from calibration.scan.result import Found, _verdict
from calibration.sitting import calibrate
from calibration.watching import Home
from hardware.errors import ConnectionLost, Halted, HardwareError, Refused
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.types import Optics, Preamplifier, VoltReading
from scopeacq.burning import Agreed, Burner, Mark
from scopeacq.journal.journal import JournalError
from scopeacq.journal.records import BurnBegin, MillDone, Record
from scopeacq.plan.accepting import accept, undo
from scopeacq.plan.as_found import left_changed
from scopeacq.plan.burn_place import pose_for
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Profile, Verdict
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.new_run import write_run
from scopeacq.plan.profiles import CalibrationRefused, with_values
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.scan_law import ScanLaw
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles
from tests.calibration.benches import Listener, bench_on
from tests.calibration.burn_twin import mounted_run
from tests.calibration.test_scan import simulated
from tests.calibration.tiny_procedure import PROCEDURE, TinySettings
from tests.scenarios.harness import TinyRun
from tests.scenarios.life import Killed, Life
from tests.scopeacq.manual_bench import held

STAGE = CalibrationKind.STAGE
AGREED = Agreed(consent=True, charge_limit_uc=1.0, clearance_um=300.0)


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    return mounted_run(tmp_path)


# -- putting back ------------------------------------------------------------------------------


def test_a_stop_of_the_stage_holds_though_nothing_was_left_to_be_stopped(run: TinyRun) -> None:
    """Pressed while the last fit ran: the measurement ends well, and the stage stays all the same."""
    with held(run) as manual:
        manual.begin(threading.Event())
        with (
            pytest.raises(NotPutBack, match="stays where it was stopped"),
            as_found(manual, STAGE, DiskFiles()),
        ):
            manual.go(manual.way_to(300.0, -200.0))
            manual.stop_stage()
        assert manual.devices.stage.pose().x_um == pytest.approx(300.0, abs=2.0)
    assert left_changed(run.plan.instrument_folder) is not None


def test_a_kill_after_a_device_failed_does_not_have_the_next_calibration_drive(
    run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with suppress(Killed), held(run) as manual, as_found(manual, STAGE, DiskFiles()):
        manual.go(manual.way_to(300.0, -200.0))
        monkeypatch.setattr(manual.imager, "blank", die)
        raise Refused("stage", "it refused")
    left = left_changed(run.plan.instrument_folder)
    assert left is not None and "it refused" in left.failed
    with held(run) as manual, pytest.raises(Refused, match="calibrate restore"):
        calibrate(PROCEDURE, TinySettings(), run.plan, Listener(), manual)
    assert run.nature.stage.reported(run.nature.now_s).x_um == pytest.approx(300.0, abs=2.0)


def test_a_stage_that_fails_on_its_way_back_has_nothing_switched_on_after_it(run: TinyRun) -> None:
    with held(run) as manual:
        with pytest.raises(NotPutBack, match="EHT stays off"), as_found(manual, STAGE, DiskFiles()):
            manual.go(manual.way_to(300.0, -200.0))
            manual.set_eht(False)
            fault = Fault(Device.STAGE, FaultKind.REFUSED, AfterCalls(1))
            run.nature.faults = FaultDesk(FaultScript((fault,)), run.nature.meter_rng)
        assert not manual.devices.column.state().eht_on


# -- burning -----------------------------------------------------------------------------------


def test_a_mark_of_less_than_a_frame_is_refused_in_words(run: TinyRun) -> None:
    mark = Mark(0, pose_for(run.plan.instrument.mill, (0.0, 6000.0)), (0.6, 0.6), 0.02)
    with held(run) as manual, pytest.raises(SettingsError, match=r"mark 1: .* less than one frame"):
        Burner(manual, manual.microscope, manual.journal, "calibrations/ion-beam/now").burn(mark, AGREED)


def test_a_gun_that_gives_more_than_its_profile_says_burns_no_mark_of_less_than_a_frame(
    run: TinyRun,
) -> None:
    mark = Mark(0, pose_for(run.plan.instrument.mill, (0.0, 6000.0)), (0.6, 0.6), 0.04)
    run.nature.gun.settings = run.nature.gun.settings.model_copy(update={"current_na": 50.0})
    with held(run) as manual, pytest.raises(Refused, match="one frame of the raster gives more"):
        Burner(manual, manual.microscope, manual.journal, "calibrations/ion-beam/now").burn(mark, AGREED)
    assert not [r for r in run.records() if isinstance(r, BurnBegin)] and not run.nature.gun.open


# -- irradiating -------------------------------------------------------------------------------


@dataclass
class Gun:
    """An irradiation gun that is on, and does not say so."""

    on: bool = True
    lost: bool = False

    def beam_on(self) -> bool:
        if self.lost:
            raise ConnectionLost("irradiation gun", "it does not answer")
        return self.on

    def switch_off(self) -> None:
        self.on = False


@dataclass
class Meter:
    """A meter with a clock and volts of its own."""

    at_s: float = 100.0
    volts: float = 0.5
    broken: bool = False

    def configure(self, preamplifier: Preamplifier) -> Preamplifier | None:
        if self.broken:
            raise ConnectionLost("irradiation meter", "it does not answer")
        return preamplifier

    def read(self) -> VoltReading:
        self.at_s += 1.0
        return VoltReading(self.volts, self.at_s)


@dataclass
class Time:
    """A clock that sleeping moves on."""

    at_s: float = 100.0
    pace: float = 1.0

    def now_s(self) -> float:
        return self.at_s

    def sleep(self, duration_s: float) -> None:
        self.at_s += duration_s

    def longest_step_s(self, whole_s: float) -> float:
        return whole_s


def station(folder: Path, gun: Gun, meter: Meter) -> Station:
    return Station(meter, gun, Time(), ReadingLog.read(folder, DiskFiles()), 1.0)


def test_an_irradiation_gun_that_does_not_answer_is_told_to_switch_off_all_the_same(tmp_path: Path) -> None:
    gun = Gun(lost=True)
    with pytest.raises(KeyboardInterrupt) as why, station(tmp_path, gun, Meter()).never_unwatched():
        raise KeyboardInterrupt
    assert not gun.on
    assert "is not known" in why.value.__notes__[0] and "by hand" in why.value.__notes__[1]


def test_a_meter_that_cannot_be_set_up_leaves_no_beam_on_that_a_dead_program_left(run: TinyRun) -> None:
    gun = Gun()
    with held(run) as manual:
        devices = replace(manual.devices, irradiation_meter=Meter(broken=True), irradiation_source=gun)
        log = ReadingLog.read(run.plan.folder.root / "readings", DiskFiles())
        with pytest.raises(ConnectionLost):
            Station.of(devices, IrradiationSettings(), log)
    assert not gun.on


@pytest.mark.parametrize("meter", [Meter(volts=float("nan")), Meter(at_s=5.0), Meter(at_s=float("inf"))])
def test_readings_that_count_for_nothing_end_the_watch(tmp_path: Path, meter: Meter) -> None:
    """A clock that was set back, or no number: the target would never be reached."""
    watch = station(tmp_path, Gun(), meter)
    watch.log.add(VoltReading(0.5, 99.0))
    with pytest.raises(HardwareError, match="irradiation meter"):
        for _ in range(20):
            watch.take()
    assert len(watch.log) == 1


class Stopping(Listener):
    """An audience that stops at once."""

    def told(self, share: float, saying: str) -> None:
        raise Halted("irradiation", "stopped")


def test_an_irradiation_that_was_left_unended_is_not_forgotten_by_the_next(run: TinyRun) -> None:
    """Begun anew, as after an edit of the wafer: the same sections would get all of it once more."""
    top, audience = run.plan.folder.root / "irradiation", Stopping()
    left = ReadingLog.read(top / "20260101-000000" / "readings", DiskFiles())
    left.add(VoltReading(0.5, 1.0))
    with held(run) as manual:
        bench = bench_on(manual, run.plan, top / "20260102-000000", audience=audience)
        with pytest.raises(Halted):
            IRRADIATION.measure(bench, IrradiationSettings())
    assert len(audience.calls) == 1 and "20260101-000000 was not ended" in audience.calls[0]


# -- scanning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("noise", "good"), [(1e-5, True), (1e-2, False), (math.nan, False)])
def test_a_scan_is_not_judged_by_its_moves_alone(run: TinyRun, noise: float, good: bool) -> None:
    """What the lens adds is counted in all frames: known badly, it has doses and places wrong off focus."""
    rng = np.random.default_rng(0)
    wds_um = np.linspace(-30.0, 30.0, 9)
    seen = [Likeness(1.0 + noise * float(rng.standard_normal()), 0.0, (0.0, 0.0)) for _ in wds_um]
    fit = fit_scan(simulated(ScanLaw(1.02, 1.0), 0.0, 1.0, 0.01, rng), rng, 0.01)
    found = Found(fit, fit_lens(wds_um, seen), 60, Home(0.0, 0.0, Optics(4500.0, 0.0, 0.0)))
    assert _verdict(found).good == good


@pytest.mark.parametrize("per_um", [-0.01, -0.0021, 0.0021, 0.01])
def test_no_profile_has_pixels_vanish_at_a_working_distance(run: TinyRun, per_um: float) -> None:
    """An ideal lens of 4.5 mm has 0.0002 per um; ten times that is none."""
    with pytest.raises(CalibrationRefused, match="magnification_per_um"):
        with_values(run.plan.instrument, {"scan.magnification_per_um": per_um})


# -- accepting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["electron.wd_at_z0_um", "stage.rotation_centre_x_um", "stage.rotation_centre_y_um"]
)
def test_no_profile_moves_the_pole_piece_by_which_collisions_are_foreseen(run: TinyRun, key: str) -> None:
    with pytest.raises(CalibrationRefused, match="collisions"):
        with_values(run.plan.instrument, {key: 45_000.0})


def on_file(plan: Plan, kind: CalibrationKind, key: str, value: float) -> Path:
    """A profile that was measured in a run, of one value."""
    profile = Profile(
        kind=kind,
        measured_at=datetime(2026, 3, 1, tzinfo=UTC),
        machine=plan.instrument.name,
        software="0",
        verdict=Verdict(good=True),
        values=(CalibratedValue(key=key, value=value),),
    )
    file = plan.folder.root / "calibrations" / kind.value / "now" / "profile.toml"
    file.parent.mkdir(parents=True)
    file.write_text(to_toml(profile))
    return file


def die_between_mills(run: TinyRun) -> None:
    """One pass of the first cycle is done and the other one ahead when the program dies."""
    life = Life()

    def look(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, MillDone) for r in records):
            life.end()

    run.on_commit = look
    with suppress(Killed, OSError, HardwareError, JournalError), run.start(life) as program:
        program.engine.run()
    run.on_commit = None


def test_a_cycle_is_milled_to_its_end_by_the_gun_that_it_was_begun_with(run: TinyRun) -> None:
    """Accepted or undone between two passes, the azimuths would be cut at two places."""
    parts = run.plan.project, run.plan.wafer, run.plan.instrument
    run.plan.folder.root.rmdir()
    plan = write_run(run.plan.folder.root, *parts)
    gun, scale = CalibrationKind.ION_BEAM, CalibrationKind.RASTER
    raster = on_file(plan, scale, "mill.raster_um_per_volt", 1160.0)
    settling = on_file(plan, STAGE, "stage.settle_s", 0.1)
    run.plan = accept(plan, on_file(plan, gun, "mill.gun_elevation_deg", 0.1)).plan
    die_between_mills(run)
    with pytest.raises(CalibrationRefused, match="finish this cycle's milling first"):
        accept(run.plan, raster)
    with pytest.raises(CalibrationRefused, match="finish this cycle's milling first"):
        undo(run.plan, gun)
    run.plan = accept(run.plan, settling).plan
    with run.start() as program:
        program.engine.run()
    accept(undo(run.plan, gun).plan, raster)
    now = Instrument.read(run.plan.folder.instrument_file)
    assert now.stage.settle_s == 0.1
    assert (now.mill.gun_elevation_deg, now.mill.raster_um_per_volt) == (0.0, 1160.0)
