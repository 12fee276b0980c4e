"""Simulated annealing by python-tsp, as in the source: alpha 0.9, 2-opt (Schubert 2022, chapter 3)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from python_tsp.heuristics import solve_tsp_simulated_annealing

from scopeacq.route.stage_time import HOME, Nodes, Seconds, Stops

ALPHA = 0.9
FEWEST = 2
"""Stops below which python-tsp finds nothing to exchange and raises ``StopIteration``."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """Travel times as python-tsp asks for them in each of its steps: the one place to end it."""

    seconds: Seconds
    heed: Callable[[], object]

    def __getitem__(self, ends: tuple[list[int], list[int]]) -> Seconds:
        self.heed()
        return self.seconds[ends]


def annealed(stops: Stops, order: Nodes, seed: int, limit_s: float, heed: Callable[[], object]) -> Nodes:
    """A tour shaken ever less, from ``order`` on. It may be longer than that.

    Args:
        limit_s: real time after which it ends, above 0: python-tsp takes 0 for no limit.
        heed: is called in each step; what it raises ends the work.
    """
    if len(order) < FEWEST or limit_s <= 0:
        return order
    nodes = np.append(HOME, order)
    watched = _Watched(stops.matrix(nodes, nodes), heed)
    with _seeded(seed), np.errstate(divide="ignore", over="ignore"):
        found, _ = solve_tsp_simulated_annealing(
            watched, list(range(len(nodes))), "two_opt", ALPHA, max_processing_time=limit_s
        )
    return nodes[np.array(found[1:], np.intp)]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """python-tsp draws from the generators that all of a process share: they are put back afterwards."""
    plain, numpys = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(numpys)
