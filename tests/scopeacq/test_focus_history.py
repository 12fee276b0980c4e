"""Past corrections, from records: which are kept, in what order, and the wafer's plane of focus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.types import Optics
from scopeacq.focus.surface import robust_surface
from scopeacq.journal.focus_history import MOST_KEPT, FocusHistory
from scopeacq.journal.records import FocusDone, FocusEnd, FocusTried, PlaneKey, SurfaceRefused
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan

BEFORE = Optics(4500.0, 0.0, 0.0)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_demo(tmp_path / "demo")


def done(cycle: int, section: str, tile: int, wd_um: float = 4500.0, applied: bool = True) -> FocusDone:
    end = FocusEnd.IN_FOCUS if applied else FocusEnd.UNCERTAIN
    after = replace(BEFORE, wd_um=wd_um) if applied else BEFORE
    return FocusDone(PlaneKey(cycle, section, tile), applied, "why", BEFORE, after, (), 4.0, "", 1.0, end)


def test_refused_corrections_come_first_each_kind_from_the_newest_on() -> None:
    history = FocusHistory()
    for n in range(6):
        history.apply(done(n, "S1", 0, applied=n % 3 != 0))
    assert [(c.applied, c.key.cycle) for c in history.corrections()] == [
        (False, 3),
        (False, 0),
        (True, 5),
        (True, 4),
        (True, 2),
        (True, 1),
    ]
    assert history.refused == 2


def test_a_long_run_keeps_what_is_newest() -> None:
    history = FocusHistory()
    for n in range(3 * MOST_KEPT):
        history.apply(done(n, "S1", 0))
    kept = list(history.corrections())
    assert len(kept) == MOST_KEPT and kept[0].key.cycle == 3 * MOST_KEPT - 1


def test_one_tile_off_the_plane_is_the_outlier(plan: Plan) -> None:
    history = FocusHistory()
    assert history.wafer(plan) is None
    for section in plan.wafer.sections:
        for tile in section.grid_tiles(plan.project.imaging):
            x, y = tile.centre_um
            off = 12.0 if (section.id, tile.index) == (plan.wafer.sections[1].id, 2) else 0.0
            history.apply(done(3, section.id, tile.index, 4500 + 0.002 * x - 0.001 * y + off))
    history.apply(done(4, plan.wafer.sections[0].id, 0))
    focus = history.wafer(plan)
    assert focus is not None and focus.cycle == 3 and len(focus.tiles) == 16
    (outlier,) = focus.outliers
    assert (outlier.section, outlier.tile) == (plan.wafer.sections[1].id, 2)
    assert outlier.residual_um == pytest.approx(12.0, abs=0.05)
    assert focus.surface is not None and focus.surface.slope_x == pytest.approx(0.002, abs=1e-5)


def test_why_a_run_trusted_no_plane_is_kept(plan: Plan) -> None:
    history = FocusHistory()
    for tile in range(4):
        history.apply(done(0, plan.wafer.sections[0].id, tile))
    history.apply(SurfaceRefused(0, "too far off"))
    focus = history.wafer(plan)
    assert focus is not None and focus.refused == "too far off"


@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.integers(0, 11), st.floats(5, 100))
def test_a_robust_plane_does_not_mind_one_liar(a: float, b: float, liar: int, lie_um: float) -> None:
    points = [(1000.0 * i, 900.0 * j) for i in range(4) for j in range(3)]
    wds = [4500 + a * x + b * y for x, y in points]
    wds[liar] += lie_um
    surface = robust_surface(points, wds)
    honest = [n for n in range(12) if n != liar]
    assert max(abs(surface.wd_um(points[n]) - wds[n]) for n in honest) < 0.2


def test_corrections_by_hand_stand_among_those_of_the_run_and_say_nothing_of_its_plane(plan: Plan) -> None:
    history = FocusHistory()
    for n in range(9):
        history.apply(FocusTried(n, 0.0, n > 0, "why", BEFORE, BEFORE, (), 4.0, 1.0, FocusEnd.IN_FOCUS))
    history.apply(done(0, "S1", 0))
    kept = list(history.corrections())
    assert isinstance(kept[0], FocusTried) and not kept[0].applied
    assert isinstance(kept[1], FocusDone) and len(kept) == 10
    assert history.wafer(plan) is None
