"""Drivers are found by name, and what is wrong with one is said in a sentence."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from hardware import registry
from hardware.errors import ConnectionLost, Deadline
from tests.hardware.boxes import Boxes
from tests.hardware.fakes import fake_devices


def refuse(settings: object, folder: Path) -> object:
    raise Deadline("server", "does not answer", "Start it.")


def stumble(settings: object, folder: Path) -> object:
    raise KeyError("port")


def fit(settings: object, folder: Path) -> object:
    return fake_devices(folder)


@pytest.fixture(autouse=True)
def plug_ins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A world with a few plug-ins of our own."""
    (tmp_path / "bursting_plug_in.py").write_text("raise RuntimeError('out of luck')")
    monkeypatch.syspath_prepend(tmp_path)
    module = ModuleType("plug_ins")
    module.__dict__.update(refuse=refuse, stumble=stumble, fit=fit, box=Boxes().driver())
    monkeypatch.setitem(sys.modules, "plug_ins", module)
    targets = {"fit": "plug_ins:fit", "refusing": "plug_ins:refuse", "stumbling": "plug_ins:stumble"}
    targets |= {"gone": "no_such_module:connect", "hollow": "plug_ins:nothing"}
    entries = [metadata.EntryPoint(name, target, registry.MICROSCOPES) for name, target in targets.items()]
    devices = {"sound": "plug_ins:box", "none": "plug_ins:fit", "bursting": "bursting_plug_in:DRIVER"}
    entries += [metadata.EntryPoint(name, target, registry.DEVICES) for name, target in devices.items()]
    entries.append(metadata.EntryPoint("relay", "relay_driver:connect", registry.BLANKERS))

    def entry_points(**wanted: str) -> metadata.EntryPoints:
        return metadata.EntryPoints(entries).select(**wanted)

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_a_driver_is_connected_by_its_name(tmp_path: Path) -> None:
    assert registry.connect_devices("fit", {}, tmp_path).stage.pose().z_um == 25_500.0
    assert registry.microscope_names() == ["fit", "gone", "hollow", "refusing", "stumbling"]


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("unheard", "there is no driver 'unheard'. Installed: fit, gone, hollow, refusing, stumbling."),
        ("gone", "no_such_module"),
        ("hollow", "cannot be loaded"),
        ("stumbling", "did not connect: 'port'"),
    ],
)
def test_what_is_wrong_is_said(driver: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost) as error:
        registry.connect_devices(driver, {}, tmp_path)
    assert said in str(error.value)


def test_a_drivers_own_sentence_is_kept(tmp_path: Path) -> None:
    with pytest.raises(Deadline, match="Start it"):
        registry.connect_devices("refusing", {}, tmp_path)


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("unheard", r"there is no driver 'unheard'\. Installed: bursting, none, sound\."),
        ("bursting", "cannot be loaded: out of luck"),
        ("none", "is a function where a DeviceDriver should be"),
    ],
)
def test_what_is_wrong_with_a_devices_driver_is_said(driver: str, said: str) -> None:
    with pytest.raises(ConnectionLost, match=said):
        registry.load_device(driver)
    assert registry.load_device("sound").title == "A box"


def test_blankers_are_named_or_given_outright() -> None:
    assert registry.blanker_target("relay") == "relay_driver:connect"
    assert registry.blanker_target("my.module:line") == "my.module:line"
    with pytest.raises(ConnectionLost, match=r"blanker: there is no driver 'steam'\. Installed: relay\."):
        registry.blanker_target("steam")
