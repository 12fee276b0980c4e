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
"""A visit counts no more than this, and no more is learned of it: what went wrong once is no drift."""

PRIOR_VISITS = 4
"""What visits scatter by is learned, as if so many had scattered by the tolerance."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one visit goes: a group of tiles of a section."""

    section: str
    group: int


@dataclass(slots=True)
class Scatter:
    """Squared residuals so far."""

    squares: float = 0.0
    residuals: int = 0

    def add(self, squares: float, residuals: int = 1) -> None:
        self.squares += squares
        self.residuals += residuals


@dataclass(slots=True)
class Rise:
    """What was seen since evidence began to gather: sums over visits, and the first of these.

    ``scatter`` is learned when the rise is over: else a drift would soon pass for scatter.
    """

    cycle: int
    section: str
    visits: int = 0
    corrections: int = 0
    total: float = 0.0
    usual_total: float = 0.0
    scatter: Scatter = field(default_factory=Scatter)

    @property
    def now(self) -> float:
        return self.total / self.visits

    @property
    def usual(self) -> float:
        return self.usual_total / self.visits


@dataclass(slots=True)
class Usual:
    """What one place gave so far."""

    visits: int = 0
    mean: float = 0.0

    @property
    def share(self) -> float:
        """By what a deviation from the mean is multiplied for a recursive residual."""
        return math.sqrt(self.visits / (self.visits + 1))

    def learn(self, value: float) -> None:
        self.visits += 1
        self.mean += (value - self.mean) / self.visits


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
    _places: dict[Place, Usual] = field(default_factory=dict)
    _scatter: Scatter = field(default_factory=Scatter)

    @property
    def drifted(self) -> bool:
        return self.evidence >= self.limit

    def take(self, cycle: int, place: Place, value: float, corrections: int) -> None:
        """One visit: the mean of the trait in so many corrections. The first of a place is only learned."""
        usual = self._places.setdefault(place, Usual())
        if usual.visits == 0:
            usual.learn(value)
            return
        residual, most = (value - usual.mean) * usual.share, MOST_SDS * self._scale
        self._weigh(self._score(residual))
        if self.evidence > 0.0:
            self._note(cycle, place, value, usual.mean, corrections)
        heard = min(max(residual, -most), most)
        self._learn(heard)
        if not self.drifted:
            usual.learn(usual.mean + heard / usual.share)

    def _score(self, residual: float) -> float:
        """A residual as a standard normal score, by Wallace's transform of Student's t (1959)."""
        n = PRIOR_VISITS + self._scatter.residuals
        t = residual / self._scale
        score = (8 * n + 1) / (8 * n + 3) * math.sqrt(n * math.log1p(t * t / n))
        return math.copysign(min(score, MOST_SDS), t)

    @property
    def _scale(self) -> float:
        tolerated = self.tolerance**2
        squares = PRIOR_VISITS * tolerated + self._scatter.squares
        return math.sqrt(max(squares / (PRIOR_VISITS + self._scatter.residuals), tolerated))

    def _weigh(self, score: float) -> None:
        """Evidence stays at its limit, so that it is gone again soon after the trait is as before."""
        gained = SHIFT_SDS * (score - 0.5 * SHIFT_SDS)
        self.evidence = min(max(0.0, self.evidence + gained), self.limit)

    def _note(self, cycle: int, place: Place, value: float, usual: float, corrections: int) -> None:
        rise = self.rise = self.rise or Rise(cycle, place.section)
        rise.visits += 1
        rise.corrections += corrections
        rise.total += value
        rise.usual_total += usual

    def _learn(self, residual: float) -> None:
        """What visits scatter by: also those of a rise, once it came to nothing, but not of a drift."""
        if self.rise is None:
            self._scatter.add(residual**2)
        elif self.drifted:
            self.rise.scatter = Scatter()
        elif self.evidence > 0.0:
            self.rise.scatter.add(residual**2)
        else:
            self._scatter.add(residual**2 + self.rise.scatter.squares, 1 + self.rise.scatter.residuals)
            self.rise = None
