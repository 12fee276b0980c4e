"""Plots: round ticks that cover the data, well-formed and escaped SVG, bounded samples."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.journal.thinned import Thinned, evenly
from scopeacq.telling.svg import Area, Axes, Mark, Series, map_of, nice_ticks, plot, ramp

numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(low=numbers, span=st.floats(1e-3, 1e6))
def test_ticks_are_few_even_and_cover_the_data(low: float, span: float) -> None:
    ticks = nice_ticks(low, low + span)
    step = ticks[1] - ticks[0]
    assert 2 <= len(ticks) <= 9
    assert ticks[0] <= low + 1e-6 * span
    assert ticks[-1] >= low + span - 1e-6 * span
    assert all(math.isclose(b - a, step, rel_tol=1e-6) for a, b in pairwise(ticks))


def test_ticks_of_something_counted_are_whole() -> None:
    assert nice_ticks(1, 5, 8, least=1.0) == [1, 2, 3, 4, 5]


def test_ticks_of_one_value_have_a_span() -> None:
    ticks = nice_ticks(3.0, 3.0)
    assert ticks[0] <= 3.0 <= ticks[-1]
    assert ticks[0] < ticks[-1]


@given(
    points=st.lists(
        st.tuples(numbers, st.one_of(numbers, st.just(math.nan), st.just(math.inf))), max_size=30
    ),
    label=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
def test_any_points_and_labels_make_well_formed_svg(points: list[tuple[float, float]], label: str) -> None:
    series = [Series(label, points, Mark.LINE), Series("b", points, Mark.DOTS, 9)]
    html = plot(series, Axes(label, label, 1.5, label))
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    dots = list(tree.iter("circle"))
    assert len(dots) == sum(math.isfinite(y) for _, y in points)


def test_points_lie_inside_the_figure_and_up_is_more() -> None:
    tree = ElementTree.fromstring(str(plot([Series("a", [(0, 0), (1, 5), (2, 10)])], Axes("x", "y"))))
    xs = [float(e.get("cx", "nan")) for e in tree.iter("circle")]
    ys = [float(e.get("cy", "nan")) for e in tree.iter("circle")]
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True)
    assert all(0 <= x <= 640 for x in xs)
    assert all(0 <= y <= 230 for y in ys)


def test_a_map_has_y_up_and_names_escaped() -> None:
    low = Area([(0, 0), (10, 0), (10, 10)], 0.0, "<low>")
    high = Area([(0, 90), (10, 90), (10, 100)], 1.0, "high")
    tree = ElementTree.fromstring(f"<div>{map_of([low, high], [(5, 50)], 'nm')}</div>")
    tops = [float((e.get("points") or "").split()[0].split(",")[1]) for e in tree.iter("polygon")]
    assert tops[0] > tops[1]
    assert [e.text for e in tree.iter("text")][:2] == ["<low>", "high"]


@pytest.mark.parametrize(
    ("share", "colour"), [(0, "#440154"), (1, "#fde725"), (2, "#fde725"), (-1, "#440154")]
)
def test_the_ramp_ends_where_it_should(share: float, colour: str) -> None:
    assert ramp(share) == colour


@given(n=st.integers(0, 5000), capacity=st.integers(2, 100))
def test_a_thinned_series_is_bounded_even_and_keeps_the_first(n: int, capacity: int) -> None:
    sample: Thinned[int] = Thinned(capacity)
    for item in range(n):
        sample.add(item)
    kept = sample.items
    assert sample.seen == n
    assert len(kept) <= capacity
    assert len(kept) >= min(n, capacity // 2)
    steps = {b - a for a, b in pairwise(kept)}
    assert len(steps) <= 1
    assert not kept or kept[0] == 0


@given(n=st.integers(0, 200), most=st.integers(2, 20))
def test_an_even_choice_keeps_both_ends(n: int, most: int) -> None:
    chosen = evenly(list(range(n)), most)
    assert len(chosen) == min(n, most)
    if n:
        assert (chosen[0], chosen[-1]) == (0, n - 1)
