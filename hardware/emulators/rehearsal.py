"""A twin in this process that emulators speak for: what drivers are tried on."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from hardware.microscope import Devices
from hardware.parts import Parts, Surroundings
from hardware.simulator.assembly import devices_over
from hardware.simulator.blanker_port import BlankerPort
from hardware.simulator.faults import Fault, FaultDesk, FaultScript
from hardware.simulator.firmware import Firmware
from hardware.simulator.local import LocalLink
from hardware.simulator.nature import Nature
from hardware.transport.wire_log import FileLog
from hardware.types import Blanker

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

    def ions(self) -> Blanker:
        """What becomes of the ion beam, whatever its blanker says."""
        with self.nature.lock:
            return Blanker.OPEN if self.nature.gun.open else Blanker.BLANKED

    def upset(self, *faults: Fault) -> None:
        """From now on the twin suffers these faults, and no others."""
        with self.nature.lock:
            self.nature.faults = FaultDesk(FaultScript(faults), np.random.default_rng(0))

    def played_by(self, *devices: Parts) -> Devices:
        """An instrument in which these parts are played by devices under trial, all others by the twin."""
        played = {
            part.name: value
            for parts in devices
            for part in fields(parts)
            if part.name != "close" and (value := getattr(parts, part.name)) is not None
        }
        return replace(self.twin, **played, close=lambda: _close(self.twin, devices))


def rehearsal(nature: Nature) -> Rehearsal:
    """Everything around ``nature``."""
    firmware = Firmware(nature)
    port, link = BlankerPort(firmware), LocalLink(firmware)
    return Rehearsal(nature, firmware, link, devices_over(link, nature.settings, port.settings, port.close))


def _close(twin: Devices, tried: tuple[Parts, ...]) -> None:
    """Close all, whatever becomes of one; the twin last."""
    with ExitStack() as stack:
        stack.callback(twin.close)
        for parts in tried:
            stack.callback(parts.close)
