"""A twin in this process that emulators speak for: what drivers are tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from hardware.microscope import Devices
from hardware.parts import Parts, Surroundings
from hardware.simulator.assembly import devices_over
from hardware.simulator.blanker_port import BlankerPort
from hardware.simulator.firmware import Firmware
from hardware.simulator.local import LocalLink
from hardware.simulator.nature import Nature
from hardware.transport.wire_log import FileLog

WIRE_LOG = "wire.jsonl"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``link`` is what emulators are fed by; ``twin`` are the twin's own devices, without a wire."""

    nature: Nature
    firmware: Firmware
    link: LocalLink
    twin: Devices

    def surroundings(self, name: str, folder: Path) -> Surroundings:
        """What a driver under trial is given; the twin plays all other parts."""
        return Surroundings(name, folder, self.twin.clock, FileLog(folder / WIRE_LOG), lambda: self.twin)

    def played_by(self, *devices: Parts) -> Devices:
        """An instrument in which these parts are played by devices under trial, all others by the twin."""
        played = {
            part.name: value
            for parts in devices
            for part in fields(parts)
            if part.name != "close" and (value := getattr(parts, part.name)) is not None
        }
        closes = [parts.close for parts in devices]
        return replace(self.twin, **played, close=lambda: _all(*closes, self.twin.close))


def rehearsal(nature: Nature) -> Rehearsal:
    """Everything around ``nature``."""
    firmware = Firmware(nature)
    port, link = BlankerPort(firmware), LocalLink(firmware)
    return Rehearsal(nature, firmware, link, devices_over(link, nature.settings, port.settings, port.close))


def _all(*calls: Callable[[], None]) -> None:
    for call in calls:
        call()
