"""The devices of an emulated laboratory: each with its emulator, its wire, and its table in the file.

Tables are as an operator would write them for these devices, from what stands on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hardware.emulators.dcon_relay import BlankerContact, RelayModule, Wired
from hardware.emulators.gcib_gun import GunEnable, pump_mbar
from hardware.emulators.ibss_gv10x import GV10xEmulator
from hardware.emulators.keithley_6485 import Keithley6485
from hardware.emulators.keysight_33500 import Keysight33500
from hardware.emulators.keysight_34465a import Keysight34465AEmulator, irradiation_volts
from hardware.emulators.pfeiffer_gauge import DigitalGauge, chamber_mbar
from hardware.emulators.serving import LOOPBACK, Emulated, TcpPort, Terminal, Wire
from hardware.emulators.sharksem import SharkSemPort
from hardware.emulators.sr570 import Sr570Emulator
from hardware.parts import Part
from hardware.simulator.firmware import Firmware
from hardware.simulator.link import Link
from hardware.simulator.local import LocalLink
from hardware.simulator.nature import Nature

PYVISA_PY = "@py"


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One device: its driver, what it plays, its settings in ``instruments.toml``, and its wires."""

    driver: str
    plays: frozenset[Part]
    settings: Mapping[str, object]
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Rack:
    """Where emulators are put up. ``lines``: folder of the serial lines; ``ends``: closes them all."""

    nature: Nature
    firmware: Firmware
    link: Link
    lines: Path
    ends: ExitStack

    @classmethod
    def of(cls, nature: Nature, firmware: Firmware, lines: Path, ends: ExitStack) -> Rack:
        """A rack for the twin of ``firmware``."""
        return cls(nature, firmware, LocalLink(firmware), lines, ends)

    def port(self, device: Emulated) -> TcpPort:
        """A network port for a device."""
        port = TcpPort(device)
        self.ends.callback(port.close)
        return port

    def line(self, device: Emulated, name: str) -> Terminal:
        """A serial line for a device."""
        line = Terminal(device, self.lines / name)
        self.ends.callback(line.close)
        return line

    def relay(self, wired: Wired, name: str) -> Terminal:
        """A serial line to a relay module; ``wired`` hangs on its first relay and its first input.

        The relay is as what hangs on it was found.
        """
        module = RelayModule({0: wired})
        module.outputs = int(wired.seen())
        self.ends.callback(module.close)
        return self.line(module, name)


def _microscope(rack: Rack) -> Counterpart:
    port = SharkSemPort(rack.link)
    rack.ends.callback(port.close)
    column, stage = rack.nature.settings.column, rack.nature.settings.stage
    return Counterpart(
        "tescan-sharksem",
        frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR, Part.STAGE}),
        {
            "host": LOOPBACK,
            "port": port.port,
            "column": {
                "wd_limits_um": column.wd_limits_um,
                "stig_limits": column.stig_limits,
                "beam_shift_limit_um": column.beam_shift_limit_um,
                "settling_s": 6.0 * column.lens_settling_s,
            },
            "stage": stage.speeds.model_dump() | {"settling_s": stage.settling_s},
        },
        (port,),
    )


def _vacuum_gauge(rack: Rack) -> Counterpart:
    line = rack.line(DigitalGauge(chamber_mbar(rack.link)), "vacuum-gauge")
    return Counterpart("pfeiffer-gauge", frozenset({Part.CHAMBER}), {"port": str(line.path)}, (line,))


def _ion_blanker(rack: Rack) -> Counterpart:
    line = rack.relay(BlankerContact(rack.firmware), "ion-blanker")
    settings = {"port": str(line.path), "monitor_input": 0}
    return Counterpart("dcon-relay", frozenset({Part.BLANKER}), settings, (line,))


def _ion_gun(rack: Rack) -> Counterpart:
    enable = rack.relay(GunEnable(rack.link), "gun-enable")
    gauge = rack.line(DigitalGauge(pump_mbar(rack.link)), "gun-gauge")
    shown = rack.nature.settings.gun
    settings = {
        "port": str(enable.path),
        "indicator_input": 0,
        "gauge_port": str(gauge.path),
        "declared_hv_kv": shown.hv_kv,
        "declared_gas_bar": shown.gas_bar,
        "declared_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
    }
    return Counterpart("gcib-gun", frozenset({Part.GUN}), settings, (enable, gauge))


def _raster_generator(rack: Rack) -> Counterpart:
    port = rack.port(Keysight33500(rack.link))
    settings = {"address": _socket(port), "library": PYVISA_PY}
    return Counterpart("keysight-33500", frozenset({Part.RASTER}), settings, (port,))


def _picoammeter(rack: Rack) -> Counterpart:
    line = rack.line(Keithley6485(rack.link), "picoammeter")
    return Counterpart("keithley-6485", frozenset({Part.ION_CURRENT}), {"port": str(line.path)}, (line,))


def _plasma_cleaner(rack: Rack) -> Counterpart:
    line = rack.line(GV10xEmulator(rack.link), "plasma-cleaner")
    return Counterpart("ibss-gv10x", frozenset({Part.CLEANER}), {"port": str(line.path)}, (line,))


def _irradiation_meter(rack: Rack) -> Counterpart:
    multimeter = rack.port(Keysight34465AEmulator(irradiation_volts(rack.link)))
    preamplifier = rack.line(Sr570Emulator(rack.link), "preamplifier")
    settings = {
        "multimeter": _socket(multimeter),
        "library": PYVISA_PY,
        "preamplifier_port": str(preamplifier.path),
    }
    plays = frozenset({Part.IRRADIATION_METER})
    return Counterpart("irradiation-meter", plays, settings, (multimeter, preamplifier))


def _socket(port: TcpPort) -> str:
    return f"TCPIP::{LOOPBACK}::{port.port}::SOCKET"


COUNTERPARTS: Mapping[str, Callable[[Rack], Counterpart]] = {
    "microscope": _microscope,
    "vacuum gauge": _vacuum_gauge,
    "ion blanker": _ion_blanker,
    "ion gun": _ion_gun,
    "raster generator": _raster_generator,
    "picoammeter": _picoammeter,
    "plasma cleaner": _plasma_cleaner,
    "irradiation meter": _irradiation_meter,
}
"""The devices by the names that operators give them."""
