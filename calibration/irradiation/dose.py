"""From readings of a current to charge, and from charge to an irradiation dose. Pure.

Readings that follow each other are integrated by Simpson's rule, a few missed ones are bridged by the
trapezoid. Over a longer gap nothing is known: at least no charge fell, at most the largest current that was
ever seen went on. As with ions, what is uncertain counts as delivered: too little can be repaired. Only
where the beam was off before and after a gap, nothing fell: nobody switches it on and off unwatched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import elementary_charge
from scipy.integrate import simpson, trapezoid

Floats = NDArray[np.float64]

FOLLOWING = 1.5
"""Readings at most so many intervals apart follow each other."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without readings [s], longer than may be bridged."""

    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """Charge [uC] between bounds; ``gaps`` are why they differ."""

    least_uc: float
    most_uc: float
    gaps: tuple[Gap, ...] = ()

    @property
    def likeliest_uc(self) -> float:
        return (self.least_uc + self.most_uc) / 2

    @property
    def sd_uc(self) -> float:
        """Of a charge that may be anywhere between the bounds."""
        return (self.most_uc - self.least_uc) / math.sqrt(12)


def delivered(
    times_s: Floats, current_ua: Floats, interval_s: float, longest_bridge_s: float, off_below_ua: float
) -> Delivered:
    """The charge of a current that was read at some times, both float64 (n,).

    ``interval_s`` is the time between readings as planned; the beam is off while it reads below
    ``off_below_ua``. Raises ``ValueError`` for times that do not rise.
    """
    if len(times_s) < 2:
        return Delivered(0.0, 0.0)
    steps_s = np.diff(times_s)
    if not (steps_s > 0).all():
        raise ValueError("the times of readings do not rise")
    breaks = np.flatnonzero(steps_s > FOLLOWING * interval_s)
    known_uc = sum(_of_piece(times_s[a:b], current_ua[a:b]) for a, b in _pieces(breaks, len(times_s)))
    bridges = [n for n in breaks if steps_s[n] <= longest_bridge_s]
    known_uc += sum(float(trapezoid(current_ua[n : n + 2], times_s[n : n + 2])) for n in bridges)
    gaps = tuple(
        Gap(float(times_s[n]), float(times_s[n + 1]))
        for n in breaks
        if steps_s[n] > longest_bridge_s and current_ua[n : n + 2].max() >= off_below_ua
    )
    unknown_uc = max(float(current_ua.max()), 0.0) * sum(gap.to_s - gap.from_s for gap in gaps)
    return Delivered(known_uc, known_uc + unknown_uc, gaps)


def _pieces(breaks: NDArray[np.intp], count: int) -> list[tuple[int, int]]:
    """First and last + 1 of the readings between breaks, each of which lies after its number."""
    starts, ends = [0, *(breaks + 1)], [*(breaks + 1), count]
    return list(zip(starts, ends, strict=True))


def _of_piece(times_s: Floats, current_ua: Floats) -> float:
    return float(simpson(current_ua, x=times_s)) if len(times_s) > 1 else 0.0


def dose_1e27_ev_per_cm3(charge_uc: float, beam_kv: float, area_mm2: float, thickness_nm: float) -> float:
    """Energy that electrons leave in a section, per volume (Schubert 2022, eq. 2.1): U q / (A d)."""
    energy_ev = beam_kv * 1e3 * charge_uc * 1e-6 / elementary_charge
    volume_cm3 = area_mm2 * 1e-2 * thickness_nm * 1e-7
    return energy_ev / volume_cm3 * 1e-27


def charge_uc_for(dose_1e27: float, beam_kv: float, area_mm2: float, thickness_nm: float) -> float:
    """The charge [uC] that leaves a dose [10^27 eV/cm^3]."""
    return dose_1e27 / dose_1e27_ev_per_cm3(1.0, beam_kv, area_mm2, thickness_nm)
