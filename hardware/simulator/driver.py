"""Entry point of the twin as a microscope driver."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from hardware.errors import OutOfRange
from hardware.microscope import Devices
from hardware.simulator.assembly import devices_over, local_devices, wireless_devices
from hardware.simulator.client import join_or_start
from hardware.simulator.config import TwinSettings

__all__ = ["connect", "local_devices", "wireless_devices"]


def connect(settings: Mapping[str, object], folder: Path) -> Devices:
    """Join the nature that runs in ``folder``, or start one with ``settings``.

    Raises ``OutOfRange`` for settings that are wrong, ``Refused`` or ``Deadline`` when nature
    cannot be had.
    """
    try:
        twin = TwinSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise OutOfRange(
            "simulator", f"setting {field}: {first['msg']}", "Correct [driver.settings]."
        ) from None
    link = join_or_start(folder, twin)
    return devices_over(link, twin, link.blanker, link.close)
