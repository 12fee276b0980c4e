"""What a search by single images goes down: scores over working distance and one stigmator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.focus.cases import Plan
from benchmarks.focus.figures import out_of_margin
from benchmarks.focus.machine import Doubles, Specimen
from benchmarks.focus.results import Promise
from benchmarks.focus.starts import usual
from benchmarks.focus.textures import Kind
from benchmarks.focus.trials import Trial, score_once

WD_UM = np.linspace(-20, 20, 17)
STIG = np.linspace(-5, 5, 11)
NOTHING_UM = 1e6  # stands for no score at all, so that there is no way down between two of them


@dataclass(frozen=True)
class LandscapeFigures:
    """``downhill``: share of neighbours on the grid of which the one nearer to focus scores lower."""

    images: int
    downhill: float


@dataclass(frozen=True)
class LandscapeResult:
    """``scores``: (wd, stig x) of each scorer on the grid of ``WD_UM`` and ``STIG``."""

    promise: Promise
    figures: Mapping[str, LandscapeFigures]
    scores: Mapping[str, Doubles]


@dataclass(frozen=True)
class Landscape:
    """The case: one place of the first kind of texture."""

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    dwell_ns: float = 100.0

    def run(self, plan: Plan) -> LandscapeResult:
        rng = plan.rng(self.name, 0)
        kind = self.kinds[0]
        setup = usual(dwell_ns=self.dwell_ns)(rng)
        trial = Trial(Specimen.of(kind.tile(rng)), setup, np.zeros(3), 0, kind.name)
        states = np.array([[wd_um, stig, 0.0] for wd_um in WD_UM for stig in STIG])
        scores = np.array(
            [
                [score_once(replace(trial, start=state, seed=seed), s) for s in plan.contenders.scorings]
                for seed, state in enumerate(states)
            ]
        )
        maps = {
            scoring.name: column.reshape(len(WD_UM), len(STIG))
            for scoring, column in zip(plan.contenders.scorings, scores.T, strict=True)
        }
        out = out_of_margin(states).reshape(len(WD_UM), len(STIG))
        figures = {name: LandscapeFigures(found.size, downhill(found, out)) for name, found in maps.items()}
        return LandscapeResult(self.promise, figures, maps)


def downhill(scores: Doubles, out: Doubles) -> float:
    """Of neighbours along both axes that differ in their distance ``out`` from focus."""
    agreeing = []
    known = np.minimum(scores, NOTHING_UM)
    for axis in (0, 1):
        outwards = np.diff(out, axis=axis)
        rising = np.diff(known, axis=axis)
        agreeing.append((rising * outwards)[outwards != 0] > 0)
    return float(np.concatenate(agreeing).mean())
