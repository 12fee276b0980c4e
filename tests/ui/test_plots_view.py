"""The view of plots: groups, one section, hovering, clicking, keeping, and very many points."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.journal import records as r
from scopeacq.journal.journal import Row
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.journal.run_series import Quantity, RunSeries
from scopeacq.plan.runfolder import Plan
from tests.ui.past_run import make_past_run
from ui import theme
from ui.after.after_feed import AfterFeed
from ui.plots.view import ALL, HINT, PlotsView
from ui.presenters.curves import GROUPS, Across
from ui.presenters.wafer_map import Hit
from ui.tasks import Tasks

SOON_MS = 20_000


def closed(view: PlotsView) -> None:
    view.close()
    view.deleteLater()
    QApplication.sendPostedEvents(None, 52)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_past_run(tmp_path_factory.mktemp("past"))


@pytest.fixture
def view(qtbot: QtBot, plan: Plan) -> Iterator[PlotsView]:
    tasks = Tasks()
    feed = AfterFeed(plan, tasks)
    made = PlotsView(feed.series)
    made.resize(1000, 700)
    feed.changed.connect(made.refresh)
    made.show()
    feed.start()
    qtbot.waitUntil(lambda: bool(made.curves) and len(made.curves[0].value) > 0, timeout=SOON_MS)
    yield made
    feed.stop()
    tasks.close()
    closed(made)


def place_of(view: PlotsView, plot: int, index: int) -> QPointF:
    """Where a point of a plot is on its widget."""
    box, curve = view.plots[plot].getViewBox(), view.curves[plot]
    at = box.mapViewToScene(QPointF(curve.x[index], curve.value[index]))
    return QPointF(at.x(), at.y())


def test_every_group_shows_its_numbers(view: PlotsView) -> None:
    for group in GROUPS:
        view.show_group(group)
        assert [plot.quantity for plot in view.plots] == list(group.quantities)
    view.show_group(GROUPS[2])
    depth = view.curves[GROUPS[2].quantities.index(Quantity.DEPTH)]
    assert depth.value[-1] == pytest.approx(36.0)


def test_what_the_journal_does_not_hold_is_said(view: PlotsView) -> None:
    view.show_group(GROUPS[3])
    empty = view.plots[GROUPS[3].quantities.index(Quantity.TILE_SHIFT)]
    assert not empty.empty.isHidden()
    assert "Nothing of this in the journal" in empty.empty.text()
    assert view.plots[0].empty.isHidden()


def test_all_plots_show_the_same_part_of_the_run(view: PlotsView) -> None:
    view.plots[0].setXRange(1.2, 1.9, padding=0)
    for plot in view.plots:
        (left, right), _ = plot.getViewBox().viewRange()
        assert (left, right) == pytest.approx((1.2, 1.9), abs=0.05)
    view.zoom(2.0)
    (left, right), _ = view.plots[1].getViewBox().viewRange()
    assert right - left == pytest.approx(0.35, abs=0.05)
    view.fit()
    (left, right), _ = view.plots[-1].getViewBox().viewRange()
    assert left < 1.0
    assert right > 3.0


def test_one_section_or_all(view: PlotsView) -> None:
    every = len(view.curves[0].value)
    view.show_section("S002")
    assert 0 < len(view.curves[0].value) < every
    view.show_section(None)
    assert len(view.curves[0].value) == every
    assert view.sections.currentText() == ALL


def test_hovering_tells_and_a_click_goes_to_the_slice(qtbot: QtBot, view: PlotsView) -> None:
    plot = view.plots[0]

    def hovered() -> bool:
        """The layout may still be on its way, and the mouse has to move to be noticed."""
        place = place_of(view, 0, 1).toPoint()
        for at in (place + QPoint(1, 0), place):
            qtbot.mouseMove(plot.viewport(), at)
        return "section S001, tile 2, cycle 1" in view.hint.text()

    qtbot.waitUntil(hovered, timeout=SOON_MS)
    place = place_of(view, 0, 1)
    assert plot.under(place) == 1
    with qtbot.waitSignal(view.plane_wanted, timeout=SOON_MS) as asked:
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert asked.args == [PlaneKey(0, "S001", 1)]
    plot.hovered.emit(view.curves[0], None)
    assert view.hint.text() == HINT
    assert plot.under(QPointF(-500, -500)) is None


def test_a_click_on_what_is_of_the_whole_wafer_goes_nowhere(qtbot: QtBot, view: PlotsView) -> None:
    view.show_group(GROUPS[2])
    with qtbot.assertNotEmitted(view.plane_wanted):
        view.plots[0].chosen.emit(view.curves[0], 0)


def test_cycles_or_time(view: PlotsView) -> None:
    view.show_across(Across.TIME)
    assert view.curves[0].x[0] > 1e9
    view.show_across(Across.CYCLES)
    assert view.curves[0].x[0] == 1.0


def test_dark_and_light(qtbot: QtBot, view: PlotsView) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for mode in (theme.Mode.LIGHT, theme.Mode.DARK):
        theme.apply(app, mode)
        qtbot.wait(10)
        pen = view.plots[0].getAxis("left").textPen()
        assert pen.color().name() == theme.SHADES[mode].muted


def test_a_run_of_weeks_stays_fluent(qtbot: QtBot) -> None:
    series = RunSeries(1000, [f"S{n:03d}" for n in range(100)])
    rng = np.random.default_rng(0)
    for n in range(100_000):
        key = PlaneKey(n // 1000, f"S{n % 100:03d}", n % 10)
        judged = r.PlaneJudged(key, 0, Verdict.SHARP, float(rng.random()), 100.0, 20.0, 0.0)
        series.apply(Row(n + 1, 1.7e9 + 12.0 * n, judged))
        if n % 1000 == 999:
            series.apply(Row(n + 1, 1.7e9 + 12.0 * n, r.CycleDone(n // 1000)))
        else:
            series.apply(Row(n + 1, 1.7e9 + 12.0 * n, r.PlaneChosen(key, 0)))
    view = PlotsView(series)
    view.resize(1000, 700)
    view.show_group(GROUPS[1])
    view.show()
    longest = 0.0
    for n in range(20):
        start = time.perf_counter()
        view.plots[0].setXRange(n, 100 - 2 * n, padding=0)
        view.grab()
        longest = max(longest, time.perf_counter() - start)
    # generous: the machine may be shared
    assert longest < 1.5
    closed(view)


def test_the_menu_of_a_point_leads_to_its_slice_and_to_the_wafer(view: PlotsView) -> None:
    view.show_group(GROUPS[0])
    curve = view.plots[0].curve
    assert curve is not None
    planes: list[PlaneKey] = []
    places: list[Hit] = []
    view.plane_wanted.connect(planes.append)
    view.place_wanted.connect(places.append)
    for action in view.menu_of(curve, 0).actions():
        if action.text().startswith("Show"):
            action.trigger()
    assert [places[0].section, places[0].tile] == [planes[0].section, planes[0].tile]
