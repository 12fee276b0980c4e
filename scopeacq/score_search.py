"""Focusing by a search over single images: for when pairs were refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hardware.types import Optics
from models.estimate import Floats, SharpnessScorer
from scopeacq.autofocus import FocusBench, Focused, NotFocused
from scopeacq.focus_methods import OpticsChange
from scopeacq.nelder_mead import nelder_mead
from scopeacq.project import FocusSettings

STEP = np.array([5.0, 2.0, 2.0])
KICK = np.array([2.0, 0.5, 0.5])
"""Of the search in (um, a.u., a.u.), after Schubert 2022, section 3.4."""

STOP_SHARE = 0.5
"""The search stops at this share of the score that would trigger it again."""

FRUITLESS_IMAGES = 12
"""After so many images without a better one a good score is the best there is, and no score stays none."""


@dataclass(frozen=True)
class ScoreSearch:
    """DeepScore with Nelder-Mead: many single images, for when pairs were refused.

    ``seed`` makes its random kicks repeatable.
    """

    scorer: SharpnessScorer
    seed: int = 0

    @property
    def name(self) -> str:
        return self.scorer.name

    def find(self, bench: FocusBench) -> Focused | NotFocused:
        points, scores = self._search(bench)
        if np.isinf(scores).all():
            return NotFocused(f"none of {len(scores)} images has texture to score")
        best = points[int(scores.argmin())]
        _note_search(bench, self.name, best, points, scores)
        if scores.min() > bench.focus.score_trigger_um:
            return NotFocused(f"the best score of {len(scores)} images is {scores.min():.2f} um")
        return Focused(_optics(best), f"score {scores.min():.2f} um, the best of {len(scores)} images")

    def _search(self, bench: FocusBench) -> tuple[Floats, Floats]:
        """Optics (n, 3) and their scores (n,).

        Tissue far out of focus has no texture to score; that counts as infinitely bad.
        """
        rng = np.random.default_rng(self.seed)
        search = nelder_mead(_point(bench.before), STEP, KICK, rng)
        points, scores = np.empty((0, 3)), np.empty(0)
        wanted = next(search)
        while True:
            optics = bench.within_limits(_optics(wanted))
            score = self.scorer.score(bench.image_at(optics), bench.frame.pixel_size_nm)
            points = np.vstack([points, _point(optics)])
            scores = np.append(scores, np.inf if np.isnan(score) else score)
            if _search_over(scores, bench.focus):
                return points, scores
            wanted = search.send(float(scores[-1]))


def _search_over(scores: Floats, focus: FocusSettings) -> bool:
    """Whether the newest score is good, nothing gets better, or the budget of images is spent."""
    best = int(scores.argmin())
    fruitless = len(scores) - best > FRUITLESS_IMAGES
    bad = focus.score_trigger_um < scores[best] < np.inf
    return bool(
        scores[best] <= STOP_SHARE * focus.score_trigger_um
        or (fruitless and not bad)
        or len(scores) >= focus.search_images
    )


def _note_search(bench: FocusBench, name: str, best: Floats, points: Floats, scores: Floats) -> None:
    """One entry for the whole search; its uncertainty is the spread of the four best points."""
    spread = points[scores.argsort()[:4]].std(axis=0)
    sd = (float(spread[0]), float(spread[1]), float(spread[2]))
    bench.note(OpticsChange.between(bench.before, _optics(best), sd).noted(name, bench.before))


def _point(optics: Optics) -> Floats:
    return np.array([optics.wd_um, optics.stig_x, optics.stig_y])


def _optics(point: Floats) -> Optics:
    wd_um, stig_x, stig_y = (float(v) for v in point)
    return Optics(wd_um, stig_x, stig_y)
