"""What is loaded before it matters: libraries, and an estimator's first call, which lays out memory."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from threading import Thread

import numpy as np

from hardware.errors import HardwareError
from hardware.registry import load_driver
from models.estimate import AberrationEstimator, PairCondition
from scopeacq.plan.runfolder import Plan

GRAIN_PX = 4
"""Edge of the squares in the image to warm up on: without texture an estimator would stop half-way."""


def load_libraries(plan: Plan) -> None:
    """Import what a session of the plan will need; what cannot be loaded is for the session to tell.

    Importing stops every thread again and again: better while a check-list is read than in a run.
    """
    for module in ("scopeacq.conduct", "models.deepscore", "models.deepfocus"):
        import_module(module)
    with suppress(HardwareError):
        load_driver(plan.instrument.driver.name)


def warmed_up(estimator: AberrationEstimator, plan: Plan) -> AberrationEstimator:
    """``estimator``, which meanwhile judges an image that nobody took, as large as those of the plan."""
    # not a daemon: a process that ends inside of torch is ended by an error
    Thread(target=_first_call, args=(estimator, plan), name="warm-up").start()
    return estimator


def _first_call(estimator: AberrationEstimator, plan: Plan) -> None:
    focus, electron = plan.project.focus, plan.instrument.electron
    rows, columns = (-(-n // GRAIN_PX) for n in (focus.height_px, focus.width_px))
    grains = np.random.default_rng(0).integers(60, 200, (rows, columns), np.uint8)
    image = np.kron(grains, np.ones((GRAIN_PX, GRAIN_PX), np.uint8))
    dose_per_nm2 = focus.frame(0.0).electron_dose_per_nm2(electron.probe_current_na)
    condition = PairCondition(
        focus.pixel_size_nm, focus.perturbation_um, electron.convergence_mrad, dose_per_nm2
    )
    # settings that it cannot judge are for the first real pair to tell
    with suppress(ValueError):
        estimator.estimate(image, image, condition)
