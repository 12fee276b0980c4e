"""A microscope with AutoScript: its stand-in, fed by a twin, and the driver connected to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hardware.contract.bench import trial_nature, trial_settings
from hardware.drivers.thermo import DRIVER
from hardware.drivers.thermo.settings import AutoScriptSettings
from hardware.emulators.autoscript import AutoScriptServer, installed
from hardware.emulators.rehearsal import Rehearsal, rehearsal
from hardware.microscope import Devices
from hardware.parts import Parts
from hardware.simulator.config import TwinSettings
from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind
from hardware.simulator.link import Json, Link, Reply
from tests.contracts.autoscript_bench import NAME, settings_for


@dataclass
class CountedLink:
    """Counts what reaches the microscope."""

    link: Link
    commands: Counter[str] = field(default_factory=Counter)

    def call(self, command: str, values: Json | None = None, deadline_s: float = 30.0) -> Reply:
        self.commands[command] += 1
        return self.link.call(command, values, deadline_s)


@dataclass
class Sem:
    """``devices`` as a run has them: ``parts`` and the twin's. ``reached`` counts what was commanded."""

    around: Rehearsal
    server: AutoScriptServer
    parts: Parts
    devices: Devices
    reached: Counter[str]
    folder: Path


def twin_with(device: Device, kind: FaultKind, after: int = 0) -> TwinSettings:
    """The usual twin, on which something goes wrong after so many calls."""
    return trial_settings().model_copy(update={"faults": (Fault(device, kind, AfterCalls(after)),)})


@contextmanager
def microscope(
    folder: Path,
    settings: AutoScriptSettings | None = None,
    twin: TwinSettings | None = None,
    presets_only: bool = False,
    linked: bool = False,
) -> Iterator[Sem]:
    """The driver on the stand-in; by default as the contract suite has them."""
    twin = twin or trial_settings()
    around = rehearsal(trial_nature(twin, *twin.faults))
    link = CountedLink(around.link)
    server = AutoScriptServer(link, around.nature.settings, presets_only, linked)
    settings = settings or settings_for(around.nature.settings)
    with installed(server):
        parts = DRIVER.connect(settings, around.surroundings(NAME, folder))
    devices = around.played_by(parts)
    link.commands.clear()
    yield Sem(around, server, parts, devices, link.commands, folder)
    devices.close()
