"""The half angle of the probe's cone, from what an estimator sees of known working distances. Pure.

With a wrong angle assumed, the answers of an estimator of pairs stretch: near focus by the square of true
over assumed. The lens is true, so the angle is right at which the answers are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

ROUNDS = 8
SETTLED = 0.005
"""A stretch that is off by less needs no other angle."""

LARGEST_CHANGE = 2.5
"""Over what was assumed first: farther off the images were taken with unfit optics."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A working distance that was set, the defocus that was seen there, and its standard deviation [um]."""

    wd_um: float
    defocus_um: float
    sd_um: float


@dataclass(frozen=True, slots=True)
class BeamAngle:
    """The angle, and what is seen with it; ``stretch`` is 1 where it was found."""

    convergence_mrad: float
    sd_mrad: float
    stretch: float
    sd_stretch: float
    seen: tuple[Seen, ...]

    @property
    def settled(self) -> bool:
        """Whether answers are true with this angle."""
        return abs(self.stretch - 1) <= max(2 * self.sd_stretch, 2 * SETTLED)


def find_angle(read: Callable[[float], Sequence[Seen]], assumed_mrad: float) -> BeamAngle:
    """The angle with which answers are true.

    ``read`` reads the same images with another angle [mrad]; at least three of them must tell something,
    or ``ValueError`` is raised.
    """
    angle_mrad = assumed_mrad
    for _ in range(ROUNDS):
        seen = tuple(read(angle_mrad))
        stretch, sd = stretch_of(seen)
        found = BeamAngle(angle_mrad, 0.5 * sd * angle_mrad, stretch, sd, seen)
        if abs(stretch - 1) <= SETTLED or not 0.1 < stretch < 10.0:
            break
        angle_mrad *= math.sqrt(stretch)
        angle_mrad = min(max(angle_mrad, assumed_mrad / LARGEST_CHANGE), assumed_mrad * LARGEST_CHANGE)
    return found


def stretch_of(seen: Sequence[Seen]) -> tuple[float, float]:
    """Defocus seen over defocus set, and its standard deviation, by weighted least squares.

    Raises ``ValueError`` for fewer than three, or all at one working distance.
    """
    wds_um = np.array([s.wd_um for s in seen])
    if len(seen) < 3 or np.ptp(wds_um) == 0:
        raise ValueError("too few working distances to see how answers stretch")
    defocus_um, sds_um = (np.array([getattr(s, name) for s in seen]) for name in ("defocus_um", "sd_um"))
    offsets_um = wds_um - wds_um.mean()
    (slope, constant), covariance = np.polyfit(offsets_um, defocus_um, 1, w=1 / sds_um, cov="unscaled")
    chi2 = float((((defocus_um - slope * offsets_um - constant) / sds_um) ** 2).sum()) / (len(seen) - 2)
    return float(slope), math.sqrt(float(covariance[0, 0]) * max(1.0, chi2))
