"""Pairs of images of one place at many optics: each is taken once, kept, and may be read again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from calibration.bench import Bench
from calibration.figures import Picture, Plot
from calibration.watching import Home, home_of
from hardware.types import FrameSettings, Optics
from models.estimate import AberrationEstimate, AberrationEstimator
from models.images import ImagesRefused
from scopeacq.engine.ways import xy_um
from scopeacq.focus.autofocus import FocusBench
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.focus.focus_pairs import Pair, take_pair
from scopeacq.manual import Manual
from scopeacq.plan.geometry import Point
from scopeacq.plan.project import FocusSettings
from scopeacq.telling.svg import Axes, Mark, Series

Floats = NDArray[np.float64]

ELSEWHERE_UM = 1.0
"""A stage that stands farther off was moved since the place was chosen."""


class CannotMeasure(Exception):
    """The images or the instrument do not allow it; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The program was started and came to the place; between two visits the stage may have moved."""

    number: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A pair whose images are kept: the optics between them, and during which visit."""

    optics: Optics
    visit: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What an estimator made of a pair."""

    optics: Optics
    estimate: AberrationEstimate

    @property
    def defocus_um(self) -> float:
        return float(self.estimate.mean[0])

    @property
    def astig_um(self) -> Floats:
        """(2,) in the image frame."""
        return self.estimate.mean[1:]

    @property
    def stigmators(self) -> Floats:
        """(2,) [a.u.]."""
        return np.array([self.optics.stig_x, self.optics.stig_y])


Sights = dict[str, Point]
"""Astigmatism [um] as last read from each pair, by its key."""


def sights_plot(sights: Sights) -> Plot:
    """What was seen so far."""
    series = Series("pairs", tuple(sights.values()), Mark.DOTS)
    return Plot("Astigmatism as seen", (series,), Axes("astigmatism x [um]", "astigmatism y [um]"))


@dataclass(frozen=True)
class Station:
    """Takes and reads pairs at one place, and shows what was read. Used by one thread."""

    bench: Bench
    focus: FocusBench
    estimator: AberrationEstimator
    visit: int
    sights: Sights

    @classmethod
    def at_place(cls, bench: Bench, focus: FocusSettings, scan_rot_deg: float, sights: Sights) -> Station:
        """For the place where the stage stands and the images of ``focus``."""
        manual, electron = bench.manual, bench.plan.instrument.electron
        scans = FocusBench(manual.imager, manual.devices.column, focus, electron, scan_rot_deg)
        memory = bench.measurements
        visit = next(n for n in count() if memory.get(f"visit-{n}", Visit) is None)
        memory.add(f"visit-{visit}", Visit(visit))
        return cls(bench, scans, estimator_of(manual), visit, sights)

    def taken(self, key: str) -> Taken:
        """What is known of a pair that was taken under ``key``."""
        known = self.bench.measurements.get(key, Taken)
        assert known is not None
        return known

    def pair(self, key: str, optics: Optics) -> Pair:
        """A pair around these optics, or the nearest ones that the column allows; taken if it never was.

        Raises ``HardwareError``, ``Halted``, ``SettingsError`` for kept images that cannot be read.
        """
        memory, scan = self.bench.measurements, self.focus.scans[0]

        def take() -> Taken:
            pair = take_pair(self.focus, optics, scan)
            memory.keep_image(key, np.stack([pair.plus, pair.minus]))
            return Taken(pair.optics, self.visit)

        taken, images = self.bench.once(key, Taken, take), memory.image(key)
        return Pair(taken.optics, images[0], images[1], self.focus.condition(scan))

    def read(self, key: str, optics: Optics, convergence_mrad: float | None = None) -> Reading | None:
        """What the estimator makes of a pair, with the profile's convergence angle or another one.

        None where the images tell nothing. Raises ``CannotMeasure`` for optics that the estimator was not
        made for, and what :meth:`pair` does.
        """
        pair = self.pair(key, optics)
        condition = pair.condition
        if convergence_mrad is not None:
            condition = replace(condition, convergence_mrad=convergence_mrad)
        try:
            estimate = self.estimator.estimate(pair.plus, pair.minus, condition)
        except ImagesRefused:
            return None
        except ValueError as error:
            raise CannotMeasure(f"{str(error).rstrip('.')}.") from error
        finite = np.isfinite(estimate.mean).all() and np.isfinite(estimate.covariance).all()
        if not (estimate.structured and finite):
            return None
        self.sights[key] = float(estimate.mean[1]), float(estimate.mean[2])
        self.bench.show("seen", sights_plot(self.sights))
        return Reading(pair.optics, estimate)

    def show_place(self, pair: Pair) -> None:
        """What there is to see here."""
        low, high = np.percentile(pair.plus, (1, 99))
        share = np.clip((pair.plus - low) / max(high - low, 1.0), 0.0, 1.0)
        grey = np.rint(255 * share).astype(np.uint8)
        self.bench.show("place", Picture("Where the stigmators are tried out", grey))


def estimator_of(manual: Manual) -> AberrationEstimator:
    """The first of the project's estimators that reads pairs. Raises ``CannotMeasure`` without one."""
    for method in manual.methods:
        if isinstance(method, PairFocus):
            return method.estimator
    raise CannotMeasure(
        "The project names no estimator that reads pairs; add 'deepfocus' to [focus] estimators."
    )


def go_to_place(bench: Bench, section: str, frame: FrameSettings) -> Home:
    """Stand where the images are taken, with the beam up: see :func:`calibration.watching.home_of`.

    After a pause or crash that is the same place. Raises ``SettingsError``, ``HardwareError``.
    """
    home, manual = home_of(bench, section, frame), bench.manual
    if math.dist(xy_um(manual.devices.stage.pose()), home.at_um) > ELSEWHERE_UM:
        manual.go(manual.way_to(*home.at_um))
    return home
