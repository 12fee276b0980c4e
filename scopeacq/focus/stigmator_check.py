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

from hardware.optics import half_turn_deg
from scopeacq.focus.estimator_gain import EXACT, Gain
from scopeacq.plan.instrument import ElectronSettings

LEAST_UM = 2.0
"""Smaller changes of astigmatism prove nothing: twice the depth of focus, 0.5 a.u. of most columns."""

SIGMAS = 3.0
"""What is off must be beyond the uncertainty of both estimates by so much."""

HARMLESS = 0.3
"""A frame that leaves less of the astigmatism per correction needs no other.

That is one turned by up to 8 degrees, or 0.7 to 1.3 times as strong: the loop converges as fast as it
does for other reasons, and its estimates would hardly tell.
"""

DIVERGES = 1.0
"""Surely off by more once is enough: the next correction would do more harm than good."""


@dataclass(frozen=True, slots=True)
class StigmatorStep:
    """What one correction was to change and what was seen of it, with the standard deviation of that [um].

    ``gain``: of the estimator that saw it.
    """

    expected: complex
    measured: complex
    sd_um: float
    gain: Gain = EXACT

    @property
    def large(self) -> bool:
        """Whether it can prove anything."""
        return abs(self.expected) >= LEAST_UM

    @property
    def ratio(self) -> complex:
        """How the stigmators acted over how they were to act, for the likeliest gain."""
        return self.measured / self.expected / self.gain.mean

    @property
    def off(self) -> float:
        """What the correction left, as a share, for the gain that speaks most for the frame."""
        seen = self.measured / self.expected
        low, high = self.gain.likely
        best = abs(seen) ** 2 / seen.real if seen.real > 0 else math.inf
        return abs(seen / min(max(best, low), high) - 1)

    @property
    def blur(self) -> float:
        """How much of ``off`` may be chance."""
        return SIGMAS * self.sd_um / abs(self.expected)

    @property
    def wrong(self) -> bool:
        """Whether it surely did not do what it was to do."""
        return self.off > max(HARMLESS, self.blur)

    @property
    def right(self) -> bool:
        """Whether it surely did."""
        return abs(self.ratio - 1) <= HARMLESS and self.blur <= HARMLESS

    @property
    def diverges(self) -> bool:
        """Whether it surely left more than there was."""
        return self.off > DIVERGES + self.blur


@dataclass(frozen=True, slots=True)
class FrameMismatch:
    """How the stigmators truly act: turned counter-clockwise in the lab and times as strongly."""

    rotation_deg: float
    scale: float

    def told(self, electron: ElectronSettings) -> str:
        """What is wrong and what would be right, as a clause."""
        right_deg = round(half_turn_deg(electron.stigmator_rotation_deg + self.rotation_deg))
        right_um = electron.stigmator_um_per_unit * self.scale
        return (
            f"the stigmators act turned by {round(self.rotation_deg):+d} degrees and {self.scale:.2g} "
            "times as strongly as the profile says; recalibrate the stigmator frame (the pairs say "
            f"stigmator_rotation_deg = {right_deg} and stigmator_um_per_unit = {right_um:.2g})"
        )


def frame_mismatch(steps: Sequence[StigmatorStep]) -> FrameMismatch | None:
    """What is wrong with the stigmator frame after these steps, the newest last; None if nothing is.

    Two steps that did wrong are no chance, unless another one did right: the frame is the same in all.
    """
    telling = [step for step in steps if step.large]
    wrong = [step for step in telling if step.wrong]
    surely = len(wrong) > 1 and not any(step.right for step in telling)
    if not surely and not (telling and telling[-1] is steps[-1] and telling[-1].diverges):
        return None
    ratio = max(wrong, key=lambda step: abs(step.expected)).ratio
    return FrameMismatch(half_turn_deg(-math.degrees(cmath.phase(ratio)) / 2), abs(ratio))
