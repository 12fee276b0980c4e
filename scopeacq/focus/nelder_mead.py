"""Nelder-Mead as a conversation, with random kicks where it gets stuck.

SciPy's routine calls a function and knows neither; here each value is an exposure, so whoever
scans asks for the next point and decides when to stop.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
Search = Generator[Point, float, None]
"""Yields points to evaluate, is sent their values, and never ends."""


def nelder_mead(
    start: Point, step: Point, kick: Point, rng: np.random.Generator, patience: int = 5
) -> Search:
    """Minimise a noisy function of n variables from ``start`` with an initial simplex of edges ``step``.

    After ``patience`` steps without a new best, a fresh simplex with edges ``kick`` is laid at the best
    point moved by a random kick, uniform in +-``kick``. All arrays have shape (n,).
    """
    origin, edges = start, step
    best, best_value = start, np.inf
    while True:
        points, values = yield from _simplex(origin, edges)
        stuck = 0
        while stuck < patience:
            if values.min() < best_value:
                best, best_value, stuck = points[values.argmin()], float(values.min()), 0
            else:
                stuck += 1
            points, values = yield from _improved(points, values)
        origin, edges = best + rng.uniform(-kick, kick), kick


def _simplex(origin: Point, edges: Point) -> Generator[Point, float, tuple[Point, Point]]:
    """The corner ``origin`` and one neighbour along each axis, with their values."""
    points = np.vstack([origin, origin + np.diag(edges)])
    values = np.empty(len(points))
    for index, point in enumerate(points):
        values[index] = yield point
    return points, values


def _improved(points: Point, values: Point) -> Generator[Point, float, tuple[Point, Point]]:
    """One step of Nelder and Mead (1965): reflect, expand, contract or shrink. Best corner first."""
    order = values.argsort()
    points, values = points[order], values[order]
    centre = points[:-1].mean(axis=0)
    away = centre - points[-1]
    reflected = centre + away
    value = yield reflected
    if value < values[0]:
        expanded = centre + 2.0 * away
        expanded_value = yield expanded
        candidate = (expanded, expanded_value) if expanded_value < value else (reflected, value)
        return _with_worst(points, values, *candidate)
    if value < values[-2]:
        return _with_worst(points, values, reflected, value)
    contracted = centre + (0.5 if value < values[-1] else -0.5) * away
    contracted_value = yield contracted
    if contracted_value < min(value, values[-1]):
        return _with_worst(points, values, contracted, contracted_value)
    return (yield from _shrunk(points, values))


def _with_worst(points: Point, values: Point, point: Point, value: float) -> tuple[Point, Point]:
    """The simplex with its worst corner, the last one, replaced."""
    return np.vstack([points[:-1], point]), np.append(values[:-1], value)


def _shrunk(points: Point, values: Point) -> Generator[Point, float, tuple[Point, Point]]:
    """All corners but the best halfway towards it."""
    nearer = points[0] + 0.5 * (points - points[0])
    for index in range(1, len(nearer)):
        values[index] = yield nearer[index]
    return nearer, values
