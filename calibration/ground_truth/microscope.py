"""What readings of pairs at known optics tell of the microscope: stigmators, and true focus. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from calibration.ground_truth.acquisition import PairTaken
from calibration.stigmators.fit import FittedFrame, fit_frame
from hardware.types import Optics
from models.estimate import AberrationEstimate
from scopeacq.plan.instrument import ElectronSettings

Floats = NDArray[np.float64]

GAIN_OFF = 0.05
"""Working distances may be read too long or short by so much: loops make up for it."""


@dataclass(frozen=True, slots=True)
class Angle:
    """Half angle of the probe's cone, and its standard deviation."""

    mrad: float
    sd_mrad: float
    pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A pair, its optics less those that were searched (wd [um], stigmators [a.u.]), and what was seen."""

    taken: PairTaken
    offset: Floats
    estimate: AberrationEstimate


@dataclass(frozen=True, slots=True, eq=False)
class Microscope:
    """What all pairs together say.

    ``defocus_um``: of each place by its number, what the search for focus was off by. ``gain``: defocus
    seen over defocus set, and its standard deviation. ``residuals_um`` (n, 3): what is seen less that.
    """

    angle: Angle
    frame: FittedFrame
    scan_rot_deg: float
    defocus_um: dict[int, float]
    astig_um: dict[int, Floats]
    gain: float
    sd_gain: float
    readings: tuple[Reading, ...]
    residuals_um: Floats

    @property
    def true_gain(self) -> bool:
        """Whether working distances are seen as long as they are, for all that is known."""
        return abs(self.gain - 1) <= GAIN_OFF + 2 * self.sd_gain

    def electron(self, before: ElectronSettings) -> ElectronSettings:
        """A profile with what was found."""
        frame = self.frame.frame
        return before.model_copy(
            update={
                "convergence_mrad": self.angle.mrad,
                "stigmator_um_per_unit": frame.um_per_unit,
                "stigmator_rotation_deg": frame.rotation_deg,
                "stigmator_y_ratio": frame.y_ratio,
                "stigmator_skew_deg": frame.skew_deg,
            }
        )

    def aberration_um(self, place: int, offset: Floats) -> Floats:
        """The true aberration (3,) [um] in the image frame at an offset from a place's searched focus."""
        astig_um = self.frame.response.matrix @ offset[1:] + self.astig_um[place]
        return np.array([offset[0] + self.defocus_um[place], *astig_um])


def fit_microscope(readings: Sequence[Reading], angle: Angle, scan_rot_deg: float) -> Microscope:
    """The stigmators' frame and what each search of focus was off by, from readings of all pairs. Pure.

    Raises ``ValueError`` where they are too few.
    """
    numbers = sorted({reading.taken.place for reading in readings})
    index = {number: n for n, number in enumerate(numbers)}
    places = np.array([index[reading.taken.place] for reading in readings])
    offsets = np.array([reading.offset for reading in readings])
    seen = np.array([reading.estimate.mean for reading in readings])
    sds_um = np.array([reading.estimate.sd[0] for reading in readings])
    defocus = fit_defocus(offsets[:, 0], seen[:, 0], sds_um, places)
    # far from focus answers are short: by as much for both, and of the two the lens is known to be true
    covariances = np.array([reading.estimate.covariance[1:, 1:] for reading in readings]) / defocus.gain**2
    frame = fit_frame(offsets[:, 1:], seen[:, 1:] / defocus.gain, covariances, scan_rot_deg, places)
    return Microscope(
        angle,
        frame,
        scan_rot_deg,
        {number: float(defocus.off_um[n]) for number, n in index.items()},
        {number: frame.response.constants[n] for number, n in index.items()},
        defocus.gain,
        defocus.sd_gain,
        tuple(readings),
        np.column_stack([defocus.residuals_um, frame.response.residuals]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Defocus:
    """``seen = gain (set + off)``: ``off_um`` (places,), ``residuals_um`` (n,) of what was seen."""

    gain: float
    sd_gain: float
    off_um: Floats
    residuals_um: Floats


def fit_defocus(set_um: Floats, seen_um: Floats, sds_um: Floats, places: NDArray[np.intp]) -> Defocus:
    """Robust least squares (soft L1) of defocus seen (n,) over defocus set, and offsets of places."""
    count = int(places.max()) + 1

    def residuals(unknown: Floats) -> Floats:
        return np.asarray((seen_um - unknown[0] * (set_um + unknown[1:][places])) / sds_um)

    found = least_squares(residuals, [1.0, *np.zeros(count)], loss="soft_l1")
    jacobian = np.asarray(found.jac, np.float64)
    scatter = max(1.0, 2 * float(found.cost) / max(len(set_um) - count - 1, 1))
    sd_gain = math.sqrt(scatter * float(np.linalg.inv(jacobian.T @ jacobian)[0, 0]))
    gain, off_um = float(found.x[0]), np.asarray(found.x[1:], np.float64)
    return Defocus(gain, sd_gain, off_um, seen_um - gain * (set_um + off_um[places]))


def offset_of(optics: Optics, focus: Optics) -> Floats:
    """Optics less others (3,): wd [um], stigmators [a.u.]."""
    return np.array(
        [optics.wd_um - focus.wd_um, optics.stig_x - focus.stig_x, optics.stig_y - focus.stig_y]
    )
