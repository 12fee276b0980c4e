"""What a recalibration came to: values, comparison, figures, and whether it may be used. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.comparing import calibrated, compared
from calibration.deepfocus.trials import CORRECTIONS, Trial, Which, distance_um, residuals_um
from calibration.figures import Figure, Plot
from calibration.ground_truth.acquisition import GroundTruth, Place
from calibration.ground_truth.figures import map_of_places
from calibration.ground_truth.microscope import Microscope, offset_of
from calibration.ground_truth.residuals import readings_figures
from calibration.procedure import Compared, Result
from hardware.optics import StigmatorFrame, depth_of_focus_um
from hardware.types import Optics
from models.training.recalibrated import Recalibrated
from scopeacq.plan.calibrations import CalibratedValue, Conditions, Verdict
from scopeacq.plan.instrument import Instrument
from scopeacq.telling.svg import Axes, Mark, Series
from scopeacq.telling.wording import counted

LEAST_PLACES, LEAST_PAIRS = 3, 12
LARGEST_SD_DEG, LARGEST_SD_SHARE = 3.0, 0.05
"""Of the stigmators' frame."""

SEARCH_OFF_UM = 2.0
"""Scores of single images find focus within that; loops agree with each other much better."""


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """Trials at places with their focus, and the frame that distances go by."""

    trials: tuple[Trial, ...]
    places: dict[int, Place]
    frame: StigmatorFrame

    def focus(self, place: int) -> Optics:
        """Where the loops at a place agree that focus is: the median of where those after ended."""
        trials = (t for t in self.trials if t.place == place and t.which is Which.AFTER and not t.refused)
        ends = [(t.optics[-1].wd_um, t.optics[-1].stig_x, t.optics[-1].stig_y) for t in trials]
        return Optics(*np.median(ends, axis=0).tolist()) if ends else self.places[place].focus

    def search_off_um(self, place: int) -> float:
        """How far from there the search for focus ended."""
        return distance_um(offset_of(self.places[place].focus, self.focus(place)), self.frame)

    def residuals_um(self, which: Which) -> list[list[float]]:
        """Distances from focus along each trial of a kind."""
        some = (trial for trial in self.trials if trial.which is which)
        return [residuals_um(trial, self.focus(trial.place), self.frame) for trial in some]

    def converged(self, which: Which, within_um: float) -> int:
        """How many came within so much of focus."""
        return sum(len(r) > CORRECTIONS and r[-1] <= within_um for r in self.residuals_um(which))

    def diverged(self, which: Which) -> int:
        """How many ended farther from focus than they began."""
        return sum(r[-1] > r[0] for r in self.residuals_um(which) if len(r) > 1)

    def refused(self, which: Which) -> int:
        return sum(bool(trial.refused) for trial in self.trials if trial.which is which)


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """All that was measured; ``weights`` is their path from the run's folder on.

    ``pixel_size_nm`` of the images.
    """

    truth: GroundTruth
    microscope: Microscope
    learned: Recalibrated
    tried: Tried
    weights: str
    pixel_size_nm: float


def outcome(found: Recalibration, before: Instrument) -> Result:
    """The result, beside what is in use."""
    values = _values(found)
    rows = [compared(before, value) for value in values if value.sd is not None]
    focus = [place.focus for place in found.truth.places]
    return Result(
        values=tuple(values),
        verdict=_verdict(found, before),
        residuals=tuple(_figures(found)),
        comparison=(*rows, *_compared(found, before)),
        conditions=Conditions(
            landing_energy_kv=before.electron.eht_kv,
            wd_um=float(np.mean([optics.wd_um for optics in focus])),
            aperture_um=before.electron.aperture_um,
        ),
        files=(found.weights.rpartition("/")[2],),
    )


def inside_um(found: Recalibration, before: Instrument) -> float:
    """The depth of focus on tiles of the size of pixels of the focus images, with what was found."""
    electron = found.microscope.electron(before.electron)
    pixel_um = 1e-3 * found.pixel_size_nm
    return depth_of_focus_um(1e-3 * electron.convergence_mrad, 1e-3 * electron.probe_floor_nm, pixel_um)


def _values(found: Recalibration) -> list[CalibratedValue]:
    angle, fitted = found.microscope.angle, found.microscope.frame
    frame = fitted.frame
    values = [
        calibrated("electron.convergence_mrad", angle.mrad, angle.sd_mrad),
        calibrated("electron.stigmator_um_per_unit", frame.um_per_unit, fitted.sd_um_per_unit),
        calibrated("electron.stigmator_rotation_deg", frame.rotation_deg, fitted.sd_rotation_deg),
        calibrated("electron.stigmator_y_ratio", frame.y_ratio, fitted.sd_y_ratio),
        calibrated("electron.stigmator_skew_deg", frame.skew_deg, fitted.sd_skew_deg),
    ]
    if found.learned.better:
        values.append(CalibratedValue(key="electron.deepfocus_weights", value=found.weights))
    return values


def _verdict(found: Recalibration, before: Instrument) -> Verdict:
    troubles = list(_troubles(found, before))
    if troubles:
        return Verdict(good=False, reasons=(*troubles, "Weights and profile stay as they are."))
    within_um = inside_um(found, before)
    reasons = [
        f"All trials ({_count(found, Which.AFTER)}) came within {within_um:.1f} um of focus by "
        f"{CORRECTIONS} corrections.",
        "The trained layers read places kept back better, and are used."
        if found.learned.better
        else "Training read places kept back no better: the weights in use stay, with the new profile.",
    ]
    return Verdict(good=True, reasons=tuple(reasons))


def _troubles(found: Recalibration, before: Instrument) -> list[str]:
    """Why it may not be used; a sentence each."""
    microscope, frame = found.microscope, found.microscope.frame
    pairs, places = len(microscope.readings), len(found.truth.places)
    troubles = list[str]()
    if places < LEAST_PLACES or pairs < LEAST_PAIRS:
        troubles.append(f"Only {counted(pairs, 'pair')} of {counted(places, 'place')} could be read.")
    if not microscope.true_gain:
        troubles.append(
            f"Changes of the working distance are seen {microscope.gain:.2f} times as large as they are."
        )
    if (
        frame.sd_rotation_deg > LARGEST_SD_DEG
        or frame.sd_um_per_unit > LARGEST_SD_SHARE * frame.frame.um_per_unit
    ):
        troubles.append("The stigmators' frame is too uncertain; take more places, or more pairs at each.")
    within_um = inside_um(found, before)
    missed = _count(found, Which.AFTER) - found.tried.converged(Which.AFTER, within_um)
    if missed:
        troubles.append(
            f"{counted(missed, 'trial')} of {_count(found, Which.AFTER)} did not come within "
            f"{within_um:.1f} um of focus."
        )
    off_um = max(found.tried.search_off_um(place) for place in found.tried.places)
    if off_um > SEARCH_OFF_UM:
        troubles.append(f"Trials end {off_um:.1f} um from where single images are sharpest.")
    return troubles


def _count(found: Recalibration, which: Which) -> int:
    return sum(trial.which is which for trial in found.tried.trials)


def _compared(found: Recalibration, before: Instrument) -> list[Compared]:
    within_um, tried, learned = inside_um(found, before), found.tried, found.learned
    rows = [
        (f"Trials within {within_um:.1f} um of focus", [str(tried.converged(w, within_um)) for w in Which]),
        ("Trials farther from focus than they began", [str(tried.diverged(w)) for w in Which]),
        ("Trials refused", [str(tried.refused(w)) for w in Which]),
        ("Left after the trials, median", [f"{_left_um(tried, w):.2f} um" for w in Which]),
    ]
    errors = (learned.before_um, learned.after_um)
    rows.append(("Network's own error of defocus", [f"{error[0]:.2f} um" for error in errors]))
    return [Compared(what, *texts) for what, texts in rows]


def _left_um(tried: Tried, which: Which) -> float:
    return float(np.median([r[-1] for r in tried.residuals_um(which)]))


def trials_figure(tried: Tried) -> Plot:
    """Distances from focus over corrections."""
    series = [
        Series(which.value if not n else "", list(enumerate(residuals)), Mark.LINE, colour)
        for colour, which in ((1, Which.BEFORE), (2, Which.AFTER))
        for n, residuals in enumerate(tried.residuals_um(which))
    ]
    axes = Axes("correction", "distance from focus [um]")
    return Plot("Trials of focusing, believed blindly", tuple(series), axes)


def _figures(found: Recalibration) -> list[Figure]:
    done, spared = ([place.spot for place in some] for some in (found.truth.places, found.truth.spared))
    return [
        trials_figure(found.tried),
        *readings_figures(found.microscope),
        map_of_places([*done, *spared], done, spared),
    ]
