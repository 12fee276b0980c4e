"""The drivers that the contract suite runs against. A new driver adds a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hardware.connection import supervise
from hardware.microscope import Devices
from hardware.simulator.assembly import local_devices
from hardware.simulator.config import ColumnSettings, StageSettings, TwinSettings
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import SectionSpec, WaferSpecimen
from hardware.simulator.tiny import Ripples, tiny_settings
from tests.hardware.fakes import fake_devices


def fake(folder: Path) -> Devices:
    return fake_devices(folder)


def twin_settings() -> TwinSettings:
    """A quick twin whose stage and lenses take their time."""
    return tiny_settings().model_copy(update={"stage": StageSettings(), "column": ColumnSettings()})


def twin(folder: Path) -> Devices:
    """Nature in this process; its blanker is reached through a wire like any other."""
    specimen = WaferSpecimen([SectionSpec("S001", 0.0, 0.0, 0.0)], [], Ripples(), 0)
    return local_devices(Nature(twin_settings(), specimen, lambda _truth: None))


def supervised_twin(folder: Path) -> Devices:
    return supervise(twin(folder))


DRIVERS: Mapping[str, Callable[[Path], Devices]] = {
    "fake": fake,
    "twin": twin,
    "twin, supervised": supervised_twin,
}
