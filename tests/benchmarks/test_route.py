"""The benchmark of routes sees what is promised of them, and what is not kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.route import KINDS, Layout, broken, judged, page, plot, scattered


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("count", [1, 87, 300])
def test_layouts_lie_on_a_wafer_and_have_as_many_sections_as_asked(name: str, count: int) -> None:
    places_um = KINDS[name](count, np.random.default_rng(0))
    assert places_um.shape == (count, 2)
    assert np.hypot(*np.ptp(places_um, axis=0)) < 40_000


def test_what_breaks_a_promise_is_named(tmp_path: Path) -> None:
    result = judged(Layout("scattered", scattered(10, np.random.default_rng(1)), 5.0))
    assert broken([result]) == [] and result.above == pytest.approx(0.0)
    assert "All promises are kept." in page([result])
    longer = replace(result.tour, seconds=1.1 * result.nearest_s)
    assert len(broken([replace(result, tour=longer, search_s=6.0)])) == 3
    plot([result], tmp_path / "route.svg")
    assert (tmp_path / "route.svg").stat().st_size > 1000
