"""Edits of an instrument that is put together of devices: pure functions of its draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from hardware.addresses import addresses_in
from hardware.discovery import Found
from hardware.instruments_file import DeviceDraft, Draft
from hardware.parts import DeviceDriver, Part

NEW = Draft(name="My instrument")

Drivers = Mapping[str, DeviceDriver]


def resolved(draft: Draft, drivers: Drivers) -> Draft:
    """The same instrument with all that each device plays said."""
    named = {part for device in draft.devices.values() for part in device.plays or ()}
    devices = {
        name: device
        if device.plays is not None or device.driver not in drivers
        else _playing(device, drivers[device.driver].plays - named)
        for name, device in draft.devices.items()
    }
    return draft.model_copy(update={"devices": devices})


def players(draft: Draft) -> dict[Part, str]:
    """Which device plays each part that is played; of several the first."""
    found: dict[Part, str] = {}
    for name, device in draft.devices.items():
        for part in device.plays or ():
            found.setdefault(part, name)
    return found


def with_device(draft: Draft, driver_name: str, driver: DeviceDriver, settings: Mapping[str, Any]) -> Draft:
    """One device more, which plays what it can and nobody plays yet.

    Beside others it does not keep the time unless an operator says so: a simulated one may pass too soon.
    """
    added = DeviceDraft(driver=driver_name, settings=dict(settings))
    free = driver.plays - players(draft).keys() - ({Part.CLOCK} if draft.devices else set())
    return _with(draft, {**draft.devices, free_name(driver_name, draft): _playing(added, free)})


def with_found(draft: Draft, found: Iterable[Found], drivers: Drivers) -> Draft:
    """The devices that were found and are not there yet; a known address is one that is there."""
    for one in found:
        if one.candidate is None or is_there(draft, one):
            continue
        draft = with_device(draft, one.driver, drivers[one.driver], one.candidate.settings)
    return draft


def is_there(draft: Draft, found: Found) -> bool:
    """Whether a device of this address is one of the instrument already."""
    assert found.candidate is not None
    known = frozenset().union(*(addresses_in(device.settings) for device in draft.devices.values()))
    return bool(known & (addresses_in(found.candidate.settings) or {found.address.text}))


def without_device(draft: Draft, name: str) -> Draft:
    """Without a device; what it played nobody plays then."""
    return _with(draft, {other: device for other, device in draft.devices.items() if other != name})


def renamed(draft: Draft, name: str, new: str) -> Draft:
    """With a device called otherwise, in its place. Raises ``ValueError`` where that name is taken."""
    if new != name and new in draft.devices:
        raise ValueError(f"There is a device {new} already.")
    devices = {new if each == name else each: device for each, device in draft.devices.items()}
    return Draft.model_validate({**draft.model_dump(), "devices": devices})


def called(draft: Draft, name: str) -> Draft:
    """The instrument called otherwise. Raises ``ValueError``."""
    return Draft.model_validate({**draft.model_dump(), "name": name})


def played_by(draft: Draft, part: Part, name: str | None) -> Draft:
    """A part played by one device and no other; by nobody where None."""
    devices = {
        each: _playing(device, {*(device.plays or ())} - {part} | ({part} if each == name else set()))
        for each, device in draft.devices.items()
    }
    return _with(draft, devices)


def with_settings(draft: Draft, name: str, settings: Mapping[str, Any]) -> Draft:
    """A device with other settings."""
    device = draft.devices[name].model_copy(update={"settings": dict(settings)})
    return _with(draft, {**draft.devices, name: device})


def free_name(wanted: str, draft: Draft) -> str:
    """A name that no device has."""
    names = (wanted if n == 1 else f"{wanted}-{n}" for n in count(1))
    return next(name for name in names if name not in draft.devices)


def _playing(device: DeviceDraft, parts: Iterable[Part]) -> DeviceDraft:
    wanted = set(parts)
    return device.model_copy(update={"plays": tuple(part for part in Part if part in wanted)})


def _with(draft: Draft, devices: Mapping[str, DeviceDraft]) -> Draft:
    return draft.model_copy(update={"devices": dict(devices)})
