"""The first call of an estimator in the background."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from models.estimate import AberrationEstimate
from scopeacq.focus.warm_up import warmed_up
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan


class Slow:
    """An estimator that answers when it is let, or refuses."""

    name = "slow"

    def __init__(self, refuses: bool = False) -> None:
        self.let, self.seen = threading.Event(), threading.Event()
        self.refuses, self.shapes = refuses, []

    def estimate(self, plus, minus, condition):
        assert self.let.wait(10)
        self.shapes = [plus.shape, minus.shape]
        self.seen.set()
        if self.refuses:
            raise ValueError("settings outside the trained range")
        return AberrationEstimate(np.zeros(3), np.eye(3))


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_demo(tmp_path / "demo")


def test_nobody_waits_for_it(plan):
    estimator = Slow()
    assert warmed_up(estimator, plan) is estimator
    assert not estimator.seen.is_set()
    estimator.let.set()
    assert estimator.seen.wait(10)
    focus = plan.project.focus
    assert estimator.shapes == [(focus.height_px, focus.width_px)] * 2


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_settings_that_it_cannot_judge_are_for_the_first_pair_to_tell(plan):
    estimator = Slow(refuses=True)
    estimator.let.set()
    warmed_up(estimator, plan)
    assert estimator.seen.wait(10)
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join(10)
