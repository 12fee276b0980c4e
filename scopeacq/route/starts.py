"""Quick tours to begin with: to the nearest stop each time, and in strips to and fro."""

from __future__ import annotations

import math

import numpy as np

from scopeacq.route.stage_time import HOME, Nodes, Stops

_WAYS_WEIGHED = 8_000_000
"""On the search for nearest neighbours from several beginnings, about: within a second."""


def nearest_neighbour(stops: Stops) -> Nodes:
    """Always on to the nearest stop that is left.

    From home; where nobody knows it, the best of tours from several stops, from each of up to 200.
    """
    begin = _beginnings(stops)
    orders = np.empty((len(begin), stops.count), np.intp)
    rows, everywhere = np.arange(len(begin)), np.arange(stops.count + 1)
    gone = np.zeros((len(begin), stops.count + 1), bool)
    gone[:, HOME] = True
    here = begin
    for position in range(stops.count):
        orders[:, position] = here
        gone[rows, here] = True
        here = np.where(gone, np.inf, stops.matrix(here, everywhere)).argmin(1)
    return min(orders, key=stops.tour_s)


def _beginnings(stops: Stops) -> Nodes:
    if stops.home_um is not None:
        return stops.as_given[[stops.matrix(np.array([HOME]), stops.as_given).argmin()]]
    most = max(_WAYS_WEIGHED // stops.count**2, 1)
    return np.unique(np.linspace(1, stops.count, min(most, stops.count)).astype(np.intp))


def strips(stops: Stops) -> Nodes:
    """To and fro over strips of equal width, along x or y and as many as make it shortest."""
    x, y = (stops.arrive_um / (stops.profile.speed_x_um_per_s, stops.profile.speed_y_um_per_s)).T
    most = math.ceil(2 * math.sqrt(stops.count))
    ways = [_to_and_fro(*axes, count) for axes in ((x, y), (y, x)) for count in range(1, most + 1)]
    return min((way + 1 for way in (*ways, *(way[::-1] for way in ways))), key=stops.tour_s)


def _to_and_fro(along: np.ndarray, across: np.ndarray, count: int) -> Nodes:
    """Indices of places by strips, every other one backwards."""
    low, wide = across.min(), np.ptp(across) or 1.0
    strip = np.minimum((across - low) / wide * count, count - 1).astype(np.intp)
    return np.lexsort([np.where(strip % 2, -along, along), strip])
