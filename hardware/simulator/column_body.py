"""The electron column as it truly is: lenses that settle, neutral stigmators that drift."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware.simulator.config import ColumnSettings
from hardware.types import BeamState, Optics

EMISSION_AFTER_DECAY = 0.5


@dataclass(frozen=True, slots=True)
class Aberration:
    """What is set minus what would be in focus: wd [um], stigmators [a.u.]."""

    wd_um: float
    stig_x: float
    stig_y: float


@dataclass
class ColumnBody:
    """Source and lenses."""

    settings: ColumnSettings
    rng: np.random.Generator
    optics: Optics
    lens_from_um: float = 0.0
    lens_set_at_s: float = -math.inf
    beam_shift_um: tuple[float, float] = (0.0, 0.0)
    neutral_stig: tuple[float, float] = (0.0, 0.0)
    wd_drift_um: float = 0.0
    emission: float = 1.0
    eht_on: bool = True
    valve_open: bool = True
    blanked: bool = True

    @classmethod
    def focused(cls, settings: ColumnSettings, rng: np.random.Generator, z_um: float) -> ColumnBody:
        """As an operator leaves it: in focus on a flat wafer at ``z_um``."""
        neutral = (settings.neutral_stig_x, settings.neutral_stig_y)
        return cls(settings, rng, Optics(settings.wd_at_z0_um - z_um, *neutral), neutral_stig=neutral)

    @property
    def probe_current_na(self) -> float:
        return self.settings.probe_current_na * self.emission

    @property
    def deflection_um(self) -> tuple[float, float]:
        """How far the beam is off its axis in the lab: beam shift, and stigmators that are not centred."""
        by_x = self.settings.stigmator_x_shift_um_per_unit
        by_y = self.settings.stigmator_y_shift_um_per_unit
        stig_x, stig_y = self.optics.stig_x, self.optics.stig_y
        return (
            self.beam_shift_um[0] + stig_x * by_x[0] + stig_y * by_y[0],
            self.beam_shift_um[1] + stig_x * by_x[1] + stig_y * by_y[1],
        )

    @property
    def on_wafer(self) -> bool:
        """Whether electrons reach the wafer."""
        return self.eht_on and self.valve_open and not self.blanked

    def state(self) -> BeamState:
        """What the column reads back."""
        s = self.settings
        return BeamState(self.eht_on, s.eht_kv, self.valve_open, self.probe_current_na, self.blanked)

    def set_optics(self, optics: Optics, now_s: float) -> None:
        self.lens_from_um = self.wd_um(now_s)
        self.lens_set_at_s = now_s
        self.optics = optics

    def wd_um(self, now_s: float) -> float:
        """The working distance that the lens has come to: an exponential approach [um]."""
        if self.settings.lens_settling_s == 0 or self.lens_set_at_s == -math.inf:
            return self.optics.wd_um
        lag = math.exp(-(now_s - self.lens_set_at_s) / self.settings.lens_settling_s)
        return self.optics.wd_um + (self.lens_from_um - self.optics.wd_um) * lag

    def aberration(self, surface_z_um: float, now_s: float) -> Aberration:
        """On a surface at the stage height ``surface_z_um``."""
        drift_um = self.wd_drift_um + self.settings.drift_wd_um_per_h * now_s / 3600
        distance_um = self.settings.wd_at_z0_um - surface_z_um + drift_um
        return Aberration(
            self.wd_um(now_s) - distance_um,
            self.optics.stig_x - self.neutral_stig[0],
            self.optics.stig_y - self.neutral_stig[1],
        )

    def drift_after_trip(self) -> None:
        """The stay beside the gun changes charges and temperatures: focus and stigmation walk."""
        x, y = self.rng.uniform(-1, 1, 2) * self.settings.drift_stig_per_trip
        self.neutral_stig = (self.neutral_stig[0] + float(x), self.neutral_stig[1] + float(y))
        self.wd_drift_um += float(self.rng.uniform(-1, 1)) * self.settings.drift_wd_um_per_trip
