"""Pictures under the map: drawn level by level, added, placed by the mouse, kept on the disk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PyQt5.QtGui import QMouseEvent, QTransform
from PyQt5.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from scopeacq.plan.geometry import Point
from scopeacq.plan.overviews import Overview, add_overview, place_file, read_overviews
from scopeacq.plan.placement import Landmark, Placement
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.pyramid_tiff import Level
from scopeacq.storage.run_pictures import RunPictures
from tests.ui.wafers import plan_of, section, wafer_map
from ui.messages.banner import Banner
from ui.presenters.editing import Editor
from ui.presenters.overviews import Placing, Underlay
from ui.tasks import Tasks
from ui.viewport import WaferViewport
from ui.viewport.marks import mapped
from ui.viewport.parts import level_for, parts_in
from ui.viewport.placing import Grip, PlacingHand
from ui.viewport.underlay import pixel_edges_to_wafer
from ui.wafer.overviews import Overviews

SOON_MS = 20_000

shapes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


def pyramid(shape: tuple[int, int], part: int = 512) -> list[Level]:
    levels = [Level(shape, (part, part))]
    while max(levels[-1].shape) > part:
        height, width = levels[-1].shape
        levels.append(Level((max(height // 2, 1), max(width // 2, 1)), (part, part)))
    return levels


@given(shapes, st.integers(0, 5))
def test_the_parts_of_each_level_cover_the_picture_once(shape: tuple[int, int], level: int) -> None:
    levels = pyramid(shape)
    level = min(level, len(levels) - 1)
    parts = parts_in(levels, level, QRectF(-10, -10, 1e5, 1e5))
    assert len(parts) == levels[level].grid[0] * levels[level].grid[1]
    assert sum(p.area.width() * p.area.height() for p in parts) == pytest.approx(shape[0] * shape[1])


@given(shapes, st.floats(0, 4000), st.floats(0, 4000), st.floats(1, 600))
def test_only_parts_in_the_window_are_read(shape: tuple[int, int], x: float, y: float, edge: float) -> None:
    levels, window = pyramid(shape), QRectF(x, y, edge, edge)
    parts = parts_in(levels, 0, window)
    assert all(part.area.intersects(window) for part in parts)
    assert len(parts) <= 9


@given(shapes, st.floats(1e-4, 64))
def test_the_level_has_a_pixel_for_each_of_the_screen_and_no_level_too_many(
    shape: tuple[int, int], screen_per_px: float
) -> None:
    levels = pyramid(shape)
    level = level_for(levels, screen_per_px)
    if level > 0:
        assert levels[0].shape[1] / levels[level].shape[1] * screen_per_px <= 1 + 1e-6
    if screen_per_px >= 1:
        assert level == 0


@given(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), st.floats(-180, 180), st.floats(0.1, 10))
def test_qt_and_the_placement_agree(at: Point, angle_deg: float, factor: float) -> None:
    placement = Placement.centred(300, 200, 2.0, at).turned(at, angle_deg).scaled(at, factor)
    transform = pixel_edges_to_wafer(placement)
    for column, row in ((0.0, 0.0), (299.0, 0.0), (17.0, 150.0)):
        seen = transform.map(QPointF(column + 0.5, row + 0.5))
        assert (seen.x(), seen.y()) == pytest.approx(placement.wafer_um((column, row)), abs=1e-6)


@dataclass
class Desk:
    """A viewport with its pictures on the disk."""

    viewport: WaferViewport
    overviews: Overviews
    banner: Banner
    folder: Path
    chosen: list[Path] = field(default_factory=list)

    @property
    def shown(self) -> tuple[Overview, ...]:
        return self.viewport.canvas.underlay.overviews

    def px(self, wafer_um: Point) -> QPoint:
        return QPointF(*self.viewport.canvas.camera.to_px(wafer_um)).toPoint()

    def wafer_um(self, px: Point) -> Point:
        """Where a pixel of the first picture is now."""
        return self.shown[0].placement.wafer_um(px)


def picture(path: Path, shape: tuple[int, ...] = (400, 600)) -> Path:
    _, data = cv2.imencode(".png", np.full(shape, 200, np.uint8))
    path.write_bytes(data.tobytes())
    return path


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    plan = plan_of(tmp_path, section("S001"))
    add_overview(picture(tmp_path / "one.png"), plan.folder.overviews, 1200.0, DiskFiles())
    viewport, tasks, banner, pictures = WaferViewport(), Tasks(), Banner(), RunPictures(plan)
    for widget in (viewport, banner):
        qtbot.addWidget(widget)
    viewport.resize(900, 700)
    viewport.show_map(wafer_map(section("S001")))
    viewport.set_pictures(pictures)
    viewport.set_editor(Editor(plan))
    chosen: list[Path] = []

    def choose(_: QWidget) -> Path | None:
        return chosen.pop() if chosen else None

    overviews = Overviews(viewport, plan, tasks, banner, pictures.forget, choose)
    with qtbot.waitExposed(viewport):
        viewport.show()
    made = Desk(viewport, overviews, banner, plan.folder.overviews, chosen)
    qtbot.waitUntil(lambda: bool(made.shown), timeout=SOON_MS)
    viewport.canvas.look_from(viewport.canvas.camera.at((0.0, 0.0), 3.0))
    yield made
    overviews.stop()
    viewport.close_pictures()
    pictures.close()
    tasks.close()


def drag(qtbot: QtBot, desk: Desk, start: QPoint, end: QPoint) -> None:
    canvas, left = desk.viewport.canvas, Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, Qt.KeyboardModifier.NoModifier, start)
    for part in (0.4, 1.0):
        at = start + (end - start) * part
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(at),
            QPointF(canvas.mapToGlobal(at)),
            none,
            left,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(canvas, event)
    qtbot.mouseRelease(canvas, left, Qt.KeyboardModifier.NoModifier, end)


def place(desk: Desk) -> None:
    desk.viewport.overview_button.place_asked.emit(desk.shown[0])
    QApplication.processEvents()


def test_a_picture_is_seen_under_the_map_and_can_be_hidden(qtbot: QtBot, desk: Desk) -> None:
    spot = desk.px((500.0, 300.0))

    def lightness() -> int:
        return desk.viewport.canvas.grab().toImage().pixelColor(spot).lightness()

    qtbot.waitUntil(lambda: lightness() == 200, timeout=SOON_MS)
    desk.viewport.overview_button.opacity.emit(0.5)
    faint = lightness()
    assert faint != 200
    desk.viewport.overview_button.show_action.setChecked(False)
    assert lightness() not in (200, faint)


def test_a_picture_is_moved_turned_and_scaled_by_the_mouse_and_kept(qtbot: QtBot, desk: Desk) -> None:
    place(desk)
    drag(qtbot, desk, desk.px((100.0, 50.0)), desk.px((220.0, -10.0)))
    assert desk.wafer_um((299.5, 199.5)) == pytest.approx((120.0, -60.0), abs=6.0)
    corner = desk.px(desk.wafer_um((-0.5, -0.5)))
    centre = desk.px((120.0, -60.0))
    drag(qtbot, desk, corner, centre + (corner - centre) / 2)
    assert desk.shown[0].placement.pixel_um == pytest.approx(1.0, rel=0.03)
    top = min(desk.px(desk.wafer_um(p)).y() for p in ((-0.5, -0.5), (599.5, -0.5)))
    ring = QPoint(centre.x(), top - 46)
    drag(qtbot, desk, ring, QPoint(centre.x() + 300, centre.y()))
    right, start = desk.wafer_um((599.0, 199.5)), desk.wafer_um((0.0, 199.5))
    angle_deg = math.degrees(math.atan2(right[1] - start[1], right[0] - start[0]))
    assert angle_deg == pytest.approx(-90.0, abs=3.0)
    desk.viewport.placing_bar.done.emit()
    qtbot.waitUntil(lambda: read_overviews(desk.folder)[0] == desk.shown, timeout=SOON_MS)
    assert desk.viewport.canvas.placing is None


def test_landmarks_pin_a_picture_to_the_map(qtbot: QtBot, desk: Desk) -> None:
    place(desk)
    desk.viewport.placing_bar.grip.emit(Grip.PIN)
    seen, lies = ((50.0, 50.0), (550.0, 350.0)), ((-300.0, 100.0), (200.0, -200.0))
    for px, wafer_um in zip(seen, lies, strict=True):
        drag(qtbot, desk, desk.px(desk.wafer_um(px)), desk.px(wafer_um))
    for px, wafer_um in zip(seen, lies, strict=True):
        assert desk.wafer_um(px) == pytest.approx(wafer_um, abs=8.0)
    hand = desk.viewport.canvas.placing
    assert hand is not None
    assert len(hand.now.landmarks) == 2
    desk.viewport.placing_bar.unpin_asked.emit()
    assert len(hand.now.landmarks) == 1
    desk.viewport.placing_bar.flip_asked.emit()
    assert desk.shown[0].placement.mirrored
    assert not hand.now.landmarks


def test_where_a_picture_was_placed_is_told(qtbot: QtBot, desk: Desk) -> None:
    told: list[Underlay] = []
    desk.overviews.changed.connect(told.append)
    place(desk)
    drag(qtbot, desk, desk.px((100.0, 50.0)), desk.px((220.0, -10.0)))
    desk.viewport.placing_bar.done.emit()
    assert [underlay.overviews for underlay in told] == [desk.shown]
    place(desk)
    drag(qtbot, desk, desk.px((220.0, -10.0)), desk.px((0.0, 0.0)))
    desk.viewport.placing_bar.given_up.emit()
    assert told[-1] == told[0]


def test_three_landmarks_show_that_a_picture_is_mirrored() -> None:
    truly = Placement.centred(600, 400, 2.0).turned((0.0, 0.0), 30.0).flipped((0.0, 0.0))
    level = Level((400, 600), (400, 600))
    placing = Placing(Overview(Path("a.ome.tif"), Placement.centred(600, 400, 3.0), (level,)))
    for px in ((50.0, 50.0), (550.0, 60.0), (300.0, 350.0)):
        assert not placing.placement.mirrored
        placing = placing.pinned(Landmark(px, truly.wafer_um(px)))
    assert placing.placement.mirrored
    assert placing.in_words == "3 landmarks fit within 0.0 \N{MICRO SIGN}m, as in a mirror."
    assert not placing.without_last().without_last().refusal


def test_given_up_a_picture_is_where_it_was(qtbot: QtBot, desk: Desk) -> None:
    before = desk.shown
    place(desk)
    drag(qtbot, desk, desk.px((0.0, 0.0)), desk.px((300.0, 0.0)))
    assert desk.shown != before
    desk.viewport.placing_bar.given_up.emit()
    assert desk.shown == before
    assert read_overviews(desk.folder)[0] == before


def test_a_run_that_begins_ends_the_placing(qtbot: QtBot, desk: Desk) -> None:
    before = desk.shown
    place(desk)
    drag(qtbot, desk, desk.px((0.0, 0.0)), desk.px((300.0, 0.0)))
    desk.viewport.set_editor(None)
    assert desk.viewport.canvas.placing is None
    assert desk.shown == before
    assert not desk.viewport.overview_button._add.isEnabled()


def test_a_chosen_file_is_added_and_placed_next(qtbot: QtBot, desk: Desk, tmp_path: Path) -> None:
    desk.chosen.append(picture(tmp_path / "two.png", (300, 300, 3)))
    desk.viewport.overview_button.add_asked.emit()
    qtbot.waitUntil(lambda: len(desk.shown) == 2, timeout=SOON_MS)
    hand = desk.viewport.canvas.placing
    assert hand is not None
    assert hand.now.overview.name == "two"
    assert any("two does not say how large its pixels are" in m.text for m in desk.banner.messages)
    desk.viewport.placing_bar.done.emit()
    desk.viewport.overview_button.remove_asked.emit(desk.shown[1])
    qtbot.waitUntil(lambda: len(read_overviews(desk.folder)[0]) == 1, timeout=SOON_MS)
    assert len(desk.shown) == 1


def test_what_is_no_picture_is_told_and_nothing_is_added(qtbot: QtBot, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    desk.chosen.append(tmp_path / "bad.png")
    desk.viewport.overview_button.add_asked.emit()
    told = "Choose a TIFF, PNG, JPEG"
    qtbot.waitUntil(lambda: any(told in m.text for m in desk.banner.messages), timeout=SOON_MS)
    assert len(desk.shown) == 1
    desk.viewport.overview_button.add_asked.emit()
    assert len(desk.shown) == 1


def test_a_damaged_place_is_told_and_the_others_are_shown(qtbot: QtBot, desk: Desk) -> None:
    place_file(desk.shown[0].path).write_text("to_wafer = 3")
    plan, tasks, banner = plan_of(desk.folder.parent, section("S001")), Tasks(), Banner()
    other = WaferViewport()
    for widget in (other, banner):
        qtbot.addWidget(widget)
    overviews = Overviews(other, plan, tasks, banner, lambda _: None)
    qtbot.waitUntil(lambda: bool(banner.messages), timeout=SOON_MS)
    assert "not shown" in banner.messages[0].what
    assert not other.canvas.underlay.overviews
    overviews.stop()
    other.close_pictures()
    tasks.close()


def test_a_picture_cannot_be_made_to_vanish() -> None:
    tiny = Placement.centred(64, 48, 2e-6)
    level = Level((48, 64), (48, 64))
    placed: list[Placing] = []
    hand = PlacingHand(Placing(Overview(Path("a.ome.tif"), tiny, (level,))), placed.append)
    to_px = QTransform.fromScale(1e8, 1e8)
    corner = hand.now.corners_um[0]
    assert hand.press(corner, mapped(to_px, corner), to_px)
    hand.move(hand.now.centre_um, snap=False)
    hand.release(hand.now.centre_um)
    assert placed == [] and hand.now.placement == tiny
