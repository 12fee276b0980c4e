"""From what it took to mill sections through to their mill rate, with its uncertainty. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scopeacq.plan.instrument import MillRate

SAME_IRRADIATION = 1e-3
"""Rows of the table nearer than this [10^27 eV/cm^3] are of one irradiation."""
UNIFORM_SD = 1 / math.sqrt(12)
"""Standard deviation of what may lie anywhere within an interval, of its width."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A mill rate per current [10^-8 m^3/C] and its standard deviation."""

    rate_1e_8_m3_per_c: float
    sd_1e_8_m3_per_c: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A section that was milled through: thickness [nm] and charge per area across the beam [uC/um^2].

    Standard deviations: of the thickness, of the charge as the journal knows it, and of the charge over the
    pixels of the section; and what one slice is, within which the wafer came through.
    """

    thickness_nm: float
    thickness_sd_nm: float
    uc_per_um2: float
    journal_sd: float
    pixels_sd: float
    slice_width: float


def volume_rate_um3_per_s(field_um: float, thickness_nm: float, mill_s: float) -> float:
    """The volume that is milled per time, of a square field (Schubert 2022, table 2.1)."""
    return field_um**2 * thickness_nm * 1e-3 / mill_s


def per_current_1e_8_m3_per_c(volume_um3_per_s: float, current_na: float) -> float:
    """A volume rate per beam current [10^-8 m^3/C]."""
    return volume_um3_per_s * 1e-18 / (current_na * 1e-9) * 1e8


def rate_of(cut: Cut) -> Rate:
    """The mill rate of one section, with what is uncertain of it alone."""
    rate = cut.thickness_nm / cut.uc_per_um2 * 1e-7
    charge_sd = math.hypot(cut.journal_sd, cut.pixels_sd, UNIFORM_SD * cut.slice_width)
    relative = math.hypot(cut.thickness_sd_nm / cut.thickness_nm, charge_sd / cut.uc_per_um2)
    return Rate(rate, rate * relative)


def combined(rates: Sequence[Rate], common_relative_sd: float) -> Rate:
    """Weighted mean of the rates of sections; what is uncertain of all alike does not average out.

    Where sections differ by more than they should, the uncertainty is that of how they differ.
    """
    values = np.array([r.rate_1e_8_m3_per_c for r in rates])
    sds = np.maximum([r.sd_1e_8_m3_per_c for r in rates], 1e-12 * values)
    weights = sds**-2 / (sds**-2).sum()
    mean = float(weights @ values)
    own = float((sds**-2).sum()) ** -0.5
    if len(rates) > 1:
        scatter = float(weights @ (values - mean) ** 2) / (len(rates) - 1)
        own = max(own, math.sqrt(scatter))
    return Rate(mean, math.hypot(own, mean * common_relative_sd))


def with_row(
    table: Sequence[MillRate], irradiation_1e27_ev_per_cm3: float, rate: Rate
) -> tuple[MillRate, ...]:
    """The table with one irradiation measured anew; all others as they were, in order."""
    others = [
        row
        for row in table
        if abs(row.irradiation_1e27_ev_per_cm3 - irradiation_1e27_ev_per_cm3) > SAME_IRRADIATION
    ]
    row = MillRate(
        irradiation_1e27_ev_per_cm3=irradiation_1e27_ev_per_cm3,
        rate_1e_8_m3_per_c=round(rate.rate_1e_8_m3_per_c, 6),
    )
    return tuple(sorted([*others, row], key=lambda r: r.irradiation_1e27_ev_per_cm3))
