"""The drift sentinel in whole runs: it tells, journals and goes on; a restart tells nothing twice."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.estimate import AberrationEstimate, PairCondition
from scopeacq.engine.events import FocusDriftNoticed, Subscription
from scopeacq.journal.records import (
    CycleDone,
    FocusDone,
    FocusDrifted,
    FocusReadBy,
    FocusTrait,
    Incident,
    RunEnd,
)
from scopeacq.telling.report import write_report
from scopeacq.telling.status import read_status
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_policies import of_kind, run_once

SECTIONS, SOUND_CYCLES, CYCLES = 4, 2, 4


class Derailed:
    """Finds everything in focus for so many pairs, then contradicts itself twice in each correction."""

    name = "DeepFocus"
    ANSWERS_UM = (3.0, -2.5, 0.0)

    def __init__(self, sound_pairs: int) -> None:
        self.sound_pairs, self.asked = sound_pairs, 0

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        since = self.asked - self.sound_pairs
        self.asked += 1
        defocus_um = self.ANSWERS_UM[since % len(self.ANSWERS_UM)] if since >= 0 else 0.0
        return AberrationEstimate(np.array([defocus_um, 0.0, 0.0]), 0.01 * np.eye(3))


def derailing_run(folder: Path) -> TinyRun:
    run = TinyRun.make(folder, tiny_project(cycles=CYCLES), n_sections=SECTIONS)
    run.estimator = Derailed(SOUND_CYCLES * SECTIONS)
    return run


def drain(subscription: Subscription) -> list[FocusDriftNoticed]:
    told = []
    while (event := subscription.get(0.0)) is not None:
        if isinstance(event, FocusDriftNoticed):
            told.append(event)
    return told


def test_a_run_whose_estimator_derails_goes_on_and_says_so_once(tmp_path: Path) -> None:
    run = derailing_run(tmp_path)
    events = run.events.subscribe()
    assert run_once(run) is RunEnd.FINISHED
    (drift,) = of_kind(run, FocusDrifted)
    assert drift.trait is FocusTrait.PAIRS
    assert (drift.since_cycle, round(drift.usual), round(drift.now)) == (SOUND_CYCLES, 1, 3)
    assert len(of_kind(run, CycleDone)) == CYCLES
    assert of_kind(run, Incident) == []
    (told,) = drain(events)
    assert told.recalibrate
    assert re.match(
        r"DeepFocus needs 3\.0 pairs of images per correction instead of 1\.[01] since", told.text
    )
    assert read_status(run.plan).focus_drift == f"{told.text} {told.advice}"
    assert told.text in write_report(run.plan).read_text()


def test_it_tells_before_the_next_mill(tmp_path: Path) -> None:
    run = derailing_run(tmp_path)
    assert run_once(run) is RunEnd.FINISHED
    records = run.records()
    at = next(n for n, record in enumerate(records) if isinstance(record, FocusDrifted))
    derailed = [r for r in records[:at] if isinstance(r, FocusDone) and r.key.cycle >= SOUND_CYCLES]
    assert len(derailed) <= 2 * SECTIONS
    assert sum(isinstance(record, CycleDone) for record in records[:at]) == CYCLES - 1


def test_a_killed_run_goes_on_with_what_the_sentinel_knew(tmp_path: Path) -> None:
    whole, cut = derailing_run(tmp_path / "whole"), derailing_run(tmp_path / "cut")
    assert run_once(whole) is RunEnd.FINISHED
    for cycle in range(1, CYCLES + 1):
        with cut.start() as started:
            started.engine.run(cycle)
    (drift,) = of_kind(whole, FocusDrifted)
    assert of_kind(cut, FocusDrifted) == [drift]
    assert of_kind(cut, FocusReadBy) == [FocusReadBy("DeepFocus", ())], "known from then on"
