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
    """Its operator switches it on some time after the preamplifier was set up; off may be a program."""

    settings: IrradiationSettings
    rng: np.random.Generator
    preamplifier: Preamplifier | None = None
    on_at_s: float = math.inf
    delivered_before_uc: float = 0.0

    def configure(self, preamplifier: Preamplifier, now_s: float) -> None:
        """Set the preamplifier up; the operator follows."""
        self.preamplifier = preamplifier
        if math.isinf(self.on_at_s):
            self.on_at_s = now_s + self.settings.on_after_s

    def switch_off(self, now_s: float) -> None:
        self.delivered_before_uc = self.charge_uc(now_s)
        self.on_at_s = math.inf

    def beam_on(self, at_s: float) -> bool:
        return self.on_at_s <= at_s

    def current_ua(self, at_s: float) -> float:
        """The beam's current at an instant; it swings slowly about its mean."""
        s = self.settings
        swing = s.current_ripple * math.sin(2 * math.pi * at_s / s.current_ripple_period_s)
        return s.current_ua * (1 + swing) if self.beam_on(at_s) else 0.0

    def charge_uc(self, to_s: float) -> float:
        """All charge that was delivered up to an instant: the exact integral of the current."""
        s = self.settings
        if not self.beam_on(to_s):
            return self.delivered_before_uc
        omega = 2 * math.pi / s.current_ripple_period_s
        swing_s = s.current_ripple * (math.cos(omega * self.on_at_s) - math.cos(omega * to_s)) / omega
        return self.delivered_before_uc + s.current_ua * (to_s - self.on_at_s + swing_s)

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
        return {
            "on_at_s": None if math.isinf(self.on_at_s) else self.on_at_s,
            "delivered_before_uc": self.delivered_before_uc,
            "preamplifier": None if self.preamplifier is None else asdict(self.preamplifier),
        }

    def recall(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`remember` gave."""
        on_at_s, preamplifier = state["on_at_s"], state["preamplifier"]
        self.on_at_s = math.inf if on_at_s is None else on_at_s
        self.delivered_before_uc = state["delivered_before_uc"]
        self.preamplifier = None if preamplifier is None else Preamplifier(**preamplifier)
