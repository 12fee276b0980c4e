"""DeepFocus recalibrated on the microscope in hand: all by itself, from scores of single images on.

After Schubert 2022, section 3.4. DeepScore finds focus without knowing the machine; pairs at known
aberrations tell the angle of the beam and how the stigmators act; the last layers of the network are
trained on from the same pairs; loops at other places show whether that helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.bench import Bench
from calibration.deepfocus.learning import WEIGHTS, Learning
from calibration.deepfocus.outcome import Recalibration, Tried, outcome, trials_figure
from calibration.deepfocus.settings import DeepFocusSettings
from calibration.deepfocus.trials import Believed, Trial, Which, drawn_starts, trials_of
from calibration.ground_truth.acquisition import Acquisition, GroundTruth, Place
from calibration.ground_truth.microscope import Floats, Microscope
from calibration.ground_truth.places import Spot
from calibration.ground_truth.readings import read_microscope
from calibration.ground_truth.residuals import nothing_measured
from calibration.procedure import Result
from calibration.stigmators.pairs import CannotMeasure
from models.deepfocus import DeepFocus
from models.training.recalibrated import Recalibrated
from models.training.recipe import TrainingError
from scopeacq.plan.calibrations import Verdict
from scopeacq.telling.wording import counted

TAKING_SHARE = 0.7
"""Of the whole work, the ground truth."""


def measured_or_failed(bench: Bench, settings: DeepFocusSettings) -> Result:
    """The result, which says so where nothing could be measured and keeps all as it is."""
    try:
        bench.manual.bring_up()
        return recalibrate_deepfocus(bench, settings)
    except (CannotMeasure, TrainingError) as why:
        verdict = Verdict(good=False, reasons=(str(why), "Weights and profile stay as they are."))
        return Result((), verdict, (nothing_measured(),))


def recalibrate_deepfocus(bench: Bench, settings: DeepFocusSettings) -> Result:
    """See the module. Raises ``CannotMeasure``, ``HardwareError``, ``Halted``, ``WeightsError``."""
    acquisition = Acquisition(bench, settings, TAKING_SHARE)
    spots = acquisition.spots(settings.trial_places)
    learning_spots, trial_spots = _parted(spots, settings.trial_places)
    old = DeepFocus.load(bench.plan.deepfocus_weights)
    truth = acquisition.take(learning_spots)
    seeds = bench.rng.integers(2**31, size=1 + len(trial_spots)).tolist()
    starts = drawn_starts(bench.rng, settings.trials * settings.trial_places)
    bench.tell(TAKING_SHARE, "The pairs are read.")
    microscope = read_microscope(acquisition, truth, old)
    learning = Learning(acquisition, settings, microscope)
    learned = bench.once("learned", Recalibrated, lambda: learning.learn(seeds[0]))
    places = _trial_places(acquisition, truth, trial_spots, seeds[1:])
    electron = bench.plan.instrument.electron
    new = DeepFocus.load(learning.out if learned.better else bench.plan.deepfocus_weights)
    trying = Trying(acquisition, microscope, places)
    tried = trying.both(starts, Believed(old, electron), Believed(new, microscope.electron(electron)))
    pixel_nm = bench.plan.project.focus.pixel_size_nm
    found = Recalibration(truth, microscope, learned, tried, _named(bench), pixel_nm)
    return outcome(found, bench.plan.instrument)


def _parted(spots: Sequence[Spot], trial_places: int) -> tuple[list[Spot], list[Spot]]:
    """Places to learn from, and those of trials, spread over the way among them."""
    step = len(spots) / trial_places
    tried = {int((n + 0.5) * step) for n in range(trial_places)}
    learned = [spot for n, spot in enumerate(spots) if n not in tried]
    return learned, [spot for n, spot in enumerate(spots) if n in tried]


def _trial_places(
    acquisition: Acquisition, truth: GroundTruth, spots: Sequence[Spot], seeds: Sequence[int]
) -> list[Place]:
    """Places of trials with their focus; those at which none is found are left out."""
    first = acquisition.settings.places
    found = [
        acquisition.baseline(first + n, spot, truth.places, truth.strength, seeds[n])
        for n, spot in enumerate(spots)
    ]
    return [place for place in found if place.baseline.optics is not None] or [truth.places[-1]]


@dataclass(frozen=True)
class Trying:
    """Trials at some places."""

    acquisition: Acquisition
    microscope: Microscope
    places: Sequence[Place]

    def both(self, starts: Floats, old: Believed, new: Believed) -> Tried:
        """The same trials with what was believed before and with what was found."""
        trials = list[Trial]()
        places = {place.number: place for place in self.places}
        frame = self.microscope.frame.frame

        def done(trial: Trial) -> None:
            trials.append(trial)
            bench = self.acquisition.bench
            bench.show("trials", trials_figure(Tried(tuple(trials), places, frame)))
            share = 0.85 + 0.15 * len(trials) / (2 * len(starts))
            bench.tell(share, f"{counted(len(trials), 'trial')} of {2 * len(starts)}.")

        for which, believed in ((Which.BEFORE, old), (Which.AFTER, new)):
            trials_of(self.acquisition, self.places, starts, which, believed, frame, done)
        return Tried(tuple(trials), places, frame)


def _named(bench: Bench) -> str:
    """The weights' path from the run's folder on."""
    path, root = bench.measurements.folder / WEIGHTS, bench.plan.folder.root
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
