from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopeacq.focus.surface import Surface, SurfaceRefused, fit_surface, spans_plane

CORNERS = [(-4000.0, -3000.0), (4000.0, -3500.0), (3800.0, 3000.0), (-4100.0, 2900.0)]
TRUTH = Surface(4500.0, 1.5e-3, -0.8e-3)

slopes = st.floats(-5e-3, 5e-3)


@given(st.floats(4000, 5000), slopes, slopes)
def test_a_plane_is_recovered(wd0_um: float, slope_x: float, slope_y: float) -> None:
    truth = Surface(wd0_um, slope_x, slope_y)
    fit = fit_surface(CORNERS, [truth.wd_um(p) for p in CORNERS], 0.5)
    assert fit.residual_um < 1e-6
    assert fit.surface.wd_um((123.0, -456.0)) == pytest.approx(truth.wd_um((123.0, -456.0)), abs=1e-6)


def test_an_outlier_is_left_out_when_enough_points_remain() -> None:
    points = [*CORNERS, (0.0, 100.0)]
    wd = [TRUTH.wd_um(p) for p in points]
    wd[1] += 12.0
    fit = fit_surface(points, wd, 0.5)
    assert fit.kept == (0, 2, 3, 4)
    assert fit.surface.wd_um(CORNERS[1]) == pytest.approx(TRUTH.wd_um(CORNERS[1]), abs=1e-6)


def test_four_points_that_contradict_each_other_are_refused() -> None:
    wd = [TRUTH.wd_um(p) for p in CORNERS]
    wd[1] += 12.0
    with pytest.raises(SurfaceRefused, match="off any plane"):
        fit_surface(CORNERS, wd, 0.5)


def test_many_outliers_are_no_accident() -> None:
    rng = np.random.default_rng(0)
    points = [(float(x), float(y)) for x, y in rng.uniform(-5000, 5000, (12, 2))]
    wd = [TRUTH.wd_um(p) + (5.0 if n % 2 else -5.0) for n, p in enumerate(points)]
    with pytest.raises(SurfaceRefused):
        fit_surface(points, wd, 1.0)


@pytest.mark.parametrize(
    "points", [CORNERS[:2], [(0.0, 0.0)] * 4, [(1000.0 * n, 500.0 * n + n % 2) for n in range(5)]]
)
def test_points_without_spread_are_refused(points: list[tuple[float, float]]) -> None:
    assert not spans_plane(points)
    with pytest.raises(SurfaceRefused, match="line"):
        fit_surface(points, [4500.0] * len(points), 1.0)


def test_three_points_do_when_there_are_no_more() -> None:
    fit = fit_surface(CORNERS[:3], [TRUTH.wd_um(p) for p in CORNERS[:3]], 0.5)
    assert fit.surface.slope_x == pytest.approx(TRUTH.slope_x)
