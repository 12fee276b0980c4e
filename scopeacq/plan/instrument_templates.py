"""A file of devices to begin with: each setting of each driver stands in it as a comment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hardware.instruments_file import FORMAT
from hardware.parts import DeviceDriver, DeviceSettings, Part
from scopeacq.plan.templates import comment_on

HEADER = (
    "# The devices of an instrument. What is commented out has the value that it shows; what must be given",
    "# says so. Check it with `scopeacq instruments test`.",
)


def devices_template(name: str, devices: Mapping[str, tuple[str, DeviceDriver]]) -> str:
    """The text of a file. ``devices``: by name, each with its driver's name and the driver."""
    tables = (line for device, (driver, _) in devices.items() for line in _table(device, driver, _))
    head = [*HEADER, f'format = "{FORMAT}"', f"name = {_value(name)}"]
    return "\n".join([*head, *tables, ""])


def _table(device: str, driver_name: str, driver: DeviceDriver) -> Iterator[str]:
    key = tomlkit.key(device).as_string()
    plays = [part.value for part in Part if part in driver.plays]
    yield from ("", f"[devices.{key}]  # {driver.title}", f"driver = {_value(driver_name)}")
    yield f"# plays = {_value(plays)}  # left out: all of these that no other device names"
    if driver.needs:
        yield f"# It needs: {driver.needs}"
    yield f"[devices.{key}.settings]"
    yield from _settings(driver.settings)


def _settings(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """A line for each; what a driver groups in a table of its own has dotted keys."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, DeviceSettings):
            yield from _settings(info.annotation, f"{before}{name}.")
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
