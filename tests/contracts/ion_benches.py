"""Benches of the devices around the ion gun, each behind its emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hardware.contract.bench import Bench, rehearsed, trial_twin
from hardware.drivers import faraday_cup, gcib_gun, keithley_6485, keysight_33500
from hardware.drivers.dcon_relay import device as dcon_relay
from hardware.emulators.dcon_relay import BlankerContact, RelayModule
from hardware.emulators.gcib_gun import GunEnable, pump_mbar
from hardware.emulators.keithley_6485 import Keithley6485
from hardware.emulators.keysight_33500 import Keysight33500
from hardware.emulators.pfeiffer_gauge import DigitalGauge
from hardware.emulators.serving import LOOPBACK, TcpPort, Terminal

ANSWER_S = 0.2


@contextmanager
def relay_blanker(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    module = RelayModule({0: BlankerContact(around.firmware)})
    with closing(module), closing(Terminal(module, folder / "relay")) as wire:
        settings = dcon_relay.RelaySettings(port=str(wire.path), monitor_input=0)
        parts = dcon_relay.DRIVER.connect(settings, around.surroundings("ion blanker", folder))
        yield rehearsed(around, parts, wires=[wire])


@contextmanager
def generator(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    with closing(TcpPort(Keysight33500(around.link))) as wire:
        address = f"TCPIP0::{LOOPBACK}::{wire.port}::SOCKET"
        settings = keysight_33500.GeneratorSettings(address=address, library="@py")
        parts = keysight_33500.DRIVER.connect(settings, around.surroundings("generator", folder))
        yield rehearsed(around, parts, wires=[wire])


@contextmanager
def picoammeter(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    with closing(Terminal(Keithley6485(around.link), folder / "picoammeter")) as wire:
        settings = keithley_6485.PicoammeterSettings(port=str(wire.path), answer_s=ANSWER_S)
        parts = keithley_6485.DRIVER.connect(settings, around.surroundings("picoammeter", folder))
        yield rehearsed(around, parts, wires=[wire])


@contextmanager
def cup(folder: Path) -> Iterator[Bench]:
    """On the meter of the twin's own column."""
    around = trial_twin()
    parts = faraday_cup.DRIVER.connect(faraday_cup.CupSettings(), around.surroundings("cup", folder))
    yield rehearsed(around, parts)


@contextmanager
def gun(folder: Path) -> Iterator[Bench]:
    around = trial_twin()
    around.firmware.execute("gun.hv", {"on": False})  # as its relay, which is not energised
    module = RelayModule({0: GunEnable(around.link)})
    pump = DigitalGauge(pump_mbar(around.link))
    with (
        closing(module),
        closing(Terminal(module, folder / "relay")) as relay,
        closing(Terminal(pump, folder / "pump")) as gauge,
    ):
        settings = gcib_gun.GunSettings(
            port=str(relay.path),
            answer_s=ANSWER_S,
            indicator_input=0,
            gauge_port=str(gauge.path),
            declared_hv_kv=10.0,
            declared_gas_bar=15.0,
            declared_at=datetime.now(UTC),
        )
        parts = gcib_gun.DRIVER.connect(settings, around.surroundings("ion gun", folder))
        yield rehearsed(around, parts, wires=[relay, gauge])
