"""Each fault surfaces where it must: as its typed error, as a bad frame, or in a state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from hardware.errors import (
    BadFrame,
    BlankerUnknown,
    ConnectionLost,
    Deadline,
    HardwareError,
    Refused,
    StageTouch,
)
from hardware.simulator.faults import (
    FOREVER_S,
    VICTIMS,
    AfterCalls,
    AtRandom,
    AtTime,
    Device,
    Fault,
    FaultDesk,
    FaultKind,
    FaultScript,
)
from hardware.simulator.tiny import TINY_FRAME, tiny_settings, tiny_twin
from hardware.types import Blanker, Preamplifier, StagePose
from tests.hardware.simulator.stations import Station, drive, ready_to_open, station

NOW = AfterCalls(0)


def struck(device: Device, kind: FaultKind, n_times: int = 1, lasts_s: float = FOREVER_S) -> Station:
    return station(None, Fault(device, kind, NOW, n_times, lasts_s))


def call(at: Station, device: Device) -> object:
    """Any one call to the device."""
    devices, cleaner = at.devices, at.devices.cleaner
    meter, source = devices.irradiation_meter, devices.irradiation_source
    assert cleaner is not None and meter is not None and source is not None
    calls: dict[Device, Callable[[], object]] = {
        Device.COLUMN: devices.column.optics,
        Device.SCANNER: lambda: devices.scanner.acquire(TINY_FRAME),
        Device.DETECTOR: devices.detector.state,
        Device.STAGE: devices.stage.pose,
        Device.GUN: devices.gun.state,
        Device.ION_CURRENT: devices.ion_current.measure,
        Device.RASTER: devices.raster.state,
        Device.CHAMBER: devices.chamber.pressure_mbar,
        Device.CLEANER: partial(cleaner.clean, 10.0, 1.0),
        Device.IRRADIATION_METER: partial(meter.configure, Preamplifier(1e-4, True)),
        Device.IRRADIATION_SOURCE: source.beam_on,
    }
    return calls[device]()


@pytest.mark.parametrize("device", [d for d in Device if d is not Device.BLANKER])
def test_a_time_out_is_a_missed_deadline_once(device: Device) -> None:
    at = struck(device, FaultKind.TIMEOUT)
    with pytest.raises(Deadline, match=device.value):
        call(at, device)
    call(at, device)


@pytest.mark.parametrize("device", [d for d in Device if d is not Device.BLANKER])
def test_an_unplugged_device_is_a_lost_connection_until_plugged_in(device: Device) -> None:
    at = struck(device, FaultKind.UNPLUGGED, lasts_s=60.0)
    for _ in range(2):
        with pytest.raises(ConnectionLost, match=device.value):
            call(at, device)
    at.devices.clock.sleep(61.0)
    call(at, device)


@pytest.mark.parametrize("device", VICTIMS[FaultKind.REFUSED])
def test_a_refusal_is_refused(device: Device) -> None:
    with pytest.raises(Refused, match=device.value):
        call(struck(device, FaultKind.REFUSED), device)


def test_a_time_out_may_strike_after_the_deed() -> None:
    at = station(None, Fault(Device.COLUMN, FaultKind.TIMEOUT, NOW))
    with pytest.raises(Deadline):
        at.devices.column.unblank()
    assert not at.devices.column.state().blanked


def test_a_wrong_position_is_reported_by_the_stage() -> None:
    at = struck(Device.STAGE, FaultKind.WRONG_POSITION)
    assert drive(at.devices, StagePose(x_um=100.0)).x_um != 100.0
    assert drive(at.devices, StagePose(x_um=100.0)).x_um == 100.0


def test_a_touch_alarm_stops_the_stage() -> None:
    at = station(None, Fault(Device.STAGE, FaultKind.TOUCH_ALARM, AfterCalls(1)))
    with pytest.raises(StageTouch):
        drive(at.devices, StagePose(x_um=100.0))


def test_a_frozen_frame_is_a_bad_frame() -> None:
    at = station(None, Fault(Device.SCANNER, FaultKind.FROZEN_FRAME, AfterCalls(1)))
    at.devices.column.unblank()
    at.devices.scanner.acquire(TINY_FRAME)
    with pytest.raises(BadFrame, match="last one again"):
        at.devices.scanner.acquire(TINY_FRAME)
    at.devices.scanner.acquire(TINY_FRAME)


def test_a_truncated_frame_is_a_bad_frame() -> None:
    at = struck(Device.SCANNER, FaultKind.TRUNCATED_FRAME)
    with pytest.raises(BadFrame, match="truncated"):
        at.devices.scanner.acquire(TINY_FRAME)


def test_black_and_saturated_frames_are_handed_out_as_they_are() -> None:
    at = struck(Device.SCANNER, FaultKind.BLACK_FRAME)
    at.devices.column.unblank()
    assert at.devices.scanner.acquire(TINY_FRAME).image.max() < 10
    assert at.devices.scanner.acquire(TINY_FRAME).image.mean() > 100
    at = struck(Device.SCANNER, FaultKind.SATURATED_FRAME)
    at.devices.column.unblank()
    assert np.mean(at.devices.scanner.acquire(TINY_FRAME).image == 255) > 0.3


def test_trips_show_in_the_states() -> None:
    at = struck(Device.COLUMN, FaultKind.EHT_TRIP)
    assert not at.devices.column.state().eht_on
    at = struck(Device.COLUMN, FaultKind.VALVE_CLOSED)
    assert not at.devices.column.state().valve_open
    at = struck(Device.COLUMN, FaultKind.EMISSION_DECAY)
    assert at.devices.column.state().probe_current_na == pytest.approx(0.9)
    at = station(None, Fault(Device.GUN, FaultKind.GUN_TRIP, AtTime(5.0)))
    at.devices.gun.set_hv(True)
    at.devices.clock.sleep(6.0)
    assert not at.devices.gun.state().hv_on
    at = station(None, Fault(Device.RASTER, FaultKind.RASTER_STOPPED, AtTime(5.0)))
    with ready_to_open(at.devices):
        at.devices.clock.sleep(6.0)
        assert not at.devices.raster.state().running


def test_lost_vacuum_shuts_the_valve_and_the_gun_until_it_is_pumped() -> None:
    at = station(None, Fault(Device.CHAMBER, FaultKind.LOST_VACUUM, AtTime(5.0), lasts_s=60.0))
    at.devices.gun.set_hv(True)
    at.devices.clock.sleep(6.0)
    assert at.devices.chamber.pressure_mbar() > 1e-3
    assert not at.devices.column.state().valve_open
    assert not at.devices.gun.state().hv_on
    with pytest.raises(Refused, match="mbar"):
        at.devices.column.set_valve(True)
    at.devices.clock.sleep(300.0)
    at.devices.column.set_valve(True)


def test_gas_out_ends_the_ion_current() -> None:
    at = struck(Device.GUN, FaultKind.GAS_OUT, lasts_s=60.0)
    at.devices.gun.set_hv(True)
    assert at.devices.gun.state().gas_bar == 0.0
    assert at.devices.ion_current.measure().current_na == 0.0
    at.devices.clock.sleep(61.0)
    assert at.devices.ion_current.measure().current_na > 30.0


def test_a_blanker_that_does_not_answer_is_unknown() -> None:
    for kind in (FaultKind.TIMEOUT, FaultKind.UNPLUGGED):
        at = struck(Device.BLANKER, kind)
        with pytest.raises(BlankerUnknown):
            at.blanker.open()
    at = struck(Device.BLANKER, FaultKind.UNPLUGGED)
    assert at.blanker.state() is Blanker.UNKNOWN


def test_an_unplugged_blanker_cannot_be_opened() -> None:
    at = struck(Device.BLANKER, FaultKind.UNPLUGGED)
    with pytest.raises(BlankerUnknown):
        at.blanker.open()
    assert not at.nature.gun.open


def test_a_wrong_read_back_contradicts_the_blanker() -> None:
    at = station(None, Fault(Device.BLANKER, FaultKind.BLANKER_READBACK_WRONG, NOW))
    at.blanker.blank()
    assert at.blanker.state() is Blanker.OPEN
    assert at.blanker.state() is Blanker.BLANKED


def test_faults_strike_at_their_trigger() -> None:
    script = FaultScript(
        (
            Fault(Device.STAGE, FaultKind.REFUSED, AfterCalls(2), n_times=2),
            Fault(Device.GUN, FaultKind.TIMEOUT, AtTime(10.0)),
            Fault(Device.CHAMBER, FaultKind.TIMEOUT, AtRandom(0.5), n_times=1_000),
        )
    )
    desk = FaultDesk(script, np.random.default_rng(0))
    assert [bool(desk.strike(Device.STAGE, "stage.move", 0.0)) for _ in range(6)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert [bool(desk.strike(Device.GUN, "gun.read", t)) for t in (9.0, 11.0, 12.0)] == [False, True, False]
    assert 350 < sum(bool(desk.strike(Device.CHAMBER, "chamber.read", 0.0)) for _ in range(1_000)) < 650
    assert desk.next_instant_s(0.0) == math.inf


def test_a_fault_that_a_device_cannot_suffer_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot suffer"):
        Fault(Device.STAGE, FaultKind.EHT_TRIP, NOW)


def test_random_scripts_come_from_their_seed_and_reach_every_kind() -> None:
    def scripts(seed: int) -> list[FaultScript]:
        rng = np.random.default_rng(seed)
        return [FaultScript.random(rng) for _ in range(200)]

    assert scripts(3) == scripts(3)
    assert scripts(3) != scripts(4)
    assert {fault.kind for script in scripts(3) for fault in script.faults} == set(FaultKind)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_goes_wrong_is_a_hardware_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = station(tiny_settings(seed), *FaultScript.random(rng, max_calls=10).faults)
    for _ in range(60):
        device = list(Device)[rng.integers(len(Device))]
        try:
            if device is Device.BLANKER:
                at.blanker.open()
                at.blanker.blank()
            else:
                call(at, device)
        except HardwareError as error:
            assert str(error).endswith(".")
        at.devices.clock.sleep(float(rng.uniform(0, 20)))


def test_a_tiny_twin_is_made_in_no_time() -> None:
    tiny_twin(lambda record: None)
    started_s = time.perf_counter()
    for seed in range(20):
        tiny_twin(lambda record: None, seed)
    assert (time.perf_counter() - started_s) / 20 < 0.02
