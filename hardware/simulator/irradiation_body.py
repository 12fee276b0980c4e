"""The irradiation gun, its current, and what a preamplifier and a multimeter make of it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hardware.simulator.config import IrradiationSettings
from hardware.types import Preamplifier


@dataclass
class IrradiationBody:
    """Switched on once by its operator, some time after the preamplifier was set up; off by a program, too."""

    settings: IrradiationSettings
    rng: np.random.Generator
    preamplifier: Preamplifier | None = None
    on_at_s: float = math.inf
    off_at_s: float = math.inf

    def configure(self, preamplifier: Preamplifier, now_s: float) -> None:
        """Set the preamplifier up; the operator follows."""
        self.preamplifier = preamplifier
        if math.isinf(self.on_at_s):
            self.on_at_s = now_s + self.settings.on_after_s

    def beam_on(self, at_s: float) -> bool:
        return self.on_at_s <= at_s < self.off_at_s

    def current_ua(self, at_s: float) -> float:
        """The beam's current at an instant; it swings slowly about its mean."""
        s = self.settings
        swing = s.current_ripple * math.sin(2 * math.pi * at_s / s.current_ripple_period_s)
        return s.current_ua * (1 + swing) if self.beam_on(at_s) else 0.0

    def charge_uc(self, to_s: float) -> float:
        """All charge that was delivered up to an instant: the exact integral of the current."""
        s = self.settings
        if to_s <= self.on_at_s:
            return 0.0
        end_s = min(to_s, self.off_at_s)
        omega = 2 * math.pi / s.current_ripple_period_s
        swing_s = s.current_ripple * (math.cos(omega * self.on_at_s) - math.cos(omega * end_s)) / omega
        return s.current_ua * (end_s - self.on_at_s + swing_s)

    def volts(self, at_s: float) -> float:
        """What the multimeter reads: electrons are a negative current."""
        assert self.preamplifier is not None
        s, sign = self.settings, 1.0 if self.preamplifier.inverted else -1.0
        volts = sign * self.current_ua(at_s) * 1e-6 / self.preamplifier.sensitivity_a_per_v
        volts += s.offset_v + s.offset_drift_v_per_h * at_s / 3600
        volts += s.noise_v * float(self.rng.standard_normal())
        return min(max(volts, -s.full_scale_v), s.full_scale_v)

    def remember(self) -> dict[str, Any]:
        """Its state as JSON values."""
        switched = {"on_at_s": self.on_at_s, "off_at_s": self.off_at_s}
        known = {name: at_s for name, at_s in switched.items() if math.isfinite(at_s)}
        return known if self.preamplifier is None else {**known, "preamplifier": asdict(self.preamplifier)}

    def recall(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`remember` gave."""
        self.on_at_s, self.off_at_s = state.get("on_at_s", math.inf), state.get("off_at_s", math.inf)
        known = state.get("preamplifier")
        self.preamplifier = None if known is None else Preamplifier(**known)
