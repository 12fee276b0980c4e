"""The viewport under a real mouse and keyboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.focus.surface import Surface
from scopeacq.journal.records import PlaneKey, Wish, WishKind
from scopeacq.plan.geometry import Point, Rigid
from scopeacq.plan.overviews import Overview
from scopeacq.plan.placement import Placement
from scopeacq.storage.pyramid_tiff import Level
from scopeacq.storage.run_pictures import PlacedPicture
from tests.ui.map_mouse import click, drag, move, px
from tests.ui.viewports import viewport_on
from tests.ui.wafers import GRID, plan_of, section, wafer_map
from ui.presenters import edits
from ui.presenters.editing import Editor
from ui.presenters.focus_plane import FocusPlane
from ui.presenters.layers import Layer
from ui.presenters.mark_edits import set_roi
from ui.presenters.overviews import Underlay
from ui.presenters.route import RouteView
from ui.presenters.sections import SectionShown, TileShown, TileState
from ui.presenters.wafer_map import Selection, WaferMap
from ui.viewport import WaferViewport
from ui.viewport.pictures import Pictures, WholePlane
from ui.viewport.tool import Tool

SOON_MS = 20_000
ONE, OTHER = section("S001", (0.0, 0.0)), section("S002", (1500.0, 400.0), 25.0)


@pytest.fixture
def viewport(qtbot: QtBot) -> Iterator[WaferViewport]:
    with viewport_on(qtbot, wafer_map(ONE, OTHER, wafer_to_stage=Rigid(40.0, -30.0, 2.0))) as widget:
        yield widget


@pytest.fixture
def editor(viewport: WaferViewport) -> Editor:
    made = Editor(plan_of(Path("nowhere.scopeacq"), ONE, OTHER))
    viewport.set_editor(made)
    viewport.use(Tool.EDIT)
    QApplication.processEvents()
    viewport.canvas.fit(frozenset({"S001", "S002"}))
    return made


def test_a_click_chooses_and_with_ctrl_adds(qtbot: QtBot, viewport: WaferViewport) -> None:
    viewport.canvas.fit(frozenset({"S001", "S002"}))
    click(qtbot, viewport, px(viewport, (0.0, 0.0)))
    assert viewport.selection.sections == {"S001"}
    click(qtbot, viewport, px(viewport, (1500.0, 400.0)), ctrl=True)
    assert viewport.selection.sections == {"S001", "S002"}
    click(qtbot, viewport, QPoint(5, 5))
    assert viewport.selection == Selection()


def test_a_tile_is_chosen_from_near(qtbot: QtBot, viewport: WaferViewport) -> None:
    viewport.canvas.fit(frozenset({"S001"}))
    click(qtbot, viewport, px(viewport, GRID.offset_um(4)))
    assert viewport.selection.tiles == {("S001", 4)}


def test_a_drag_pans_and_the_wheel_zooms_at_the_cursor(qtbot: QtBot, viewport: WaferViewport) -> None:
    canvas, start = viewport.canvas, QPoint(300, 200)
    under = canvas.stage_um(QPointF(start))
    drag(qtbot, viewport, start, QPoint(420, 260))
    assert canvas.stage_um(QPointF(420, 260)) == pytest.approx(under)
    scale = canvas.camera.um_per_px
    at = QPointF(420, 260)
    wheel = QWheelEvent(
        at,
        QPointF(canvas.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 360),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, wheel)
    assert canvas.camera.um_per_px == pytest.approx(scale / 2)
    assert canvas.stage_um(at) == pytest.approx(under)
    assert viewport.selection == Selection()


def test_shift_and_drag_choose_what_lies_within(qtbot: QtBot, viewport: WaferViewport) -> None:
    drag(qtbot, viewport, QPoint(40, 60), QPoint(860, 600), shift=True)
    assert viewport.selection.sections == {"S001", "S002"}


def test_a_double_click_only_asks_to_go_there(qtbot: QtBot, viewport: WaferViewport) -> None:
    viewport.canvas.fit(frozenset({"S001"}))
    with qtbot.waitSignal(viewport.go_to_requested) as asked:
        qtbot.mouseDClick(viewport.canvas, Qt.MouseButton.LeftButton, pos=px(viewport, (0.0, 35.0)))
    (target,) = asked.args
    assert target.wafer_um == pytest.approx((0.0, 35.0), abs=2.0)
    assert "section S001, tile 2" in target.text


def test_a_chosen_section_follows_the_mouse_and_comes_back(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    click(qtbot, viewport, px(viewport, (0.0, 0.0)))
    drag(qtbot, viewport, px(viewport, (0.0, 0.0)), px(viewport, (300.0, -200.0)))
    moved = editor.document.wafer.section("S001").roi_centre_um
    assert moved == pytest.approx((300.0, -200.0), abs=8.0)
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.document.wafer.section("S001") == ONE
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert editor.document.wafer.section("S001").roi_centre_um == moved


def test_escape_gives_a_drag_up(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    click(qtbot, viewport, px(viewport, (0.0, 0.0)))
    qtbot.mousePress(viewport.canvas, Qt.MouseButton.LeftButton, pos=px(viewport, (0.0, 0.0)))
    move(viewport, px(viewport, (200.0, 0.0)), Qt.KeyboardModifier.NoModifier)
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_Escape)
    qtbot.mouseRelease(viewport.canvas, Qt.MouseButton.LeftButton, pos=px(viewport, (200.0, 0.0)))
    assert not editor.unsaved
    assert viewport.selection.sections == {"S001"}


def test_handles_turn_and_resize(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    viewport.canvas.select(Selection(frozenset({"S001"})))
    corner = px(viewport, (200.0, 120.0))
    drag(qtbot, viewport, corner, px(viewport, (300.0, 120.0)))
    wider = editor.document.wafer.section("S001").outline_um
    assert max(x for x, _ in wider) == pytest.approx(300.0, abs=8.0)
    editor.undo()
    viewport.show_map(viewport.canvas.shown)
    top = min(px(viewport, corner).y() for corner in ONE.outline_um)
    middle = px(viewport, (0.0, 0.0))
    ring = QPoint(middle.x(), top - 46)
    drag(qtbot, viewport, ring, QPoint(middle.x() + 400, middle.y()))
    assert editor.document.wafer.section("S001").rotation_deg == pytest.approx(-90.0, abs=2.0)


def test_a_new_section_is_drawn(qtbot: QtBot, viewport: WaferViewport, editor: Editor) -> None:
    viewport.use(Tool.DRAW)
    drag(qtbot, viewport, px(viewport, (-1000.0, 300.0)), px(viewport, (-500.0, 600.0)))
    added = editor.document.wafer.section("S003")
    assert added.roi_centre_um == pytest.approx((-750.0, 450.0), abs=10.0)
    assert viewport.canvas.shown.section("S003") is not None


def test_a_chosen_tile_is_left_out_and_activated_again(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.canvas.fit(frozenset({"S001"}))
    click(qtbot, viewport, px(viewport, GRID.offset_um(4)))
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_X)
    assert editor.document.wafer.section("S001").inactive_tiles == (4,)
    shown = viewport.canvas.shown.section("S001")
    assert shown is not None
    assert shown.tiles[4].state is TileState.INACTIVE
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_X)
    assert editor.document.wafer.section("S001") == ONE


def test_tiles_in_a_rectangle_are_left_out_at_once(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    viewport.canvas.fit(frozenset({"S001"}))
    viewport.use(Tool.LOOK)
    drag(qtbot, viewport, px(viewport, (-160.0, 100.0)), px(viewport, (10.0, -100.0)), shift=True)
    assert viewport.selection.tiles == {("S001", n) for n in (0, 1, 3, 4)}
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_X)
    assert editor.document.wafer.section("S001").inactive_tiles == (0, 1, 3, 4)
    click(qtbot, viewport, px(viewport, GRID.offset_um(5)), ctrl=True)
    assert ("S001", 5) in viewport.selection.tiles
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.document.wafer.section("S001") == ONE


def test_with_alt_only_the_grid_follows_the_mouse(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    click(qtbot, viewport, px(viewport, (0.0, 0.0)))
    canvas, alt = viewport.canvas, Qt.KeyboardModifier.AltModifier
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, alt, px(viewport, (0.0, 0.0)))
    move(viewport, px(viewport, (60.0, 30.0)), alt)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, alt, px(viewport, (60.0, 30.0)))
    moved = editor.document.wafer.section("S001")
    assert moved.roi_centre_um == pytest.approx((60.0, 30.0), abs=8.0)
    assert moved.outline_um == ONE.outline_um
    editor.undo()
    assert editor.document.wafer.section("S001") == ONE


def test_the_menu_edits_the_section_that_lies_there(viewport: WaferViewport, editor: Editor) -> None:
    def press(text: str) -> None:
        next(a for a in viewport.menu_at((40.0, -30.0)).actions() if a.text() == text).trigger()

    press("Image S001 last")
    assert [s.id for s in editor.document.wafer.sections] == ["S002", "S001"]
    press("Image S001 first")
    press("Duplicate S001")
    assert [s.id for s in editor.document.wafer.sections] == ["S001", "S002", "S003"]


def test_fit_goes_from_what_is_chosen_to_the_whole_wafer_and_back(
    qtbot: QtBot, viewport: WaferViewport
) -> None:
    canvas, seen = viewport.canvas, []
    canvas.select(Selection(frozenset({"S001"})))
    for _ in range(5):
        qtbot.keyClick(canvas, Qt.Key.Key_F)
        seen.append(canvas.camera.um_per_px)
    section_, grid, everything, wafer, again = seen
    assert grid < section_ < everything < wafer
    assert again == section_
    viewport.resize(700, 600)
    QApplication.processEvents()
    assert canvas.camera == canvas.camera.fitted(*(canvas.shown.bounds_um({"S001"}) or ()))


def test_where_the_beam_looks_stays_on_the_map(viewport: WaferViewport) -> None:
    viewport.show_stage(10.0, 20.0)
    viewport.show_map(wafer_map(ONE))
    assert viewport.canvas.shown.stage_um == (10.0, 20.0)
    assert viewport.canvas.shown.field_um == GRID.tile_um
    viewport.show_stage(None, None)
    assert viewport.canvas.shown.stage_um is None


@pytest.mark.parametrize("layer", list(Layer))
@pytest.mark.parametrize("zoom", [1.0, 8.0, 60.0, 4000.0])
def test_every_layer_is_painted_at_every_zoom(viewport: WaferViewport, layer: Layer, zoom: float) -> None:
    tiles = tuple(TileShown(state, 0.5, 10.0, 4501.0, 0, 0) for state in list(TileState)[:6])
    plane = FocusPlane(0, Surface(4400.0, 0.0, 0.0), 2.0)
    viewport.show_map(WaferMap((SectionShown(ONE, GRID, tiles=tiles),), plane=plane))
    viewport.show_stage(0.0, 0.0)
    viewport.show_layer(layer)
    viewport.canvas.fit(frozenset({"S001"}))
    viewport.canvas.zoom(zoom)
    assert not viewport.canvas.grab().isNull()


def test_what_is_refused_is_told_and_nothing_changes(qtbot: QtBot, viewport: WaferViewport) -> None:
    plan = plan_of(Path("nowhere.scopeacq"), ONE, OTHER)
    gate = plan.project.gate.model_copy(update={"accept_sections": ("S001",)})
    editor = Editor(replace(plan, project=plan.project.model_copy(update={"gate": gate})))
    viewport.set_editor(editor)
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(viewport.told) as told:
        qtbot.keyClick(viewport.canvas, Qt.Key.Key_Delete)
    assert "gate.accept_sections names S001" in told.args[0]
    assert not editor.unsaved


def test_the_last_section_may_go_and_the_map_says_what_to_do(
    qtbot: QtBot, viewport: WaferViewport, editor: Editor
) -> None:
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_Delete)
    assert editor.document.wafer.sections == ()
    assert "No section yet" in viewport.canvas.advice
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not viewport.canvas.advice


def test_nothing_is_edited_without_an_editor(qtbot: QtBot, viewport: WaferViewport) -> None:
    viewport.canvas.fit(frozenset({"S001"}))
    click(qtbot, viewport, px(viewport, (0.0, 0.0)))
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_E)
    assert viewport.canvas.tool is Tool.LOOK


def test_layers_change_by_key_with_their_legend(qtbot: QtBot, viewport: WaferViewport) -> None:
    tile = TileShown(TileState.SHARP, 0.7, 30.0, 4500.0, 0)
    viewport.show_map(wafer_map(ONE, tile=tile))
    plain = viewport.canvas.grab().toImage()
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_3)
    assert viewport.layer is Layer.DOSE
    assert "Electron dose" in viewport.legend.accessibleName()
    assert viewport.canvas.grab().toImage() != plain


def test_keys_zoom_pan_and_fit(qtbot: QtBot, viewport: WaferViewport) -> None:
    whole = viewport.canvas.camera
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Left, Qt.Key.Key_Up):
        qtbot.keyClick(viewport.canvas, key)
    assert viewport.canvas.camera.um_per_px < whole.um_per_px
    assert viewport.canvas.camera.centre_um != whole.centre_um
    qtbot.keyClick(viewport.canvas, Qt.Key.Key_F)
    assert viewport.canvas.camera == whole


def test_coordinates_follow_the_cursor(qtbot: QtBot, viewport: WaferViewport) -> None:
    told: list[object] = []
    viewport.canvas.hovered.connect(told.append)
    move(viewport, QPoint(200, 200), Qt.KeyboardModifier.NoModifier, held=False)
    assert told[-1] == pytest.approx(viewport.canvas.stage_um(QPointF(200, 200)))


class White:
    """A source of white pictures that notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.on_gui = False

    def whole(self, plane: PlaneKey, edge_px: int) -> PlacedPicture | None:
        return self._white("whole", plane, edge_px)

    def part(self, plane: PlaneKey, level: int, row: int, column: int) -> PlacedPicture | None:
        return self._white("part", plane, level, row, column)

    def overview(self, path: Path, level: int, row: int, column: int) -> PlacedPicture | None:
        return self._white("overview", path, level, row, column)

    def section(self, section: str) -> PlacedPicture | None:
        return None

    def _white(self, *asked: object) -> PlacedPicture:
        self.asked.append(asked)
        self.on_gui |= threading.get_ident() == threading.main_thread().ident
        return PlacedPicture(np.full((64, 80), 255, np.uint8))


def white_at(viewport: WaferViewport, wafer_um: Point) -> bool:
    return viewport.canvas.grab().toImage().pixelColor(px(viewport, wafer_um)).lightness() > 250


def test_pictures_are_read_off_the_gui_thread_and_shown(qtbot: QtBot, viewport: WaferViewport) -> None:
    source = White()
    viewport.set_pictures(source)
    viewport.show_map(wafer_map(ONE, tile=TileShown(TileState.SHARP, 0.5, 1.0, 4500.0, 2)))
    viewport.canvas.fit(frozenset({"S001"}))
    with qtbot.waitSignal(viewport.canvas.pictures.loaded, timeout=SOON_MS):
        viewport.canvas.repaint()
    qtbot.waitUntil(lambda: len(source.asked) >= 6, timeout=SOON_MS)
    assert {plane.cycle for kind, plane, _ in source.asked if isinstance(plane, PlaneKey)} == {2}
    assert not source.on_gui
    qtbot.waitUntil(lambda: white_at(viewport, (10.0, 35.0)), timeout=SOON_MS)


def test_a_low_dose_look_stands_in_for_tiles_not_taken_yet(qtbot: QtBot, viewport: WaferViewport) -> None:
    class Looked(White):
        def section(self, section: str) -> PlacedPicture | None:
            self.asked.append(("section", section))
            return PlacedPicture(np.full((100, 100), 255, np.uint8), Placement.centred(100, 100, 4.0))

    source = Looked()
    viewport.show_map(wafer_map(ONE))
    viewport.canvas.fit(frozenset({"S001"}))
    beside, on_tile = (0.0, 100.0), (0.0, 35.0)
    plain = viewport.canvas.grab().toImage().pixelColor(px(viewport, on_tile)).lightness()
    viewport.set_pictures(source)
    qtbot.waitUntil(lambda: white_at(viewport, beside), timeout=SOON_MS)
    assert source.asked == [("section", "S001")]
    # the colour of its state still lies over it
    seen = viewport.canvas.grab().toImage().pixelColor(px(viewport, on_tile)).lightness()
    assert plain < seen < 250


def test_from_near_parts_of_full_resolution_are_read(qtbot: QtBot, viewport: WaferViewport) -> None:
    source = White()
    viewport.set_pictures(source)
    grid = replace(GRID, tile_px=(4800, 6000))
    tiles = (TileShown(TileState.SHARP, 0.5, 1.0, 4500.0, 2),) * 6
    viewport.show_map(WaferMap((SectionShown(ONE, grid, tiles=tiles),)))
    viewport.canvas.fit(frozenset({"S001"}))
    for factor, level in ((12.0, 2), (2.0, 1), (4.0, 0)):
        viewport.canvas.zoom(factor)

        def asked(level: int = level) -> bool:
            viewport.canvas.repaint()
            return any(kind == "part" and rest[1] == level for kind, *rest in source.asked)

        qtbot.waitUntil(asked, timeout=SOON_MS)
    finest = {tuple(rest[2:]) for kind, *rest in source.asked if kind == "part" and rest[1] == 0}
    assert 1 <= len(finest) <= 6
    qtbot.waitUntil(lambda: white_at(viewport, viewport.canvas.camera.centre_um), timeout=SOON_MS)


def test_what_was_absent_is_looked_for_again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(White):
        def whole(self, plane: PlaneKey, edge_px: int) -> PlacedPicture | None:
            found = super().whole(plane, edge_px)
            return found if len(self.asked) > 1 else None

    pictures, source, wanted = Pictures(), Late(), WholePlane(PlaneKey(0, "S001", 0), 64)
    pictures.set_source(source)
    assert pictures.of(wanted) is None
    qtbot.waitUntil(lambda: not pictures.reading, timeout=SOON_MS)
    assert pictures.of(wanted) is None
    assert not pictures.reading
    monkeypatch.setattr("ui.viewport.pictures.AGAIN_S", -1.0)
    qtbot.waitUntil(lambda: pictures.of(wanted) is not None, timeout=SOON_MS)
    pictures.close()


def test_pictures_stay_within_their_budget(qtbot: QtBot) -> None:
    one_bytes = 64 * 80 * 4
    pictures = Pictures(budget_bytes=3 * one_bytes)
    pictures.set_source(White())
    names = [WholePlane(PlaneKey(0, "S001", n), 64) for n in range(6)]
    for name in names:
        pictures.of(name)
        qtbot.waitUntil(lambda: not pictures.reading, timeout=SOON_MS)
    assert [pictures.at_hand(name) is not None for name in names] == [False] * 3 + [True] * 3
    pictures.close()


def test_a_grid_of_one_tile_is_painted_from_every_distance(viewport: WaferViewport) -> None:
    grid = replace(GRID, rows=1, columns=1)
    viewport.show_map(WaferMap((SectionShown(section("S001"), grid, tiles=(TileShown(),)),)))
    viewport.canvas.fit(frozenset({"S001"}))
    for _ in range(12):
        assert not viewport.canvas.grab().isNull()
        viewport.canvas.zoom(1 / 1.6)


def test_the_menu_asks_for_changes_of_the_cycle_under_way(viewport: WaferViewport) -> None:
    asked: list[Wish] = []
    viewport.wished.connect(asked.append)
    at_um = viewport.canvas.shown.wafer_to_stage.apply(ONE.roi_centre_um)
    hit = viewport.canvas.shown.hit(at_um)
    assert hit is not None and hit.tile is not None
    for action in viewport.menu_at(at_um).actions():
        if action.text().startswith(("Focus", "Leave", "Take")) and ONE.id in action.text():
            action.trigger()
    assert asked == [
        Wish(WishKind.FOCUS_NEXT, 0, ONE.id),
        Wish(WishKind.LEAVE_OUT, 0, ONE.id),
        Wish(WishKind.RETAKE, 0, ONE.id, hit.tile),
    ]


def test_a_way_that_was_found_lies_over_the_one_of_before_until_sections_change(
    viewport: WaferViewport, editor: Editor
) -> None:
    before = viewport.canvas.shown.route_um
    plain = viewport.canvas.grab().toImage()
    viewport.propose(edits.reorder(["S001"], None))
    viewport.show_route(RouteView(before, before[::-1], "The stage travels 4 s per cycle instead of 5 s."))
    assert viewport.canvas.shown.route_um == before[::-1]
    assert "instead of 5 s" in viewport.canvas.notes[0].text
    assert viewport.canvas.grab().toImage() != plain
    viewport.undo()
    assert viewport.canvas.notes == ()


def test_an_overview_grows_tile_by_tile_until_it_is_there(viewport: WaferViewport) -> None:
    bare = viewport.canvas.grab().toImage()
    for n in range(3):
        tile = np.full((48, 64), 90 + 50 * n, np.uint8)
        viewport.grow(tile, Placement.centred(64, 48, 20.0, (1000.0 * n, 0.0)), first=n == 0)
    assert len(viewport.canvas.growing) == 3
    assert viewport.canvas.grab().toImage() != bare
    placement = Placement.centred(64, 48, 20.0)
    whole = Overview(Path("wafer.ome.tif"), placement, (Level((48, 64), (48, 64)),))
    viewport.show_underlay(Underlay((whole,)))
    assert len(viewport.canvas.growing) == 0
    viewport.grow(np.zeros((48, 64), np.uint8), placement, first=True)
    assert len(viewport.canvas.growing) == 1


def test_the_menu_sets_marks_and_takes_an_roi_away(viewport: WaferViewport, editor: Editor) -> None:
    def press(text: str) -> None:
        next(a for a in viewport.menu_at((40.0, -30.0)).actions() if a.text() == text).trigger()

    press("Set a landmark here")
    (landmark,) = editor.document.wafer.landmarks
    assert landmark.wafer_um == pytest.approx((0.0, 0.0), abs=1e-6)
    viewport.propose(set_roi("S001", ONE.outline_um))
    press("Remove the ROI of S001")
    assert editor.document.wafer.section("S001") == ONE


def test_a_bare_wafer_shows_its_picture_whole_until_somebody_looks_elsewhere(qtbot: QtBot) -> None:
    fresh = WaferViewport()
    qtbot.addWidget(fresh)
    fresh.resize(900, 700)
    picture = Overview(
        Path("wafer.ome.tif"), Placement.centred(64, 48, 50.0, (4000.0, 0.0)), (Level((48, 64), (48, 64)),)
    )
    fresh.show_underlay(Underlay((picture,)))
    assert fresh.canvas.camera.centre_um == pytest.approx((4000.0, 0.0))
    assert fresh.canvas.camera.um_per_px < 10
    fresh.canvas.pan(50, 0)
    looked_at = fresh.canvas.camera
    fresh.show_map(WaferMap())
    assert fresh.canvas.camera == looked_at
    fresh.close_pictures()
