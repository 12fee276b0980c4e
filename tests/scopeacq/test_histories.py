"""What is kept of each tile and section over the cycles: bounded, and the same as the journal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.types import FrameSettings, Optics, StagePose
from scopeacq.engine.planner import mill_plan
from scopeacq.journal import records as r
from scopeacq.journal.dose_ledger import DoseLedger
from scopeacq.journal.records import MillKey, PlaneKey, Record, Verdict
from scopeacq.journal.tile_curves import MOST_POINTS, TileCurves, mean_of
from scopeacq.telling.status import status_of
from tests.ui.wafers import plan_of, section

FRAME = FrameSettings(100, 100, 10.0, 200.0)
POSE = StagePose(0, 0, 0, 0, 0)
PLAN = plan_of(Path("x.scopeacq"), section("S001"), section("S002", (900.0, 0.0)))


def taken(cycle: int, score_um: float, wd_um: float, take: int = 0) -> list[Record]:
    key = PlaneKey(cycle, "S001", 2)
    return [
        r.PlaneExposing(key, take, FRAME, 10.0),
        r.PlaneExposed(key, take, Optics(wd_um, 0.0, 0.0), POSE, (1, 0, 0, 0, 1, 0), 1.0),
        r.PlaneJudged(key, take, Verdict.SHARP, score_um, 1.0, 1.0, 0.0),
    ]


def curves_of(records: list[Record]) -> TileCurves:
    curves = TileCurves()
    for record in records:
        curves.apply(record)
    return curves


def test_a_cycle_is_one_point_and_doses_add_up() -> None:
    curve = curves_of([*taken(0, 0.5, 4500.0), *taken(1, 9.0, 4501.0), *taken(1, 0.25, 4502.0, 1)]).of(
        "S001", 2
    )
    assert curve.score() == ((0, 0.5), (1, 0.25))
    assert curve.dose() == ((0, 10.0), (1, 30.0))
    assert curve.wd() == ((0, 4500.0), (1, 4502.0))


def test_what_was_never_seen_has_no_points() -> None:
    curve = curves_of([r.PlaneExposing(PlaneKey(0, "S001", 2), 0, FRAME, 10.0)]).of("S001", 2)
    assert curve.score() == curve.wd() == ()
    assert TileCurves().of("S009", 0).dose() == ()


def test_a_long_run_is_thinned_evenly_and_keeps_its_end() -> None:
    cycles = 10 * MOST_POINTS
    records = [record for n in range(cycles) for record in taken(n, n / 4, 4500.0)]
    points = curves_of(records).of("S001", 2).score()
    assert len(points) <= MOST_POINTS
    assert points[-1] == (cycles - 1, (cycles - 1) / 4)
    assert all(value == cycle / 4 for cycle, value in points)
    assert curves_of(records).of("S001", 2).dose()[-1] == (cycles - 1, 10.0 * cycles)


def test_the_mean_is_over_the_curves_that_know() -> None:
    assert mean_of([((0, 1.0), (2, 5.0)), ((0, 3.0),)]) == ((0, 2.0), (2, 5.0))


def milled(cycle: int, charge_uc: float) -> list[Record]:
    key = MillKey(cycle, 0, 0)
    return [
        r.GatePassed(cycle, 1, 0, mill_plan(PLAN)),
        r.MillBegin(key, f"o{cycle}", charge_uc, charge_uc, 30.0, 0.5, 1.0, 0.0),
        r.MillEnd(key, f"o{cycle}", charge_uc, 0.0, "done"),
        r.CycleDone(cycle),
    ]


def test_depths_are_those_of_the_status_and_end_where_a_section_is_dropped() -> None:
    records: list[Record] = [
        *milled(0, 50.0),
        *milled(1, 70.0),
        r.SectionDropped(2, "S002", ("dark",)),
        *milled(2, 30.0),
    ]
    ledger = DoseLedger(PLAN)
    for record in records:
        ledger.apply(record)
    by_status = {s.id: s.milled_nm for s in status_of(PLAN, records, lambda: False).sections}
    depths = {name: found.depth_nm for name, found in ledger.milled().items()}
    assert [cycle for cycle, _ in depths["S001"]] == [0, 1, 2]
    assert [cycle for cycle, _ in depths["S002"]] == [0, 1]
    for name, points in depths.items():
        assert points[-1][1] == pytest.approx(by_status[name])


def test_ions_are_counted_over_the_square_of_the_raster() -> None:
    ledger = DoseLedger(PLAN)
    for record in milled(0, 100.0):
        ledger.apply(record)
    edge_nm = PLAN.instrument.mill.raster_um_per_volt * PLAN.project.milling.raster_vpp * 1e3
    ((_, ions),) = ledger.milled()["S001"].ions_per_nm2
    assert ions == pytest.approx(100e-6 / 1.602e-19 / edge_nm**2, rel=1e-3)


def test_looks_at_a_section_add_up() -> None:
    ledger = DoseLedger(PLAN)
    for cycle in range(3):
        ledger.apply(r.SectionRegistered(cycle, "S001", 0.0, 0.0, 0.0, 0.9, 1.5))
    assert ledger.looks_per_nm2 == {"S001": 4.5}
