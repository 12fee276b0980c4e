"""The drivers that the contract suite runs against.

A new driver adds a function, and to ``DRIVERS`` a line with the parts that it plays:
``Trial(my_device, "my device", {Part.RASTER})``. The function starts the emulator, connects the
driver to it, and yields a bench; the twin plays all other parts::

    @contextmanager
    def my_device(folder: Path) -> Iterator[Bench]:
        around = trial_twin()
        with closing(TcpPort(MyEmulator(around.link))) as wire:
            settings = MySettings(port=wire.port)
            parts = my_driver.DRIVER.connect(settings, around.surroundings("my device", folder))
            yield rehearsed(around, parts, wires=[wire])

The suite closes the devices; with ``wires`` it also pulls the cable out and spoils answers.
``replace(rehearsed(...), frame=...)`` where the scanner takes only certain frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hardware.connection import supervise
from hardware.contract.bench import Bench, played_by, rehearsed, trial_twin
from hardware.drivers import tescan, thermo, zeiss
from hardware.parts import Part
from hardware.types import Blanker
from tests.contracts import autoscript_bench, ion_benches, meter_benches, smartsem_bench, tescan_bench
from tests.hardware.fakes import fake_devices
from tests.hardware.lines import lock_line_is_open


@contextmanager
def fake(folder: Path) -> Iterator[Bench]:
    def ions() -> Blanker:
        return Blanker.OPEN if lock_line_is_open(folder / "line") else Blanker.BLANKED

    devices = fake_devices(folder)
    yield Bench(devices, played_by(devices), ions)


@contextmanager
def twin(folder: Path) -> Iterator[Bench]:
    """Nature in this process; its blanker is reached through a wire like any other."""
    around = trial_twin()
    yield replace(rehearsed(around), plays=played_by(around.twin))


@contextmanager
def supervised_twin(folder: Path) -> Iterator[Bench]:
    with twin(folder) as bench:
        yield replace(bench, devices=supervise(bench.devices))


@dataclass(frozen=True, slots=True)
class Trial:
    """A driver to be tried; without ``plays`` it is tried as a whole instrument."""

    bench: Callable[[Path], AbstractContextManager[Bench]]
    name: str
    plays: Set[Part] = frozenset()


DRIVERS = [
    Trial(fake, "fake"),
    Trial(twin, "twin"),
    Trial(supervised_twin, "twin, supervised"),
    Trial(ion_benches.relay_blanker, "dcon-relay", {Part.BLANKER}),
    Trial(ion_benches.generator, "keysight-33500", {Part.RASTER}),
    Trial(ion_benches.picoammeter, "keithley-6485", {Part.ION_CURRENT}),
    Trial(ion_benches.cup, "faraday-cup", {Part.ION_CURRENT}),
    Trial(ion_benches.gun, "gcib-gun", {Part.GUN}),
    Trial(meter_benches.irradiation_meter, "irradiation-meter", {Part.IRRADIATION_METER}),
    Trial(meter_benches.digital_gauge, "pfeiffer-gauge, digital", {Part.CHAMBER}),
    Trial(meter_benches.controller_gauge, "pfeiffer-gauge, controller", {Part.CHAMBER}),
    Trial(meter_benches.cleaner, "ibss-gv10x", {Part.CLEANER}),
    Trial(autoscript_bench.autoscript, "thermo-autoscript", thermo.DRIVER.plays),
    Trial(tescan_bench.tescan, "tescan-sharksem", tescan.DRIVER.plays),
    Trial(smartsem_bench.smartsem, "zeiss-smartsem", zeiss.DRIVER.plays),
]
