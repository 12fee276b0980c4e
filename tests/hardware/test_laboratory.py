"""From cables to an instrument in hand: an emulated laboratory is found, put together and tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.addresses import address, addresses_in
from hardware.assembled import assemble
from hardware.discovery import Found, find, installed_drivers
from hardware.emulators.host import SIMULATOR, emulated
from hardware.instruments_file import FILE_NAME, Assembly, read
from hardware.monitoring import readings
from hardware.parts import Part
from hardware.self_test import Outcome, carried_out, parts_of
from hardware.self_test_checks import checks
from hardware.simulator.config import Time
from hardware.simulator.device import TwinDeviceSettings
from hardware.simulator.tiny import tiny_twin
from hardware.simulator.truth import FrameTruth, OpeningTruth

SILENT = {"preamplifier"}
"""Devices that only listen: an operator says where they are."""
TRUTH: list[object] = []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("laboratory")
    with emulated(tiny_twin(TRUTH.append), folder):
        yield folder


@pytest.fixture(scope="module")
def laboratory(folder: Path) -> Assembly:
    return read(folder / FILE_NAME)


def test_every_device_that_answers_is_found_on_its_wire(laboratory: Assembly) -> None:
    wanted = {
        text: device.driver_name
        for device in laboratory.devices
        for text in addresses_in(device.settings.model_dump() | {"library": ""})
    }
    drivers, _ = installed_drivers()
    found = {one.address.text: one for one in find(map(address, wanted), drivers)}
    for text, driver in wanted.items():
        assert right(found[text], driver, Path(text).name), found[text]


def right(found: Found, driver: str, line: str) -> bool:
    """The relay and the gauge of the gun are found as what they are."""
    if line in SILENT:
        return found.candidate is None
    if line.startswith("gun-"):
        return found.driver in ("dcon-relay", "pfeiffer-gauge")
    return found.driver == driver and found.candidate is not None


def test_emulators_may_be_timed_by_a_twin_whose_time_is_virtual(laboratory: Assembly) -> None:
    (twin,) = (device.settings for device in laboratory.devices if device.name == SIMULATOR)
    assert isinstance(twin, TwinDeviceSettings)
    assert twin.time is Time.VIRTUAL and twin.may_time_others


def test_all_that_is_safe_passes_over_the_wires(laboratory: Assembly, folder: Path) -> None:
    devices = assemble(laboratory, folder)
    parts = parts_of(devices)
    try:
        done = list(carried_out(checks(parts, folder, with_beam=True)))
        read = {reading.part: reading for reading in readings(parts)}
    finally:
        devices.close()
    assert [c for c in done if c.outcome is Outcome.FAILED] == []
    assert {c.part for c in done if c.outcome is Outcome.LEFT_OUT} == {Part.CLEANER}
    assert {reading.trouble for reading in read.values()} == {""}
    assert len([entry for entry in TRUTH if isinstance(entry, FrameTruth)]) == 1
    assert not [entry for entry in TRUTH if isinstance(entry, OpeningTruth)]
