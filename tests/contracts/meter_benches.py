"""Benches of meters, gauges and the plasma cleaner, each behind its emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.drivers import ibss_gv10x, pfeiffer_gauge
from hardware.drivers import irradiation_meter as meter
from hardware.drivers.pfeiffer_gauge import GaugeSettings, Speech
from hardware.emulators.ibss_gv10x import GV10xEmulator
from hardware.emulators.keysight_34465a import Keysight34465AEmulator, irradiation_volts
from hardware.emulators.pfeiffer_gauge import Controller, DigitalGauge, chamber_mbar
from hardware.emulators.serving import LOOPBACK, TcpPort, Terminal
from hardware.emulators.sr570 import Sr570Emulator

ANSWER_S = 0.2


@contextmanager
def irradiation_meter(folder: Path) -> Iterator[Bench]:
    """The preamplifier's line is none that can be spoilt: nothing ever comes from there."""
    around = trial_twin()
    multimeter = Keysight34465AEmulator(irradiation_volts(around.link))
    with (
        patch.multiple("hardware.drivers.sr570", WAKING_S=0.02, BITS_PER_BYTE=3),  # it needs less time
        closing(TcpPort(multimeter)) as wire,
        closing(Terminal(Sr570Emulator(around.link), folder / "preamplifier")) as line,
    ):
        settings = meter.IrradiationMeterSettings(
            multimeter=f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET",
            preamplifier_port=str(line.path),
            nplc=0.02,
            answer_s=ANSWER_S,
        )
        parts = meter.DRIVER.connect(settings, around.surroundings("irradiation meter", folder))
        yield rehearsed(around, parts, wires=[wire])


@contextmanager
def digital_gauge(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    with closing(Terminal(DigitalGauge(chamber_mbar(around.link)), folder / "gauge")) as wire:
        settings = GaugeSettings(port=str(wire.path), answer_s=ANSWER_S)
        parts = pfeiffer_gauge.DRIVER.connect(settings, around.surroundings("chamber", folder))
        yield rehearsed(around, parts, wires=[wire])


@contextmanager
def controller_gauge(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    gauges = Controller((None, chamber_mbar(around.link)))
    with closing(Terminal(gauges, folder / "gauges")) as wire:
        settings = GaugeSettings(port=str(wire.path), speech=Speech.MNEMONICS, number=2, answer_s=ANSWER_S)
        parts = pfeiffer_gauge.DRIVER.connect(settings, around.surroundings("chamber", folder))
        yield rehearsed(around, parts, wires=[wire])


@contextmanager
def cleaner(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    with closing(Terminal(GV10xEmulator(around.link), folder / "cleaner")) as wire:
        settings = ibss_gv10x.GV10xSettings(port=str(wire.path), answer_s=ANSWER_S)
        parts = ibss_gv10x.DRIVER.connect(settings, around.surroundings("plasma cleaner", folder))
        yield rehearsed(around, parts, wires=[wire])
