"""How soon the drift sentinel tells that DeepFocus has come off the rails, and how seldom it is wrong.

    python -m benchmarks.sentinel [--runs N] [--json]

Runs on the twin's optics: the program's own correction on some places per cycle, cycle by cycle, a few
micrometres off each time as after a mill. In the middle of a run something changes that the program does
not know of. *Delay* is how many corrections were made from there until it was told, *never* those runs
in which it was not told within as many cycles as went before.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain

import cv2
import numpy as np
import torch

from benchmarks.focus.machine import Machine, Specimen
from benchmarks.focus.starts import usual
from benchmarks.focus.textures import Kind, Resin
from benchmarks.focus.trials import Setup, Trial, bench_of
from benchmarks.held_out import kinds
from hardware.optics import StigmatorFrame
from models.deepfocus import DeepFocus
from scopeacq.focus.autofocus import FocusMethod, correct_focus
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.focus.sentinel import Sentinel
from scopeacq.journal.records import CycleDone, FocusDone, FocusDrifted, FocusReadBy, PlaneKey

TISSUE = "neuropil"
PLACES, SOUND_CYCLES = 4, 5
OFF_FOCUS = np.array([2.0, 0.3, 0.3])
"""How far a tile is off focus after a mill: standard deviations, um and a.u."""


@dataclass(frozen=True)
class Change:
    """What happens to the microscope or the tissue in the middle of a run."""

    name: str
    machine: Callable[[Machine], Machine] = lambda machine: machine
    kind: Kind | None = None


def changes() -> tuple[Change, ...]:
    """All that is tried; the first is none."""
    return (
        Change("nothing"),
        Change("stigmators turned by 40 degrees", _turned(40.0)),
        Change("stigmators turned by 90 degrees", _turned(90.0)),
        Change("convergence angle 1.5 times as wide", lambda m: replace(m, convergence_mrad=13.4)),
        Change("convergence angle 0.6 times as wide", lambda m: replace(m, convergence_mrad=5.3)),
        Change("a twentieth of the contrast", lambda m: replace(m, contrast=0.05 * m.contrast)),
        Change("tissue becomes noise", kind=Resin()),
    )


def _turned(by_deg: float) -> Callable[[Machine], Machine]:
    frame = StigmatorFrame(rotation_deg=by_deg)
    return lambda machine: replace(machine, stigmators=frame)


@dataclass(frozen=True)
class Run:
    """What one run came to: what was told, and after how many corrections from the change on."""

    told: FocusDrifted | None
    corrections: int
    too_early: bool


@dataclass(frozen=True)
class Figures:
    """Of all runs with one change. ``traits``: what was told, by name."""

    change: str
    runs: int
    told: float
    too_early: float
    delay_median: float
    delay_most: float
    traits: tuple[str, ...]


@dataclass
class Scene:
    """The run up to the change, which is the same whatever comes after it."""

    method: FocusMethod
    seed: int
    setup: Setup = field(init=False)
    places: list[Specimen] = field(init=False)
    sound: list[FocusDone] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.setup = usual()(rng)
        self.places = [Specimen.of(kinds()[TISSUE].tile(rng)) for _ in range(PLACES)]
        cycles = range(SOUND_CYCLES)
        self.sound = list(_corrections(cycles, self.places, self.setup, self.method, rng))

    def after(self, change: Change) -> Iterator[FocusDone]:
        """The corrections from the change on, in as many cycles as came before it."""
        rng = np.random.default_rng([self.seed, zlib.crc32(change.name.encode())])
        setup, places = replace(self.setup, machine=change.machine(self.setup.machine)), self.places
        if change.kind is not None:
            places = [Specimen.of(change.kind.tile(rng)) for _ in range(PLACES)]
        cycles = range(SOUND_CYCLES, 2 * SOUND_CYCLES)
        yield from _corrections(cycles, places, setup, self.method, rng)


def run_of(change: Change, scene: Scene) -> Run:
    """One run, up to the alarm."""
    sentinel, after = Sentinel(), 0
    sentinel.apply(FocusReadBy(scene.method.name, ()))
    for done in chain(scene.sound, scene.after(change)):
        after += done.key.cycle >= SOUND_CYCLES
        sentinel.apply(done)
        if done.key.section == f"S{PLACES - 1}":
            sentinel.apply(CycleDone(done.key.cycle))
        if (told := sentinel.news) is not None:
            return Run(told, after, too_early=after == 0)
    return Run(None, after, too_early=False)


def _corrections(
    cycles: range, places: Sequence[Specimen], setup: Setup, method: FocusMethod, rng: np.random.Generator
) -> Iterator[FocusDone]:
    for cycle in cycles:
        for number, place in enumerate(places):
            yield _correction(PlaneKey(cycle, f"S{number}", 0), place, setup, method, rng)


def _correction(
    key: PlaneKey, place: Specimen, setup: Setup, method: FocusMethod, rng: np.random.Generator
) -> FocusDone:
    trial = Trial(place, setup, OFF_FOCUS * rng.standard_normal(3), int(rng.integers(2**32)), TISSUE)
    outcome = correct_focus(bench_of(trial, trial.station()), [method])
    return FocusDone(
        key,
        outcome.applied,
        outcome.reason,
        outcome.before,
        outcome.after,
        outcome.iterations,
        outcome.electron_dose_per_nm2,
        "",
        0.0,
        outcome.end,
        outcome.wd_drift_um,
    )


def figures_of(change: Change, runs: list[Run]) -> Figures:
    """Delays are those of runs in which it was told in time."""
    told = [run for run in runs if run.told is not None and not run.too_early]
    delays = [run.corrections for run in told]
    return Figures(
        change.name,
        len(runs),
        len(told) / len(runs),
        sum(run.too_early for run in runs) / len(runs),
        float(np.median(delays)) if delays else float("nan"),
        float(max(delays)) if delays else float("nan"),
        tuple(sorted({run.told.trait.value for run in told if run.told is not None})),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sentinel",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=5, help="with each change")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    scenes = [Scene(PairFocus(DeepFocus.load()), seed) for seed in range(arguments.runs)]
    measured = (figures_of(change, [run_of(change, scene) for scene in scenes]) for change in changes())
    if arguments.json:
        print(json.dumps([asdict(figures) for figures in measured], indent=2))
    else:
        tell(measured)


def tell(measured: Iterable[Figures]) -> None:
    """A table, row by row: each takes minutes."""
    print("| what changes | runs | told [%] | too early [%] | delay [corrections]: median, most | by |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for f in measured:
        shares = f"{100 * f.told:.0f} | {100 * f.too_early:.0f}"
        delays = f"{f.delay_median:.0f}, {f.delay_most:.0f}"
        print(f"| {f.change} | {f.runs} | {shares} | {delays} | {', '.join(f.traits)} |", flush=True)


if __name__ == "__main__":
    main()
