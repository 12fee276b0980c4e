"""Sections are put in another order in the middle of a cycle: each is imaged once, and in that order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from scopeacq.journal.records import PlaneChosen, PlaneExposing, RunEnd
from scopeacq.plan.plan_changes import refuse_changes
from scopeacq.route.order import routed
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.life import Killed, Life

CYCLES = 2


@pytest.mark.parametrize("deeds", [420, 500])
def test_a_run_goes_on_in_another_order(tmp_path: Path, deeds: int) -> None:
    run = TinyRun.make(tmp_path, tiny_project(cycles=CYCLES), n_sections=3)
    with suppress(Killed), run.start(Life(dies_at=deeds)) as program:
        program.engine.run(CYCLES)
    before = [s.id for s in run.plan.wafer.sections]
    order = before[::-1]
    run.plan = replace(run.plan, wafer=routed(run.plan.wafer, order))
    refuse_changes(run.plan, run.records())
    begun = len(run.records())
    imaged = {r.key.section for r in run.records() if isinstance(r, PlaneExposing)}
    assert imaged and imaged < set(order)

    with run.start() as program:
        assert program.engine.run(CYCLES) is RunEnd.FINISHED
    chosen = [r.key for r in run.records() if isinstance(r, PlaneChosen)]
    assert sorted((k.cycle, k.section) for k in chosen) == sorted(
        (c, s) for c in range(CYCLES) for s in order
    )
    later = [r.key for r in run.records()[begun:] if isinstance(r, PlaneExposing)]
    for cycle in range(CYCLES):
        again = [key.section for key in later if key.cycle == cycle]
        assert again == [section for section in order if section in again]
    assert [key.section for key in later if key.cycle == 1] == order
