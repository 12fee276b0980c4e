"""The twin as one device among others: it plays what it is asked to, in the instrument's time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from hardware.assembled import connect
from hardware.errors import BlankerUnknown, OutOfRange
from hardware.guard.client import GuardClient
from hardware.interlocks import MillLimits
from hardware.microscope import Devices
from hardware.parts import DeviceDriver, Part
from hardware.simulator import device as twin_device
from hardware.simulator.device import DRIVER
from hardware.simulator.devices import TwinClock
from hardware.simulator.driver import local_devices
from hardware.simulator.firmware import Firmware
from hardware.simulator.local import LocalLink
from hardware.simulator.nature import Nature
from hardware.simulator.tiny import TINY_FRAME, tiny_twin
from hardware.types import Blanker, Image
from tests.hardware.boxes import MAIN, Boxes, file_with, install
from tests.hardware.simulator.test_process import end

GUN = frozenset({Part.GUN, Part.RASTER, Part.ION_CURRENT, Part.BLANKER})
SETTINGS = """
[devices.{name}.settings]
time = "{time}"
idle_exit_s = 0.5
specimen = {{ n_sections = 1, texture_px = 64 }}
"""


@pytest.fixture(autouse=True)
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    boxes = Boxes()
    drivers: dict[str, DeviceDriver | None] = {
        "sem": boxes.driver(MAIN - GUN - {Part.CLOCK}),
        "twin": DRIVER,
    }
    install(monkeypatch, drivers)
    return boxes


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a nature, which is ended after the test."""
    yield tmp_path
    end(tmp_path)


def twin(name: str, plays: frozenset[Part] | None = None, time: str = "real") -> str:
    """The tables of a twin in a file of devices."""
    parts = "" if plays is None else f"plays = {[part.value for part in plays]}\n"
    return f'[devices.{name}]\ndriver = "twin"\n{parts}{SETTINGS.format(name=name, time=time)}'


class InProcess(LocalLink):
    """A nature in this process in place of one of its own."""

    blanker: Mapping[str, object] = MappingProxyType({})

    def close(self) -> None:
        return


def tiny() -> Nature:
    return tiny_twin(lambda _truth: None, seed=3)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Nature:
    """The nature that all twins join."""
    nature = tiny()
    link = InProcess(Firmware(nature))
    monkeypatch.setattr(twin_device, "join_or_start", lambda _folder, _settings: link)
    return nature


def test_any_part_may_be_simulated_and_its_times_are_the_instruments(folder: Path) -> None:
    file_with(folder, f'[devices.sem]\ndriver = "sem"\n{twin("gun", GUN)}')
    devices = connect({}, folder)
    before_s = devices.clock.now_s()
    reading = devices.ion_current.measure()
    assert before_s <= reading.at_s <= devices.clock.now_s()
    assert reading.at_s - before_s >= 1.0, "the meter takes its second on the instrument's clock"
    assert devices.gun.state().hv_on
    with GuardClient.start(devices.blanker, MillLimits(), folder / "guard.jsonl") as guard:
        assert guard.state() is Blanker.BLANKED
    devices.close()
    with pytest.raises(BlankerUnknown):
        guard.close()


def test_virtual_time_must_be_the_instruments(folder: Path) -> None:
    file_with(folder, f'[devices.sem]\ndriver = "sem"\n{twin("gun", GUN, "virtual")}')
    with pytest.raises(
        OutOfRange, match=r'gun: its time does not pass .* Set time = "real" and pace = 1\.$'
    ):
        connect({}, folder)
    assert not (folder / "address.json").exists()


def test_two_twins_of_one_instrument_are_the_same(in_process: Nature, tmp_path: Path) -> None:
    seeing = frozenset({Part.COLUMN, Part.CLOCK})
    file_with(tmp_path, twin("eyes", seeing, "virtual") + twin("rest", None, "virtual"))
    devices = connect({}, tmp_path)
    assert isinstance(devices.clock, TwinClock)
    devices.column.unblank()
    frame = devices.scanner.acquire(TINY_FRAME)
    devices.column.blank()
    assert np.ptp(frame.image) > 0
    devices.clock.sleep(3.0)
    assert devices.ion_current.measure().at_s == devices.clock.now_s() == in_process.clock.now_s()
    assert devices.irradiation_meter is not None


def test_what_its_settings_take_away_may_be_missing(in_process: Nature, tmp_path: Path) -> None:
    text = twin("all", None, "virtual").replace("idle", "chamber = { has_cleaner = false }\nidle")
    file_with(tmp_path, text)
    assert connect({}, tmp_path).cleaner is None


def test_frames_are_those_of_the_twins_own_driver(in_process: Nature, tmp_path: Path) -> None:
    file_with(tmp_path, twin("all", None, "virtual"))
    own = local_devices(tiny())
    first, second = frame(own), frame(connect({}, tmp_path))
    own.close()
    assert np.array_equal(first, second)


def frame(devices: Devices) -> Image:
    devices.column.set_optics(devices.column.optics().shifted(wd_um=5.0))
    devices.column.unblank()
    return devices.scanner.acquire(TINY_FRAME).image
