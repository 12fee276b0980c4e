"""Whether the stigmators did what the profile says they do, seen in the pairs of one correction. Pure.

Astigmatic focal shifts are complex numbers here, ``astig_x + i astig_y`` [um] in the image frame. A
frame that is truly turned by delta and acts s times as strongly as the profile says turns an
expected change c into ``s exp(-2i delta) c`` (the image's rows run down, hence the sign). With the
profile trusted, each correction leaves ``|1 - s exp(-2i delta)|`` of the astigmatism: beyond 1,
from a turn of 30 degrees on, the loop diverges.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass

from scopeacq.instrument import ElectronSettings

LEAST_UM = 2.0
"""Smaller changes of astigmatism prove nothing: twice the depth of focus, 0.5 a.u. of most columns."""

SIGMAS = 3.0
"""What is off must be beyond the uncertainty of both estimates by so much."""

SLOW = 0.4
"""Twice in a row off by this share is no chance; the loop hardly converges then."""

DIVERGES = 1.0
"""Surely off by more once is enough: the next correction would do more harm than good."""


@dataclass(frozen=True, slots=True)
class StigmatorStep:
    """What one correction was to change and what it changed, with the standard deviation of that [um]."""

    expected: complex
    measured: complex
    sd_um: float

    @property
    def off(self) -> float:
        """By what share of the expected the measured is off; 0 where that may be chance."""
        size, off_um = abs(self.expected), abs(self.measured - self.expected)
        return off_um / size if size >= LEAST_UM and off_um > SIGMAS * self.sd_um else 0.0

    @property
    def diverges(self) -> bool:
        """Whether the correction surely left more than there was."""
        return self.off * abs(self.expected) > DIVERGES * abs(self.expected) + SIGMAS * self.sd_um


@dataclass(frozen=True, slots=True)
class FrameMismatch:
    """How the stigmators truly act: turned counter-clockwise in the lab and times as strongly."""

    rotation_deg: float
    scale: float

    def told(self, electron: ElectronSettings) -> str:
        """What is wrong and what would be right, as a clause."""
        right_deg = round(_half_turn_deg(electron.stigmator_rotation_deg + self.rotation_deg))
        right_um = electron.stigmator_um_per_unit * self.scale
        return (
            f"the stigmators act turned by {round(self.rotation_deg):+d} degrees and {self.scale:.2g} "
            "times as strongly as the profile says; recalibrate the stigmator frame (the pairs say "
            f"stigmator_rotation_deg = {right_deg} and stigmator_um_per_unit = {right_um:.2g})"
        )


def frame_mismatch(steps: Sequence[StigmatorStep]) -> FrameMismatch | None:
    """What is wrong with the stigmator frame after these steps, the newest last; None if nothing is."""
    twice = len(steps) > 1 and min(step.off for step in steps[-2:]) > SLOW
    if not twice and not (steps and steps[-1].diverges):
        return None
    largest = max(steps[-2:], key=lambda step: abs(step.expected) if step.off else 0.0)
    ratio = largest.measured / largest.expected
    return FrameMismatch(_half_turn_deg(-math.degrees(cmath.phase(ratio)) / 2), abs(ratio))


def _half_turn_deg(angle_deg: float) -> float:
    """The same axis in [-90, 90): astigmatism does not tell a direction from its opposite."""
    return (angle_deg + 90.0) % 180.0 - 90.0
