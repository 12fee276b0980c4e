"""One trial: a place, a microscope and an aberration, corrected by the program's own loop."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.focus.contenders import Scoring
from benchmarks.focus.machine import Doubles, Machine, Specimen
from benchmarks.focus.methods import Believing, Descent
from benchmarks.focus.station import Detector, Station, off_focus
from hardware.types import Image
from models.estimate import AberrationEstimate, AberrationEstimator, PairCondition
from models.images import ImagesRefused
from scopeacq.engine.imaging import Imager
from scopeacq.focus.autofocus import FocusBench, FocusMethod, correct_focus
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.focus.score_search import ScoreSearch
from scopeacq.journal.records import FocusEnd
from scopeacq.plan.instrument import ElectronSettings
from scopeacq.plan.project import FocusSettings

MARGIN = np.array([1.0, 0.25, 0.25])
"""Inside the depth of focus: wd [um], stigmators [a.u.], after Schubert 2022."""


@dataclass(frozen=True)
class Setup:
    """A microscope, and what the program believes of it and is told to do."""

    machine: Machine = field(default_factory=Machine)
    electron: ElectronSettings = field(default_factory=ElectronSettings)
    focus: FocusSettings = field(default_factory=FocusSettings)

    @property
    def slope(self) -> float:
        """By how much the specimen falls to the right [um per um]."""
        return self.machine.tilt_um / (1e-3 * self.focus.width_px * self.focus.pixel_size_nm)


@dataclass(frozen=True)
class Trial:
    """Where a correction starts: ``start`` (um, a.u., a.u.) away from focus. ``seed`` makes its noise."""

    specimen: Specimen
    setup: Setup
    start: Doubles
    seed: int
    kind: str

    def station(self) -> Station:
        return Station.at(self.specimen, self.setup.machine, self.start, np.random.default_rng(self.seed))


@dataclass(frozen=True)
class Answer:
    """One estimate beside the truth [um, image frame] and the time it took."""

    truth_um: Doubles
    estimate: AberrationEstimate
    took_ms: float

    @property
    def z(self) -> Doubles:
        """Errors over their stated standard deviations (3,)."""
        return np.asarray((self.estimate.mean - self.truth_um) / self.estimate.sd)

    @property
    def distance(self) -> float:
        """Squared Mahalanobis distance of the truth: chi-squared of 3 degrees when all is right."""
        error = self.estimate.mean - self.truth_um
        return float(error @ np.linalg.solve(self.estimate.covariance, error))


@dataclass(frozen=True)
class Trace:
    """What a correction came to.

    ``states`` (n, 3): how far from focus (um, a.u., a.u.) at each pair or image, and at the end where
    the correction was applied. ``answers``: of methods that estimate. ``kind``: of texture.
    ``slope``: by how much the specimen falls to the right [um per um].
    """

    kind: str
    states: Doubles
    answers: tuple[Answer, ...]
    images: int
    dose_per_nm2: float
    applied: bool
    end: FocusEnd
    slope: float = 0.0

    @property
    def inside(self) -> bool:
        """Whether it was applied and ended inside the depth of focus."""
        return self.applied and bool((np.abs(self.states[-1]) <= MARGIN).all())


@dataclass
class Watched:
    """An :class:`~models.estimate.AberrationEstimator` that notes what it said and what was true."""

    estimator: AberrationEstimator
    station: Station
    answers: list[Answer] = field(default_factory=list)
    states: list[Doubles] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.estimator.name

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        state = np.mean([off_focus(optics) for optics in self.station.scanned[-2:]], axis=0)
        # a coarse pair at the same optics is a second look and no new state
        if not self.states or np.abs(state - self.states[-1]).max() > 1e-6:
            self.states.append(state)
        began = time.perf_counter()
        estimate = self.estimator.estimate(plus, minus, condition)
        took_ms = 1e3 * (time.perf_counter() - began)
        self.answers.append(Answer(self.station.pair_aberration_um(), estimate, took_ms))
        return estimate


def bench_of(trial: Trial, station: Station) -> FocusBench:
    """The program's side of a trial."""
    imager = Imager(station.column, station, Detector())
    return FocusBench(imager, station.column, trial.setup.focus, trial.setup.electron, 0.0)


def correct(trial: Trial, estimator: AberrationEstimator) -> Trace:
    """The program's loop of pairs."""
    station = trial.station()
    watched = Watched(estimator, station)
    return _corrected(trial, station, PairFocus(watched), watched)


def believe(trial: Trial, estimator: AberrationEstimator) -> Trace:
    """A yardstick's plain loop of pairs."""
    station = trial.station()
    watched = Watched(estimator, station)
    return _corrected(trial, station, Believing(watched), watched)


def search(trial: Trial, scoring: Scoring) -> Trace:
    """The search by single images: the program's, or a plain one. Every image is a state."""
    scorer = scoring.at(trial.setup.electron.convergence_mrad)
    method = ScoreSearch(scorer, trial.seed) if scoring.in_um else Descent(scorer, trial.seed)
    return _corrected(trial, trial.station(), method, None)


def _corrected(trial: Trial, station: Station, method: FocusMethod, watched: Watched | None) -> Trace:
    outcome = correct_focus(bench_of(trial, station), [method])
    seen = [off_focus(optics) for optics in station.scanned] if watched is None else watched.states
    end = [off_focus(station.column.optics())] if outcome.applied else []
    return Trace(
        trial.kind,
        np.array([*seen, *end]),
        () if watched is None else tuple(watched.answers),
        len(station.scanned),
        outcome.electron_dose_per_nm2,
        outcome.applied,
        outcome.end,
        trial.setup.slope,
    )


def estimate_once(trial: Trial, estimator: AberrationEstimator) -> Answer | None:
    """One pair and one answer, nothing corrected; None where the pair was refused."""
    station = trial.station()
    watched = Watched(estimator, station)
    (plus, minus), condition = _pair(trial, station)
    try:
        watched.estimate(plus, minus, condition)
    except ImagesRefused:
        return None
    return watched.answers[0]


def take_pair(trial: Trial) -> tuple[tuple[Image, Image], PairCondition]:
    """The first pair of a trial and what the program knows of it."""
    return _pair(trial, trial.station())


def _pair(trial: Trial, station: Station) -> tuple[tuple[Image, Image], PairCondition]:
    bench = bench_of(trial, station)
    focus = trial.setup.focus
    step_um = focus.perturbation_um
    plus, minus = (bench.image_at(bench.before.shifted(wd_um=sign * step_um)) for sign in (1, -1))
    angle_mrad = trial.setup.electron.convergence_mrad
    return (plus, minus), PairCondition(focus.pixel_size_nm, step_um, angle_mrad, bench.frame_dose_per_nm2)


def score_once(trial: Trial, scoring: Scoring) -> float:
    """The score of one image, nothing corrected; ``inf`` where nothing could be scored."""
    bench = bench_of(trial, trial.station())
    scorer = scoring.at(trial.setup.electron.convergence_mrad)
    score = scorer.score(bench.image_at(bench.before), bench.frame.pixel_size_nm)
    return math.inf if math.isnan(score) else score
