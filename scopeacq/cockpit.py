"""What the live view and the focus cockpit do with an instrument outside of a run.

Every call belongs on the instrument's thread, lays down what is booked before, and ends with the electron
beam blanked. ``Halted`` is raised where the operator wants an end; the optics are as they were then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hardware.types import FrameSettings, Optics
from models.estimate import AberrationEstimator
from scopeacq.engine.readings import Author
from scopeacq.focus.autofocus import FocusBench, FocusMethod, FocusOutcome, Nobody, Watcher, correct_focus
from scopeacq.focus.correction import DepthOfFocus
from scopeacq.focus.focus_compare import ByPair, ByScores, Opinion, Reader, compare, spread_um
from scopeacq.focus.focus_methods import PairFocus, VendorFocus
from scopeacq.focus.focus_pairs import Pair, take_pair
from scopeacq.focus.through_focus import SeriesPoint, best_wd_um, series_wds, take_series
from scopeacq.journal.laid_down import LaidDown
from scopeacq.journal.records import FocusTried
from scopeacq.manual import Manual
from scopeacq.plan.geometry import Point
from scopeacq.plan.project import EstimatorName
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.vision.looking import Seen, look_at
from scopeacq.vision.quality import Standard

BY_HAND_ROT_DEG = 0.0
"""Scan rotation of what is looked at by hand."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame taken by hand: what it shows, its electron dose, and all that was laid down there."""

    seen: Seen
    electron_dose_per_nm2: float
    laid_per_nm2: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A correction tried by hand. ``laid_per_nm2``: all that was laid down there."""

    outcome: FocusOutcome
    depth: DepthOfFocus
    laid_per_nm2: float


@dataclass(frozen=True, slots=True)
class Series:
    """A series through focus, ``best_wd_um`` where one was found, and the optics that were restored."""

    points: tuple[SeriesPoint, ...]
    before: Optics
    best_wd_um: float | None
    laid_per_nm2: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pair and what each estimator makes of it; ``spread_um``: how far they are apart."""

    pair: Pair
    opinions: tuple[Opinion, ...]
    spread_um: float | None
    depth: DepthOfFocus
    laid_per_nm2: float


@dataclass(frozen=True, slots=True)
class Cockpit:
    """An instrument in hand, and what was laid down with it."""

    manual: Manual
    laid: LaidDown

    def grab(self, settings: FrameSettings) -> Shot:
        """One frame and what it shows."""
        dose = self._dose_per_nm2(settings)
        place_um = self.manual.looks_at_um()
        self.laid.add(place_um, settings, dose)
        frame = self.manual.grab(settings)
        seen = look_at(frame, self.manual.scorer, Standard(self.manual.plan.project.quality))
        return Shot(seen, dose, self.laid.at(place_um))

    def focus(self, method: EstimatorName | None, watcher: Watcher) -> Trial:
        """Correct focus here, with one of the project's methods or all of them in turn, as a run does.

        What came of it is journalled, whatever that is.
        """
        methods, place_um = self._methods(method), self.manual.looks_at_um()
        at_s = self.manual.devices.clock.now_s()
        with self._bench(watcher) as bench:
            outcome = correct_focus(bench, methods)
        self.manual.note(_tried(outcome, place_um, at_s))
        if outcome.applied:
            self.manual.set_optics(outcome.after, by=Author.AUTOFOCUS)
        return Trial(outcome, bench.depth, self._laid_here())

    def through_focus(self, reach_um: float, images: int, told: Callable[[SeriesPoint], None]) -> Series:
        """Images around the present working distance, which is restored."""
        with self._bench(Nobody()) as bench:
            points = take_series(bench, self.manual.scorer, series_wds(bench, reach_um, images), told)
        return Series(points, bench.before, best_wd_um(points), self._laid_here())

    def compare(self) -> Comparison:
        """One fine pair, and what every estimator makes of it. The optics are restored."""
        readers = self._readers()
        with self._bench(Nobody()) as bench:
            try:
                pair = take_pair(bench, bench.before, bench.scans[0])
            finally:
                bench.column.set_optics(bench.before)
        opinions = compare(pair, readers)
        return Comparison(pair, opinions, spread_um(opinions), bench.depth, self._laid_here())

    @contextmanager
    def _bench(self, watcher: Watcher) -> Iterator[FocusBench]:
        """A bench whose dose is counted here, whatever becomes of what is done with it."""
        manual, place_um = self.manual, self.manual.looks_at_um()
        project, electron = manual.plan.project, manual.plan.instrument.electron
        bench = FocusBench(
            manual.imager,
            manual.devices.column,
            project.focus,
            electron,
            BY_HAND_ROT_DEG,
            tile_pixel_nm=manual.plan.imaging_at(place_um).pixel_size_nm,
            watcher=watcher,
        )
        try:
            yield bench
        finally:
            self.laid.add(place_um, bench.frame, bench.electron_dose_per_nm2)

    def _methods(self, wanted: EstimatorName | None) -> Sequence[FocusMethod]:
        """What the vendor's routine lays down is not seen by the journal, so it is left out by hand."""
        named = zip(self.manual.plan.project.focus.estimators, self.manual.methods, strict=True)
        chosen = [m for name, m in named if wanted in (None, name) and not isinstance(m, VendorFocus)]
        if not chosen:
            raise SettingsError(
                self.manual.plan.folder.project_file,
                ["focus.estimators names no method that can be used by hand"],
                "Add 'deepfocus' to the list.",
            )
        return chosen

    def _readers(self) -> Sequence[Reader]:
        """Every estimator there is, the project's own first."""
        plan = self.manual.plan
        own = [method.estimator for method in self.manual.methods if isinstance(method, PairFocus)]
        more = [load for name, load in _PAIR_ESTIMATORS.items() if name not in {e.name for e in own}]
        estimators = [*own, *(load(plan) for load in more)]
        by_pair = [ByPair(estimator, plan.instrument.electron, BY_HAND_ROT_DEG) for estimator in estimators]
        return [*by_pair, ByScores(self.manual.scorer)]

    def _dose_per_nm2(self, settings: FrameSettings) -> float:
        return settings.electron_dose_per_nm2(self.manual.plan.instrument.electron.probe_current_na)

    def _laid_here(self) -> float:
        return self.laid.at(self.manual.looks_at_um())


def _tried(outcome: FocusOutcome, place_um: Point, at_s: float) -> FocusTried:
    return FocusTried(
        *place_um,
        outcome.applied,
        outcome.reason,
        outcome.before,
        outcome.after,
        outcome.iterations,
        outcome.electron_dose_per_nm2,
        at_s,
        outcome.end,
    )


def _deepfocus(plan: Plan) -> AberrationEstimator:
    from models.deepfocus import DeepFocus

    return DeepFocus.load(plan.deepfocus_weights)


def _mapfost(plan: Plan) -> AberrationEstimator:
    from models.mapfost import MapFost

    return MapFost()


_PAIR_ESTIMATORS: dict[str, Callable[[Plan], AberrationEstimator]] = {
    "DeepFocus": _deepfocus,
    "MAPFoSt": _mapfost,
}
