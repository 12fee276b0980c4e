"""Landmarks and fiducials: their list with numbers and a verdict, and the arrows on the map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.journal.records import DoseBooked
from scopeacq.plan.geometry import Point, Rigid
from tests.ui.instrument_desk import desk
from tests.ui.map_mouse import click, px
from tests.ui.tiny_acquisition import tiny_run
from tests.ui.viewports import viewport_on
from tests.ui.wafers import plan_of, section
from ui.panels.marks_panel import MarksPanel
from ui.presenters import mark_edits
from ui.presenters.editing import Editor
from ui.presenters.landmarks import Column, Standing, exaggeration
from ui.presenters.map_items import Item, ItemKind
from ui.presenters.map_notes import residual_note
from ui.presenters.wafer_map import Target, WaferMap
from ui.viewport import WaferViewport
from ui.wafer.marks_mount import marks_panel

PLACES = ((-3000.0, 0.0), (3000.0, 0.0), (0.0, 3000.0), (0.0, -3000.0))
MOUNT = Rigid(120.0, -40.0, 3.0)


@pytest.fixture
def editor() -> Editor:
    made = Editor(plan_of(Path("nowhere.scopeacq"), section("S001")))
    for place in PLACES:
        made.do(mark_edits.add_landmark(place))
    return made


@pytest.fixture
def viewport(qtbot: QtBot, editor: Editor) -> Iterator[WaferViewport]:
    with viewport_on(qtbot, WaferMap()) as widget:
        widget.set_editor(editor)
        QApplication.processEvents()
        widget.canvas.look_from(widget.canvas.camera.at((0.0, 0.0), 12.0))
        yield widget


@pytest.fixture
def panel(qtbot: QtBot, viewport: WaferViewport) -> MarksPanel:
    made = marks_panel(viewport)
    qtbot.addWidget(made)
    made.resize(360, 500)
    with qtbot.waitExposed(made):
        made.show()
    return made


def measure(viewport: WaferViewport, name: str, off: Point = (0.0, 0.0)) -> None:
    """Measured as the mount puts it, and ``off`` beside."""
    x, y = MOUNT.apply(PLACES[int(name[1:]) - 1])
    viewport.propose(mark_edits.measure_landmark(name, (x + off[0], y + off[1])))


def test_the_list_has_all_marks_and_says_what_is_missing(panel: MarksPanel) -> None:
    assert [row.name for row in panel.model.rows] == ["L1", "L2", "L3", "L4", "F0", "F1", "F2"]
    assert {row.standing for row in panel.model.rows} == {Standing.OPEN, Standing.FIDUCIAL}
    assert panel.verdict.text().startswith("4 landmarks, 3 fiducials.")
    assert "measure" in panel.verdict.text()


def test_what_fits_is_good_and_what_does_not_is_named_with_its_arrow(
    viewport: WaferViewport, panel: MarksPanel
) -> None:
    for name in ("L1", "L2", "L3"):
        measure(viewport, name)
    assert [row.standing for row in panel.model.rows][:4] == [Standing.FITS] * 3 + [Standing.OPEN]
    before = viewport.canvas.grab().toImage()
    measure(viewport, "L4", off=(400.0, 300.0))
    rows = {row.name: row for row in panel.model.rows}
    assert rows["L4"].standing is Standing.OUTLIER
    assert float(rows["L4"].text(Column.RESIDUAL).replace(",", "")) == pytest.approx(500.0, rel=0.01)
    assert "L4" in panel.verdict.text()
    assert viewport.canvas.grab().toImage() != before
    (note,) = residual_note(viewport.marks, viewport.items, viewport.canvas.camera.um_per_px)
    assert "500" in note.text


def test_list_and_map_choose_the_same(qtbot: QtBot, viewport: WaferViewport, panel: MarksPanel) -> None:
    click(qtbot, viewport, px(viewport, PLACES[1]))
    assert [row.name for row in panel.model.chosen()] == ["L2"]
    row = panel.table.visualRect(panel.model.index(2, 0)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert viewport.selection.items == {Item(ItemKind.LANDMARK, "L3")}
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert [row.name for row in panel.model.rows][:3] == ["L1", "L2", "L4"]


def test_one_leads_there_and_is_measured_there(
    qtbot: QtBot, viewport: WaferViewport, panel: MarksPanel, editor: Editor
) -> None:
    viewport.choose(Item(ItemKind.LANDMARK, "L2"))
    asked: list[Target] = []
    viewport.go_to_requested.connect(asked.append)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert asked[0].stage_um == pytest.approx(PLACES[1])
    with qtbot.waitSignal(panel.measure_asked) as measured:
        qtbot.mouseClick(panel.measure, Qt.MouseButton.LeftButton)
    assert measured.args == ["L2"]
    assert not panel.forget.isEnabled()
    measure(viewport, "L2")
    qtbot.mouseClick(panel.forget, Qt.MouseButton.LeftButton)
    assert editor.document.wafer.landmarks[1].stage_um is None


def test_a_fiducial_is_not_measured(viewport: WaferViewport, panel: MarksPanel) -> None:
    viewport.choose(Item(ItemKind.FIDUCIAL, "F1"))
    assert panel.go.isEnabled()
    assert not panel.measure.isEnabled()


@pytest.mark.parametrize("worst_um", [0.01, 0.7, 33.0, 5000.0])
@pytest.mark.parametrize("um_per_px", [0.01, 1.0, 40.0])
def test_arrows_are_long_enough_to_be_seen_and_never_shortened(worst_um: float, um_per_px: float) -> None:
    factor = exaggeration(worst_um, um_per_px)
    assert factor >= 1.0
    if factor > 1.0:
        assert 60.0 / 2.5 <= factor * worst_um / um_per_px <= 60.0 * (1 + 1e-6)


def test_with_the_instrument_a_landmark_is_driven_to_and_measured(qtbot: QtBot, tmp_path: Path) -> None:
    with desk(qtbot, tiny_run(tmp_path / "run"), tmp_path) as at_desk:
        at_desk.connect()
        at_desk.until(lambda: at_desk.viewport.editor is not None)
        at_desk.viewport.propose(mark_edits.add_landmark((150.0, -80.0)))
        panel = at_desk.part(MarksPanel)
        at_desk.workspace.panel("marks").show()
        at_desk.workspace.panel("marks").raise_()
        at_desk.viewport.choose(Item(ItemKind.LANDMARK, "L1"))
        at_desk.click(panel.go)
        at_desk.click(at_desk.card.go)
        at_desk.until(lambda: not at_desk.card.isVisible())
        doses = sum(isinstance(record, DoseBooked) for record in at_desk.run.records())
        at_desk.click(panel.measure)
        editor = at_desk.viewport.editor
        assert editor is not None
        at_desk.until(lambda: editor.document.wafer.landmarks[0].stage_um is not None)
        assert editor.document.wafer.landmarks[0].stage_um == pytest.approx((150.0, -80.0), abs=5.0)
        assert sum(isinstance(record, DoseBooked) for record in at_desk.run.records()) == doses
        at_desk.viewport.undo()
        at_desk.viewport.undo()
