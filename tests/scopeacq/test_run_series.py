"""Numbers of a run: each record's where and when it happened, and none left out."""

from __future__ import annotations

import math

import pytest

from hardware.types import Optics, StagePose
from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.journal.run_series import UNITS, Quantity, RunSeries

PLAN = r.MillPlan((0.0, 120.0), 1, 3.0, 10.0, 2.0)
KEY = PlaneKey(0, "S2", 1)


def series(*records: r.Record) -> RunSeries:
    made = RunSeries(4, ["S1", "S2"])
    for seq, record in enumerate(records, 1):
        made.apply(Row(seq, 1000.0 + seq, record))
    return made


def values(made: RunSeries, quantity: Quantity) -> list[float]:
    return list(made.points(quantity).value)


def focused(key: PlaneKey, applied: bool = True) -> r.FocusDone:
    iteration = r.FocusIteration("deepfocus", Optics(4500.0, 0.0, 0.0), 2.0, 0.3, 0.4, 0.05, 0.01, 0.01)
    before, after = Optics(4500.0, 0.0, 0.0), Optics(4502.0, 0.3, -0.4)
    return r.FocusDone(key, applied, "", before, after, (iteration, iteration), 5.0, "", 7.0)


def test_every_quantity_has_a_unit_and_begins_empty() -> None:
    made = series()
    for quantity in Quantity:
        assert quantity in UNITS
        assert len(made.points(quantity).value) == 0


def test_an_applied_correction_gives_its_numbers() -> None:
    made = series(focused(KEY), focused(KEY, applied=False))
    assert values(made, Quantity.WD) == [4502.0]
    assert values(made, Quantity.WD_CORRECTION) == [2.0]
    assert values(made, Quantity.STIG_CORRECTION) == [pytest.approx(0.5)]
    assert values(made, Quantity.SPREAD) == [0.05]
    assert values(made, Quantity.ITERATIONS) == [2.0]
    points = made.points(Quantity.WD)
    assert made.plane(points, 0) == KEY
    assert points.wall_s[0] == 1001.0


def test_every_scan_counts_retakes_among_them() -> None:
    judged = [r.PlaneJudged(KEY, n, Verdict.SHARP, 0.3 + n, 100.0, 20.0, 0.0) for n in range(3)]
    made = series(*judged)
    assert values(made, Quantity.SCORE) == [0.3, 1.3, 2.3]


def test_places_grow_inside_a_cycle_and_stay_in_it() -> None:
    def plane(n: int) -> list[r.Record]:
        key = PlaneKey(0, "S1", n)
        return [r.PlaneJudged(key, 0, Verdict.SHARP, 0.3, 100.0, 20.0, 0.0), r.PlaneChosen(key, 0)]

    key = r.MillKey(0, 0, 0)
    mill = (
        r.GatePassed(0, 4, 0, PLAN),
        r.MillBegin(key, "a", 3.0, 3.0, 38.0, 0.5, 1.0, 60.0),
        r.MillEnd(key, "a", 3.0, 0.0, "done"),
    )
    made = series(*(record for n in range(4) for record in plane(n)), *mill)
    imaged = made.points(Quantity.SCORE).place
    assert list(imaged) == sorted(imaged)
    assert imaged[0] == 1.0
    milled = made.points(Quantity.DEPTH).place
    assert imaged[-1] < milled[0] < 2.0


def test_depth_and_times_follow_the_mills() -> None:
    def cycle(n: int) -> list[r.Record]:
        key, at_s = r.MillKey(n, 0, 0), 1000.0 * n
        return [
            r.ImagingRecovered(n, 1e-6, 140.0, at_s),
            r.GatePassed(n, 4, 0, PLAN),
            r.MillBegin(key, "a", 3.0, 3.0, 38.0, 0.5, 1.0, at_s + 400.0),
            r.MillEnd(key, "a", 3.0, 0.0, "done"),
            r.CycleDone(n),
        ]

    made = series(*cycle(0), *cycle(1))
    assert values(made, Quantity.DEPTH) == [6.0, 12.0]
    assert values(made, Quantity.ION_CURRENT) == [38.0, 38.0]
    assert values(made, Quantity.PRESSURE) == [1e-6, 1e-6]
    assert values(made, Quantity.IMAGING_TIME) == [pytest.approx(400 / 60)] * 2
    assert values(made, Quantity.MILLING_TIME) == [pytest.approx(600 / 60)]


def test_no_duration_spans_two_processes() -> None:
    first = r.PlaneExposed(KEY, 0, Optics(1, 0, 0), StagePose(), (), 900.0)
    second = r.PlaneExposed(PlaneKey(0, "S2", 2), 0, Optics(1, 0, 0), StagePose(), (), 3.0)
    assert values(series(first, r.RunOpened("", "", 1), second), Quantity.TILE_TIME) == []


def test_drift_is_told_against_the_first_cycle() -> None:
    places = [(10.0, 5.0, 1.0), (13.0, 1.0, 1.5)]
    made = series(*(r.WaferRegistered(n, *place, 0.1, 4, 1.0) for n, place in enumerate(places)))
    assert values(made, Quantity.WAFER_X) == [0.0, 3.0]
    assert values(made, Quantity.WAFER_Y) == [0.0, -4.0]
    assert values(made, Quantity.WAFER_TURN) == [0.0, 0.5]
    assert made.plane(made.points(Quantity.WAFER_X), 0) is None


def test_shifts_are_distances_and_refused_ones_are_none() -> None:
    made = series(
        r.SectionRegistered(0, "S1", 3.0, 4.0, 0.0, 0.9, 1.0),
        r.TileRegistered(KEY, 0.3, 0.4, 0.9, ""),
        r.TileRegistered(KEY, 0.0, 0.0, 0.0, "no likeness"),
    )
    assert values(made, Quantity.SECTION_SHIFT) == [5.0]
    assert values(made, Quantity.TILE_SHIFT) == [0.5]


def test_one_section_can_be_asked_for_also_one_that_the_plan_lost() -> None:
    made = series(focused(KEY), focused(PlaneKey(1, "gone", 0)))
    assert made.sections == ["S1", "S2", "gone"]
    points = made.points(Quantity.WD)
    assert len(points.of(1).value) == 1
    assert len(points.of(None).value) == 2
    assert made.plane(points.of(2), 0) == PlaneKey(1, "gone", 0)


def test_a_correction_without_a_trace_leaves_a_gap() -> None:
    bare = r.FocusDone(KEY, True, "", Optics(1, 0, 0), Optics(1, 0, 0), (), 0.0, "", 0.0)
    assert math.isnan(values(series(bare), Quantity.SPREAD)[0])
