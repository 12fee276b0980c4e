"""How much memory an estimator adds to the program: ``python -m benchmarks.focus.memory MODULE CLASS``.

Prints MiB. Runs in a process of its own, or what others left would be counted.
"""

from __future__ import annotations

import importlib
import sys

import numpy as np
import psutil

import scopeacq.engine.engine
import scopeacq.focus.focus_methods  # noqa: F401 - the program is there before the estimator is
from models.estimate import PairCondition

SHAPE, ESTIMATES = (768, 1024), 10
GRAIN_PX = 4


def added_mib(module: str, name: str) -> float:
    """Of loading the class ``name`` of ``module`` with its own weights, and of some estimates."""
    process = psutil.Process()
    before = process.memory_info().rss
    estimator = getattr(importlib.import_module(module), name).load()
    rng = np.random.default_rng(0)
    # texture that both images show: an estimator stops half-way where it sees none
    grains = np.kron(rng.uniform(60, 140, [n // GRAIN_PX for n in SHAPE]), np.ones((GRAIN_PX, GRAIN_PX)))
    for _ in range(ESTIMATES):
        plus, minus = rng.poisson(grains, (2, *SHAPE)).astype(np.uint8)
        estimator.estimate(plus, minus, PairCondition(10.0, 5.0, 8.9, 5.0))
    return float(process.memory_info().rss - before) / 2**20


if __name__ == "__main__":
    print(f"{added_mib(sys.argv[1], sys.argv[2]):.1f}")
