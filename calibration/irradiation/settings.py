"""What the irradiation monitor is told, and what it costs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calibration.irradiation.dose import charge_uc_for, dose_1e27_ev_per_cm3
from calibration.procedure import Cost
from hardware.types import Preamplifier
from scopeacq.plan.bounds import Positive
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings


class IrradiationSettings(Settings):
    """Beam, sections and meters; how often and how long is read."""

    target_1e27_ev_per_cm3: Positive = Field(
        0.5, title="Target", description="Irradiation dose at which the beam is to be off."
    )
    beam_kv: Positive = Field(
        3.0, title="Beam voltage", description="Of the irradiation gun: 3 kV for 200 nm, 5 kV for 500 nm."
    )
    area_mm2: Positive = Field(
        507.0,
        title="Irradiated area",
        description="Whose current is measured; a whole 1-inch wafer is 507.",
    )
    thickness_nm: Positive = Field(200.0, description="Of the sections, in which the electrons stop.")
    scale_sd_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        2.0,
        title="Uncertainty of these",
        description="How well voltage, area, thickness and preamplifier are known together.",
    )
    expected_current_ua: Positive = Field(80.0, description="Of the beam; for the estimate of time only.")
    sensitivity_a_per_v: Annotated[float, Field(ge=1e-12, le=1e-3)] = Field(
        1e-4, title="Sensitivity", description="Of the current preamplifier, as it is set up at the start."
    )
    inverted: bool = Field(
        True, description="The preamplifier inverts, so that electrons read as a positive voltage."
    )
    full_scale_v: Positive = Field(
        5.0, title="Full scale", description="Where the preamplifier's output saturates."
    )
    largest_offset_v: Positive = Field(
        0.05,
        title="Largest offset",
        description="That may read with the beam off, or be drifted by; what reads higher is beam.",
    )
    offset_readings: Annotated[int, Field(ge=5, le=1000)] = Field(
        30, description="Taken with the beam off: at the begin, on going on, at the end."
    )
    interval_s: Annotated[float, Field(ge=0.1, le=60)] = Field(1.0, description="Between two readings.")
    longest_bridge_s: Positive = Field(
        5.0,
        title="Longest bridge",
        description="Over a longer time without readings the charge is only known between bounds.",
    )
    warn_s: Positive = Field(
        60.0, title="Warn ahead", description="So long before the target is reached it is announced."
    )

    @property
    def preamplifier(self) -> Preamplifier:
        return Preamplifier(self.sensitivity_a_per_v, self.inverted)

    @property
    def target_uc(self) -> float:
        """The charge that is the target [uC]."""
        return charge_uc_for(self.target_1e27_ev_per_cm3, self.beam_kv, self.area_mm2, self.thickness_nm)

    def dose_1e27(self, charge_uc: float) -> float:
        """The irradiation dose [10^27 eV/cm^3] of a charge."""
        return dose_1e27_ev_per_cm3(charge_uc, self.beam_kv, self.area_mm2, self.thickness_nm)


def cost(plan: Plan, settings: IrradiationSettings) -> Cost:
    """The irradiation at the expected current, and both offsets."""
    offsets_s = 2 * settings.offset_readings * settings.interval_s
    return Cost(
        settings.target_uc / settings.expected_current_ua + offsets_s,
        said=(
            "The beam must be off at the start; you are told when to switch it on and off.",
            "No image is taken and nothing is moved.",
        ),
    )
