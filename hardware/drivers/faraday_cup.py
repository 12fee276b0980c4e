"""The ion gun's Faraday cup, wired to the electron microscope's own meter of specimen current.

The cup stands behind the ion blanker: the blanked beam falls into it. Electrons that reach the
specimen would add to the reading, so the electron beam is read back as blanked or off before. This
driver opens no beam and moves nothing: where the cup stands elsewhere, on the stage say, the current
is measured by hand, and this driver is of no use; see ``docs/wiring.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import Field

from hardware.drivers.cup_readings import ions_only
from hardware.errors import Garbled, Interlocked, Refused
from hardware.parts import DeviceDriver, DeviceSettings, Part, Parts, Surroundings
from hardware.protocols import Clock, SpecimenCurrentMeter
from hardware.types import CurrentReading

if TYPE_CHECKING:
    from hardware.microscope import Devices


class CupSettings(DeviceSettings):
    """How the microscope's meter sees ions."""

    ions_read_negative: bool = Field(
        False,
        title="Ions read negative",
        description="the microscope counts electrons into the specimen as positive",
    )
    least_na: float = Field(
        0.5, title="Least current", description="below this, no ions reach the cup", gt=0
    )


class FaradayCup:
    """See :class:`hardware.protocols.IonCurrentMeter`."""

    def __init__(
        self, name: str, clock: Clock, devices: Callable[[], Devices], settings: CupSettings
    ) -> None:
        self._name, self._clock, self._devices, self._settings = name, clock, devices, settings

    def measure(self) -> CurrentReading:
        """One reading with the electron beam blanked.

        Raises ``Interlocked`` while electrons may add to it or no ions reach the cup, ``Refused`` for a
        microscope without such a meter, ``Garbled`` for what is no number.
        """
        column = self._devices().column
        beam = column.state()
        if beam.eht_on and not beam.blanked:
            raise Interlocked(self._name, ["The electron beam is on: it adds to the reading"], "Blank it.")
        if not isinstance(column, SpecimenCurrentMeter):
            advice = "Wire the cup to a picoammeter, and choose that driver."
            raise Refused(self._name, "this microscope measures no specimen current", advice)
        current_na = column.specimen_current_na()
        if not math.isfinite(current_na):
            raise Garbled(self._name, f"the microscope reads {current_na} nA", "Look at its range.")
        sign = -1.0 if self._settings.ions_read_negative else 1.0
        return ions_only(self._name, sign * current_na, self._settings.least_na, self._clock)


def connect(settings: CupSettings, surroundings: Surroundings) -> Parts:
    """There is no wire of its own: the column is asked when a current is wanted."""
    cup = FaradayCup(surroundings.name, surroundings.clock, surroundings.devices, settings)
    return Parts(ion_current=cup)


DRIVER = DeviceDriver(
    title="Faraday cup on the microscope's specimen current meter",
    plays=frozenset({Part.ION_CURRENT}),
    settings=CupSettings,
    connect=connect,
)
