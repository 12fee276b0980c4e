"""The twin's devices: protocols, read-back, and what optics and beam do to frames."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hardware import protocols
from hardware.errors import BadFrame, HardwareError, OutOfRange, Refused
from hardware.optics import StigmatorFrame, stigmators_of
from hardware.simulator.config import ColumnSettings, TwinSettings
from hardware.simulator.tiny import TINY_FRAME, tiny_settings
from hardware.simulator.truth import FrameTruth, IdleExposureTruth, Record
from hardware.types import DetectorState, FrameSettings, Optics, Raster, StagePose
from tests.hardware.simulator.stations import Station, come_back, drive, go_to_mill, station


def frames(truth: list[Record]) -> list[FrameTruth]:
    return [record for record in truth if isinstance(record, FrameTruth)]


def with_column(**changes: object) -> TwinSettings:
    tiny = tiny_settings()
    column = ColumnSettings.model_validate({**tiny.column.model_dump(), **changes})
    return tiny.model_copy(update={"column": column})


def shoot(at: Station, settings: FrameSettings = TINY_FRAME) -> np.ndarray:
    at.devices.column.unblank()
    try:
        return at.devices.scanner.acquire(settings).image
    finally:
        at.devices.column.blank()


def test_every_device_satisfies_its_protocol() -> None:
    devices = station().devices
    assert isinstance(devices.clock, protocols.Clock)
    assert isinstance(devices.column, protocols.ElectronColumn)
    assert isinstance(devices.scanner, protocols.Scanner)
    assert isinstance(devices.detector, protocols.Detector)
    assert isinstance(devices.stage, protocols.Stage)
    assert isinstance(devices.gun, protocols.IonGun)
    assert isinstance(devices.ion_current, protocols.IonCurrentMeter)
    assert isinstance(devices.raster, protocols.WaveformGenerator)
    assert isinstance(devices.chamber, protocols.Chamber)
    assert isinstance(devices.cleaner, protocols.PlasmaCleaner)
    assert isinstance(station().blanker, protocols.IonBlanker)


def test_set_points_read_back() -> None:
    devices = station().devices
    optics = Optics(4_510.0, 1.5, -2.0)
    devices.column.set_optics(optics)
    devices.column.set_beam_shift_um(3.0, -4.0)
    assert devices.column.optics() == optics
    assert devices.column.beam_shift_um() == (3.0, -4.0)
    devices.column.set_eht(False)
    devices.column.set_valve(False)
    state = devices.column.state()
    assert (state.eht_on, state.valve_open, state.blanked) == (False, False, True)
    devices.detector.restore(DetectorState(True, 1.2, 0.1))
    assert devices.detector.state() == DetectorState(True, 1.2, 0.1)
    devices.detector.make_safe()
    assert devices.detector.state().safe
    devices.gun.set_hv(True)
    assert devices.gun.state().hv_on


@pytest.mark.parametrize(
    "optics", [Optics(10.0, 0.0, 0.0), Optics(4_500.0, 99.0, 0.0), Optics(math.nan, 0.0, 0.0)]
)
def test_optics_outside_the_limits_change_nothing(optics: Optics) -> None:
    devices = station().devices
    before = devices.column.optics()
    with pytest.raises(OutOfRange, match="electron column"):
        devices.column.set_optics(optics)
    assert devices.column.optics() == before


def test_an_amplitude_beyond_the_generator_is_out_of_range() -> None:
    with pytest.raises(OutOfRange):
        station().devices.raster.configure(Raster(25.0, 1.0))


def test_a_frame_says_how_it_was_taken() -> None:
    at = station()
    at.devices.column.unblank()
    frame = at.devices.scanner.acquire(TINY_FRAME)
    assert frame.image.shape == (64, 64)
    assert frame.image.dtype == np.uint8
    assert frame.optics == at.devices.column.optics()
    assert frame.stage == at.devices.stage.pose()
    assert frame.scanned_at_s == frames(at.truth)[0].scanned_at_s


def test_sixteen_bits_stay_sixteen_bits() -> None:
    image = shoot(station(), FrameSettings(64, 64, 10.0, 50.0, bit_depth=16))
    assert image.dtype == np.uint16
    assert image.max() > 255


def test_a_frame_takes_its_dwell_times_and_flybacks() -> None:
    at = station(with_column(line_flyback_us=100.0, frame_flyback_ms=7.0))
    settings = FrameSettings(100, 200, 10.0, 1_000.0)
    shoot(at, settings)
    assert at.devices.clock.now_s() == pytest.approx(0.02 + 0.02 + 0.007)


def test_seeds_reproduce_frames_bit_by_bit() -> None:
    def take(seed: int) -> list[np.ndarray]:
        at = station(tiny_settings(seed))
        drive(at.devices, StagePose(x_um=3.0, y_um=2.0))
        return [shoot(at), shoot(at)]

    first, second, other = take(1), take(1), take(2)
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("lost", ["eht", "valve", "blanked", "detector"])
def test_without_beam_or_detector_frames_are_dark(lost: str) -> None:
    at = station()
    bright = shoot(at)
    devices = at.devices
    devices.column.unblank()
    if lost == "eht":
        devices.column.set_eht(False)
    elif lost == "valve":
        devices.column.set_valve(False)
    elif lost == "blanked":
        devices.column.blank()
    else:
        devices.detector.make_safe()
    dark = devices.scanner.acquire(TINY_FRAME).image
    assert bright.mean() > 100
    assert dark.max() < 10


def test_the_truth_knows_the_residuals() -> None:
    at = station(with_column(drift_wd_um_per_h=0.0))
    shoot(at)
    start = frames(at.truth)[0]
    optics = at.devices.column.optics()
    at.devices.column.set_optics(optics.shifted(wd_um=7.0, stig_x=0.5, stig_y=-0.25))
    shoot(at)
    changed = frames(at.truth)[1]
    assert changed.residual_wd_um - start.residual_wd_um == pytest.approx(7.0)
    assert changed.residual_stig_x == pytest.approx(0.5)
    assert changed.residual_stig_y == pytest.approx(-0.25)
    assert changed.section == "S001"
    assert changed.dose_per_nm2 == pytest.approx(TINY_FRAME.electron_dose_per_nm2(1.8))


def test_raising_the_stage_shortens_the_true_working_distance() -> None:
    at = station()
    shoot(at)
    drive(at.devices, StagePose(z_um=25_510.0))
    shoot(at)
    before, after = frames(at.truth)
    assert after.residual_wd_um - before.residual_wd_um == pytest.approx(10.0, abs=1e-3)


def test_a_lens_needs_time_to_settle() -> None:
    at = station(with_column(lens_settling_s=10.0))
    shoot(at)
    start_s = at.devices.clock.now_s()
    at.devices.column.set_optics(at.devices.column.optics().shifted(wd_um=20.0))
    assert at.devices.clock.now_s() - start_s >= 50.0
    shoot(at)
    before, after = frames(at.truth)
    assert 19.9 < after.residual_wd_um - before.residual_wd_um < 20.0


def test_astigmatism_and_focus_drift_after_each_mill() -> None:
    at = station()
    seen = []
    for _ in range(4):
        shoot(at)
        go_to_mill(at.devices)
        come_back(at.devices)
        seen.append((frames(at.truth)[-1].residual_stig_x, frames(at.truth)[-1].residual_stig_y))
    assert len(set(seen)) == 4
    steps = np.abs(np.diff(np.array(seen), axis=0))
    assert steps.max() <= at.nature.settings.column.drift_stig_per_trip


@pytest.mark.parametrize(("along", "seen"), [(12.0, (0.0, 0.25)), (-12.0, (0.8, 1.1))])
def test_astigmatism_blurs_along_one_axis_of_the_image(along: float, seen: tuple[float, float]) -> None:
    """With defocus z and astigmatism ax = z the probe is a line along x; with ax = -z along y."""
    frame = StigmatorFrame(4.0, 30.0)
    at = station(with_column(stigmator_um_per_unit=4.0, stigmator_rotation_deg=30.0))
    settings = FrameSettings(628, 64, 10.0, 800.0)
    sharp = upright_wave(shoot(at, settings))
    x, y = stigmators_of(along, 0.0, frame, 0.0)
    at.devices.column.set_optics(at.devices.column.optics().shifted(wd_um=12.0, stig_x=x, stig_y=y))
    blurred = upright_wave(shoot(at, settings))
    assert seen[0] <= blurred / sharp <= seen[1]


def upright_wave(image: np.ndarray) -> float:
    """Amplitude of the ripples that run along x at 20 rad/um."""
    x_um = 0.01 * np.arange(image.shape[1])
    return float(abs((image.mean(axis=0) * np.exp(-20j * x_um)).mean()))


def test_an_idle_beam_on_the_wafer_is_told() -> None:
    at = station()
    at.devices.column.unblank()
    at.devices.clock.sleep(3.0)
    at.devices.column.blank()
    idle = [record for record in at.truth if isinstance(record, IdleExposureTruth)]
    assert [record.duration_s for record in idle] == [3.0]
    assert idle[0].electrons == pytest.approx(3.0 * 1.8e-9 / 1.602e-19, rel=1e-3)


def test_the_beam_is_not_idle_while_a_frame_is_scanned() -> None:
    at = station()
    for _ in range(3):
        shoot(at)
    assert not [record for record in at.truth if isinstance(record, IdleExposureTruth)]


def test_after_the_whole_thickness_the_wafer_shows_dark() -> None:
    at = station()
    at.nature.mill.charge_uc_per_um2 += 1.0
    assert shoot(at).max() < 40
    assert shoot(at).mean() < 10


def test_the_cleaner_refuses_under_the_beam() -> None:
    at = station()
    assert at.devices.cleaner is not None
    at.devices.column.unblank()
    with pytest.raises(Refused, match="plasma cleaner"):
        at.devices.cleaner.clean(10.0, 60.0)
    at.devices.column.blank()
    at.devices.cleaner.clean(10.0, 60.0)
    assert at.devices.clock.now_s() == pytest.approx(60.0)


def test_the_gas_of_the_gun_raises_the_pressure_and_it_recovers() -> None:
    at = station()
    base = at.devices.chamber.pressure_mbar()
    at.devices.gun.set_hv(True)
    at.devices.clock.sleep(100.0)
    loaded = at.devices.chamber.pressure_mbar()
    at.devices.gun.set_hv(False)
    at.devices.clock.sleep(5.0)
    recovering = at.devices.chamber.pressure_mbar()
    at.devices.clock.sleep(200.0)
    assert loaded > 5 * base
    assert base < recovering < loaded
    assert at.devices.chamber.pressure_mbar() == pytest.approx(base, rel=1e-3)


def test_errors_say_where_what_and_what_to_do() -> None:
    with pytest.raises(HardwareError) as caught:
        station().devices.stage.check(StagePose(z_um=-5.0))
    assert str(caught.value) == "stage: z_um = -5 is outside 0 to 29000. Choose a value inside."


def test_a_constant_frame_is_no_frame() -> None:
    at = station()
    at.devices.detector.restore(DetectorState(True, 1.0, 5.0))
    at.devices.column.unblank()
    with pytest.raises(BadFrame, match="one value"):
        at.devices.scanner.acquire(TINY_FRAME)
