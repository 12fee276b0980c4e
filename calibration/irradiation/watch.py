"""How an irradiation stands, and what to do about it. Pure: decided from readings alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from calibration.irradiation.dose import Delivered, Floats, delivered
from calibration.irradiation.settings import IrradiationSettings

NOISE_SD = 8.0
"""So many standard deviations of the offset's noise above the offset, the beam is on."""
LAST = 3
"""So many readings must agree that the beam is off."""
SATURATED = 0.98
MAD_TO_SD = 1.4826
"""From the median of absolute deviations to the standard deviation of normal noise."""


class Phase(Enum):
    """Where an irradiation stands, in the words of an operator."""

    OFF = "the beam is off: switch it on"
    ON = "irradiating"
    SOON = "the target is near"
    REACHED = "ALARM: the target is reached, switch the beam off"
    ENDING = "it is to end here: switch the beam off"
    ENDED = "it ends here, and the beam is off"
    DONE = "the target is reached and the beam is off"


class Wrong(Enum):
    """Why readings cannot be counted; what is wrong, and what to do."""

    SATURATED = (
        "the preamplifier saturates",
        "Switch the beam off, choose a less sensitive range and begin anew.",
    )
    NEGATIVE = (
        "the current is negative",
        "Switch the beam off, change whether the preamplifier inverts and begin anew.",
    )


@dataclass(frozen=True, slots=True)
class Offset:
    """What the multimeter reads with the beam off: mean and noise [V], in the middle of ``at_s``.

    Of so many readings of the log, from the ``first`` on.
    """

    volts: float
    sd_v: float
    at_s: float
    first: int
    readings: int

    @property
    def end(self) -> int:
        """The first reading behind these."""
        return self.first + self.readings


Offsets = tuple[Offset, ...]
"""In the order of time, at least one; between them the offset drifts evenly."""


@dataclass(frozen=True, slots=True)
class Standing:
    """So far: charge, the newest current [uA] and what to do. ``left_s`` is inf while nothing flows."""

    charge: Delivered
    current_ua: float
    left_s: float
    phase: Phase


def offset_of(
    times_s: Floats, volts: Floats, first: int, settings: IrradiationSettings, before: Offsets
) -> Offset:
    """The offset by readings, float64 (n,), that begin with the ``first`` of the log.

    Raises ``ValueError`` where the beam was or went on.
    """
    offset = Offset(float(volts.mean()), float(volts.std(ddof=1)), float(times_s.mean()), first, len(volts))
    noise_v = float(np.median(np.abs(np.diff(volts)))) * MAD_TO_SD / math.sqrt(2)
    if np.ptp(volts) > 2 * NOISE_SD * max(noise_v, 1e-6 * settings.full_scale_v):
        raise ValueError(f"the current changed by {np.ptp(volts):.3g} V while its offset was measured")
    expected_v = before[-1].volts if before else 0.0
    if abs(offset.volts - expected_v) > settings.largest_offset_v:
        raise ValueError(f"the multimeter reads {offset.volts:.3g} V where the beam should be off")
    return offset


def current_ua(times_s: Floats, volts: Floats, settings: IrradiationSettings, offsets: Offsets) -> Floats:
    """Current [uA] of readings, float64 (n,)."""
    offset_v = np.interp(times_s, [o.at_s for o in offsets], [o.volts for o in offsets])
    return np.asarray((volts - offset_v) * settings.sensitivity_a_per_v * 1e6, np.float64)


def charge_of(
    times_s: Floats, flows_ua: Floats, settings: IrradiationSettings, offsets: Offsets
) -> Delivered:
    """The charge of a current [uA], float64 (n,)."""
    off_below_ua = _threshold_v(settings, offsets) * settings.sensitivity_a_per_v * 1e6
    return delivered(times_s, flows_ua, settings.interval_s, settings.longest_bridge_s, off_below_ua)


def wrong(volts: Floats, settings: IrradiationSettings, offsets: Offsets) -> Wrong | None:
    """Why the newest readings cannot be counted, if they cannot."""
    newest = volts[-LAST:]
    if np.abs(newest).max() >= SATURATED * settings.full_scale_v:
        return Wrong.SATURATED
    if (newest < offsets[-1].volts - _threshold_v(settings, offsets)).all():
        return Wrong.NEGATIVE
    return None


def beam_on(volts: Floats, settings: IrradiationSettings, offsets: Offsets) -> bool:
    """Whether any of the newest readings (n,) shows the beam."""
    return bool((volts[-LAST:] > offsets[-1].volts + _threshold_v(settings, offsets)).any())


def standing(
    times_s: Floats, volts: Floats, settings: IrradiationSettings, offsets: Offsets, *, ends: bool = False
) -> Standing:
    """How it stands after these readings, float64 (n,) each with n >= 1.

    ``ends``: it is to end with what was delivered by now.
    """
    flows_ua = current_ua(times_s, volts, settings, offsets)
    charge = charge_of(times_s, flows_ua, settings, offsets)
    left_uc, newest_ua = settings.target_uc - charge.most_uc, float(flows_ua[-1])
    on = beam_on(volts, settings, offsets)
    left_s = max(left_uc, 0.0) / newest_ua if on and newest_ua > 0 else math.inf
    if ends and left_uc > 0:
        return Standing(charge, newest_ua, math.inf, Phase.ENDING if on else Phase.ENDED)
    return Standing(charge, newest_ua, left_s, _phase(on, left_uc <= 0, left_s <= settings.warn_s))


def _threshold_v(settings: IrradiationSettings, offsets: Offsets) -> float:
    """Above the offset by it the beam is on: more than noise, and more than an offset may drift by."""
    return max(NOISE_SD * offsets[-1].sd_v, settings.largest_offset_v)


def _phase(on: bool, reached: bool, soon: bool) -> Phase:
    if reached:
        return Phase.REACHED if on else Phase.DONE
    if not on:
        return Phase.OFF
    return Phase.SOON if soon else Phase.ON
