"""The only way from outside into nature: commands by name, counted and struck by faults."""

from __future__ import annotations

from hardware.errors import ConnectionLost, Deadline, Refused
from hardware.simulator.controllers import (
    ColumnController,
    GunController,
    Handler,
    Kinds,
    ScanController,
    StageController,
    VacuumController,
)
from hardware.simulator.faults import Device, FaultKind
from hardware.simulator.irradiation_devices import IrradiationController
from hardware.simulator.link import Json, Reply
from hardware.simulator.nature import Nature
from hardware.simulator.scanning import ElectronScanner
from hardware.types import Blanker

DEVICES = {
    "column": Device.COLUMN,
    "scanner": Device.SCANNER,
    "detector": Device.DETECTOR,
    "stage": Device.STAGE,
    "gun": Device.GUN,
    "ion_current": Device.ION_CURRENT,
    "raster": Device.RASTER,
    "chamber": Device.CHAMBER,
    "cleaner": Device.CLEANER,
    "irradiation_meter": Device.IRRADIATION_METER,
    "irradiation_source": Device.IRRADIATION_SOURCE,
}


class Firmware:
    """Executes the commands of all controllers, and holds the wire to the ion blanker."""

    def __init__(self, nature: Nature) -> None:
        self._nature = nature
        self._handlers: dict[str, Handler] = {
            "clock.now": self._now,
            "clock.sleep": self._sleep,
            **ColumnController(nature).commands(),
            **ScanController(nature, ElectronScanner(nature)).commands(),
            **StageController(nature).commands(),
            **GunController(nature).commands(),
            **VacuumController(nature).commands(),
            **IrradiationController(nature).commands(),
        }

    def execute(self, command: str, values: Json) -> Reply:
        """Carry out a command. Raises :class:`HardwareError`, or ``KeyError`` for an unknown name."""
        handler = self._handlers[command]
        device = DEVICES.get(command.split(".")[0])
        if device is None:
            return handler(values, frozenset())
        kinds = self._strike(device, command)
        if FaultKind.REFUSED in kinds:
            raise Refused(device.value, f"refused '{command}'", "Look at the device's own messages.")
        reply = handler(values, kinds)
        if FaultKind.TIMEOUT in kinds:
            raise _no_answer(device)
        return reply

    def blanker(self, command: str) -> Blanker:
        """The wire to the ion blanker: ``open``, ``blank`` or ``state``; what it reads back then."""
        nature = self._nature
        with nature.lock:
            kinds = self._strike(Device.BLANKER, f"blanker.{command}")
            if command == "open":
                nature.open_ions()
            elif command == "blank":
                nature.blank_ions("blanked by command")
            if FaultKind.TIMEOUT in kinds:
                raise _no_answer(Device.BLANKER)
            reads_open = nature.gun.open != (FaultKind.BLANKER_READBACK_WRONG in kinds)
            return Blanker.OPEN if reads_open else Blanker.BLANKED

    def release_blanker(self) -> None:
        """Whoever held the wire is gone: it fails closed."""
        with self._nature.lock:
            self._nature.catch_up()
            self._nature.blank_ions("the blanker's connection ended")

    def _strike(self, device: Device, command: str) -> Kinds:
        with self._nature.lock:
            self._nature.catch_up()
            kinds = self._nature.strike(device, command)
        if FaultKind.UNPLUGGED in kinds:
            raise ConnectionLost(device.value, "the connection is gone", "Check its cable and power.")
        return kinds

    def _now(self, values: Json, kinds: Kinds) -> Reply:
        return Reply({"now_s": self._nature.clock.now_s()})

    def _sleep(self, values: Json, kinds: Kinds) -> Reply:
        self._nature.wait(values["duration_s"])
        return Reply()


def _no_answer(device: Device) -> Deadline:
    return Deadline(device.value, "did not answer in time", "Check the device, then try again.")
