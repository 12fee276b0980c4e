"""One search: a place on a texture, a microscope, a start, and a method that looks for focus there."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

import numpy as np

from benchmarks.focus.catalogue import Kinds
from benchmarks.focus.machine import Doubles, Specimen
from benchmarks.focus.methods import Descent
from benchmarks.focus.starts import usual
from benchmarks.focus.station import off_focus
from benchmarks.focus.textures import Kind, Volume
from benchmarks.focus.trials import Setup, Trial, bench_of
from benchmarks.score_search.objectives import LaplacianVariance, SpectralPower
from hardware.simulator.texture import ProceduralTexture
from models.deepscore import DeepScore
from models.estimate import SharpnessScorer
from scopeacq.focus.autofocus import FocusMethod, correct_focus
from scopeacq.focus.score_search import ScoreSearch

REACH = np.array([10.0, 1.0, 1.0])
"""Starts are uniform within +- this: um, a.u., a.u. (Schubert 2022)."""

BY_HAND = np.array([0.3, 0.07, 0.07])
"""How near to focus an operator gets by hand: within +- this."""

MANUAL_MARGIN = 1.05
"""The source's Nelder-Mead stops at so many times the score of one focus by hand."""

MICROSCOPES = 10
"""Of each kind of texture: each is focused by hand once, at another place than those that are searched."""


class Method(Enum):
    """What is minimised, and how."""

    OURS = "DeepScore, trilateration (the program)"
    DEEPSCORE = "DeepScore, Nelder-Mead"
    LAPLACIAN = "variance of the Laplacian, Nelder-Mead"
    SPECTRAL = "spectral power, Nelder-Mead"


@dataclass(frozen=True)
class Case:
    """A trace to be run."""

    kind: str
    dwell_ns: float
    method: Method
    index: int


@dataclass(frozen=True)
class Found:
    """What a search came to. ``start``, ``end`` (3,) are off focus: um, a.u., a.u.; no end if refused."""

    case: Case
    images: int
    start: tuple[float, ...]
    end: tuple[float, ...] | None


@dataclass(frozen=True)
class Field:
    """Places on textures under microscopes, by seed: everybody meets the same ones."""

    kinds: Mapping[str, Kind]
    tissues: tuple[str, ...]
    seed: int = 7

    @classmethod
    def load(cls, seed: int = 7) -> Field:
        """Held-out textures; tissue as the twin has it: procedural, and a real stack where there is one."""
        known = Kinds.load()
        twin = (Volume("procedural tissue", ProceduralTexture(99)), *known.stacks)
        every = (*twin, *(kind for kind in known.held_out if kind.name not in {t.name for t in twin}))
        kinds = {kind.name: kind for kind in (*every, known.nearly_bare)}
        return cls(kinds, tuple(kind.name for kind in twin), seed)

    def trials(self, kind: str, index: int, dwells_ns: Sequence[float]) -> Iterator[tuple[float, Trial]]:
        """The same place and start at each dwell time."""
        if not dwells_ns:
            return
        rng = np.random.default_rng([self.seed, zlib.crc32(kind.encode()), index])
        specimen = Specimen.of(self.kinds[kind].tile(rng))
        start, seed = rng.uniform(-REACH, REACH), int(rng.integers(2**32))
        for dwell_ns in dwells_ns:
            setup = self._setup(kind, index % MICROSCOPES, dwell_ns)
            yield dwell_ns, Trial(specimen, setup, start, seed, kind)

    def by_hand(self, kind: str, index: int, dwell_ns: float, scorer: SharpnessScorer) -> float:
        """What the microscope of a trace scores at another place, focused by hand."""
        rng = np.random.default_rng(
            [self.seed, zlib.crc32(kind.encode()), MICROSCOPES, index % MICROSCOPES]
        )
        specimen = Specimen.of(self.kinds[kind].tile(rng))
        setup = self._setup(kind, index % MICROSCOPES, dwell_ns)
        trial = Trial(specimen, setup, rng.uniform(-BY_HAND, BY_HAND), int(rng.integers(2**32)), kind)
        bench = bench_of(trial, trial.station())
        return scorer.score(bench.image_at(bench.before), bench.frame.pixel_size_nm)

    def _setup(self, kind: str, microscope: int, dwell_ns: float) -> Setup:
        rng = np.random.default_rng([self.seed, zlib.crc32(kind.encode()), microscope, MICROSCOPES])
        return usual(dwell_ns=dwell_ns)(rng)


@dataclass
class Searches:
    """Runs traces; remembers what was focused by hand."""

    field: Field
    _by_hand: dict[Case, float]

    @classmethod
    def on(cls, field: Field) -> Searches:
        return cls(field, {})

    def run(self, case: Case, trial: Trial) -> Found:
        """One search by the program's own loop, which applies or refuses what it finds."""
        station = trial.station()
        outcome = correct_focus(bench_of(trial, station), [self._method(case, trial)])
        end = _numbers(off_focus(station.column.optics())) if outcome.applied else None
        return Found(case, len(station.scanned), _numbers(trial.start), end)

    def _method(self, case: Case, trial: Trial) -> FocusMethod:
        scorer = _scorer(case.method, trial.setup.electron.convergence_mrad)
        if case.method is Method.OURS:
            return ScoreSearch(scorer, trial.seed)
        microscope = replace(case, index=case.index % MICROSCOPES)
        if microscope not in self._by_hand:
            score = self.field.by_hand(case.kind, case.index, case.dwell_ns, scorer)
            self._by_hand[microscope] = MANUAL_MARGIN * score
        return Descent(scorer, trial.seed, self._by_hand[microscope], patience=np.inf)


def _scorer(method: Method, convergence_mrad: float) -> SharpnessScorer:
    match method:
        case Method.OURS | Method.DEEPSCORE:
            return _deepscore(convergence_mrad)
        case Method.LAPLACIAN:
            return LaplacianVariance()
        case Method.SPECTRAL:
            return SpectralPower()


@cache
def _deepscore(convergence_mrad: float) -> DeepScore:
    return DeepScore.load(convergence_mrad=convergence_mrad)


def _numbers(values: Doubles) -> tuple[float, ...]:
    return tuple(round(float(v), 4) for v in values)
