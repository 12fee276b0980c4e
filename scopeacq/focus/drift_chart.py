"""A sequential test for one number that is measured again and again at the same places. Pure.

What is compared is a visit with what the same place gave in earlier visits: places differ, and that is
no drift. Recursive residuals ``(x - mean of n) sqrt(n / (n + 1))`` are independent while nothing
changes; over a scale that is learned along they follow Student's t, whence standard normal scores
(Quesenberry 1991). These go into a cumulative sum of log likelihood ratios for a shift by
``SHIFT_SDS``, whose mean time to a false alarm is at least the exponential of its limit (Lorden 1971).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

SHIFT_SDS = 1.0
"""The shift that the test is best for; one of less than half of it never adds up."""

MOST_SDS = 3.0
"""A single visit counts no more than this: one that went wrong is no drift."""

PRIOR_VISITS = 4
"""What visits scatter by is learned, as if so many had scattered by the tolerance."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one visit goes: a group of tiles of a section."""

    section: str
    group: int


@dataclass(slots=True)
class Rise:
    """What was seen since evidence began to gather: sums over visits, and the first of these."""

    cycle: int
    section: str
    visits: int = 0
    corrections: int = 0
    total: float = 0.0
    usual_total: float = 0.0

    @property
    def now(self) -> float:
        return self.total / self.visits

    @property
    def usual(self) -> float:
        return self.usual_total / self.visits


@dataclass(slots=True)
class _Usual:
    visits: int = 0
    mean: float = 0.0


@dataclass(slots=True)
class DriftChart:
    """Whether a trait rises. Holds two numbers for each place.

    Args:
        tolerance: scatter between visits, as a standard deviation, that nobody minds: what is learned
            counts from there on.
        limit: of the evidence, a log likelihood ratio, from which on the trait counts as drifted.
    """

    tolerance: float
    limit: float
    evidence: float = 0.0
    rise: Rise | None = None
    _places: dict[Place, _Usual] = field(default_factory=dict)
    _squares: float = 0.0
    _residuals: int = 0

    @property
    def drifted(self) -> bool:
        return self.evidence >= self.limit

    def take(self, cycle: int, place: Place, value: float, corrections: int) -> None:
        """One visit: the mean of the trait in so many corrections. The first of a place is only learned."""
        usual = self._places.setdefault(place, _Usual())
        if usual.visits:
            residual = (value - usual.mean) * math.sqrt(usual.visits / (usual.visits + 1))
            self._weigh(self._score(residual))
            self._note(cycle, place, value, usual.mean, corrections)
            if not self.drifted:
                self._learn(residual)
        if not self.drifted:
            usual.visits += 1
            usual.mean += (value - usual.mean) / usual.visits

    def _score(self, residual: float) -> float:
        """A residual as a standard normal score, by Wallace's transform of Student's t (1959)."""
        n = PRIOR_VISITS + self._residuals
        t = residual / self._scale
        score = (8 * n + 1) / (8 * n + 3) * math.sqrt(n * math.log1p(t * t / n))
        return math.copysign(min(score, MOST_SDS), t)

    @property
    def _scale(self) -> float:
        tolerated = self.tolerance**2
        learned = (PRIOR_VISITS * tolerated + self._squares) / (PRIOR_VISITS + self._residuals)
        return math.sqrt(max(learned, tolerated))

    def _weigh(self, score: float) -> None:
        """Evidence stays at its limit, so that it is gone again soon after the trait is as before."""
        gained = SHIFT_SDS * (score - 0.5 * SHIFT_SDS)
        self.evidence = min(max(0.0, self.evidence + gained), self.limit)

    def _note(self, cycle: int, place: Place, value: float, usual: float, corrections: int) -> None:
        if self.evidence == 0.0:
            self.rise = None
            return
        rise = self.rise = self.rise or Rise(cycle, place.section)
        rise.visits += 1
        rise.corrections += corrections
        rise.total += value
        rise.usual_total += usual

    def _learn(self, residual: float) -> None:
        self._squares += residual**2
        self._residuals += 1
