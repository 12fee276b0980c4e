"""What pairs at known optics tell of the microscope: the angle of its beam, its stigmators, true focus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from calibration.ground_truth.acquisition import Acquisition, GroundTruth, PairTaken
from calibration.stigmators.fit import FittedFrame, fit_frame
from calibration.stigmators.pairs import CannotMeasure
from hardware.types import Optics
from models.convergence import stretch_of
from models.estimate import AberrationEstimate, AberrationEstimator, PairCondition
from models.images import ImagesRefused
from scopeacq.focus.focus_pairs import Pair
from scopeacq.plan.instrument import ElectronSettings

Floats = NDArray[np.float64]
T = TypeVar("T")

ANGLE_PAIRS, ANGLE_ROUNDS = 12, 3
NEAR = 0.15
"""Of the logarithm of the angle: when less is left the rough search ends."""

ASIDE = 0.1
"""The fine search begins so far to either side: what is believed of the angle pulls alike from both."""

ANGLES_MRAD = 4.0, 16.0
"""Beyond these a beam's angle is no longer what networks and scores were trained for."""
LEAST_FITTING = 5
MEDIAN_TO_SD = 1.4826


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


def read_microscope(
    acquisition: Acquisition, truth: GroundTruth, estimator: AberrationEstimator
) -> Microscope:
    """Read all pairs. Raises ``CannotMeasure`` where they tell too little."""
    rough_mrad = _rough_angle(acquisition, truth, estimator)
    readings = tuple(_readings(acquisition, truth, estimator, truth.pairs, rough_mrad))
    angle = _fine_angle(acquisition, _few(readings), rough_mrad)
    try:
        return fit_microscope(readings, angle, acquisition.settings.scan_rot_deg)
    except ValueError as error:
        raise CannotMeasure(f"The stigmators' frame cannot be told: {error}.") from error


def _rough_angle(acquisition: Acquisition, truth: GroundTruth, estimator: AberrationEstimator) -> float:
    """About the angle [mrad], from the one in the profile."""
    mrad = acquisition.bench.plan.instrument.electron.convergence_mrad
    for _ in range(ANGLE_ROUNDS):
        few = _readings(acquisition, truth, estimator, _few(truth.pairs), mrad)
        change = float(np.median(_log_ratios(acquisition, few, mrad)))
        mrad = min(max(mrad * math.exp(change), ANGLES_MRAD[0]), ANGLES_MRAD[1])
        if abs(change) < NEAR:
            break
    return mrad


def _fine_angle(acquisition: Acquisition, few: Sequence[Reading], rough_mrad: float) -> Angle:
    """The angle, from pairs that were read with about the right one."""
    sides = [rough_mrad * math.exp(sign * ASIDE) for sign in (1.0, -1.0)]
    logs = [np.log(mrad) + _log_ratios(acquisition, few, mrad) for mrad in sides]
    mrad = math.exp(float(np.mean([np.median(side) for side in logs])))
    scatter = float(np.mean([MEDIAN_TO_SD * np.median(np.abs(side - np.median(side))) for side in logs]))
    return Angle(mrad, mrad * scatter / math.sqrt(len(few)), len(few))


def _log_ratios(acquisition: Acquisition, readings: Sequence[Reading], mrad: float) -> Floats:
    """Logarithms of the true angle over this one, from pairs. Raises ``CannotMeasure`` for too few."""
    found = list[float]()
    for reading in readings:
        acquisition.bench.heed()
        pair = acquisition.images(reading.taken)
        stretch = stretch_of(pair.plus, pair.minus, _at(pair, mrad), reading.estimate.mean)
        if stretch.fits:
            found.append(math.log(stretch.ratio))
    if len(found) < LEAST_FITTING:
        raise CannotMeasure(
            f"The angle of the beam shows in {len(found)} of {len(readings)} pairs only; choose tissue "
            "that is rich in structure, or longer dwell times."
        )
    return np.array(found)


def _few(some: Sequence[T]) -> Sequence[T]:
    return some[:: max(1, len(some) // ANGLE_PAIRS)]


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


def _readings(
    acquisition: Acquisition,
    truth: GroundTruth,
    estimator: AberrationEstimator,
    pairs: Sequence[PairTaken],
    mrad: float,
) -> list[Reading]:
    """What the estimator makes of pairs with an angle; those that tell nothing are left out."""
    focus = {place.number: place.focus for place in truth.places}
    found = list[Reading]()
    for taken in pairs:
        acquisition.bench.heed()
        pair = acquisition.images(taken)
        try:
            estimate = estimator.estimate(pair.plus, pair.minus, _at(pair, mrad))
        except ImagesRefused:
            continue
        if (
            estimate.structured
            and np.isfinite(estimate.mean).all()
            and np.isfinite(estimate.covariance).all()
        ):
            found.append(Reading(taken, offset_of(taken.optics, focus[taken.place]), estimate))
    return found


def offset_of(optics: Optics, focus: Optics) -> Floats:
    """Optics less others (3,): wd [um], stigmators [a.u.]."""
    return np.array(
        [optics.wd_um - focus.wd_um, optics.stig_x - focus.stig_x, optics.stig_y - focus.stig_y]
    )


def _at(pair: Pair, mrad: float) -> PairCondition:
    return replace(pair.condition, convergence_mrad=mrad)
