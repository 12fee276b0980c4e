"""Kinds of cases, each one row of what the project promises, and how one is run.

A case draws its trials from the seed and its own name, so that it gives the same figures alone and
among others. All contenders meet the same trials, one after another within each trial.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from benchmarks.focus.bound import bound_um
from benchmarks.focus.contenders import Contenders
from benchmarks.focus.figures import bound_figures, line_figures, score_figures, search_figures
from benchmarks.focus.machine import Doubles, Machine, Specimen
from benchmarks.focus.results import (
    BoundResult,
    LineResult,
    LoopResult,
    Outcome,
    Promise,
    ScoreResult,
    SearchResult,
)
from benchmarks.focus.starts import SetupOf, setup_of, usual
from benchmarks.focus.textures import Gaussian, Kind, radial_density
from benchmarks.focus.trials import (
    MARGIN,
    Answer,
    Trace,
    Trial,
    believe,
    correct,
    estimate_once,
    score_once,
    search,
)

Start = Callable[[np.random.Generator], Doubles]


@dataclass(frozen=True)
class Plan:
    """What to run: ``trials`` of each case, its own number where None."""

    contenders: Contenders
    seed: int = 7
    trials: int | None = None

    def rng(self, case: str, index: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(case.encode()), index])

    def each(self, case: str, own: int) -> Iterator[tuple[int, np.random.Generator]]:
        """Index and source of chance of each trial, told on stderr."""
        count = own if self.trials is None else self.trials
        for index in range(count):
            print(f"\r{case}: {index + 1} of {count}   ", end="", file=sys.stderr, flush=True)
            yield index, self.rng(case, index)
        print(file=sys.stderr)


class Case(Protocol):
    """Something to run."""

    @property
    def name(self) -> str: ...

    def run(self, plan: Plan) -> Outcome: ...


@dataclass(frozen=True)
class _Drawn:
    """What trials of a case are drawn from; textures take turns."""

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    start: Start
    setup: SetupOf = field(default_factory=usual)
    trials: int = 27

    def draw(self, plan: Plan) -> Iterator[Trial]:
        for index, rng in plan.each(self.name, self.trials):
            kind = self.kinds[index % len(self.kinds)]
            setup, start = self.setup(rng), self.start(rng)
            yield Trial(Specimen.of(kind.tile(rng)), setup, start, int(rng.integers(2**32)), kind.name)


@dataclass(frozen=True)
class Loop(_Drawn):
    """Corrections by pairs until the program stops; figures after each of ``corrections``."""

    corrections: int = 6

    def run(self, plan: Plan) -> LoopResult:
        ours = plan.contenders.ours
        traces: dict[str, list[Trace]] = {c.name: [] for c in plan.contenders.pairs}
        for trial in self.draw(plan):
            traces[ours.name].append(correct(trial, ours))
            for other in plan.contenders.others:
                traces[other.name].append(believe(trial, other))
        return LoopResult.of(self.promise, traces, self.corrections)


@dataclass(frozen=True)
class Search(_Drawn):
    """The search by single images."""

    def run(self, plan: Plan) -> SearchResult:
        traces: dict[str, list[Trace]] = {s.name: [] for s in plan.contenders.scorings}
        for trial in self.draw(plan):
            for scoring in plan.contenders.scorings:
                traces[scoring.name].append(search(trial, scoring))
        return SearchResult(self.promise, {n: search_figures(t) for n, t in traces.items()}, traces)


@dataclass(frozen=True)
class Line(_Drawn):
    """One answer each, nothing corrected."""

    def run(self, plan: Plan) -> LineResult:
        answers: dict[str, list[Answer]] = {c.name: [] for c in plan.contenders.pairs}
        for trial in self.draw(plan):
            for contender in plan.contenders.pairs:
                answer = estimate_once(trial, contender)
                if answer is not None:
                    answers[contender.name].append(answer)
        return LineResult(self.promise, {n: line_figures(a) for n, a in answers.items()}, answers)


@dataclass(frozen=True)
class Bound:
    """Root mean square errors of one pair of ``edge_px`` squares over what electrons allow.

    On textures that are what the bound assumes, stationary and Gaussian, and on those they are like.
    """

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    off_focus: tuple[float, float, float]
    edge_px: int = 512
    dwell_ns: float = 50.0
    trials: int = 30

    def run(self, plan: Plan) -> BoundResult:
        errors: dict[str, list[Doubles]] = {}
        least: dict[str, list[Doubles]] = {}
        for trial, family in self._draw(plan):
            bound = self._bound(trial)
            for contender in plan.contenders.pairs:
                answer = estimate_once(trial, contender)
                if answer is not None:
                    key = f"{contender.name}, {family}"
                    errors.setdefault(key, []).append(answer.estimate.mean - answer.truth_um)
                    least.setdefault(key, []).append(bound)
        figures = {k: bound_figures(np.array(errors[k]), np.array(least[k])) for k in errors}
        return BoundResult(self.promise, figures)

    def _draw(self, plan: Plan) -> Iterator[tuple[Trial, str]]:
        """Places on both textures of each trial, and what sort of texture it is."""
        setup = setup_of(
            Machine(shift_px=3.0), dwell_ns=self.dwell_ns, width_px=self.edge_px, height_px=self.edge_px
        )
        for index, rng in plan.each(self.name, self.trials):
            like = self.kinds[index % len(self.kinds)]
            start = np.array(self.off_focus) * rng.choice([-1.0, 1.0])
            for kind, family in ((Gaussian(like), "Gaussian"), (like, "tissue")):
                specimen = Specimen.of(kind.tile(rng))
                yield Trial(specimen, setup, start, int(rng.integers(2**32)), kind.name), family

    def _bound(self, trial: Trial) -> Doubles:
        station = trial.station()
        return bound_um(
            radial_density(trial.specimen.tile),
            (self.edge_px, self.edge_px),
            trial.setup.machine,
            self.dwell_ns,
            station.aberration_um(station.column.optics()),
            trial.setup.focus.perturbation_um,
        )


@dataclass(frozen=True)
class Scores:
    """Single images scored: half of them inside the margins, half outside by 1 to 20 times."""

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    dwell_ns: float
    trials: int = 144

    def run(self, plan: Plan) -> ScoreResult:
        found: dict[str, list[float]] = {s.name: [] for s in plan.contenders.scorings}
        blurs, kinds = [], []
        for index, rng in plan.each(self.name, self.trials):
            kind = self.kinds[index % len(self.kinds)]
            # sharp and blurred by turns, over the textures and on each of them
            blur = self._blur(rng, sharp=sum(divmod(index, len(self.kinds))) % 2 == 0)
            setup = usual(dwell_ns=self.dwell_ns)(rng)
            trial = Trial(Specimen.of(kind.tile(rng)), setup, blur, int(rng.integers(2**32)), kind.name)
            for scoring in plan.contenders.scorings:
                found[scoring.name].append(score_once(trial, scoring))
            blurs.append(blur)
            kinds.append(kind.name)
        scores = {name: np.array(values) for name, values in found.items()}
        figures = {n: score_figures(v, np.array(blurs), kinds) for n, v in scores.items()}
        return ScoreResult(self.promise, figures, scores, np.array(blurs), tuple(kinds))

    @staticmethod
    def _blur(rng: np.random.Generator, sharp: bool) -> Doubles:
        """A direction on the surface of the box of margins, scaled."""
        direction = rng.uniform(-1, 1, 3)
        direction /= np.abs(direction).max()
        size = rng.uniform(0, 1) if sharp else np.exp(rng.uniform(0, np.log(20)))
        return np.asarray(size * direction * MARGIN)
