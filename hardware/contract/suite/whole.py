"""Of the instrument as a whole."""

from __future__ import annotations

from hardware import protocols
from hardware.contract.bench import Bench
from hardware.contract.suite.expect import about, in_background, line_to
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.types import Blanker

CLOSES_S = 10.0

CAPABILITIES: dict[Part, type] = {
    Part.CLOCK: protocols.Clock,
    Part.COLUMN: protocols.ElectronColumn,
    Part.SCANNER: protocols.Scanner,
    Part.DETECTOR: protocols.Detector,
    Part.STAGE: protocols.Stage,
    Part.CHAMBER: protocols.Chamber,
    Part.GUN: protocols.IonGun,
    Part.ION_CURRENT: protocols.IonCurrentMeter,
    Part.RASTER: protocols.WaveformGenerator,
    Part.CLEANER: protocols.PlasmaCleaner,
    Part.IRRADIATION_METER: protocols.IrradiationMeter,
    Part.IRRADIATION_SOURCE: protocols.IrradiationSource,
}


def test_every_device_has_its_capability(bench: Bench, devices: Devices) -> None:
    for part, capability in CAPABILITIES.items():
        if part in bench.plays:
            assert isinstance(getattr(devices, part.value), capability)


@about(Part.COLUMN)
def test_it_begins_with_the_electrons_blanked(devices: Devices) -> None:
    assert devices.column.state().blanked


@about(Part.BLANKER)
def test_it_begins_with_the_ions_blanked(bench: Bench, devices: Devices) -> None:
    assert bench.ions() is Blanker.BLANKED
    with line_to(devices.blanker) as line:
        assert isinstance(line, protocols.IonBlanker)
        assert line.state() is Blanker.BLANKED


@about(Part.CLOCK)
def test_time_passes_when_slept(devices: Devices) -> None:
    before_s = devices.clock.now_s()
    devices.clock.sleep(0.05)
    assert devices.clock.now_s() - before_s >= 0.05
    assert devices.clock.pace > 0 and devices.clock.longest_step_s(1_000.0) > 0


@about(Part.CHAMBER)
def test_the_chamber_pressure_is_a_pressure(devices: Devices) -> None:
    assert 0 < devices.chamber.pressure_mbar() < 1_100


@about(Part.CLEANER)
def test_cleaning_takes_its_time(devices: Devices) -> None:
    cleaner = devices.cleaner
    assert cleaner is not None
    devices.column.set_eht(False)
    devices.column.set_valve(False)
    devices.gun.set_hv(False)
    before_s = devices.clock.now_s()
    cleaner.clean(10.0, 30.0)
    assert devices.clock.now_s() - before_s >= 30.0


def test_closing_it_twice_does_no_harm(bench: Bench) -> None:
    bench.devices.close()
    in_background(bench.devices.close).result(CLOSES_S)
