"""Times per pair: what is slower shows as slower, and what cannot judge a frame has no time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.focus.cases import Plan
from benchmarks.focus.contenders import Contenders
from benchmarks.focus.results import Promise
from benchmarks.focus.speed import COMPARED_PX, EDGES_PX, MAPFOST, SOURCE, Speed
from models.estimate import AberrationEstimate
from tests.benchmarks.focus_fakes import Fixed, Grain, Refusing

SLEEPS_S = 0.02


@dataclass(frozen=True)
class Sleeping(Fixed):
    """An estimator of known speed."""

    name: str = "sleeping"

    def estimate(self, plus, minus, condition) -> AberrationEstimate:
        time.sleep(SLEEPS_S)
        return AberrationEstimate(np.zeros(3), np.eye(3))


def test_times_and_ratios_are_those_of_the_estimators() -> None:
    contenders = Contenders(Sleeping((0.0, 0.0, 0.0)), (Fixed((0.0, 0.0, 0.0)), Refusing()), ())
    case = Speed("speed", Promise("a case", "others", "a target"), (Grain(),))
    figures = case.run(Plan(contenders, trials=1)).figures
    assert set(figures) == {"sleeping", "fixed", "refusing", MAPFOST, SOURCE}
    index = EDGES_PX.index(COMPARED_PX)
    assert figures["sleeping"].ratio == 1.0
    assert all(ms >= 1e3 * SLEEPS_S for ms in figures["sleeping"].ms_by_edge)
    assert figures["fixed"].ratio < 0.5
    assert np.isnan(figures["refusing"].ms_by_edge).all()
    assert np.isfinite(figures[SOURCE].ms_by_edge).tolist() == [i == index for i in range(len(EDGES_PX))]
    assert np.isfinite(figures[MAPFOST].ms_by_edge).all()
    assert np.isnan(figures["fixed"].memory_mib)
