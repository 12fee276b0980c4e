"""The panel of sections: what it lists, and what is edited by its rows and numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import QModelIndex, Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.plan.wafer import SectionGrid
from scopeacq.telling.status import SectionPhase
from tests.ui.wafers import plan_of, section, wafer_map
from ui.panels.sections_panel import SectionsPanel
from ui.presenters.editing import Editor
from ui.presenters.section_list import Column, SectionRows, SectionState, chosen_rows, state_of
from ui.presenters.sections import TileShown, TileState
from ui.presenters.wafer_map import Hit, Selection, WaferMap
from ui.viewport import WaferViewport
from ui.wafer.wafer_mount import _wired

SECTIONS = section("S001"), section("S002", (900.0, 0.0), 20.0), section("S003", (-900.0, 300.0), -10.0)


@pytest.fixture
def viewport(qtbot: QtBot) -> Iterator[WaferViewport]:
    widget = WaferViewport()
    qtbot.addWidget(widget)
    widget.show_map(wafer_map(*SECTIONS))
    yield widget
    widget.close_pictures()


@pytest.fixture
def panel(qtbot: QtBot, viewport: WaferViewport) -> SectionsPanel:
    made = _wired(SectionsPanel(), viewport)
    qtbot.addWidget(made)
    made.resize(380, 600)
    made.show()
    return made


@pytest.fixture
def editor(viewport: WaferViewport) -> Editor:
    made = Editor(plan_of(Path("nowhere.scopeacq"), *SECTIONS))
    viewport.set_editor(made)
    return made


def names(panel: SectionsPanel) -> list[str]:
    return [row.name for row in panel.model.rows]


def route(editor: Editor) -> list[str]:
    return [s.id for s in editor.document.wafer.sections]


@pytest.mark.parametrize(
    ("tiles", "phase", "state"),
    [
        ([TileState.OPEN] * 2, SectionPhase.ACTIVE, SectionState.OPEN),
        ([TileState.SHARP, TileState.OPEN], SectionPhase.ACTIVE, SectionState.IN_WORK),
        ([TileState.SHARP, TileState.UNSHARP], SectionPhase.ACTIVE, SectionState.TROUBLED),
        ([TileState.SHARP, TileState.INACTIVE], SectionPhase.ACTIVE, SectionState.COMPLETE),
        ([TileState.WAIVED, TileState.BLANK], SectionPhase.ACTIVE, SectionState.COMPLETE),
        ([TileState.OPEN], SectionPhase.SKIPPED, SectionState.SKIPPED),
        ([TileState.OPEN], SectionPhase.DROPPED, SectionState.DROPPED),
        ([TileState.INACTIVE], SectionPhase.INACTIVE, SectionState.LEFT_OUT),
    ],
)
def test_a_section_is_what_its_tiles_are(
    tiles: list[TileState], phase: SectionPhase, state: SectionState
) -> None:
    shown = wafer_map(section("S001")).sections[0]
    assert state_of(replace(shown, tiles=tuple(map(TileShown, tiles)), phase=phase)) is state


def test_rows_are_filtered_and_sorted() -> None:
    first, second, third = wafer_map(*SECTIONS).sections
    scored = replace(first, tiles=(TileShown(TileState.SHARP, 0.9),))
    left_out = replace(third, phase=SectionPhase.INACTIVE)
    rows = SectionRows().of(WaferMap((scored, second, left_out)))
    assert [r.name for r in chosen_rows(rows, None, "")] == ["S001", "S002", "S003"]
    assert [r.name for r in chosen_rows(rows, SectionState.LEFT_OUT, "")] == ["S003"]
    assert [r.name for r in chosen_rows(rows, None, " s002")] == ["S002"]
    assert next(r.name for r in chosen_rows(rows, None, "", Column.SCORE)) == "S001"
    assert next(r.name for r in chosen_rows(rows, None, "", Column.NAME, downwards=True)) == "S003"


def test_rows_of_sections_that_stay_are_kept() -> None:
    rows, shown = SectionRows(), wafer_map(*SECTIONS)
    before = rows.of(shown)
    changed = replace(shown.sections[1], tiles=(TileShown(TileState.SHARP),))
    after = rows.of(replace(shown, sections=(shown.sections[0], changed, shown.sections[2])))
    assert after[0] is before[0]
    assert after[1] is not before[1]


def test_map_and_list_choose_alike(viewport: WaferViewport, panel: SectionsPanel) -> None:
    viewport.canvas.select(Selection(frozenset({"S002"})))
    assert panel._selected_ids() == {"S002"}
    panel.table.selectRow(2)
    assert viewport.selection.sections == {"S003"}
    panel.table.clicked.emit(panel.model.index(2, 0))
    x, y = viewport.canvas.camera.centre_um
    assert (x, y) == pytest.approx((-900.0, 300.0))


def test_choosing_many_on_the_map_is_one_choice(viewport: WaferViewport, panel: SectionsPanel) -> None:
    told: list[Selection] = []
    viewport.selection_changed.connect(told.append)
    viewport.canvas.select(Selection(frozenset({"S001", "S003"})))
    assert told == [Selection(frozenset({"S001", "S003"}))]
    assert panel._selected_ids() == {"S001", "S003"}


def test_a_filter_leaves_the_choice_on_the_map(viewport: WaferViewport, panel: SectionsPanel) -> None:
    viewport.canvas.select(Selection(frozenset({"S001"})))
    panel.words.setText("S002")
    assert names(panel) == ["S002"]
    assert viewport.selection.sections == {"S001"}
    panel.words.clear()
    assert panel._selected_ids() == set()
    assert names(panel) == ["S001", "S002", "S003"]


def test_rows_are_dragged_to_change_the_route(panel: SectionsPanel, editor: Editor) -> None:
    model = panel.model
    data = model.mimeData([model.index(2, 0)])
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, QModelIndex())
    assert route(editor) == ["S003", "S001", "S002"] == names(panel)
    data = model.mimeData([model.index(0, 0), model.index(1, 0)])
    model.dropMimeData(data, Qt.DropAction.MoveAction, -1, -1, QModelIndex())
    assert route(editor) == ["S002", "S003", "S001"]
    editor.undo()
    editor.undo()
    assert route(editor) == ["S001", "S002", "S003"]


def test_rows_are_dragged_only_where_their_order_is_the_route(panel: SectionsPanel, editor: Editor) -> None:
    flag = Qt.ItemFlag.ItemIsDragEnabled
    assert panel.model.flags(panel.model.index(0, 0)) & flag
    panel.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(panel) == ["S003", "S002", "S001"]
    assert not panel.model.flags(panel.model.index(0, 0)) & flag


def test_numbers_move_and_turn_what_is_chosen(
    qtbot: QtBot, viewport: WaferViewport, panel: SectionsPanel, editor: Editor
) -> None:
    viewport.canvas.select(Selection(frozenset({"S001"})))
    form = panel.form
    form.dx.setText("12,5")
    form.dx.textEdited.emit("12,5")
    form.turn.setText("30")
    form.turn.textEdited.emit("30")
    qtbot.mouseClick(form.apply, Qt.MouseButton.LeftButton)
    moved = editor.document.wafer.section("S001")
    assert moved.roi_centre_um == pytest.approx((12.5, 0.0))
    assert moved.rotation_deg == pytest.approx(30.0)
    assert form.dx.value is None
    editor.undo()
    editor.undo()
    assert editor.document.wafer.section("S001") == SECTIONS[0]


def test_the_grid_of_one_section_is_placed_turned_and_given_to_all(
    qtbot: QtBot, viewport: WaferViewport, panel: SectionsPanel, editor: Editor
) -> None:
    viewport.canvas.select(Selection(frozenset({"S001"})))
    form = panel.form
    form.centre_x.setText("40")
    form.centre_x.textEdited.emit("40")
    form.centre_x.committed.emit(40.0)
    form.angle.committed.emit(15.0)
    first = editor.document.wafer.section("S001")
    assert (first.roi_centre_um, first.rotation_deg) == ((40.0, 0.0), 15.0)
    assert first.outline_um == SECTIONS[0].outline_um
    qtbot.mouseClick(form.give, Qt.MouseButton.LeftButton)
    assert editor.document.wafer.section("S002").roi_centre_um != SECTIONS[1].roi_centre_um
    qtbot.mouseClick(form.last, Qt.MouseButton.LeftButton)
    assert route(editor) == ["S002", "S003", "S001"]
    qtbot.mouseClick(form.first, Qt.MouseButton.LeftButton)
    assert route(editor) == ["S001", "S002", "S003"]
    qtbot.mouseClick(form.copy, Qt.MouseButton.LeftButton)
    assert route(editor)[-1] == "S004"
    for _ in range(6):
        panel.undo_asked.emit()
    assert editor.document.wafer.sections == SECTIONS


def test_the_grid_of_all_is_set_where_nothing_is_chosen(panel: SectionsPanel, editor: Editor) -> None:
    panel.form.rows.show_value(4)
    panel.form.rows.committed.emit(4.0)
    assert editor.document.project.imaging.grid_rows == 4
    assert panel.form.rows.value == 4


def test_chosen_sections_get_tiles_of_their_own(
    qtbot: QtBot, viewport: WaferViewport, panel: SectionsPanel, editor: Editor
) -> None:
    viewport.canvas.select(Selection(frozenset({"S002"})))
    form, imaging = panel.form, editor.document.project.imaging
    assert form.own_rows.value == imaging.grid_rows
    assert form.pixel_nm.value == pytest.approx(imaging.pixel_size_nm)
    assert form.dwell_ns.value is None and not form.share.isEnabled()
    form.own_rows.show_value(5)
    form.own_rows.committed.emit(5.0)
    form.pixel_nm.committed.emit(5.0)
    form.dwell_ns.committed.emit(400.0)
    wafer = editor.document.wafer
    own = SectionGrid(rows=5, columns=imaging.grid_columns, pixel_size_nm=5.0, dwell_ns=400.0)
    assert [s.grid for s in wafer.sections] == [None, own, None]
    assert editor.document.project.imaging == imaging
    assert (form.pixel_nm.value, form.dwell_ns.value) == (5.0, 400.0)
    shown = viewport.canvas.shown.section("S002")
    assert shown is not None and len(shown.tiles) == 5 * imaging.grid_columns
    qtbot.mouseClick(form.share, Qt.MouseButton.LeftButton)
    assert editor.document.wafer.section("S002").grid is None


def test_nothing_is_edited_while_the_plan_is_only_looked_at(panel: SectionsPanel) -> None:
    assert not panel.form.isVisible()
    assert not panel.model.flags(panel.model.index(0, 0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_chosen_rows_are_copied(viewport: WaferViewport, panel: SectionsPanel) -> None:
    viewport.canvas.select(Selection(frozenset({"S002"})))
    panel.table.actions()[0].trigger()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text().splitlines()[1].split("\t")[:3] == ["2", "S002", "To be imaged"]


def test_thousands_of_sections_are_listed_at_once(panel: SectionsPanel) -> None:
    many = wafer_map(*(section(f"S{n:04d}", (float(n), 0.0)) for n in range(5000)))
    begin = time.process_time()
    panel.show_map(many, may_edit=True)
    panel.show_map(many, may_edit=True)
    panel.words.setText("S00")
    assert time.process_time() - begin < 3.0
    assert len(panel.model.rows) == 100


def test_the_menu_of_a_section_leads_to_its_slices_and_plots(panel: SectionsPanel) -> None:
    wanted: list[tuple[str, Hit]] = []
    panel.slices_wanted.connect(lambda place: wanted.append(("slices", place)))
    panel.plots_wanted.connect(lambda place: wanted.append(("plots", place)))
    name = names(panel)[1]
    for action in panel.menu_of(name).actions()[:2]:
        action.trigger()
    assert wanted == [("slices", Hit(name)), ("plots", Hit(name))]
