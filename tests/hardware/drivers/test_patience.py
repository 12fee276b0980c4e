"""A device that answers seldom is an error before its connection is called lost, at any setting."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hardware.connection import Deadlines
from hardware.contract.bench import trial_twin
from hardware.drivers import gcib_gun, ibss_gv10x, irradiation_meter, keithley_6485, pfeiffer_gauge
from hardware.emulators.dcon_relay import RelayModule
from hardware.emulators.gcib_gun import GunEnable
from hardware.emulators.ibss_gv10x import GV10xEmulator
from hardware.emulators.keithley_6485 import Keithley6485
from hardware.emulators.keysight_34465a import Keysight34465AEmulator
from hardware.emulators.pfeiffer_gauge import Controller, DigitalGauge
from hardware.emulators.serving import Emulated
from hardware.emulators.sr570 import Sr570Emulator
from hardware.errors import HardwareError
from hardware.parts import DeviceDriver, Parts
from hardware.types import Preamplifier

SILENCES = range(1, 6)


class Reluctant:
    """A wire to a device that answers once in a while, and adds up how long somebody would have waited."""

    def __init__(self, device: Emulated) -> None:
        self._device, self._due = device, b""
        self.silences = self._silent_for = 0
        self.waited_s = 0.0

    def send(self, data: bytes, timeout_s: float) -> None:
        answers, self._silent_for = not self._silent_for, (self._silent_for or self.silences + 1) - 1
        self._due = self._device.answer(data) if answers else b""

    def receive(self, timeout_s: float) -> bytes:
        if due := self._due:
            self._due = b""
            return due
        self.waited_s += timeout_s
        raise TimeoutError("nothing came")

    def drain(self, listen_s: float) -> bytes:
        self.waited_s += listen_s
        return b""

    def hang_up(self) -> None: ...

    def close(self) -> None: ...


def most_patient(driver: DeviceDriver, **settings: object) -> Any:
    """Settings with the longest time to answer that they allow."""
    (longest_s,) = (
        bound.le for bound in driver.settings.model_fields["answer_s"].metadata if hasattr(bound, "le")
    )
    return driver.settings.model_validate({"answer_s": longest_s, **settings})


def pressure(parts: Parts) -> object:
    assert parts.chamber is not None
    return parts.chamber.pressure_mbar()


def ion_current(parts: Parts) -> object:
    assert parts.ion_current is not None
    return parts.ion_current.measure()


def high_voltage(parts: Parts) -> object:
    assert parts.gun is not None
    return parts.gun.state()


def volts(parts: Parts) -> object:
    assert parts.irradiation_meter is not None
    return parts.irradiation_meter.read()


def end_plasma(parts: Parts) -> None:
    assert isinstance(parts.cleaner, ibss_gv10x.GV10x)
    parts.cleaner.asher.end()


GAUGE = "hardware.drivers.pfeiffer_gauge.device.serial_port"
METER = "hardware.drivers.irradiation_meter"
AROUND = trial_twin()


@dataclass(frozen=True, slots=True)
class Case:
    """``devices``: what answers, by how the driver opens its wire. ``call``: what is asked for."""

    driver: DeviceDriver
    settings: dict[str, object]
    devices: Callable[[], dict[str, Emulated]]
    call: Callable[[Parts], object]


CASES = {
    "digital gauge": Case(
        pfeiffer_gauge.DRIVER,
        {"port": "COM1"},
        lambda: {GAUGE: DigitalGauge(lambda: 1e-6)},
        pressure,
    ),
    "controller": Case(
        pfeiffer_gauge.DRIVER,
        {"port": "COM1", "speech": "mnemonics"},
        lambda: {GAUGE: Controller((lambda: 1e-6,))},
        pressure,
    ),
    "picoammeter": Case(
        keithley_6485.DRIVER,
        {"port": "COM1", "power_line_cycles": 50.0},
        lambda: {"hardware.drivers.keithley_6485.serial_port": Keithley6485(AROUND.link)},
        ion_current,
    ),
    "ion gun": Case(
        gcib_gun.DRIVER,
        {
            "port": "COM1",
            "gauge_port": "COM2",
            "declared_hv_kv": 10.0,
            "declared_gas_bar": 15.0,
            "declared_at": datetime.now(UTC),
        },
        lambda: {
            "hardware.drivers.gcib_gun.serial_port": RelayModule({0: GunEnable(AROUND.link)}),
            GAUGE: DigitalGauge(lambda: 1e-6),
        },
        high_voltage,
    ),
    "irradiation meter": Case(
        irradiation_meter.DRIVER,
        {"multimeter": "USB0::1::INSTR", "preamplifier_port": "COM1", "nplc": 100.0},
        lambda: {
            f"{METER}.visa": Keysight34465AEmulator(lambda: 0.1),
            f"{METER}.serial_port": Sr570Emulator(AROUND.link),
        },
        volts,
    ),
    "plasma cleaner": Case(
        ibss_gv10x.DRIVER,
        {"port": "COM1"},
        lambda: {"hardware.drivers.ibss_gv10x.serial_port": GV10xEmulator(AROUND.link)},
        end_plasma,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_device_that_answers_seldom_is_not_lost(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    devices = case.devices()
    wires = {opens: Reluctant(device) for opens, device in devices.items()}
    monkeypatch.setattr("hardware.drivers.sr570.WAKING_S", 0.0)
    for opens, wire in wires.items():
        monkeypatch.setattr(opens, lambda *_, wire=wire: wire)
    settings = most_patient(case.driver, **case.settings)
    parts = case.driver.connect(settings, AROUND.surroundings(name, tmp_path))
    if parts.irradiation_meter is not None:
        parts.irradiation_meter.configure(Preamplifier(1e-4, inverted=False))
    longest_s = max(waited_s(wires.values(), n, lambda: case.call(parts)) for n in SILENCES)
    assert 0.5 < longest_s < Deadlines().call_s
    for device in devices.values():
        if isinstance(device, RelayModule):
            device.close()


def waited_s(wires: Collection[Reluctant], silences: int, call: Callable[[], object]) -> float:
    """How long a call would wait while only one of so many questions and one is answered."""
    for wire in wires:
        wire.silences, wire.waited_s = silences, 0.0
    with suppress(HardwareError):
        call()
    return sum(wire.waited_s for wire in wires)
