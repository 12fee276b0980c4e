"""The shortest tour through all stops that is found in a given time.

Several starts are improved by exchanges; then the best of them is kicked out of its local optimum and
improved again, piece by piece, until that brings nothing any more (iterated local search, Lourenco 2003).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from scopeacq.route.annealing import annealed
from scopeacq.route.local_search import Circle, circle_s, descended
from scopeacq.route.stage_time import HOME, Nodes, Seconds, Stops
from scopeacq.route.starts import nearest_neighbour, strips

Progress = Callable[[float], None]

MOST_ANNEALED = 100
"""Stops up to which python-tsp anneals within seconds."""
ANNEALING_SHARE = 0.5
"""Of the time limit, at most."""
MOST_AT_ONCE = 1000
"""Stops whose exchanges are weighed in one matrix; longer tours are improved in pieces of this length."""
PIECE = 100
"""Stops within which kicks are tried."""
KICKS = 50
"""How many in a row on one piece."""
PATIENCE = 6
"""How often kicks may bring nothing, for each piece that a tour has."""

TELLING_S = 0.05
"""How often progress is told."""


class FoundBy(Enum):
    """What the tour was made of that became the shortest."""

    PRESENT = "the present order"
    NEAREST = "nearest neighbours"
    STRIPS = "strips"
    ANNEALING = "simulated annealing"


class Ended(Enum):
    """Why the search ended. One that was not cut off finds the same by the same seed."""

    SETTLED = "nothing shorter was found any more"
    TIME_LIMIT = "the time limit was reached"


@dataclass(frozen=True, slots=True)
class Tour:
    """Indices of the stops from 0 on in the order of the visit, and how long the travel takes."""

    order: tuple[int, ...]
    seconds: float
    found_by: FoundBy
    ended: Ended


def find_tour(stops: Stops, seed: int, limit_s: float, progress: Progress = lambda _: None) -> Tour:
    """A short open tour: never longer than the order given, nor than nearest neighbours. Always ends.

    Args:
        limit_s: real time after which the best so far counts; the first tours are made in any case.
        progress: is told the share of the limit that is spent, and 1 at the end; what it raises ends
            the work.
    """
    search = _Search(stops, seed, _Budget(time.monotonic(), limit_s, progress))
    order, found_by = search.begin()
    order = search.kicked(order)
    progress(1.0)
    ended = Ended.TIME_LIMIT if search.budget.spent or search.budget.hurried else Ended.SETTLED
    return Tour(tuple((order - 1).tolist()), stops.tour_s(order), found_by, ended)


@dataclass(slots=True)
class _Budget:
    """Real time, and whether it ran out before the work was done; ``hurried``: a part was cut short."""

    began_s: float
    limit_s: float
    progress: Progress
    spent: bool = False
    hurried: bool = False
    told_s: float = -math.inf

    @property
    def left_s(self) -> float:
        return self.began_s + self.limit_s - time.monotonic()

    def go_on(self) -> bool:
        """Whether there is time left; tells the progress now and then."""
        now_s = time.monotonic()
        passed_s = now_s - self.began_s
        self.spent |= passed_s >= self.limit_s
        if now_s - self.told_s > TELLING_S:
            self.told_s = now_s
            self.progress(1.0 if self.spent else passed_s / self.limit_s)
        return not self.spent


@dataclass(frozen=True, slots=True)
class _Search:
    stops: Stops
    seed: int
    budget: _Budget

    def begin(self) -> tuple[Nodes, FoundBy]:
        """The shortest tour after improving each start, the most promising ones first."""
        starts = sorted(self._quick_starts(), key=lambda start: self.stops.tour_s(start[0]))
        found = [(self._descended(order), by) for order, by in starts]
        if self.stops.count <= MOST_ANNEALED:
            found.append((self._descended(self._annealed(found[0][0])), FoundBy.ANNEALING))
        return min(found, key=lambda tour: self.stops.tour_s(tour[0]))

    def _quick_starts(self) -> Iterator[tuple[Nodes, FoundBy]]:
        yield self.stops.as_given, FoundBy.PRESENT
        if self.stops.count > 1:
            yield nearest_neighbour(self.stops), FoundBy.NEAREST
            yield strips(self.stops), FoundBy.STRIPS

    def _annealed(self, order: Nodes) -> Nodes:
        limit_s = min(ANNEALING_SHARE * self.budget.limit_s, self.budget.left_s)
        until_s = time.monotonic() + limit_s
        order = annealed(self.stops, order, self.seed, limit_s, self.budget.go_on)
        self.budget.hurried |= time.monotonic() >= until_s
        return order

    def _descended(self, order: Nodes) -> Nodes:
        """Each piece of the tour after all exchanges within it; pieces overlap by half."""
        for low in range(0, max(len(order) - MOST_AT_ONCE // 2, 1), MOST_AT_ONCE // 2):
            if not self.budget.go_on():
                break
            piece = slice(low, low + MOST_AT_ONCE)
            order = self._reworked(order, piece, lambda s, c: descended(s, c, self.budget.go_on))
        return order

    def kicked(self, order: Nodes) -> Nodes:
        """The tour after kicks here and there, until these bring nothing any more."""
        rng = np.random.default_rng(self.seed)
        patience = PATIENCE * -(-len(order) // PIECE) if len(order) > 1 else 0
        in_vain = 0
        while in_vain < patience and self.budget.go_on():
            low = int(rng.integers(max(len(order) - PIECE, 0) + 1))
            piece = slice(low, low + PIECE)
            before = order
            order = self._reworked(order, piece, lambda s, c: self._after_kicks(s, c, rng))
            in_vain = in_vain + 1 if order is before else 0
        return order

    def _after_kicks(self, seconds: Seconds, circle: Circle, rng: np.random.Generator) -> Circle:
        best_s = circle_s(seconds, circle)
        for _ in range(KICKS):
            if not self.budget.go_on():
                break
            tried = descended(seconds, _kick(circle, rng), self.budget.go_on)
            if (tried_s := circle_s(seconds, tried)) < best_s:
                circle, best_s = tried, tried_s
        return circle

    def _reworked(self, order: Nodes, piece: slice, rework: Callable[[Seconds, Circle], Circle]) -> Nodes:
        """The tour with a piece of it changed where that makes it shorter; itself otherwise.

        A piece is a circle whose index 0 is the rest of the tour: what follows the piece is the way in,
        what precedes it the way out.
        """
        inner = order[piece]
        before = order[piece.start - 1] if piece.start else HOME
        after = order[piece.stop] if piece.stop < len(order) else HOME
        seconds = self.stops.matrix(np.append(before, inner), np.append(after, inner))
        circle = rework(seconds, np.arange(len(inner) + 1))
        changed = order.copy()
        changed[piece] = inner[circle[1:] - 1]
        return changed if self.stops.tour_s(changed) < self.stops.tour_s(order) else order


def _kick(circle: Circle, rng: np.random.Generator) -> Circle:
    """Two neighbouring chains change places: what neither 2-opt nor Or-opt undoes at once."""
    if len(circle) < 3:
        return circle
    a, b, c = np.sort(rng.choice(np.arange(1, len(circle) + 1), 3, replace=False))
    return np.concatenate([circle[:a], circle[b:c], circle[a:b], circle[c:]])
