"""What parts are asked and told on the bench."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hardware.contract.bench import Bench
from hardware.contract.suite.ions import MILLING
from hardware.microscope import Devices
from hardware.parts import Part
from hardware.types import DetectorState, Optics, Preamplifier, VoltReading

Call = Callable[[Bench], object]

SHARP = Optics(4_500.0, 0.0, 0.0)
SEEING = DetectorState(hv_on=True, gain=1.0, offset=0.0)

READINGS: Mapping[Part, Call] = {
    Part.COLUMN: lambda bench: (bench.devices.column.state(), bench.devices.column.optics()),
    Part.SCANNER: lambda bench: bench.devices.scanner.acquire(bench.frame),
    Part.DETECTOR: lambda bench: bench.devices.detector.state(),
    Part.STAGE: lambda bench: bench.devices.stage.pose(),
    Part.CHAMBER: lambda bench: bench.devices.chamber.pressure_mbar(),
    Part.GUN: lambda bench: bench.devices.gun.state(),
    Part.ION_CURRENT: lambda bench: bench.devices.ion_current.measure(),
    Part.RASTER: lambda bench: bench.devices.raster.state(),
    Part.IRRADIATION_METER: lambda bench: _volts(bench.devices),
}

COMMANDS: Mapping[Part, Call] = {
    Part.COLUMN: lambda bench: bench.devices.column.set_beam_shift_um(1.0, -1.0),
    Part.SCANNER: lambda bench: bench.devices.scanner.acquire(bench.frame),
    Part.DETECTOR: lambda bench: bench.devices.detector.make_safe(),
    Part.STAGE: lambda bench: bench.devices.stage.move(bench.low).wait(1e4),
    Part.GUN: lambda bench: bench.devices.gun.set_hv(False),
    Part.RASTER: lambda bench: bench.devices.raster.configure(MILLING),
    Part.CLEANER: lambda bench: _clean(bench.devices),
}

URGENT: Mapping[Part, Call] = {
    Part.COLUMN: lambda bench: bench.devices.column.blank(),
    Part.SCANNER: lambda bench: bench.devices.scanner.abort(),
    Part.STAGE: lambda bench: bench.devices.stage.stop(),
    Part.RASTER: lambda bench: bench.devices.raster.stop(),
}


EVERY_CALL: Mapping[Part, tuple[Call, ...]] = {
    Part.COLUMN: (
        lambda bench: bench.devices.column.optics(),
        lambda bench: bench.devices.column.set_optics(SHARP),
        lambda bench: bench.devices.column.beam_shift_um(),
        lambda bench: bench.devices.column.set_beam_shift_um(1.0, -1.0),
        lambda bench: bench.devices.column.state(),
        lambda bench: bench.devices.column.blank(),
        lambda bench: bench.devices.column.unblank(),
        lambda bench: bench.devices.column.set_eht(False),
        lambda bench: bench.devices.column.set_valve(False),
    ),
    Part.SCANNER: (
        lambda bench: bench.devices.scanner.acquire(bench.frame),
        lambda bench: bench.devices.scanner.abort(),
    ),
    Part.DETECTOR: (
        lambda bench: bench.devices.detector.state(),
        lambda bench: bench.devices.detector.make_safe(),
        lambda bench: bench.devices.detector.restore(SEEING),
    ),
    Part.STAGE: (
        lambda bench: bench.devices.stage.pose(),
        lambda bench: bench.devices.stage.duration_s(bench.low),
        lambda bench: bench.devices.stage.move(bench.low),
        lambda bench: bench.devices.stage.stop(),
    ),
    Part.CHAMBER: (lambda bench: bench.devices.chamber.pressure_mbar(),),
    Part.GUN: (
        lambda bench: bench.devices.gun.state(),
        lambda bench: bench.devices.gun.set_hv(True),
        lambda bench: bench.devices.gun.set_hv(False),
    ),
    Part.ION_CURRENT: (lambda bench: bench.devices.ion_current.measure(),),
    Part.RASTER: (
        lambda bench: bench.devices.raster.state(),
        lambda bench: bench.devices.raster.configure(MILLING),
        lambda bench: bench.devices.raster.start(),
        lambda bench: bench.devices.raster.stop(),
    ),
    Part.CLEANER: (lambda bench: _clean(bench.devices),),
    Part.IRRADIATION_METER: (lambda bench: _volts(bench.devices),),
}
"""All that goes over the wire to a part."""


def _clean(devices: Devices) -> None:
    """Clean as it is allowed: a refusal must come from the wire, not from an interlock."""
    assert devices.cleaner is not None
    devices.column.set_eht(False)
    devices.column.set_valve(False)
    devices.gun.set_hv(False)
    devices.cleaner.clean(10.0, 30.0)


def _volts(devices: Devices) -> VoltReading:
    assert devices.irradiation_meter is not None
    devices.irradiation_meter.configure(Preamplifier(1e-4, inverted=True))
    return devices.irradiation_meter.read()
