"""The first call of an estimator, made before it matters: it loads code and lays out memory."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

import numpy as np

from models.estimate import AberrationEstimator, PairCondition
from scopeacq.runfolder import Plan

GRAIN_PX = 4
"""Edge of the squares in the image to warm up on: without texture an estimator would stop half-way."""


def warmed_up(estimator: AberrationEstimator, plan: Plan) -> AberrationEstimator:
    """``estimator``, which meanwhile judges an image that nobody took, as large as those of the plan."""
    Thread(target=_first_call, args=(estimator, plan), name="warm-up", daemon=True).start()
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
