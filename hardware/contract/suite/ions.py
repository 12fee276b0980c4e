"""Of the ion gun, its raster and its meter, and of what irradiates."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pytest

from hardware.contract.bench import Bench
from hardware.contract.suite.expect import about, line_to, refuses, told_nothing
from hardware.errors import OutOfRange
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.types import Preamplifier, Raster

MILLING = Raster(8.0, 4.0, 100.0, 1.0)


@about(Part.GUN)
def test_the_guns_high_voltage_reads_back(devices: Devices) -> None:
    for on in (True, False):
        devices.gun.set_hv(on)
        assert devices.gun.state().hv_on is on


@about(Part.GUN)
def test_what_the_gun_says_can_be_true(devices: Devices) -> None:
    state = devices.gun.state()
    assert state.hv_kv >= 0 and state.gas_bar >= 0 and state.pump_pressure_mbar > 0


@about(Part.RASTER)
def test_the_raster_reads_back_in_high_impedance(devices: Devices) -> None:
    devices.raster.configure(MILLING)
    state = devices.raster.state()
    assert state.raster == MILLING and math.isinf(state.load_ohm)
    for running in (True, False, False):
        devices.raster.start() if running else devices.raster.stop()
        assert devices.raster.state().running is running


@about(Part.RASTER)
@pytest.mark.parametrize("name", ["x_vpp", "y_vpp"])
def test_amplitudes_beyond_the_generator_change_nothing(bench: Bench, devices: Devices, name: str) -> None:
    raster = devices.raster
    raster.configure(MILLING)
    for value in (-1.0, 21.0, math.nan, math.inf):
        with told_nothing(bench):
            refuses(partial(raster.configure, replace(MILLING, **{name: value})), OutOfRange)
    assert raster.state().raster == MILLING


@about(Part.ION_CURRENT, Part.BLANKER)
def test_the_faraday_cup_answers_only_while_the_beam_is_blanked(devices: Devices) -> None:
    devices.gun.set_hv(True)
    reading = devices.ion_current.measure()
    assert reading.current_na > 0 and 0 <= reading.at_s <= devices.clock.now_s()
    with line_to(devices.blanker) as line:
        line.open()
        refuses(devices.ion_current.measure)
    assert devices.ion_current.measure().at_s >= reading.at_s


@about(Part.IRRADIATION_METER)
def test_the_irradiation_meter_reads_volts_and_when(devices: Devices) -> None:
    meter = devices.irradiation_meter
    assert meter is not None
    wanted = Preamplifier(1e-4, inverted=True)
    assert meter.configure(wanted) in (None, wanted)
    first = meter.read()
    devices.clock.sleep(1.0)
    assert math.isfinite(first.volts) and first.at_s < meter.read().at_s <= devices.clock.now_s()
    for sensitivity in (0.0, -1e-4, math.nan):
        nonsense = Preamplifier(sensitivity, inverted=True)
        refuses(partial(meter.configure, nonsense), OutOfRange)


@about(Part.IRRADIATION_SOURCE)
def test_the_irradiation_gun_can_be_switched_off_and_not_on(devices: Devices) -> None:
    source = devices.irradiation_source
    assert source is not None
    source.switch_off()
    assert not source.beam_on()
