"""How much of an aberration an estimator sees: learned from what the lens did between two pairs. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNSEEN_SD = 0.3
"""Of a gain that was not seen yet: an angle 20 % other than assumed stretches all answers by 36 to 44 %."""

DRIFT_SD = 0.1
"""From one pair to the next: answers near focus may stretch otherwise than those far off."""

LIMITS = 0.5, 2.5

FLOOR_UM = 0.1
"""Standard deviation of what is seen of a change, however certain the estimates say they are."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What an estimator answers over what is true, and its standard deviation."""

    mean: float = 1.0
    sd: float = UNSEEN_SD

    def after(self, change_um: float, seen_um: float, sd_um: float) -> Gain:
        """The gain when a change of the working distance was seen as ``seen_um +- sd_um``.

        The lens itself is true. What was known is weighed with what is seen, as a Kalman filter does.
        """
        variance = min(self.sd**2 + DRIFT_SD**2, UNSEEN_SD**2)
        trust = variance * change_um / (variance * change_um**2 + sd_um**2 + FLOOR_UM**2)
        mean = self.mean + trust * (seen_um - self.mean * change_um)
        return Gain(_within(mean), math.sqrt(variance * (1 - trust * change_um)))

    @property
    def likely(self) -> tuple[float, float]:
        """From where to where it may well lie: a standard deviation to either side."""
        return _within(self.mean - self.sd), _within(self.mean + self.sd)


UNSEEN = Gain()
EXACT = Gain(1.0, 0.0)


def _within(gain: float) -> float:
    return min(max(gain, LIMITS[0]), LIMITS[1])
