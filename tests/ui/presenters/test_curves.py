"""What is plotted of very many points: never more than a screen shows, and no extreme is lost."""

from __future__ import annotations

import csv
import io
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.journal.run_series import Points, Quantity, RunSeries
from ui.presenters.curves import GROUPS, WRITTEN, Across, Curve, csv_of, curve_of, told

FLOATS = st.floats(-1e6, 1e6) | st.just(float("nan"))


def curve(values: list[float], x: list[float] | None = None) -> Curve:
    value = np.array(values, float)
    places = np.arange(len(values), dtype=float) if x is None else np.array(x, float)
    none = np.full(len(values), -1)
    points = Points(places, places, none, none, value)
    return Curve(Quantity.SCORE, places, points, np.argsort(value, kind="stable"))


@given(st.lists(FLOATS, max_size=400), st.floats(-50, 300), st.floats(0, 400), st.integers(1, 60))
def test_extremes_in_view_are_shown(values: list[float], left: float, width: float, columns: int) -> None:
    made = curve(values)
    shown = made.in_view(left, left + width, columns)
    assert len(shown) <= 2 * columns
    assert list(shown) == sorted(set(shown))
    inside = [v for n, v in enumerate(values) if left <= n <= left + width and np.isfinite(v)]
    if not inside:
        assert len(shown) == 0
        return
    assert min(made.value[shown]) == min(inside)
    assert max(made.value[shown]) == max(inside)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60), st.floats(-10, 70), st.floats(-120, 120))
def test_the_nearest_point_is_the_nearest(values: list[float], x: float, y: float) -> None:
    made = curve(values)
    shown = np.arange(len(values))
    found = made.nearest(x, y, 0.5, 2.0, shown)
    assert found is not None

    def far(n: int) -> float:
        return float(np.hypot((made.x[n] - x) / 0.5, (made.value[n] - y) / 2.0))

    assert far(found) <= min(map(far, range(len(values)))) + 1e-9


def test_nothing_is_near_where_nothing_is() -> None:
    assert curve([]).nearest(0, 0, 1, 1, np.empty(0, np.intp)) is None


def test_a_run_of_weeks_is_thinned_in_a_moment() -> None:
    made = curve(list(np.random.default_rng(0).normal(size=100_000)))
    start = time.perf_counter()
    shown = made.in_view(0, 100_000, 1500)
    assert time.perf_counter() - start < 0.5
    assert len(shown) <= 3000


def _series() -> RunSeries:
    made = RunSeries(2, ["S1", "S2"])
    for n, section in enumerate(("S1", "S2")):
        judged = r.PlaneJudged(PlaneKey(2, section, n), 0, Verdict.SHARP, 0.25 + n, 100.0, 20.0, 0.0)
        made.apply(Row(n + 1, 1.7e9 + n, judged))
    made.apply(Row(3, 1.7e9 + 3, r.ImagingRecovered(3, 2e-6, 140.0, 9.0)))
    return made


def test_hovering_says_number_and_plane() -> None:
    made = _series()
    score = curve_of(made, Quantity.SCORE, Across.CYCLES, None)
    assert "0.25" in told(made, score, 0)
    assert "section S1, tile 1, cycle 3" in told(made, score, 0)
    pressure = curve_of(made, Quantity.PRESSURE, Across.CYCLES, None)
    assert "2e-06 mbar" in told(made, pressure, 0)
    assert "section" not in told(made, pressure, 0)


def test_one_section_is_plotted_alone_and_the_wafer_with_it() -> None:
    made = _series()
    assert list(curve_of(made, Quantity.SCORE, Across.CYCLES, "S2").value) == [1.25]
    assert len(curve_of(made, Quantity.PRESSURE, Across.CYCLES, "S2").value) == 1
    over_time = curve_of(made, Quantity.SCORE, Across.TIME, None)
    assert list(over_time.x) == [1.7e9, 1.7e9 + 1]


def test_a_table_holds_every_point() -> None:
    made = _series()
    curves = [curve_of(made, q, Across.CYCLES, None) for q in (Quantity.SCORE, Quantity.PRESSURE)]
    rows = list(csv.DictReader(io.StringIO(csv_of(made, curves))))
    assert [row["value"] for row in rows] == ["0.25", "1.25", "2e-06"]
    assert rows[0]["section"] == "S1"
    assert rows[0]["tile"] == "1"
    assert rows[2]["section"] == ""


def test_every_quantity_is_in_a_group_and_says_when_it_is_written() -> None:
    grouped = [quantity for group in GROUPS for quantity in group.quantities]
    assert sorted(grouped, key=str) == sorted(Quantity, key=str)
    assert set(WRITTEN) == set(Quantity)
