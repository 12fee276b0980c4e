"""What is said to each device in its recorded log.

``python -m tests.hardware.drivers.conversations`` records the logs anew, from the emulators. A log from a
laboratory takes the place of one of them: the tests then hold the driver against the device itself.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hardware.contract.bench import Bench
from hardware.emulators.rehearsal import WIRE_LOG
from hardware.microscope import Devices
from hardware.types import GunState, Preamplifier, Raster, RasterState
from tests.contracts import ion_benches, meter_benches

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


def scan_ions(devices: Devices) -> list[object]:
    """The raster is set, started, read and stopped."""
    devices.raster.configure(Raster(8.0, 4.0))
    devices.raster.start()
    running = devices.raster.state()
    devices.raster.stop()
    return [running, devices.raster.state().running]


def measure_ions(devices: Devices) -> list[object]:
    return [round(devices.ion_current.measure().current_na, 6) for _ in range(3)]


def bring_the_gun_up_and_down(devices: Devices) -> list[object]:
    devices.gun.set_hv(True)
    up = devices.gun.state()
    devices.gun.set_hv(False)
    return [up, devices.gun.state().hv_on]


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
    Conversation(
        "keysight_33500",
        ion_benches.generator,
        scan_ions,
        {"generator": "hardware.drivers.keysight_33500.visa"},
        [RasterState(Raster(8.0, 4.0), running=True, load_ohm=math.inf), False],
    ),
    Conversation(
        "keithley_6485",
        ion_benches.picoammeter,
        measure_ions,
        {"picoammeter": "hardware.drivers.keithley_6485.serial_port"},
        [37.931617, 37.960041, 37.885556],
    ),
    Conversation(
        "gcib_gun",
        ion_benches.gun,
        bring_the_gun_up_and_down,
        {"ion gun": "hardware.drivers.gcib_gun.serial_port", "ion gun pump gauge": GAUGE},
        [GunState(10.0, hv_on=True, gas_bar=15.0, pump_pressure_mbar=2e-4), False],
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
