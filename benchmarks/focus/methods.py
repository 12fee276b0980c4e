"""How yardsticks correct focus. What the program does itself is :mod:`scopeacq.focus.focus_methods`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.focus.machine import Doubles
from hardware.types import Optics
from models.estimate import AberrationEstimator, SharpnessScorer
from models.images import ImagesRefused
from scopeacq.focus.autofocus import FocusBench, Focused, NotFocused
from scopeacq.focus.focus_pairs import take_look
from scopeacq.focus.nelder_mead import nelder_mead
from scopeacq.journal.records import FocusEnd

STEP = np.array([5.0, 2.0, 2.0])
KICK = np.array([2.0, 0.5, 0.5])
"""Of Nelder-Mead in (um, a.u., a.u.), after Schubert 2022, section 3.4."""

FRUITLESS_IMAGES = 12


@dataclass(frozen=True)
class Believing:
    """Pairs of images, every answer subtracted, until one is small.

    The program's checks were not made for estimators that do not state an honest spread and need many
    steps: most of their traces would end at once, and nothing could be compared.
    """

    estimator: AberrationEstimator

    @property
    def name(self) -> str:
        return self.estimator.name

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        optics = bench.before
        for _ in range(bench.focus.max_iterations):
            try:
                look = take_look(bench, self.estimator, optics, bench.scans[0])
            except ImagesRefused as refused:
                return NotFocused(str(refused))
            if not look.change.finite:
                return NotFocused("the estimate is not a number")
            optics = bench.within_limits(look.optics_next)
            if look.change.is_inside(bench.depth):
                return Focused(optics, "the answer was small")
        return NotFocused("the budget is spent", FocusEnd.NO_CONVERGENCE)


@dataclass(frozen=True)
class Descent:
    """Nelder-Mead on scores without a scale, until nothing gets better. Lower is sharper.

    ``enough``: a score that ends it at once. ``patience``: so many images without a better one end it.
    """

    scorer: SharpnessScorer
    seed: int
    enough: float = -math.inf
    patience: float = FRUITLESS_IMAGES

    @property
    def name(self) -> str:
        return self.scorer.name

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        points: list[Optics] = []
        scores: list[float] = []
        search = nelder_mead(_point(bench.before), STEP, KICK, np.random.default_rng(self.seed))
        wanted = next(search)
        while len(scores) < bench.focus.search_images:
            points.append(bench.within_limits(_optics(wanted)))
            scores.append(self.scorer.score(bench.image_at(points[-1]), bench.frame.pixel_size_nm))
            if scores[-1] <= self.enough or len(scores) - int(np.argmin(scores)) > self.patience:
                break
            wanted = search.send(scores[-1])
        return Focused(points[int(np.argmin(scores))], f"the best of {len(scores)} images")


def _point(optics: Optics) -> Doubles:
    return np.array([optics.wd_um, optics.stig_x, optics.stig_y])


def _optics(point: Doubles) -> Optics:
    wd_um, stig_x, stig_y = (float(v) for v in point)
    return Optics(wd_um, stig_x, stig_y)
