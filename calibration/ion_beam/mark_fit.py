"""From grey values across burn marks to where they lie, how large they are and how wide the spot is. Pure.

Ions thin the coating in proportion to what fell there: a box, blurred by a Gaussian spot. The grey value
goes with what is left of the coating, and no further once that is gone:
``grey = g0 + contrast min(r B(s), 1)``, ``B(s) = Phi((s - c + L/2) / sigma) - Phi((s - c - L/2) / sigma)``,
r the charge per area in units of what the coating bears. All marks are fitted together, since they
share scale (L = k Vpp), spot, coating and contrast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.optimize import least_squares
from scipy.special import ndtr

Values = NDArray[np.float64]

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
LEAST_CONTRAST_SD = 8.0
"""Standard deviations of its mean by which a mark must differ from the wafer around it."""


class NotSeen(ValueError):
    """A mark cannot be told from the wafer around it; the message says which, in one clause."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Mean grey values (n,) at places (n,) [um] along a line through a mark, NaN where there are none."""

    at_um: Values
    grey: Values

    def known(self) -> Profile:
        """Without what was not seen."""
        seen = np.isfinite(self.grey)
        return Profile(self.at_um[seen], self.grey[seen])


@dataclass(frozen=True, slots=True, eq=False)
class Burned:
    """A mark as seen: profiles across and along the beam, amplitudes x and y, charge per volt^2."""

    across: Profile
    along: Profile
    vpp: tuple[float, float]
    charge_uc: float


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """A direction of all marks. ``um_per_vpp``: edge per amplitude on the wafer; ``spot_um``: full width at
    half maximum there; ``centres_um`` (n,); ``fitted``: (n,) arrays of the model at the profiles' places.
    """

    um_per_vpp: float
    um_per_vpp_sd: float
    spot_um: float
    spot_sd_um: float
    centres_um: Values
    centres_sd_um: Values
    fitted: tuple[Values, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MarksFit:
    """Both directions of all marks. ``noise``: standard deviation of the grey values about the fit."""

    across: Edges
    along: Edges
    noise: float


def fit_marks(marks: Sequence[Burned]) -> MarksFit:
    """Fit both directions of all marks together. Raises ``NotSeen``."""
    doses = np.array([m.charge_uc / (m.vpp[0] * m.vpp[1]) for m in marks])
    lines = [
        _Line(line.known(), direction, number, mark.vpp[direction], float(doses[number] / doses.mean()))
        for number, mark in enumerate(marks)
        for direction, line in enumerate((mark.across, mark.along))
    ]
    n, start = len(marks), _start(lines)
    reach = np.full(len(start), np.inf)
    reach[:_LOGARITHMS] = math.log(20.0)
    limits = (start - reach, start + reach)
    found = least_squares(_misfit, start, bounds=limits, x_scale="jac", args=(lines, n))
    noise = math.sqrt(2 * found.cost / max(len(found.fun) - len(start), 1))
    jacobian = np.asarray(found.jac, np.float64)
    sd = noise * np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)))
    across, along = (_edges(direction, found.x, sd, lines, n) for direction in (0, 1))
    return MarksFit(across, along, noise)


def rough_edges_um(profile: Profile) -> tuple[float, float]:
    """Where a profile crosses half its contrast, left and right of a mark [um]. Raises ``NotSeen``.

    The mark is where a smoothed profile differs most from the median of all; the background is around.
    """
    profile = profile.known()
    if len(profile.grey) < 50:
        raise NotSeen("too little of its surroundings was seen")
    smooth = uniform_filter1d(profile.grey, max(len(profile.grey) // 40, 3))
    away = max(len(smooth) // 10, 1)
    background = float(np.median(np.concatenate([smooth[:away], smooth[-away:]])))
    peak = int(np.argmax(np.abs(smooth - background)))
    contrast = smooth[peak] - background
    noise = float(np.std(np.diff(profile.grey))) / math.sqrt(2)
    if abs(contrast) < LEAST_CONTRAST_SD * noise / math.sqrt(max(len(profile.grey) // 40, 3)):
        raise NotSeen("it cannot be told from the wafer around it")
    marked = (smooth - background) / contrast > 0.5
    outside = np.flatnonzero(~marked)
    before, after = outside[outside < peak], outside[outside > peak]
    if not len(before) or not len(after):
        raise NotSeen("it reaches beyond what was looked at")
    return float(profile.at_um[before[-1]]), float(profile.at_um[after[0]])


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A profile: 0 across or 1 along the beam, of which mark; amplitude and relative charge per area."""

    profile: Profile
    direction: int
    mark: int
    vpp: float
    dose: float


# parameters: log k (2), log sigma (2), log r, contrast, then centres of both directions and backgrounds
_K, _SIGMA, _R, _CONTRAST, _LOGARITHMS = slice(0, 2), slice(2, 4), 4, 5, 5


def _centres(p: Values, direction: int, n: int) -> Values:
    first = _CONTRAST + 1 + direction * n
    return p[first : first + n]


def _backgrounds(p: Values, n: int) -> Values:
    return p[_CONTRAST + 1 + 2 * n :]


def _start(lines: Sequence[_Line]) -> Values:
    """Parameters to begin with, by where lines cross half their contrast. Raises ``NotSeen``."""
    edges = [sorted(rough_edges_um(line.profile)) for line in lines]
    grounds = [float(np.median(np.concatenate([q[:20], q[-20:]]))) for q in (x.profile.grey for x in lines)]
    contrasts = [_inside(x.profile, e) - g for x, e, g in zip(lines, edges, grounds, strict=True)]
    widths = [(e[1] - e[0]) / line.vpp for line, e in zip(lines, edges, strict=True)]
    k = np.log([np.median(widths[0::2]), np.median(widths[1::2])])
    middles = [sum(e) / 2 for e in edges]
    spots_and_coating = [*(k + math.log(0.1)), math.log(1.5)]
    return np.array(
        [*k, *spots_and_coating, np.median(contrasts), *middles[0::2], *middles[1::2], *grounds[0::2]]
    )


def _modelled(p: Values, line: _Line, n: int) -> Values:
    k, sigma = np.exp(p[_K])[line.direction], np.exp(p[_SIGMA])[line.direction]
    s_um = line.profile.at_um - _centres(p, line.direction, n)[line.mark]
    gone = np.minimum(np.exp(p[_R]) * line.dose * _box(s_um, k * line.vpp, sigma), 1.0)
    return np.asarray(_backgrounds(p, n)[line.mark] + p[_CONTRAST] * gone)


def _misfit(p: Values, lines: Sequence[_Line], n: int) -> Values:
    return np.concatenate([_modelled(p, line, n) - line.profile.grey for line in lines])


def _edges(direction: int, p: Values, sd: Values, lines: Sequence[_Line], n: int) -> Edges:
    k, sigma = np.exp(p[_K])[direction], FWHM_PER_SIGMA * np.exp(p[_SIGMA])[direction]
    return Edges(
        um_per_vpp=float(k),
        um_per_vpp_sd=float(k * sd[_K][direction]),
        spot_um=float(sigma),
        spot_sd_um=float(sigma * sd[_SIGMA][direction]),
        centres_um=_centres(p, direction, n),
        centres_sd_um=_centres(sd, direction, n),
        fitted=tuple(_modelled(p, line, n) for line in lines if line.direction == direction),
    )


def _inside(profile: Profile, edges_um: Sequence[float]) -> float:
    """The median grey value of the middle half between two edges."""
    left, right = edges_um
    middle = np.abs(profile.at_um - (left + right) / 2) < (right - left) / 4
    return float(np.median(profile.grey[middle]))


def _box(s_um: Values, edge_um: float, sigma_um: float) -> Values:
    """A box of height 1, blurred by a Gaussian."""
    box = ndtr((s_um + edge_um / 2) / sigma_um) - ndtr((s_um - edge_um / 2) / sigma_um)
    return np.asarray(box, np.float64)
