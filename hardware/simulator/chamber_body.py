"""The vacuum: a pressure that follows the gas load and the leaks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hardware.simulator.config import ChamberSettings


@dataclass
class ChamberBody:
    """First order: the pressure approaches base + load with one time constant.

    ``cleaning``: whether the plasma of the cleaner burns.
    """

    settings: ChamberSettings
    pressure_mbar: float = field(init=False)
    cleaning: bool = False

    def __post_init__(self) -> None:
        self.pressure_mbar = self.settings.base_mbar

    def pass_time(self, duration_s: float, gas_flows: bool, leaks: bool) -> None:
        """Let ``duration_s`` pass with or without the gun's gas and a leak."""
        goal = self.settings.base_mbar + self.settings.gas_load_mbar * gas_flows
        goal += self.settings.lost_mbar * leaks
        lag = math.exp(-duration_s / self.settings.response_s)
        self.pressure_mbar = goal + (self.pressure_mbar - goal) * lag

    def break_vacuum(self) -> None:
        """Air comes in faster than any pump."""
        self.pressure_mbar = self.settings.lost_mbar

    @property
    def tripped(self) -> bool:
        """Whether the vacuum interlock shuts valves and high voltages."""
        return self.pressure_mbar > self.settings.trip_mbar
