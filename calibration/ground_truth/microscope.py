"""What readings of pairs at known optics tell of the microscope: stigmators, and true focus. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.ground_truth.acquisition import PairTaken
from calibration.stigmators.fit import FittedFrame, fit_frame
from hardware.types import Optics
from models.estimate import AberrationEstimate
from scopeacq.plan.instrument import ElectronSettings

Floats = NDArray[np.float64]


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
    seen over defocus set. ``residuals_um`` (n, 3): what is seen less what this says.
    """

    angle: Angle
    frame: FittedFrame
    scan_rot_deg: float
    defocus_um: dict[int, float]
    astig_um: dict[int, Floats]
    gain: float
    readings: tuple[Reading, ...]
    residuals_um: Floats

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
    covariances = np.array([reading.estimate.covariance[1:, 1:] for reading in readings])
    frame = fit_frame(offsets[:, 1:], seen[:, 1:], covariances, scan_rot_deg, places)
    off_um = seen[:, 0] - offsets[:, 0]
    defocus_um = np.array([np.median(off_um[places == n]) for n in range(len(numbers))])
    residuals_um = np.column_stack([off_um - defocus_um[places], frame.response.residuals])
    return Microscope(
        angle,
        frame,
        scan_rot_deg,
        {number: float(defocus_um[n]) for number, n in index.items()},
        {number: frame.response.constants[n] for number, n in index.items()},
        _gain(offsets[:, 0], seen[:, 0] - defocus_um[places]),
        tuple(readings),
        residuals_um,
    )


def _gain(set_um: Floats, seen_um: Floats) -> float:
    """The slope of what is seen over what was set, by the median of slopes weighted by distance."""
    order = np.argsort(seen_um / set_um)
    weights = np.abs(set_um)[order]
    middle = int(np.searchsorted(np.cumsum(weights), 0.5 * weights.sum()))
    return float((seen_um / set_um)[order][middle])


def offset_of(optics: Optics, focus: Optics) -> Floats:
    """Optics less others (3,): wd [um], stigmators [a.u.]."""
    return np.array(
        [optics.wd_um - focus.wd_um, optics.stig_x - focus.stig_x, optics.stig_y - focus.stig_y]
    )
