"""Judging what was found, on the map and in its list, with mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.settings import SettingsError
from scopeacq.sections.candidates import Candidate, Candidates, Verdict
from scopeacq.sections.review import reflagged
from scopeacq.storage.files import DiskFiles
from tests.ui.map_mouse import click, drag, move, px
from tests.ui.viewports import viewport_on
from tests.ui.wafers import plan_of, section, written
from ui.panels.found_panel import FoundPanel
from ui.presenters import review_edits
from ui.presenters.editing import Editor
from ui.presenters.found import Column, Standing
from ui.presenters.map_items import Overlay
from ui.presenters.map_notes import NO_PICTURE, TO_JUDGE
from ui.presenters.wafer_map import WaferMap
from ui.viewport import WaferViewport
from ui.viewport.tool import Tool
from ui.wafer.wafer_mount import found_panel


def found(name: str, centre: Point, confidence: float, edge_um: float = 400.0) -> Candidate:
    x, y, r = *centre, edge_um / 2
    return Candidate(name, ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)), confidence)


FOUND = reflagged(
    Candidates(
        (
            found("S001", (-1500.0, 0.0), 0.95),
            found("S002", (-500.0, 0.0), 0.30),
            found("S003", (500.0, 0.0), 0.85),
            found("S004", (1500.0, 0.0), 0.99),
            found("S005", (500.0, 1200.0), 0.90, edge_um=150.0),
        )
    )
)


@pytest.fixture
def editor() -> Editor:
    return Editor(plan_of(Path("nowhere.scopeacq")), candidates=FOUND)


@pytest.fixture
def viewport(qtbot: QtBot, editor: Editor) -> Iterator[WaferViewport]:
    with viewport_on(qtbot, WaferMap(wafer_to_stage=Rigid(40.0, -30.0, 2.0))) as widget:
        widget.set_editor(editor)
        QApplication.processEvents()
        widget.canvas.look_from(widget.canvas.camera.at((0.0, 0.0), 6.0))
        yield widget


@pytest.fixture
def panel(qtbot: QtBot, viewport: WaferViewport) -> FoundPanel:
    made = found_panel(viewport)
    qtbot.addWidget(made)
    made.resize(360, 500)
    with qtbot.waitExposed(made):
        made.show()
    return made


def key(qtbot: QtBot, viewport: WaferViewport, pressed: Qt.Key, *, shift: bool = False) -> None:
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(viewport.canvas, pressed, keys)


def verdict(editor: Editor, name: str) -> Verdict:
    return editor.document.candidates.section(name).verdict


def test_what_is_clicked_is_accepted_into_the_plan_and_undone(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    assert viewport.canvas.advice == TO_JUDGE
    click(qtbot, viewport, px(viewport, (500.0, 0.0)))
    assert viewport.selection.found == {"S003"}
    key(qtbot, viewport, Qt.Key.Key_A)
    assert [s.id for s in editor.document.wafer.sections] == ["S003"]
    assert viewport.canvas.shown.section("S003") is not None
    key(qtbot, viewport, Qt.Key.Key_R)
    assert verdict(editor, "S003") is Verdict.REJECTED
    assert editor.document.wafer.sections == ()
    for _ in range(2):
        qtbot.keyClick(viewport.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not editor.unsaved


def test_a_rectangle_chooses_what_is_to_be_judged(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    drag(qtbot, viewport, px(viewport, (-1900.0, 300.0)), px(viewport, (0.0, -300.0)), shift=True)
    assert viewport.selection.found == {"S001", "S002"}
    key(qtbot, viewport, Qt.Key.Key_R)
    assert {c.id for c in editor.document.candidates.sections if c.verdict is Verdict.REJECTED} == {
        "S001",
        "S002",
    }
    key(qtbot, viewport, Qt.Key.Key_U)
    assert verdict(editor, "S001") is Verdict.OPEN


def test_keys_lead_from_one_doubtful_one_to_the_next(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    key(qtbot, viewport, Qt.Key.Key_N)
    assert viewport.selection.found == {"S002"}
    assert viewport.canvas.rect().contains(px(viewport, (-500.0, 0.0)))
    key(qtbot, viewport, Qt.Key.Key_A)
    assert viewport.selection.found == {"S005"}
    assert viewport.canvas.rect().contains(px(viewport, (500.0, 1200.0)))
    key(qtbot, viewport, Qt.Key.Key_N, shift=True)
    key(qtbot, viewport, Qt.Key.Key_R)
    assert verdict(editor, "S005") is Verdict.REJECTED
    assert viewport.selection.found <= {"S001", "S003", "S004"}


def test_two_are_merged_and_one_is_cut(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    click(qtbot, viewport, px(viewport, (-1500.0, 0.0)))
    click(qtbot, viewport, px(viewport, (-500.0, 0.0)), ctrl=True)
    key(qtbot, viewport, Qt.Key.Key_M)
    names = {c.id for c in editor.document.candidates.sections}
    assert names == {"S001", "S003", "S004", "S005"}
    key(qtbot, viewport, Qt.Key.Key_S)
    assert viewport.canvas.tool is Tool.SPLIT
    drag(qtbot, viewport, px(viewport, (500.0, 400.0)), px(viewport, (500.0, -400.0)))
    parts = [c for c in editor.document.candidates.sections if abs(c.outline_um[0][0] - 500.0) < 250.0]
    assert len(editor.document.candidates.sections) == 5
    assert {p.id for p in parts} >= {"S003", "S006"}


def test_a_cut_beside_everything_is_refused(qtbot: QtBot, viewport: WaferViewport) -> None:
    viewport.use(Tool.SPLIT)
    with qtbot.waitSignal(viewport.told) as told:
        drag(qtbot, viewport, px(viewport, (-1000.0, -900.0)), px(viewport, (1000.0, -900.0)))
    assert "no found section" in told.args[0]


def test_what_is_deleted_leaves_the_plan_too(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    viewport.propose(review_edits.accept(["S003", "S004"]))
    click(qtbot, viewport, px(viewport, (500.0, 0.0)))
    assert viewport.selection.sections == {"S003"}
    key(qtbot, viewport, Qt.Key.Key_Delete)
    assert [s.id for s in editor.document.wafer.sections] == ["S004"]
    assert verdict(editor, "S003") is Verdict.REJECTED
    viewport.propose(review_edits.accept(["S001"]))
    assert [s.id for s in editor.document.wafer.sections] == ["S004", "S001"]


def test_the_list_shows_the_doubtful_first_and_goes_with_the_map(
    qtbot: QtBot, viewport: WaferViewport, panel: FoundPanel
) -> None:
    assert [row.name for row in panel.model.rows] == ["S002", "S005", "S003", "S001", "S004"]
    assert panel.counts.text() == "5 sections found: 2 doubtful, 3 open."
    click(qtbot, viewport, px(viewport, (1500.0, 0.0)))
    assert [i.row() for i in panel.table.selectionModel().selectedRows()] == [4]
    row = panel.table.visualRect(panel.model.index(0, 0)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert viewport.selection.found == {"S002"}
    qtbot.keyClick(panel.table, Qt.Key.Key_R)
    assert panel.model.rows[-1].standing is Standing.REJECTED
    panel.table.sortByColumn(list(Column).index(Column.CONFIDENCE), Qt.SortOrder.DescendingOrder)
    assert [row.name for row in panel.model.rows][:2] == ["S004", "S001"]
    panel.standing.setCurrentIndex(list(Standing).index(Standing.REJECTED) + 1)
    assert [row.name for row in panel.model.rows] == ["S002"]


def test_the_slider_says_how_many_are_accepted(
    qtbot: QtBot, viewport: WaferViewport, panel: FoundPanel, editor: Editor
) -> None:
    panel.sure.slider.setValue(86)
    assert panel.sure.button.text() == "Accept 2 from 86 %"
    qtbot.mouseClick(panel.sure.button, Qt.MouseButton.LeftButton)
    assert {s.id for s in editor.document.wafer.sections} == {"S001", "S004"}
    assert not panel.sure.button.isEnabled()


def test_without_an_editor_nothing_is_judged(
    qtbot: QtBot, viewport: WaferViewport, panel: FoundPanel, editor: Editor
) -> None:
    viewport.set_editor(None)
    assert panel.counts.text().startswith("5 sections found")
    click(qtbot, viewport, px(viewport, (500.0, 0.0)))
    key(qtbot, viewport, Qt.Key.Key_A)
    assert not panel.sure.button.isEnabled()
    assert not editor.unsaved


def test_what_is_not_shown_is_not_under_the_mouse(qtbot: QtBot, viewport: WaferViewport) -> None:
    shown = viewport.canvas.grab().toImage()
    key(qtbot, viewport, Qt.Key.Key_G)
    assert Overlay.FOUND not in viewport.items.overlays
    assert viewport.canvas.grab().toImage() != shown
    click(qtbot, viewport, px(viewport, (500.0, 0.0)))
    assert not viewport.selection.items
    key(qtbot, viewport, Qt.Key.Key_N)
    assert Overlay.FOUND in viewport.items.overlays


def test_a_bare_wafer_says_what_to_do(viewport: WaferViewport, editor: Editor) -> None:
    viewport.propose(review_edits.remove([c.id for c in FOUND.sections]))
    assert viewport.canvas.advice == NO_PICTURE


def test_what_was_judged_is_saved_along_and_what_others_changed_is_kept(tmp_path: Path) -> None:
    plan = written(plan_of(tmp_path / "run.scopeacq", section("S009", (0.0, 3000.0))))
    plan.folder.candidates_file.write_text(FOUND.to_geojson())
    editor = Editor(plan, candidates=Candidates.read(plan.folder.candidates_file))
    editor.do(review_edits.accept(["S001"]))
    editor.save(DiskFiles())
    assert not editor.unsaved
    assert Candidates.read(plan.folder.candidates_file) == editor.document.candidates
    changed = replace(editor.document.candidates, sections=FOUND.sections[:1])
    plan.folder.candidates_file.write_text(changed.to_geojson())
    editor.do(review_edits.reject(["S002"]))
    with pytest.raises(SettingsError, match="somebody else"):
        editor.save(DiskFiles())
    assert Candidates.read(plan.folder.candidates_file) == changed


def test_the_card_at_the_cursor_says_how_sure_and_what_is_odd(
    qtbot: QtBot, viewport: WaferViewport
) -> None:
    move(viewport, px(viewport, (500.0, 1200.0)), Qt.KeyboardModifier.NoModifier, held=False)
    card = viewport._hovering.card
    qtbot.waitUntil(card.isVisible)
    assert card.card is not None
    assert card.card.title == "Found section S005"
    assert "Confidence 90 %." in card.card.lines
    assert "It is far smaller than the others." in card.card.lines
