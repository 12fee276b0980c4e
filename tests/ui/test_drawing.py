"""Drawing on the map with mouse and keys: outlines, labels, ROIs, corners and marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.plan.geometry import Point, Rigid
from scopeacq.sections.candidates import LabelKind, Origin, Verdict
from tests.ui.map_mouse import click, drag, move, px
from tests.ui.viewports import viewport_on
from tests.ui.wafers import plan_of, section, wafer_map
from ui.presenters.drawing import Drawn
from ui.presenters.editing import Editor
from ui.presenters.map_items import Item, ItemKind
from ui.presenters.wafer_map import Selection
from ui.viewport import WaferViewport
from ui.viewport.tool import Tool

ONE, OTHER = section("S001", (0.0, 0.0)), section("S002", (1500.0, 400.0), 25.0)
TRIANGLE = ((-1500.0, -400.0), (-900.0, -400.0), (-1200.0, 100.0))
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def viewport(qtbot: QtBot) -> Iterator[WaferViewport]:
    with viewport_on(qtbot, wafer_map(ONE, OTHER, wafer_to_stage=Rigid(40.0, -30.0, 2.0))) as widget:
        yield widget


@pytest.fixture
def editor(viewport: WaferViewport) -> Editor:
    made = Editor(plan_of(Path("nowhere.scopeacq"), ONE, OTHER))
    viewport.set_editor(made)
    QApplication.processEvents()
    viewport.canvas.look_from(viewport.canvas.camera.at((0.0, 0.0), 6.0))
    return made


def click_corners(qtbot: QtBot, viewport: WaferViewport, corners: Sequence[Point]) -> None:
    for corner in corners:
        click(qtbot, viewport, px(viewport, corner))


def key(qtbot: QtBot, viewport: WaferViewport, pressed: Qt.Key, *, ctrl: bool = False) -> None:
    qtbot.keyClick(viewport.canvas, pressed, Qt.KeyboardModifier.ControlModifier if ctrl else NONE)


def assert_like(outline: Sequence[Point], wanted: Sequence[Point]) -> None:
    assert [c for p in outline for c in p] == pytest.approx([c for p in wanted for c in p], abs=8.0)


def test_clicked_corners_and_enter_make_a_section(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    key(qtbot, viewport, Qt.Key.Key_D)
    assert viewport.canvas.tool is Tool.DRAW
    assert viewport.tools.card.isVisible()
    click_corners(qtbot, viewport, TRIANGLE)
    assert not editor.unsaved
    key(qtbot, viewport, Qt.Key.Key_Return)
    assert_like(editor.document.wafer.section("S003").outline_um, TRIANGLE)
    assert viewport.selection == Selection(frozenset({"S003"}))
    key(qtbot, viewport, Qt.Key.Key_Z, ctrl=True)
    assert not editor.unsaved


def test_a_double_click_closes_and_backspace_takes_a_corner_back(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.FOUND)
    click_corners(qtbot, viewport, [*TRIANGLE[:2], (2000.0, 2000.0)])
    key(qtbot, viewport, Qt.Key.Key_Backspace)
    click_corners(qtbot, viewport, TRIANGLE[2:])
    qtbot.mouseDClick(viewport.canvas, Qt.MouseButton.LeftButton, pos=px(viewport, TRIANGLE[2]))
    (candidate,) = editor.document.candidates.sections
    assert_like(candidate.outline_um, TRIANGLE)
    assert (candidate.origin, candidate.verdict, candidate.id) == (Origin.DRAWN, Verdict.OPEN, "S003")
    assert viewport.selection.found == {"S003"}
    assert len(editor.document.wafer.sections) == 2


def test_a_click_on_the_first_corner_closes_too(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.TISSUE)
    click_corners(qtbot, viewport, [*TRIANGLE, TRIANGLE[0]])
    (label,) = editor.document.candidates.labels
    assert label.kind is LabelKind.TISSUE
    assert_like(label.outline_um, TRIANGLE)


def test_escape_first_gives_the_outline_up_and_then_the_tool(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.SECTION)
    click_corners(qtbot, viewport, TRIANGLE)
    key(qtbot, viewport, Qt.Key.Key_Escape)
    assert viewport.canvas.tool is Tool.DRAW
    key(qtbot, viewport, Qt.Key.Key_Return)
    assert not editor.unsaved
    key(qtbot, viewport, Qt.Key.Key_Escape)
    assert viewport.canvas.tool is Tool.LOOK
    assert not viewport.tools.card.isVisible()


def test_while_corners_are_clicked_a_drag_goes_along_the_map(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.SECTION)
    click_corners(qtbot, viewport, TRIANGLE[:1])
    before = viewport.canvas.camera.centre_um
    drag(qtbot, viewport, px(viewport, (0.0, 1000.0)), px(viewport, (300.0, 1000.0)))
    assert viewport.canvas.camera.centre_um != before
    click_corners(qtbot, viewport, TRIANGLE[1:])
    key(qtbot, viewport, Qt.Key.Key_Return)
    assert_like(editor.document.wafer.section("S003").outline_um, TRIANGLE)


def test_an_outline_that_crosses_itself_is_refused_in_words(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.SECTION)
    click_corners(qtbot, viewport, [(-900.0, 0.0), (-500.0, 400.0), (-900.0, 400.0), (-500.0, 0.0)])
    with qtbot.waitSignal(viewport.told) as told:
        key(qtbot, viewport, Qt.Key.Key_Return)
    assert "crosses itself" in told.args[0]
    assert not editor.unsaved


@pytest.mark.parametrize("kind", [Drawn.TISSUE, Drawn.BACKGROUND, Drawn.IGNORE])
def test_a_drag_labels_a_rectangle(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor, kind: Drawn
) -> None:
    viewport.draw(kind)
    drag(qtbot, viewport, px(viewport, (-900.0, 0.0)), px(viewport, (-500.0, 400.0)))
    (label,) = editor.document.candidates.labels
    assert label.kind.value == kind.value.lower()
    viewport.use(Tool.LOOK)
    click(qtbot, viewport, px(viewport, (-700.0, 200.0)))
    assert viewport.selection.items == {Item(ItemKind.LABEL, "0")}
    key(qtbot, viewport, Qt.Key.Key_Delete)
    assert editor.document.candidates.labels == ()


def test_an_roi_is_drawn_on_the_section_below_it(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.ROI)
    drag(qtbot, viewport, px(viewport, (-150.0, -100.0)), px(viewport, (-60.0, 20.0)))
    drawn = editor.document.wafer.section("S001")
    assert drawn.roi_um is not None
    imaged = drawn.imaged(editor.document.project.imaging)
    assert 0 < len(imaged) < 6
    shown = viewport.canvas.shown.section("S001")
    assert shown is not None
    assert {n for n, tile in enumerate(shown.tiles) if tile.state.value != "not imaged"} == imaged
    assert editor.document.wafer.section("S002").roi_um is None


def test_an_roi_beside_all_sections_is_refused(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.ROI)
    with qtbot.waitSignal(viewport.told) as told:
        drag(qtbot, viewport, px(viewport, (-900.0, 900.0)), px(viewport, (-700.0, 1100.0)))
    assert "lies on no section" in told.args[0]


def test_corners_are_dragged_added_and_taken_away(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.draw(Drawn.FOUND)
    click_corners(qtbot, viewport, [*TRIANGLE, TRIANGLE[0]])
    key(qtbot, viewport, Qt.Key.Key_C)
    click(qtbot, viewport, px(viewport, (-1200.0, -200.0)))
    drag(qtbot, viewport, px(viewport, TRIANGLE[2]), px(viewport, (-1200.0, 400.0)))
    moved = (*TRIANGLE[:2], (-1200.0, 400.0))
    assert_like(editor.document.candidates.sections[0].outline_um, moved)
    drag(qtbot, viewport, px(viewport, (-1200.0, -400.0)), px(viewport, (-1200.0, -600.0)))
    added = (moved[0], (-1200.0, -600.0), *moved[1:])
    assert_like(editor.document.candidates.sections[0].outline_um, added)
    click(qtbot, viewport, px(viewport, (-1200.0, -600.0)), ctrl=True)
    assert_like(editor.document.candidates.sections[0].outline_um, moved)
    with qtbot.waitSignal(viewport.told) as told:
        move(viewport, px(viewport, moved[0]), NONE, held=False)
        key(qtbot, viewport, Qt.Key.Key_Backspace)
    assert "three corners" in told.args[0] or "corners" in told.args[0]
    for _ in range(4):
        key(qtbot, viewport, Qt.Key.Key_Z, ctrl=True)
    assert not editor.unsaved


def test_the_corners_of_a_planned_section_move_without_its_grid(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.canvas.select(Selection(frozenset({"S001"})))
    viewport.use(Tool.CORNERS)
    drag(qtbot, viewport, px(viewport, (200.0, 120.0)), px(viewport, (400.0, 300.0)))
    changed = editor.document.wafer.section("S001")
    assert_like(changed.outline_um[2:3], [(400.0, 300.0)])
    assert changed.roi_centre_um == ONE.roi_centre_um


def test_marks_are_set_moved_and_deleted(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    before = editor.document.wafer.fiducials
    viewport.draw(Drawn.LANDMARK)
    click_corners(qtbot, viewport, [(-800.0, 500.0), (800.0, -700.0)])
    viewport.draw(Drawn.FIDUCIAL)
    click_corners(qtbot, viewport, [(300.0, 900.0)])
    wafer = editor.document.wafer
    assert [m.id for m in wafer.landmarks] == ["L1", "L2"]
    assert len(wafer.fiducials) == len(before) + 1
    key(qtbot, viewport, Qt.Key.Key_E)
    drag(qtbot, viewport, px(viewport, (-800.0, 500.0)), px(viewport, (-600.0, 600.0)))
    assert_like([editor.document.wafer.landmarks[0].wafer_um], [(-600.0, 600.0)])
    click(qtbot, viewport, px(viewport, (-600.0, 600.0)))
    assert viewport.selection.items == {Item(ItemKind.LANDMARK, "L1")}
    key(qtbot, viewport, Qt.Key.Key_Delete)
    assert [m.id for m in editor.document.wafer.landmarks] == ["L2"]


def test_the_key_of_drawing_goes_through_the_kinds(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    seen = []
    for _ in Drawn:
        key(qtbot, viewport, Qt.Key.Key_D)
        seen.append(viewport.tools.kind)
        assert viewport.tools.card.kinds.currentData() is viewport.tools.kind
    assert seen == list(Drawn)


def test_nothing_is_drawn_without_an_editor(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    viewport.draw(Drawn.SECTION)
    click_corners(qtbot, viewport, TRIANGLE)
    viewport.set_editor(None)
    assert viewport.canvas.tool is Tool.LOOK
    key(qtbot, viewport, Qt.Key.Key_D)
    assert viewport.canvas.tool is Tool.LOOK
