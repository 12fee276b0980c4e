"""Drivers by name: entry points of installed packages.

``scopeacq.microscopes``: ``connect(settings, folder) -> Devices``.
``scopeacq.devices``: a :class:`~hardware.parts.DeviceDriver`, of what an instrument is assembled.
``scopeacq.blankers``: ``connect(settings) -> IonBlanker``, imported by the guard process only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardware.errors import ConnectionLost, HardwareError

if TYPE_CHECKING:
    from hardware.microscope import Devices
    from hardware.parts import DeviceDriver

MICROSCOPES, DEVICES, BLANKERS = "scopeacq.microscopes", "scopeacq.devices", "scopeacq.blankers"


def microscope_names() -> list[str]:
    """Names of the installed microscope drivers, sorted."""
    return sorted(entry_points(group=MICROSCOPES).names)


def load_driver(driver: str) -> Callable[[Mapping[str, object], Path], Devices]:
    """Import a driver without connecting anything. Raises ``ConnectionLost`` when that cannot be done."""
    connect: Callable[[Mapping[str, object], Path], Devices] = _loaded("microscope", MICROSCOPES, driver)
    return connect


def connect_devices(driver: str, settings: Mapping[str, object], folder: Path) -> Devices:
    """Connect an instrument. ``folder`` is where the driver may keep files of its own.

    Raises ``ConnectionLost`` with the list of drivers when ``driver`` is unknown or broken, and
    what the driver raises itself when it cannot connect.
    """
    connect = load_driver(driver)
    try:
        devices: Devices = connect(settings, folder)
    except HardwareError:
        raise
    except Exception as error:  # a plug-in may raise anything; the operator gets one sentence
        what = f"the driver {driver!r} did not connect: {error}"
        raise ConnectionLost("microscope", what, "Check its settings.") from error
    return devices


def device_names() -> list[str]:
    """Names of the installed device drivers, sorted."""
    return sorted(entry_points(group=DEVICES).names)


def load_device(driver: str) -> DeviceDriver:
    """A device's driver, nothing connected. Raises ``ConnectionLost`` when it is missing or broken."""
    from hardware.parts import DeviceDriver  # parts know of the guard's client, and that of this module

    found = _loaded(driver, DEVICES, driver)
    if not isinstance(found, DeviceDriver):
        what = f"the driver {driver!r} is a {type(found).__name__} where a DeviceDriver should be"
        raise ConnectionLost(driver, what, "Tell the driver's author.")
    return found


def blanker_target(driver: str) -> str:
    """``module:function`` that connects this blanker; imported by the guard, not here.

    A ``driver`` that has this form already is taken as it is.
    """
    return driver if ":" in driver else _entry(BLANKERS, driver).value


def _loaded(device: str, group: str, driver: str) -> Any:
    entry = _entry(group, driver)
    try:
        return entry.load()
    except Exception as error:  # whatever a plug-in does while it is imported
        what = f"the driver {driver!r} ({entry.value}) cannot be loaded: {error}"
        raise ConnectionLost(device, what, _installed(group)) from error


def _entry(group: str, driver: str) -> EntryPoint:
    found = entry_points(group=group, name=driver)
    if not found:
        kind = group.rpartition(".")[2].removesuffix("s")
        raise ConnectionLost(kind, f"there is no driver {driver!r}", _installed(group))
    return next(iter(found))


def _installed(group: str) -> str:
    names = sorted(entry_points(group=group).names)
    return f"Installed: {', '.join(names)}." if names else "No driver is installed: reinstall scopeacq."
