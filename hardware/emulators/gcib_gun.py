"""What of the twin's ion gun hangs on other devices: its enable contact, its indicator, its pump."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from hardware.errors import HardwareError, Refused
from hardware.simulator.link import Link


@dataclass(frozen=True, slots=True)
class GunEnable:
    """The gun's high voltage, allowed only while a relay is energised, and its indicator.

    A gun that does not come on for reasons of its own shows that by its indicator alone.
    """

    link: Link

    def energise(self, on: bool) -> None:
        with suppress(Refused):
            self.link.call("gun.hv", {"on": on})

    def drop(self) -> None:
        with suppress(HardwareError):
            self.link.call("gun.hv", {"on": False})

    def seen(self) -> bool:
        return bool(self.link.call("gun.read").values["hv_on"])


def pump_mbar(link: Link) -> Callable[[], float]:
    """The pressure at the gun's pump [mbar], for a gauge's emulator."""
    return lambda: float(link.call("gun.read").values["pump_pressure_mbar"])
