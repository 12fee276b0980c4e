"""Device drivers of our own for tests: boxes that play any part of the minimal instrument."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import Field

from hardware import registry
from hardware.errors import HardwareError
from hardware.parts import Candidate, DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from tests.hardware.fakes import fake_devices

MAIN = frozenset(Part) - {Part.IRRADIATION_METER, Part.IRRADIATION_SOURCE}
"""What the minimal instrument has."""


class BoxSettings(DeviceSettings):
    """Where a box is, and how it fares."""

    port: str = Field("", title="Port", description="COM3")
    host: str = Field("localhost", title="Host")
    gain: float = Field(1.0, title="Gain", gt=0)


@dataclass
class Boxes:
    """What happened to boxes, in order: "+ sem" was connected, "- sem" was closed."""

    seen: list[str] = field(default_factory=list)
    around: dict[str, Surroundings] = field(default_factory=dict)
    closing_fails: set[str] = field(default_factory=set)

    def driver(
        self,
        plays: frozenset[Part] = MAIN,
        refuses: Exception | None = None,
        has: frozenset[Part] = MAIN,
        recognise: Callable[[str], Candidate | None] = lambda _address: None,
        settings: type[DeviceSettings] = BoxSettings,
    ) -> DeviceDriver:
        """A driver of boxes that have these parts, or that refuses to connect."""

        def connect(_settings: DeviceSettings, around: Surroundings) -> Parts:
            self.around[around.name] = around
            if refuses is not None:
                raise refuses
            self.seen.append(f"+ {around.name}")
            devices = fake_devices(around.folder)
            there = {part.value: getattr(devices, part.value) for part in plays & has}
            return Parts(**there, close=lambda: self._close(around.name))

        return DeviceDriver("A box", plays, settings, connect, recognise, needs="nothing")

    def _close(self, name: str) -> None:
        self.seen.append(f"- {name}")
        if name in self.closing_fails:
            raise HardwareError(name, "does not let go")


def install(monkeypatch: pytest.MonkeyPatch, drivers: Mapping[str, DeviceDriver | None]) -> None:
    """Let these be all the device drivers there are; ``None`` is one that cannot be loaded."""
    module = ModuleType("boxes_of_tests")
    module.__dict__.update({f"d{n}": driver for n, driver in enumerate(drivers.values()) if driver})
    monkeypatch.setitem(sys.modules, "boxes_of_tests", module)
    entries = [
        metadata.EntryPoint(name, f"boxes_of_tests:d{n}", registry.DEVICES)
        for n, name in enumerate(drivers)
    ]

    def entry_points(**wanted: str) -> metadata.EntryPoints:
        if wanted["group"] == registry.DEVICES:
            return metadata.EntryPoints(entries).select(**wanted)
        return metadata.entry_points(**wanted)

    monkeypatch.setattr(registry, "entry_points", entry_points)


def file_with(folder: Path, text: str) -> Path:
    """A file of devices with the format and a name."""
    path = folder / "instruments.toml"
    path.write_text(f'format = "scopeacq.instruments/1"\nname = "Test"\n{text}', encoding="utf-8")
    return path
