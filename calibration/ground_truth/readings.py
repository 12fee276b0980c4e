"""Reading the pairs of a ground truth: the angle of the beam first, then what each of them shows.

Reading takes seconds a pair, so that what was read is kept like what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from calibration.ground_truth.acquisition import Acquisition, GroundTruth, PairTaken
from calibration.ground_truth.microscope import (
    Angle,
    Floats,
    Microscope,
    Reading,
    fit_microscope,
    offset_of,
)
from calibration.stigmators.pairs import CannotMeasure
from models.convergence import stretch_of
from models.estimate import AberrationEstimate, AberrationEstimator, PairCondition
from models.images import ImagesRefused
from scopeacq.focus.focus_pairs import Pair

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
class Rough:
    """About the angle of the beam."""

    mrad: float


@dataclass(frozen=True, slots=True)
class Read:
    """What an estimator made of a pair: mean and covariance row by row [um], None where it told nothing."""

    mean: tuple[float, ...] | None
    covariance: tuple[float, ...] = ()


def read_microscope(
    acquisition: Acquisition, truth: GroundTruth, estimator: AberrationEstimator
) -> Microscope:
    """Read all pairs. Raises ``CannotMeasure`` where they tell too little, and ``Halted``."""
    reader = Reader(acquisition, truth, estimator)
    rough = acquisition.bench.once("angle-rough", Rough, lambda: Rough(reader.rough_mrad()))
    readings = tuple(reader.read(truth.pairs, rough.mrad))
    angle = acquisition.bench.once("angle", Angle, lambda: reader.fine_angle(_few(readings), rough.mrad))
    try:
        return fit_microscope(readings, angle, acquisition.settings.scan_rot_deg)
    except ValueError as error:
        raise CannotMeasure(f"The stigmators' frame cannot be told: {error}.") from error


@dataclass(frozen=True)
class Reader:
    """Reads pairs with an estimator, with angles that it is told."""

    acquisition: Acquisition
    truth: GroundTruth
    estimator: AberrationEstimator

    def rough_mrad(self) -> float:
        """About the angle, from the one in the profile. Raises ``CannotMeasure``."""
        mrad = self.acquisition.bench.plan.instrument.electron.convergence_mrad
        for _ in range(ANGLE_ROUNDS):
            change = float(np.median(self._log_ratios(self.read(_few(self.truth.pairs), mrad), mrad)))
            mrad = min(max(mrad * math.exp(change), ANGLES_MRAD[0]), ANGLES_MRAD[1])
            if abs(change) < NEAR:
                break
        return mrad

    def fine_angle(self, few: Sequence[Reading], rough_mrad: float) -> Angle:
        """The angle, from pairs that were read with about the right one. Raises ``CannotMeasure``."""
        sides = [rough_mrad * math.exp(sign * ASIDE) for sign in (1.0, -1.0)]
        logs = [np.log(mrad) + self._log_ratios(few, mrad) for mrad in sides]
        mrad = math.exp(float(np.mean([np.median(side) for side in logs])))
        scatter = float(
            np.mean([MEDIAN_TO_SD * np.median(np.abs(side - np.median(side))) for side in logs])
        )
        return Angle(mrad, mrad * scatter / math.sqrt(len(few)), len(few))

    def read(self, pairs: Sequence[PairTaken], mrad: float) -> list[Reading]:
        """What the estimator makes of pairs with an angle; those that tell nothing are left out."""
        focus = {place.number: place.focus for place in self.truth.places}
        found = list[Reading]()
        for taken in pairs:
            key = f"read-{taken.image}-{mrad:.4f}"
            read = self.acquisition.bench.once(key, Read, partial(self._read, taken, mrad))
            if read.mean is not None:
                estimate = AberrationEstimate(np.array(read.mean), np.array(read.covariance).reshape(3, 3))
                found.append(Reading(taken, offset_of(taken.optics, focus[taken.place]), estimate))
        return found

    def _read(self, taken: PairTaken, mrad: float) -> Read:
        pair = self.acquisition.images(taken)
        try:
            estimate = self.estimator.estimate(pair.plus, pair.minus, _at(pair, mrad))
        except ImagesRefused:
            return Read(None)
        known = np.isfinite(estimate.mean).all() and np.isfinite(estimate.covariance).all()
        if not (estimate.structured and known):
            return Read(None)
        return Read(tuple(estimate.mean.tolist()), tuple(estimate.covariance.ravel().tolist()))

    def _log_ratios(self, readings: Sequence[Reading], mrad: float) -> Floats:
        """Logarithms of the true angle over this one, from pairs. Raises ``CannotMeasure`` for too few."""
        found = list(self._fitting(readings, mrad))
        if len(found) < LEAST_FITTING:
            raise CannotMeasure(
                f"The angle of the beam shows in {len(found)} of {len(readings)} pairs only; choose tissue "
                "that is rich in structure, or longer dwell times."
            )
        return np.array(found)

    def _fitting(self, readings: Sequence[Reading], mrad: float) -> Iterator[float]:
        for reading in readings:
            self.acquisition.bench.heed()
            pair = self.acquisition.images(reading.taken)
            stretch = stretch_of(pair.plus, pair.minus, _at(pair, mrad), reading.estimate.mean)
            if stretch.fits:
                yield math.log(stretch.ratio)


def _few(some: Sequence[T]) -> Sequence[T]:
    return some[:: max(1, len(some) // ANGLE_PAIRS)]


def _at(pair: Pair, mrad: float) -> PairCondition:
    return replace(pair.condition, convergence_mrad=mrad)
