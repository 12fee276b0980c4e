"""The cluster ion source, its blanker and its raster as they truly are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hardware.simulator.config import GunSettings
from hardware.types import GunState, Raster, RasterState

UC_PER_NA_S = 1e-3
NO_GAS_BAR = 0.0
PUMP_WITHOUT_VACUUM_MBAR = 1.0


@dataclass
class GunBody:
    """High voltage, gas and the one blanker. The operator has brought the gun up before the run."""

    settings: GunSettings
    hv_on: bool = True
    has_gas: bool = True
    has_vacuum: bool = True
    open: bool = False

    def state(self) -> GunState:
        """What the gun reads back."""
        s = self.settings
        return GunState(
            hv_kv=s.hv_kv if self.hv_on else 0.0,
            hv_on=self.hv_on,
            gas_bar=s.gas_bar if self.has_gas else NO_GAS_BAR,
            pump_pressure_mbar=s.pump_pressure_mbar if self.has_vacuum else PUMP_WITHOUT_VACUUM_MBAR,
        )

    @property
    def emits(self) -> bool:
        return self.hv_on and self.has_gas and self.has_vacuum

    @property
    def gas_flows(self) -> bool:
        return self.hv_on and self.has_gas

    def charge_uc(self, from_s: float, to_s: float) -> float:
        """Charge in the beam between two instants; the current swings slowly about its mean."""
        s = self.settings
        if not self.emits:
            return 0.0
        omega = 2 * math.pi / s.current_drift_period_s
        swing_s = s.current_drift * (math.cos(omega * from_s) - math.cos(omega * to_s)) / omega
        return s.current_na * (to_s - from_s + swing_s) * UC_PER_NA_S

    def current_na(self, at_s: float) -> float:
        """The current at an instant [nA]."""
        s = self.settings
        swing = s.current_drift * math.sin(2 * math.pi * at_s / s.current_drift_period_s)
        return s.current_na * (1 + swing) if self.emits else 0.0


@dataclass
class RasterBody:
    """The waveform generator, which believes in a load of 50 ohm until it is told otherwise."""

    raster: Raster = field(default_factory=lambda: Raster(0.0, 0.0))
    running: bool = False
    load_ohm: float = 50.0

    def state(self) -> RasterState:
        """What the generator reads back."""
        return RasterState(self.raster, self.running, self.load_ohm)
