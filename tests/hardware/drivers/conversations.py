"""What is said to each device in its recorded log.

``python -m tests.hardware.drivers.conversations`` records the logs anew, from the emulators. A log from a
laboratory takes the place of one of them: the tests then hold the driver against the device itself.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hardware.contract.bench import Bench
from hardware.emulators.rehearsal import WIRE_LOG
from hardware.microscope import Devices
from hardware.types import Preamplifier
from tests.contracts import meter_benches

LOGS = Path(__file__).parents[1] / "wire_logs"


@dataclass(frozen=True, slots=True)
class Conversation:
    """``wires``: where each device of the log is opened, as ``module.function``, by its name in the log.

    ``told``: what the driver makes of the log.
    """

    log: str
    bench: Callable[[Path], AbstractContextManager[Bench]]
    say: Callable[[Devices], list[object]]
    wires: dict[str, str]
    told: list[object]


def ask_pressure(devices: Devices) -> list[object]:
    return [devices.chamber.pressure_mbar() for _ in range(3)]


def irradiate(devices: Devices) -> list[object]:
    """The preamplifier is set up, then read while the beam comes on."""
    meter = devices.irradiation_meter
    assert meter is not None
    told: list[object] = [meter.configure(Preamplifier(1e-4, inverted=True))]
    for _ in range(3):
        devices.clock.sleep(30.0)
        told.append(round(meter.read().volts, 6))
    return told


def clean(devices: Devices) -> list[object]:
    assert devices.cleaner is not None
    devices.column.set_eht(False)
    devices.column.set_valve(False)
    devices.gun.set_hv(False)
    devices.cleaner.clean(20.0, 90.0)
    return [devices.clock.now_s()]


GAUGE = "hardware.drivers.pfeiffer_gauge.device.serial_port"
METER = "hardware.drivers.irradiation_meter"

CONVERSATIONS = [
    Conversation(
        "pfeiffer_gauge_digital", meter_benches.digital_gauge, ask_pressure, {"chamber": GAUGE}, [1e-6] * 3
    ),
    Conversation(
        "pfeiffer_gauge_controller",
        meter_benches.controller_gauge,
        ask_pressure,
        {"chamber": GAUGE},
        [1e-6] * 3,
    ),
    Conversation(
        "irradiation_meter",
        meter_benches.irradiation_meter,
        irradiate,
        {
            "irradiation meter, multimeter": f"{METER}.visa",
            "irradiation meter, preamplifier": f"{METER}.serial_port",
        },
        [None, 0.004153, 0.82177, 0.828448],
    ),
    Conversation(
        "ibss_gv10x",
        meter_benches.cleaner,
        clean,
        {"plasma cleaner": "hardware.drivers.ibss_gv10x.serial_port"},
        [90.0],
    ),
]


def record(conversation: Conversation) -> list[object]:
    """Speak with the emulator, and keep what went over the wire."""
    with tempfile.TemporaryDirectory() as folder, conversation.bench(Path(folder)) as bench:
        told = conversation.say(bench.devices)
        bench.devices.close()
        LOGS.mkdir(exist_ok=True)
        shutil.copy(Path(folder) / WIRE_LOG, LOGS / f"{conversation.log}.jsonl")
    return told


if __name__ == "__main__":
    for each in CONVERSATIONS:
        print(each.log, record(each))
