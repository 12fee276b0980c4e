"""2-opt and Or-opt on whole matrices: what exchange of two or three legs makes a tour shorter. Pure.

python-tsp looks at one exchange at a time and adds up the whole tour for each: minutes for a thousand
stops. Here all exchanges are weighed at once, and those applied together that share no leg.
Times need not be the same in both directions: what a reversal costs on the way is added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopeacq.route.stage_time import Seconds

Circle = NDArray[np.intp]
"""A closed tour: indices of a matrix of times, each once. Its first is never moved."""

LONGEST_CHAIN = 3
"""Stops that Or-opt moves together, as in Or 1976."""
_HAIR_S = 1e-9


def circle_s(seconds: Seconds, circle: Circle) -> float:
    """How long a closed tour takes."""
    return float(seconds[circle, np.roll(circle, -1)].sum())


def descended(seconds: Seconds, circle: Circle, go_on: Callable[[], bool] = lambda: True) -> Circle:
    """The tour after all exchanges that make it shorter, never longer than before.

    Args:
        seconds: from each index to each, shape (n, n), float64.
        go_on: is asked before each look at all exchanges; when it says no, what is reached counts.
    """
    while go_on():
        better = _exchanged(circle, sorted(_exchanges(seconds, circle), key=lambda e: e.change_s))
        if better is circle:
            break
        circle = better
    return circle


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Positions ``first`` to ``last`` get the stops that stand at the positions ``taken``."""

    change_s: float
    first: int
    last: int
    taken: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Legs:
    """Times by positions of a tour of n stops that ends where it begins.

    ``seconds``: from each to each, shape (n + 1, n + 1). ``legs``: of the tour, shape (n,).
    ``against``: how much longer the tour takes backwards from the beginning to each position, (n + 1,).
    """

    seconds: Seconds
    legs: Seconds
    against: Seconds

    @staticmethod
    def of(seconds: Seconds, circle: Circle) -> _Legs:
        closed = np.append(circle, circle[0])
        by_position = seconds[np.ix_(closed, closed)]
        legs, back = np.diag(by_position, 1), np.diag(by_position, -1)
        return _Legs(by_position, legs, np.append(0.0, np.cumsum(back - legs)))


def _exchanges(seconds: Seconds, circle: Circle) -> Iterator[_Exchange]:
    """For each position the best of each kind, where it makes the tour shorter."""
    ways = _Legs.of(seconds, circle)
    yield from _two_opt(ways)
    for length in range(1, min(LONGEST_CHAIN, len(circle) - 2) + 1):
        yield from _or_opt(ways, length)


def _exchanged(circle: Circle, exchanges: Iterable[_Exchange]) -> Circle:
    """The tour after those exchanges that share no leg with an earlier one; itself when there is none."""
    result, touched = circle, np.zeros(len(circle), bool)
    for exchange in exchanges:
        legs = slice(exchange.first - 1, exchange.last + 1)
        if not touched[legs].any():
            touched[legs] = True
            result = result.copy() if result is circle else result
            result[exchange.first : exchange.last + 1] = circle[exchange.taken]
    return result


def _two_opt(ways: _Legs) -> Iterator[_Exchange]:
    """What lies between legs i < j is driven the other way round."""
    n, s, legs, against = len(ways.legs), ways.seconds, ways.legs, ways.against
    change_s = s[:n, :n] + s[1:, 1:] - legs[:, None] - legs + against[:n] - against[1:, None]
    change_s[np.tri(n, k=1, dtype=bool)] = 0.0
    i, j, best_s = _best(change_s)
    for a, b, saved_s in zip(i, j, best_s, strict=True):
        yield _Exchange(saved_s, a + 1, b, np.arange(b, a, -1))


def _or_opt(ways: _Legs, length: int) -> Iterator[_Exchange]:
    """``length`` stops from position i on go into leg j, as they are or turned round."""
    n, s, legs, against = len(ways.legs), ways.seconds, ways.legs, ways.against
    first = np.arange(1, n - length + 1)
    last = first + length - 1
    taken_out_s = legs[first - 1] + legs[last] - s[first - 1, last + 1]
    beside = (np.arange(n) < first[:, None] - 1) | (np.arange(n) > last[:, None])
    turning_s = (against[last] - against[first])[:, None]
    as_is = s[:n, first].T + s[last, 1:] - legs - taken_out_s[:, None]
    turned = s[:n, last].T + s[first, 1:] - legs - taken_out_s[:, None] + turning_s
    rows, j, best_s = _best(np.where(beside, np.minimum(as_is, turned), 0.0))
    for row, leg, saved_s in zip(rows, j, best_s, strict=True):
        chain = np.arange(first[row], last[row] + 1)
        chain = chain[::-1] if turned[row, leg] < as_is[row, leg] else chain
        yield _moved(saved_s, chain, int(first[row]), int(last[row]), leg)


def _moved(change_s: float, chain: NDArray[np.intp], first: int, last: int, leg: int) -> _Exchange:
    if leg > last:
        return _Exchange(change_s, first, leg, np.append(np.arange(last + 1, leg + 1), chain))
    return _Exchange(change_s, leg + 1, last, np.append(chain, np.arange(leg + 1, first)))


def _best(change_s: Seconds) -> tuple[list[int], list[int], list[float]]:
    """Row, column and change of what shortens most in each row."""
    columns = change_s.argmin(1)
    best_s = change_s[np.arange(len(columns)), columns]
    rows = np.flatnonzero(best_s < -_HAIR_S)
    return rows.tolist(), columns[rows].tolist(), best_s[rows].tolist()
