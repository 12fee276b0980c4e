"""What is left of aberrations on a twin, before and after its recalibration."""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.recalibration.machines import Machine, on_twin
from calibration.bench import Bench
from calibration.deepfocus import PROCEDURE
from calibration.deepfocus.settings import DeepFocusSettings
from calibration.deepfocus.trials import Believed, Which, drawn_starts, run_trial
from calibration.figures import Figure
from calibration.ground_truth.acquisition import Acquisition
from calibration.ground_truth.places import Spot
from calibration.measurements import Measurements
from calibration.procedure import Result
from hardware.simulator.truth import FrameTruth
from hardware.types import Optics
from models.deepfocus import DeepFocus
from scopeacq.focus.autofocus import correct_focus
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.manual import Manual
from scopeacq.plan.instrument import ElectronSettings
from tests.scenarios.harness import TinyRun

PLACES, ABERRATIONS, TRIAL_PLACES, TRIALS = 4, 6, 1, 2
TRACE_PLACES, TRACES, TRACES_HOME, TRACES_BEFORE = 4, 12, 24, 3
HOME = 100
"""Seed of the home machine's wafer."""


@dataclass(frozen=True)
class Left:
    """What traces left: medians and means [um] of defocus and astigmatism together.

    ``diverged``: farther from focus than at their start; ``ends``: what the program's own loop came to.
    """

    um: list[float]
    refused: int
    diverged: int
    ends: list[str]

    @property
    def mean_um(self) -> float:
        return float(np.mean(self.um)) if self.um else math.nan


@dataclass(frozen=True)
class Outcome:
    """A twin before and after its recalibration."""

    machine: Machine
    depth_um: float
    before: Left
    after: Left
    good: bool
    reasons: tuple[str, ...]
    values: dict[str, float | str]
    new_weights: bool
    minutes: float
    pairs: int


class Told:
    """Follows a recalibration on the terminal."""

    def told(self, share: float, saying: str) -> None:
        print(f"  {share:4.0%} {saying}", end="\033[K\r", flush=True)

    def shown(self, key: str, figure: Figure) -> None:
        """Nobody looks."""


def traces(
    run: TinyRun,
    manual: Manual,
    bench: Bench,
    machine: Machine,
    believed: Believed,
    count: int,
    own_loops: int = 2,
) -> Left:
    """What corrections leave at places of their own, in truth."""
    settings = DeepFocusSettings(scan_rot_deg=machine.scan_rot_deg)
    acquisition = Acquisition(bench, settings)
    spots = acquisition.spots(10)[1::5][:TRACE_PLACES]
    starts = drawn_starts(np.random.default_rng([8, machine.number]), count)
    left_um, refused, diverged, ends = list[float](), 0, 0, list[str]()
    for number, offset_um in enumerate(starts):
        focus = true_focus(run, manual, acquisition, spots[number % len(spots)])
        stig_x, stig_y = (offset_um[1:] / machine.stigmators.um_per_unit).tolist()
        start = focus.shifted(float(offset_um[0]), stig_x, stig_y)
        trial = run_trial(acquisition, number, start, Which.AFTER, believed)
        left_um.append(truth_um(run, manual, acquisition, machine, trial.optics[-1]))
        refused += bool(trial.refused)
        diverged += left_um[-1] > float(np.linalg.norm(offset_um))
        if number < own_loops:
            manual.set_optics(start)
            outcome = correct_focus(
                acquisition.focus_bench(run.plan.project.focus, believed.electron),
                [PairFocus(believed.estimator)],
            )
            ends.append(outcome.end.value)
    return Left(left_um, refused, diverged, ends)


def true_focus(run: TinyRun, manual: Manual, acquisition: Acquisition, spot: Spot) -> Optics:
    """The optics in focus at a spot, in truth; the stage stands there then."""
    acquisition.go(spot)
    optics = manual.devices.column.optics()
    truth = _looked(run, manual, acquisition)
    return optics.shifted(-truth.residual_wd_um, -truth.residual_stig_x, -truth.residual_stig_y)


def truth_um(
    run: TinyRun, manual: Manual, acquisition: Acquisition, machine: Machine, optics: Optics
) -> float:
    """How far from focus optics are here, in truth: defocus and astigmatism together."""
    manual.set_optics(optics)
    truth = _looked(run, manual, acquisition)
    strength = machine.stigmators.um_per_unit
    return math.hypot(
        truth.residual_wd_um, strength * truth.residual_stig_x, strength * truth.residual_stig_y
    )


def _looked(run: TinyRun, manual: Manual, acquisition: Acquisition) -> FrameTruth:
    manual.grab(run.plan.project.focus.frame(acquisition.settings.scan_rot_deg))
    truth = run.truth[-1]
    assert isinstance(truth, FrameTruth)
    return truth


def home(tissue: str) -> Left:
    """What is left on the home machine, whose profile is right, with the weights that are shipped."""
    return exactly_known(Machine(HOME, tissue=tissue), TRACES_HOME)


def exactly_known(machine: Machine, count: int = TRACES) -> Left:
    """What is left on a machine whose true profile is given to the program, with the weights shipped."""
    with tempfile.TemporaryDirectory() as name, on_twin(machine, Path(name)) as (run, manual):
        believed = Believed(DeepFocus.load(), machine.true_electron)
        return traces(run, manual, _bench(run, manual, Path(name)), machine, believed, count, own_loops=0)


def recalibrated(machine: Machine) -> Outcome:
    """A twin before and after."""
    with tempfile.TemporaryDirectory() as name, on_twin(machine, Path(name)) as (run, manual):
        bench, found_at = _bench(run, manual, Path(name)), manual.devices.column.optics()
        electron = run.plan.instrument.electron
        before = traces(run, manual, bench, machine, Believed(DeepFocus.load(), electron), TRACES_BEFORE)
        manual.set_optics(found_at)
        began_s = time.monotonic()
        result = PROCEDURE.measure(bench, _settings(machine))
        minutes = (time.monotonic() - began_s) / 60
        believed = _believed(result, electron, run.plan.folder.root)
        after = traces(run, manual, bench, machine, believed, TRACES)
        values = {v.key.split(".")[1]: v.value for v in result.values if isinstance(v.value, float | str)}
    return Outcome(
        machine,
        machine.depth_um,
        before,
        after,
        result.verdict.good,
        result.verdict.reasons,
        {key: value for key, value in values.items() if isinstance(value, float)},
        "deepfocus_weights" in values,
        minutes,
        PLACES * ABERRATIONS,
    )


def _settings(machine: Machine) -> DeepFocusSettings:
    return DeepFocusSettings(
        places=PLACES,
        aberrations=ABERRATIONS,
        trial_places=TRIAL_PLACES,
        trials=TRIALS,
        scan_rot_deg=machine.scan_rot_deg,
    )


def _believed(result: Result, before: ElectronSettings, root: Path) -> Believed:
    """What a run goes by once the result is accepted; what it went by before where it may not be."""
    if not result.verdict.good:
        return Believed(DeepFocus.load(), before)
    values = {value.key.split(".")[1]: value.value for value in result.values}
    electron = before.model_copy(update=values)
    weights = electron.deepfocus_weights
    return Believed(DeepFocus.load(root / weights if weights else None), electron)


def _bench(run: TinyRun, manual: Manual, folder: Path) -> Bench:
    sitting = folder / "calibration"
    sitting.mkdir()
    return Bench(run.plan, Measurements.read(sitting), Told(), np.random.default_rng(0), manual)
