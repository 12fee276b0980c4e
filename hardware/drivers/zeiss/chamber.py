"""The vacuum of a Zeiss SEM."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.drivers.zeiss.api import Sem
from hardware.drivers.zeiss.parameters import Analogue
from hardware.drivers.zeiss.units import MBAR_PER_PA, tidy
from hardware.errors import Garbled

MBAR_PER_UNIT = {Analogue.CHAMBER_PRESSURE: MBAR_PER_PA, Analogue.SYSTEM_VACUUM: 1.0}
"""The first gauge is read in Pa, the second in mbar."""


@dataclass(frozen=True, slots=True)
class ZeissChamber:
    """``gauge``: which of SmartSEM's pressures is meant."""

    sem: Sem
    gauge: Analogue

    def pressure_mbar(self) -> float:
        """Raises ``Garbled`` for 0, which a gauge reads that is off or below its range."""
        pressure_mbar = tidy(self.sem.number(self.gauge) * MBAR_PER_UNIT[self.gauge])
        if pressure_mbar <= 0:
            what = f"{self.gauge} reads {pressure_mbar:g} mbar, which is no pressure"
            raise Garbled(self.sem.device, what, "Choose the other gauge in the settings.")
        return pressure_mbar
