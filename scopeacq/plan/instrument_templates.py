"""A file of devices to begin with: each setting of each driver stands in it as a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hardware.instruments_file import FORMAT
from hardware.parts import DeviceDriver, DeviceSettings, Part
from scopeacq.plan.instrument import TWIN
from scopeacq.plan.templates import comment_on

HEADER = (
    "# The devices of an instrument. What is commented out has the value that it shows; what must be given",
    "# says so. Check it with `scopeacq instruments test`.",
)

Chosen = Mapping[str, tuple[str, DeviceDriver]]
"""Devices by name, each with its driver's name and the driver."""


def devices_template(name: str, devices: Chosen) -> str:
    """The text of a file in which each part is played once."""
    head = [*HEADER, f'format = "{FORMAT}"', f"name = {_value(name)}"]
    plays = _shared(devices)
    tables = (line for device in devices for line in _table(device, *devices[device], plays[device]))
    return "\n".join([*head, *tables, ""])


def _shared(devices: Chosen) -> dict[str, frozenset[Part]]:
    """What each device plays: who can play few parts goes before who can play many.

    A twin beside other devices does not keep the time: its own may pass too soon for theirs.
    """
    shared, taken = {}, frozenset[Part]()
    for name, (driver_name, driver) in sorted(devices.items(), key=lambda item: len(item[1][1].plays)):
        beside = driver_name == TWIN and len(devices) > 1
        shared[name] = driver.plays - taken - ({Part.CLOCK} if beside else set())
        taken |= shared[name]
    return shared


def _table(device: str, driver_name: str, driver: DeviceDriver, plays: frozenset[Part]) -> Iterator[str]:
    key = tomlkit.key(device).as_string()
    yield from ("", f"[devices.{key}]  # {driver.title}", f"driver = {_value(driver_name)}")
    line = f"plays = {_value([part.value for part in Part if part in plays])}"
    every = plays == driver.plays
    yield f"# {line}  # left out: all of these that no other device names" if every else line
    if driver.needs:
        yield f"# It needs: {driver.needs}"
    yield f"[devices.{key}.settings]"
    beside = driver_name == TWIN and not every
    yield from _settings(driver.settings, {"time": "real"} if beside else {})


def _settings(model: type[BaseModel], given: Mapping[str, object], before: str = "") -> Iterator[str]:
    """A line for each; what a driver groups in a table of its own has dotted keys."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, DeviceSettings):
            yield from _settings(info.annotation, {}, f"{before}{name}.")
        elif name in given:
            yield f"{before}{name} = {_value(given[name])}"
        else:
            yield f"# {before}{_setting(name, info)}"


def _setting(name: str, info: FieldInfo) -> str:
    comment = "; ".join(filter(None, (info.title, comment_on(name, info))))
    if info.is_required():
        return f"{name} =  # {'; '.join(filter(None, ('must be given', comment)))}"
    match to_jsonable_python(info.get_default(call_default_factory=True)):
        case dict():
            return f"{name}: a table of its own"
        case None:
            value = ""
        case default:
            value = f" {_value(default)}"
    return f"{name} ={value}" + (f"  # {comment}" if comment else "")


def _value(value: object) -> str:
    return tomlkit.item(value).as_string()
