"""What every driver must keep, the twin included."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from hardware import protocols
from hardware.chamber_model import ChamberModel
from hardware.claim import InstrumentLock
from hardware.errors import HardwareError, OutOfRange
from hardware.guard.client import GuardClient
from hardware.guard.log import read_openings
from hardware.guard.messages import Why
from hardware.interlocks import MillLimits
from hardware.microscope import Devices, Microscope
from hardware.milling import end_mill, prepare_mill
from hardware.protocols import IonBlanker
from hardware.registry import blanker_target
from hardware.types import Blanker, FrameSettings, Optics, Preamplifier, Range, Raster, StagePose
from scopeacq.engine.imaging import as_asked
from tests.contracts.drivers import DRIVERS

AXES = tuple(f.name for f in fields(StagePose))
TINY = FrameSettings(96, 64, 10.0, 100.0)
NEARBY = {"x_um": 40.0, "y_um": -30.0, "z_um": -500.0, "tilt_deg": 0.5, "rotation_deg": 2.0}


@pytest.fixture(params=DRIVERS)
def devices(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Devices]:
    """A freshly connected instrument, both beams blanked."""
    connected = DRIVERS[request.param](tmp_path)
    yield connected
    connected.close()


def outside(allowed: Range) -> tuple[float, ...]:
    return allowed.low - 1.0, allowed.high + 1.0, math.nan


def refused(error: HardwareError) -> None:
    """A typed error says what is wrong and what to do, in two sentences at most."""
    assert error.what and error.advice and str(error).count("\n") == 0
    assert str(error).endswith(".")


def line_of(devices: Devices) -> IonBlanker:
    """One more end of the line that the guard will use."""
    module, _, function = blanker_target(devices.blanker.driver).partition(":")
    return cast(IonBlanker, getattr(import_module(module), function)(devices.blanker.settings))


def test_every_device_has_its_capability(devices: Devices) -> None:
    assert isinstance(devices.clock, protocols.Clock)
    assert isinstance(devices.column, protocols.ElectronColumn)
    assert isinstance(devices.scanner, protocols.Scanner)
    assert isinstance(devices.detector, protocols.Detector)
    assert isinstance(devices.stage, protocols.Stage)
    assert isinstance(devices.gun, protocols.IonGun)
    assert isinstance(devices.ion_current, protocols.IonCurrentMeter)
    assert isinstance(devices.raster, protocols.WaveformGenerator)
    assert isinstance(devices.chamber, protocols.Chamber)
    assert devices.cleaner is None or isinstance(devices.cleaner, protocols.PlasmaCleaner)
    meter, source = devices.irradiation_meter, devices.irradiation_source
    assert meter is None or isinstance(meter, protocols.IrradiationMeter)
    assert source is None or isinstance(source, protocols.IrradiationSource)
    assert isinstance(line_of(devices), protocols.IonBlanker)


def test_it_begins_with_both_beams_blanked(devices: Devices) -> None:
    assert devices.column.state().blanked
    assert line_of(devices).state() is Blanker.BLANKED


def test_time_passes_when_slept(devices: Devices) -> None:
    before_s = devices.clock.now_s()
    devices.clock.sleep(0.05)
    assert devices.clock.now_s() - before_s >= 0.05
    assert devices.clock.pace > 0 and devices.clock.longest_step_s(1_000.0) > 0


# --- column, scanner, detector ---


def test_column_settings_read_back(devices: Devices) -> None:
    column, wanted = devices.column, Optics(4_510.0, 1.0, -1.5)
    column.set_optics(wanted)
    column.set_beam_shift_um(2.0, -3.0)
    assert column.optics() == wanted and column.beam_shift_um() == pytest.approx((2.0, -3.0))
    for blanked in (False, True):
        column.blank() if blanked else column.unblank()
        assert column.state().blanked is blanked
    column.set_eht(False)
    column.set_valve(False)
    assert not column.state().eht_on and not column.state().valve_open


@pytest.mark.parametrize("name", ["wd_um", "stig_x", "stig_y"])
def test_optics_outside_their_limits_change_nothing(devices: Devices, name: str) -> None:
    before = devices.column.optics()
    for value in outside(devices.column.optics_limits[name]):
        with pytest.raises(OutOfRange) as error:
            devices.column.set_optics(replace(before, **{name: value}))
        refused(error.value)
    assert devices.column.optics() == before


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_a_frame_is_complete_and_as_it_was_set(devices: Devices, bit_depth: int) -> None:
    # not round: a calibrated scan is told such, and read back to within what the device rounds to
    settings = replace(
        TINY, bit_depth=bit_depth, pixel_size_nm=TINY.pixel_size_nm / 1.0123, scan_rot_deg=353.98765
    )
    before_s = devices.clock.now_s()
    devices.column.unblank()
    frame = devices.scanner.acquire(settings)
    devices.column.blank()
    assert frame.image.shape == (settings.height_px, settings.width_px)
    assert frame.image.dtype == (np.uint8 if bit_depth == 8 else np.uint16)
    assert as_asked(frame.settings, settings) and frame.optics == devices.column.optics()
    assert frame.stage == devices.stage.pose()
    assert before_s <= frame.scanned_at_s <= devices.clock.now_s()
    assert devices.clock.now_s() - before_s >= settings.duration_s


def test_an_abort_without_a_scan_is_no_error(devices: Devices) -> None:
    devices.scanner.abort()


def test_the_detector_is_made_safe_and_restored(devices: Devices) -> None:
    before = replace(devices.detector.state(), hv_on=True)
    devices.detector.restore(before)
    devices.detector.make_safe()
    assert devices.detector.state().safe
    devices.detector.restore(before)
    assert devices.detector.state() == before


# --- stage ---


@pytest.mark.parametrize("axis", AXES)
def test_a_partial_pose_leaves_the_other_axes_alone(devices: Devices, axis: str) -> None:
    devices.stage.move(StagePose(z_um=6_000.0)).wait(1e4)
    before = devices.stage.pose()
    target = StagePose(**{axis: getattr(before, axis) + NEARBY[axis]})
    arrived = devices.stage.move(target).wait(1e4)
    wanted = target.over(before)
    assert arrived == devices.stage.pose()
    for name in AXES:
        assert getattr(arrived, name) == pytest.approx(getattr(wanted, name), abs=0.5)
    assert getattr(arrived, axis) != getattr(before, axis)


@pytest.mark.parametrize("axis", AXES)
def test_poses_outside_the_limits_move_nothing(devices: Devices, axis: str) -> None:
    before = devices.stage.pose()
    for value in outside(devices.stage.limits[axis]):
        for call in (devices.stage.check, devices.stage.move):
            with pytest.raises(OutOfRange) as error:
                call(StagePose(**{axis: value}))
            refused(error.value)
    assert devices.stage.pose() == before


def test_a_stopped_stage_stands_where_it_is(devices: Devices) -> None:
    start = devices.stage.pose()
    motion = devices.stage.move(StagePose(z_um=6_000.0))
    devices.clock.sleep(1.0)
    devices.stage.stop()
    stopped = devices.stage.pose()
    devices.clock.sleep(60.0)
    assert devices.stage.pose() == stopped and motion is not None
    assert start.z_um is not None and stopped.z_um is not None
    assert 6_000.0 < stopped.z_um <= start.z_um


def test_a_move_keeps_its_own_estimate(devices: Devices) -> None:
    target = StagePose(z_um=6_000.0)
    estimate_s, before_s = devices.stage.duration_s(target), devices.clock.now_s()
    motion = devices.stage.move(target)
    motion.wait(2 * estimate_s + 1.0)
    assert motion.done() and devices.clock.now_s() - before_s <= 2 * estimate_s + 1.0


# --- ion gun ---


def test_the_guns_high_voltage_reads_back(devices: Devices) -> None:
    for on in (True, False):
        devices.gun.set_hv(on)
        assert devices.gun.state().hv_on is on


def test_the_raster_reads_back_in_high_impedance(devices: Devices) -> None:
    raster = Raster(8.0, 4.0, 100.0, 1.0)
    devices.raster.configure(raster)
    state = devices.raster.state()
    assert state.raster == raster and math.isinf(state.load_ohm)
    for running in (True, False):
        devices.raster.start() if running else devices.raster.stop()
        assert devices.raster.state().running is running


@pytest.mark.parametrize("name", ["x_vpp", "y_vpp"])
def test_amplitudes_beyond_the_generator_change_nothing(devices: Devices, name: str) -> None:
    devices.raster.configure(Raster(8.0, 4.0))
    for value in (-1.0, 21.0, math.nan):
        with pytest.raises(OutOfRange) as error:
            devices.raster.configure(replace(Raster(8.0, 4.0), **{name: value}))
        refused(error.value)
    assert devices.raster.state().raster == Raster(8.0, 4.0)


def test_the_faraday_cup_answers_only_while_the_beam_is_blanked(devices: Devices) -> None:
    devices.gun.set_hv(True)
    reading = devices.ion_current.measure()
    assert reading.current_na > 0 and 0 <= reading.at_s <= devices.clock.now_s()
    line = line_of(devices)
    line.open()
    try:
        with pytest.raises(HardwareError) as error:
            devices.ion_current.measure()
        refused(error.value)
    finally:
        line.blank()
    assert devices.ion_current.measure().at_s >= reading.at_s


def test_the_irradiation_meter_reads_volts_and_when(devices: Devices) -> None:
    meter = devices.irradiation_meter
    if meter is None:
        pytest.skip("this instrument has no irradiation meter")
    wanted = Preamplifier(1e-4, inverted=True)
    assert meter.configure(wanted) in (None, wanted)
    first = meter.read()
    devices.clock.sleep(1.0)
    assert math.isfinite(first.volts) and first.at_s < meter.read().at_s <= devices.clock.now_s()
    with pytest.raises(OutOfRange):
        meter.configure(Preamplifier(0.0, inverted=True))


def test_the_irradiation_gun_can_be_switched_off_and_not_on(devices: Devices) -> None:
    source = devices.irradiation_source
    if source is None:
        pytest.skip("no program switches this instrument's irradiation gun")
    source.switch_off()
    assert not source.beam_on()


def test_the_chamber_pressure_is_a_pressure(devices: Devices) -> None:
    assert 0 < devices.chamber.pressure_mbar() < 1_100


def test_cleaning_takes_its_time(devices: Devices) -> None:
    if devices.cleaner is None:
        pytest.skip("this instrument has no plasma cleaner")
    before_s = devices.clock.now_s()
    devices.cleaner.clean(10.0, 30.0)
    assert devices.clock.now_s() - before_s >= 30.0


# --- the ion blanker ---


def test_the_line_opens_and_blanks_and_reads_back(devices: Devices) -> None:
    line = line_of(devices)
    for _ in range(2):
        line.open()
        assert line.state() is Blanker.OPEN
        line.blank()
        assert line.state() is Blanker.BLANKED
        line.blank()
        assert line.state() is Blanker.BLANKED


def test_a_mill_pass_is_proven_opened_and_ended_by_the_guard(devices: Devices, tmp_path: Path) -> None:
    devices.gun.set_hv(True)
    lock = InstrumentLock(tmp_path / "lock")
    with GuardClient.start(devices.blanker, MillLimits(), tmp_path / "log") as guard:
        microscope = Microscope(devices, guard, ChamberModel(), lock)
        proof = prepare_mill(
            microscope, StagePose(0.0, 0.0, 5_000.0, 30.0, 120.0), Raster(8.0, 4.0), 6_000.0
        )
        guard.open(proof, "pass", 10.0, proof.at_s)
        devices.clock.sleep(1.0)
        guard.heartbeat(devices.clock.now_s())
        assert guard.state() is Blanker.OPEN
        assert end_mill(microscope).pass_id == "pass"
        assert line_of(devices).state() is Blanker.BLANKED and not devices.raster.state().running
        assert microscope.safe_state().safe
    (opening,) = read_openings(tmp_path / "log")
    assert opening.why is Why.ASKED
    lock.release()


OPEN_AND_STAY = """
import json, sys
from importlib import import_module
module, _, function = sys.argv[1].partition(":")
line = getattr(import_module(module), function)(json.loads(sys.argv[2]))
line.open()
print(line.state().value, flush=True)
sys.stdin.read()
"""


def test_the_line_fails_closed_when_the_process_that_holds_it_is_killed(devices: Devices) -> None:
    observer = line_of(devices)
    with other_process(blanker_target(devices.blanker.driver), devices.blanker.settings) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "open\n"
        assert observer.state() is Blanker.OPEN
        holder.kill()
        until_s = time.monotonic() + 2.0
        while observer.state() is not Blanker.BLANKED and time.monotonic() < until_s:
            time.sleep(0.02)
    assert observer.state() is Blanker.BLANKED


def other_process(target: str, settings: Mapping[str, object]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_STAY, target, json.dumps(dict(settings))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
