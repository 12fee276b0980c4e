"""Kinds of cases, each one row of what the project promises, and how one is run.

A case draws its trials from the seed and its own name, so that it gives the same figures alone and
among others. All contenders meet the same trials, one after another within each trial.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

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


Piece = TypeVar("Piece")
Made = TypeVar("Made", covariant=True)


@dataclass(frozen=True)
class Plan:
    """What to run: ``trials`` of each case, its own number where None. ``crew`` runs them."""

    contenders: Contenders
    seed: int = 7
    trials: int | None = None
    crew: Crew | None = None

    def rng(self, case: str, index: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(case.encode()), index])

    def each(self, case: str, own: int) -> Iterator[tuple[int, np.random.Generator]]:
        """Index and source of chance of each trial, told on stderr."""
        count = own if self.trials is None else self.trials
        for index in _told(case, range(count), count):
            yield index, self.rng(case, index)

    def pieces(self, case: Tried[Piece]) -> list[Piece]:
        """What all trials of a case came to, in their order, told on stderr."""
        count = case.trials if self.trials is None else self.trials
        crew = self.crew or OneByOne(self)
        return list(_told(case.name, crew.pieces(case, range(count)), count))


def _told(case: str, pieces: Iterable[Piece], count: int) -> Iterator[Piece]:
    for done, piece in enumerate(pieces):
        print(f"\r{case}: {done + 1} of {count}   ", end="", file=sys.stderr, flush=True)
        yield piece
    print(file=sys.stderr)


@runtime_checkable
class Tried(Protocol[Made]):
    """A case of trials that know nothing of each other: any process may run any of them."""

    @property
    def name(self) -> str: ...

    @property
    def trials(self) -> int: ...

    def piece(self, plan: Plan, index: int) -> Made:
        """What one trial comes to."""
        ...


class Crew(Protocol):
    """Whoever runs trials."""

    def pieces(self, case: Tried[Piece], indices: range) -> Iterable[Piece]: ...


@dataclass(frozen=True)
class OneByOne:
    """Trials in this process."""

    plan: Plan

    def pieces(self, case: Tried[Piece], indices: range) -> Iterable[Piece]:
        return (case.piece(self.plan, index) for index in indices)


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

    def draw(self, plan: Plan, index: int) -> Trial:
        rng = plan.rng(self.name, index)
        kind = self.kinds[index % len(self.kinds)]
        setup, start = self.setup(rng), self.start(rng)
        return Trial(Specimen.of(kind.tile(rng)), setup, start, int(rng.integers(2**32)), kind.name)


@dataclass(frozen=True)
class Loop(_Drawn):
    """Corrections by pairs until the program stops; figures after each of ``corrections``."""

    corrections: int = 6

    def piece(self, plan: Plan, index: int) -> Mapping[str, Trace]:
        """The trace of each contender."""
        trial, ours = self.draw(plan, index), plan.contenders.ours
        others = {other.name: believe(trial, other) for other in plan.contenders.others}
        return {ours.name: correct(trial, ours), **others}

    def run(self, plan: Plan) -> LoopResult:
        return LoopResult.of(self.promise, _by_name(plan.pieces(self)), self.corrections)


@dataclass(frozen=True)
class Search(_Drawn):
    """The search by single images."""

    def piece(self, plan: Plan, index: int) -> Mapping[str, Trace]:
        """The trace of each score."""
        trial = self.draw(plan, index)
        return {scoring.name: search(trial, scoring) for scoring in plan.contenders.scorings}

    def run(self, plan: Plan) -> SearchResult:
        traces = _by_name(plan.pieces(self))
        return SearchResult(self.promise, {n: search_figures(t) for n, t in traces.items()}, traces)


@dataclass(frozen=True)
class Line(_Drawn):
    """One answer each, nothing corrected."""

    def piece(self, plan: Plan, index: int) -> Mapping[str, Answer | None]:
        """The answer of each contender, None where it refused the pair."""
        trial = self.draw(plan, index)
        return {c.name: estimate_once(trial, c) for c in plan.contenders.pairs}

    def run(self, plan: Plan) -> LineResult:
        found = _by_name(plan.pieces(self))
        answers = {name: [a for a in each if a is not None] for name, each in found.items()}
        return LineResult(self.promise, {n: line_figures(a) for n, a in answers.items()}, answers)


def _by_name(pieces: Iterable[Mapping[str, Piece]]) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        for name, part in piece.items():
            found.setdefault(name, []).append(part)
    return found


Errors = tuple[Doubles, Doubles]
"""Of one answer, and what electrons allow (3,) [um]."""


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

    def piece(self, plan: Plan, index: int) -> Mapping[str, Errors]:
        """Error and bound of each contender on both sorts of texture, where it took the pair."""
        found = {}
        for trial, family in self._draw(plan, index):
            bounds = np.stack([self._bound(trial, known) for known in (True, False)])
            for contender in plan.contenders.pairs:
                answer = estimate_once(trial, contender)
                if answer is not None:
                    error_um = answer.estimate.mean - answer.truth_um
                    found[f"{contender.name}, {family}"] = error_um, bounds
        return found

    def run(self, plan: Plan) -> BoundResult:
        found = _by_name(plan.pieces(self))
        figures = {n: bound_figures(*map(np.array, zip(*e, strict=True))) for n, e in found.items()}
        return BoundResult(self.promise, figures)

    def _draw(self, plan: Plan, index: int) -> Iterator[tuple[Trial, str]]:
        """Places on both textures of a trial, and what sort of texture it is."""
        setup = setup_of(
            Machine(shift_px=3.0), dwell_ns=self.dwell_ns, width_px=self.edge_px, height_px=self.edge_px
        )
        rng = plan.rng(self.name, index)
        like = self.kinds[index % len(self.kinds)]
        start = np.array(self.off_focus) * rng.choice([-1.0, 1.0])
        for kind, family in ((Gaussian(like), "Gaussian"), (like, "tissue")):
            specimen = Specimen.of(kind.tile(rng))
            yield Trial(specimen, setup, start, int(rng.integers(2**32)), kind.name), family

    def _bound(self, trial: Trial, known_texture: bool) -> Doubles:
        station = trial.station()
        return bound_um(
            radial_density(trial.specimen.tile),
            (self.edge_px, self.edge_px),
            trial.setup.machine,
            self.dwell_ns,
            station.aberration_um(station.column.optics()),
            trial.setup.focus.perturbation_um,
            known_texture,
        )


@dataclass(frozen=True)
class Scored:
    """An image of ``kind``, ``blur`` (um, a.u., a.u.) off focus, and what it scored."""

    kind: str
    blur: Doubles
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Scores:
    """Single images scored: half of them inside the margins, half outside by 1 to 20 times."""

    name: str
    promise: Promise
    kinds: tuple[Kind, ...]
    dwell_ns: float
    trials: int = 144

    def piece(self, plan: Plan, index: int) -> Scored:
        """One image, scored by all."""
        rng = plan.rng(self.name, index)
        kind = self.kinds[index % len(self.kinds)]
        # sharp and blurred by turns, over the textures and on each of them
        blur = self._blur(rng, sharp=sum(divmod(index, len(self.kinds))) % 2 == 0)
        setup = usual(dwell_ns=self.dwell_ns)(rng)
        trial = Trial(Specimen.of(kind.tile(rng)), setup, blur, int(rng.integers(2**32)), kind.name)
        scorings = plan.contenders.scorings
        return Scored(kind.name, blur, {s.name: score_once(trial, s) for s in scorings})

    def run(self, plan: Plan) -> ScoreResult:
        found = plan.pieces(self)
        scores = {name: np.array(each) for name, each in _by_name(s.scores for s in found).items()}
        blurs, kinds = np.array([s.blur for s in found]), tuple(s.kind for s in found)
        figures = {name: score_figures(each, blurs, kinds) for name, each in scores.items()}
        return ScoreResult(self.promise, figures, scores, blurs, kinds)

    @staticmethod
    def _blur(rng: np.random.Generator, sharp: bool) -> Doubles:
        """A direction on the surface of the box of margins, scaled."""
        direction = rng.uniform(-1, 1, 3)
        direction /= np.abs(direction).max()
        size = rng.uniform(0, 1) if sharp else np.exp(rng.uniform(0, np.log(20)))
        return np.asarray(size * direction * MARGIN)
