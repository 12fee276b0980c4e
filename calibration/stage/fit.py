"""From where the stage was seen to arrive to its backlash, repeatability and settling. Pure.

Places are complex numbers, x + iy [um]: true less reported place, up to a constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.robust_fits import Complex, Estimate

Floats = NDArray[np.float64]

FEWEST_IMAGES = 6
"""Of a series, to tell rest from noise."""
LAST_SHARE = 0.25
"""Of the images of a series: at the end, when what they are off is noise alone."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """Standard deviations along x and y [um]."""

    x_um: Estimate
    y_um: Estimate

    @property
    def worse_um(self) -> Estimate:
        """That of the axis that scatters more."""
        return max(self.x_um, self.y_um, key=lambda estimate: estimate.value)


@dataclass(frozen=True, slots=True)
class Settling:
    """``settled_s``: from when on no image was off by more than ``within_nm``; None where it never was."""

    settled_s: Estimate | None
    within_nm: float


def backlash_um(rising_um: Floats, falling_um: Floats) -> Estimate:
    """By how much places along one axis (n,), (k,) differ by the side they come from; n, k >= 2."""
    spread = [float(places.var(ddof=1)) / len(places) for places in (rising_um, falling_um)]
    return Estimate(float(falling_um.mean() - rising_um.mean()), math.sqrt(sum(spread)))


def scatter(places_um: Complex) -> Scatter:
    """How arrivals (n,), n >= 2, scatter about their mean."""
    relative = math.sqrt(2 * (len(places_um) - 1))
    sds = (float(part.std(ddof=1)) for part in (places_um.real, places_um.imag))
    x_um, y_um = (Estimate(sd, sd / relative) for sd in sds)
    return Scatter(x_um, y_um)


def settling(series: Sequence[tuple[Floats, Floats]], wanted_nm: float, borne_nm: float) -> Settling:
    """From when on all images stay within ``wanted_nm``, or within their noise where that is more.

    Noise of more than ``borne_nm`` is a stage that shakes: it never settles.
    ``series``: seconds since the stage arrived, rising, and how far the image was from where it came to
    rest [nm], (n,) each. Those of few images are left out.
    """
    series = [one for one in series if len(one[0]) >= FEWEST_IMAGES]
    if not series:
        return Settling(None, wanted_nm)
    last = np.concatenate([off_nm[-round(LAST_SHARE * len(off_nm)) :] for _, off_nm in series])
    noise_nm = 3 * float(np.sqrt(np.mean(last**2)))
    if not noise_nm <= borne_nm:
        return Settling(None, borne_nm)
    within_nm = max(wanted_nm, noise_nm)
    ends = [_settled(times_s, off_nm, within_nm) for times_s, off_nm in series]
    if any(end is None for end in ends):
        return Settling(None, within_nm)
    settled = max((end for end in ends if end is not None), key=lambda end: end.value)
    return Settling(settled, within_nm)


def _settled(times_s: Floats, off_nm: Floats, within_nm: float) -> Estimate | None:
    """The first image after the last one that was off; it may have been at rest since the one before."""
    outside = np.flatnonzero(off_nm > within_nm)
    if not len(outside):
        return Estimate(0.0, 0.0)
    first = int(outside[-1]) + 1
    if first >= len(times_s) - 1:
        return None
    return Estimate(float(times_s[first]), float(times_s[first] - times_s[first - 1]) / math.sqrt(12))
