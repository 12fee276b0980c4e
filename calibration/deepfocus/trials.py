"""Closed loops: from far off, corrected three times by what an estimator says, believed blindly.

A run would refuse what looks wrong; here it shows where an estimator leads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from calibration.ground_truth.acquisition import Acquisition, Place
from calibration.ground_truth.microscope import Floats, offset_of
from hardware.optics import StigmatorFrame
from hardware.types import Optics
from models.estimate import AberrationEstimator
from models.images import ImagesRefused
from scopeacq.focus.correction import optics_change
from scopeacq.focus.focus_pairs import take_pair
from scopeacq.plan.instrument import ElectronSettings

CORRECTIONS = 3
START_WD_UM, START_ASTIG_UM = (8.0, 12.0), ((-16.0, -8.0), (8.0, 16.0))
"""Where trials begin: stigmators by 2 to 4 units of 4 um (Schubert 2022, section 3.3)."""


class Which(Enum):
    """What a trial believes in."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Trial:
    """The optics that a loop began with and came to. ``refused``: why it ended early."""

    place: int
    which: Which
    optics: tuple[Optics, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Believed:
    """An estimator with the profile that its answers are applied by."""

    estimator: AberrationEstimator
    electron: ElectronSettings


def drawn_starts(rng: np.random.Generator, count: int) -> Floats:
    """Offsets (count, 3) [um] from focus that trials begin at."""
    (wd, (x, y)) = START_WD_UM, START_ASTIG_UM
    return np.column_stack([rng.uniform(*span, count) for span in (wd, x, y)])


def start_at(place: Place, offset_um: Floats, frame: StigmatorFrame) -> Optics:
    """The optics at an offset in the axes of stigmator x, which are those of no scan rotation."""
    stig_x, stig_y = (offset_um[1:] / np.array([frame.um_per_unit, frame.y_um_per_unit])).tolist()
    return place.focus.shifted(float(offset_um[0]), stig_x, stig_y)


def run_trial(
    acquisition: Acquisition, place: int, start: Optics, which: Which, believed: Believed
) -> Trial:
    """Correct from ``start``, where the stage stands: at this place. Raises ``HardwareError``."""
    focus = acquisition.bench.plan.project.focus
    bench = acquisition.focus_bench(focus, believed.electron)
    path = [bench.within_limits(start, focus.perturbation_um)]
    for _ in range(CORRECTIONS):
        acquisition.bench.heed()
        try:
            pair = take_pair(bench, path[-1], bench.scans[0])
            estimate = believed.estimator.estimate(pair.plus, pair.minus, pair.condition)
        except ImagesRefused as refused:
            return Trial(place, which, tuple(path), str(refused))
        change = optics_change(estimate, believed.electron, acquisition.settings.scan_rot_deg)
        if not (estimate.structured and change.finite):
            return Trial(place, which, tuple(path), "no structure to focus on")
        path.append(bench.within_limits(change.added_to(pair.optics), focus.perturbation_um))
    return Trial(place, which, tuple(path))


def residuals_um(trial: Trial, focus: Optics, frame: StigmatorFrame) -> list[float]:
    """How far from focus each of a trial's optics is [um]: defocus and astigmatism together."""
    return [distance_um(offset_of(optics, focus), frame) for optics in trial.optics]


def distance_um(offset: Floats, frame: StigmatorFrame) -> float:
    return math.hypot(float(offset[0]), *(frame.matrix_um(0.0) @ offset[1:]).tolist())


def trials_of(
    acquisition: Acquisition,
    places: Sequence[Place],
    starts: Floats,
    which: Which,
    believed: Believed,
    frame: StigmatorFrame,
    done: Callable[[Trial], None],
) -> list[Trial]:
    """All trials at the places, as many at each; each is made once."""
    found = list[Trial]()
    for number, offset_um in enumerate(starts):
        place = places[number % len(places)]
        start = start_at(place, offset_um, frame)

        def take(place: Place = place, start: Optics = start) -> Trial:
            acquisition.go(place.spot)
            return run_trial(acquisition, place.number, start, which, believed)

        found.append(acquisition.bench.once(f"trial-{which.value}-{number}", Trial, take))
        done(found[-1])
    return found
