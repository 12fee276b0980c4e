"""The view of slices on runs that lie on the disk: paging, comparing, holes, damage, a run that goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scopeacq.journal.journal import Journal
from scopeacq.journal.records import PlaneKey
from scopeacq.journal.slice_book import PlaneMark
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from scopeacq.storage.plane_windows import Take, file_of
from scopeacq.storage.storage import ImageStore
from tests.scenarios.harness import tiny_project
from tests.ui.past_run import (
    CYCLES,
    DROPPED_FROM,
    EDGE_PX,
    MISSING,
    RETAKEN,
    cycle_records,
    make_past_run,
    picture,
)
from tests.ui.tiny_acquisition import tiny_run
from ui.after.after_feed import AfterFeed
from ui.presenters.contrast import EQUAL
from ui.presenters.slice_source import Axis
from ui.presenters.slices import Looked
from ui.slices.export import seen
from ui.slices.view import SlicesView
from ui.tasks import Tasks

SOON_MS = 20_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_past_run(tmp_path_factory.mktemp("past"))


@pytest.fixture
def plan(made: Plan, tmp_path: Path) -> Plan:
    """A copy that a test may damage."""
    root = tmp_path / "past.scopeacq"
    shutil.copytree(made.folder.root, root)
    return replace(made, folder=replace(made.folder, root=root))


class Shown:
    """A view of a run with its feed."""

    def __init__(self, qtbot: QtBot, plan: Plan) -> None:
        self.qtbot, self.plan, self.tasks = qtbot, plan, Tasks()
        self.feed = AfterFeed(plan, self.tasks)
        self.view = SlicesView(plan, self.feed.book)
        self.view.resize(1000, 700)
        self.feed.changed.connect(self.view.refresh)
        self.feed.failed.connect(self.view.show_trouble)
        self.view.show()
        self.feed.start()
        qtbot.waitUntil(lambda: self.feed.complete, timeout=SOON_MS)
        self.settle()

    def settle(self) -> None:
        """Wait until what is looked at is on show, with all of its blocks."""
        desk = self.view.desk
        self.qtbot.waitUntil(lambda: desk.whole and desk.shown.looked == desk.looked, timeout=SOON_MS)

    def look(self, section: str, cycle: int, tile: int | None = None) -> None:
        self.view.look(Looked(section, cycle, tile))
        self.settle()

    def press(self, key: Qt.Key) -> None:
        self.qtbot.keyClick(self.view.canvas, key)
        self.settle()

    def grey_at(self, x: float, y: float) -> int:
        """What the canvas shows at a point of the scene."""
        image = self.view.canvas.grab().toImage()
        at = self.view.canvas.eye.to_screen((x, y))
        return QColor(image.pixel(QPoint(*map(round, at)))).lightness()

    def close(self) -> None:
        self.view.close_files()
        self.feed.stop()
        self.tasks.close()
        self.view.close()
        self.view.deleteLater()
        QApplication.sendPostedEvents(None, 52)


@pytest.fixture
def shown(qtbot: QtBot, plan: Plan) -> Iterator[Shown]:
    opened = Shown(qtbot, plan)
    yield opened
    opened.close()


def test_the_newest_slice_is_shown_first_with_all_tiles_at_their_places(shown: Shown) -> None:
    scene = shown.view.desk.shown
    assert (scene.looked.section, scene.looked.cycle, scene.looked.tile) == ("S001", 2, None)
    assert [plane.take.key.tile for plane in scene.planes] == [0, 1]
    step = EDGE_PX - shown.plan.project.imaging.overlap_px
    left, right = (plane.frame.apply((0, 0)) for plane in scene.planes)
    assert right[0] - left[0] == pytest.approx(step, abs=0.1)


def test_keys_page_through_the_cycles(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    cycles = []
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_Right, Qt.Key.Key_PageUp, Qt.Key.Key_End, Qt.Key.Key_Home):
        shown.press(key)
        cycles.append(shown.view.looked.cycle)
    assert cycles == [1, 2, 1, CYCLES - 1, 0]


def test_zoom_and_place_are_kept_over_slices(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.view.canvas.look_from(replace(shown.view.canvas.eye, centre=(200.0, 300.0), zoom=2.0))
    shown.press(Qt.Key.Key_PageDown)
    assert shown.view.canvas.eye.centre == (200.0, 300.0)
    assert shown.view.canvas.eye.zoom == 2.0


def test_the_slider_says_what_became_of_each_slice(shown: Shown) -> None:
    shown.look("S001", 1, 0)
    assert shown.view.foot.marks.marks == (
        PlaneMark.SHARP,
        PlaneMark.RETAKEN,
        PlaneMark.SHARP,
        PlaneMark.OPEN,
    )
    shown.look("S001", 1, 1)
    assert shown.view.foot.marks.marks[1] is PlaneMark.MISSING
    shown.look("S002", 1)
    assert shown.view.foot.marks.marks[2:] == (PlaneMark.DROPPED, PlaneMark.DROPPED)
    shown.qtbot.mouseClick(shown.view.foot.marks, Qt.MouseButton.LeftButton, pos=QPoint(20, 15))
    shown.settle()
    assert shown.view.looked.cycle == 0


@pytest.mark.parametrize(
    ("key", "title", "why"),
    [
        (MISSING, "Missing", "gone before the mill"),
        (DROPPED_FROM, "Section dropped", "96 %"),
        (PlaneKey(3, "S001", 0), "Not imaged yet", ""),
    ],
)
def test_a_hole_says_why_and_is_not_black(shown: Shown, key: PlaneKey, title: str, why: str) -> None:
    shown.look(key.section, key.cycle, key.tile)
    (hole,) = shown.view.desk.shown.holes
    assert hole.title == title
    assert why in hole.why
    assert shown.view.desk.shown.planes == ()
    assert shown.grey_at(EDGE_PX * 0.9, EDGE_PX * 0.9) > 8
    assert title.lower() in shown.view.card.text.lower()


def test_everything_known_of_a_plane_is_told_and_copied(shown: Shown) -> None:
    shown.look("S001", 2, 1)
    shown.qtbot.keyClick(shown.view.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    text = clipboard.text()
    for part in ("S001, cycle 3, tile 2", "sharp", "0.40 \u00b5m", "4503.00 \u00b5m", "22.5 e", "36.0 nm"):
        assert part in text
    assert "S001/1/0/c/2/0/0" in text


def test_takes_are_compared(shown: Shown) -> None:
    shown.look(RETAKEN.section, RETAKEN.cycle, RETAKEN.tile)
    view = shown.view
    assert view.choosers.takes.isVisible()
    (chosen,) = view.desk.shown.planes
    assert chosen.take == Take(RETAKEN, 1, chosen=True)
    shown.press(Qt.Key.Key_T)
    (first,) = view.desk.shown.planes
    assert first.take == Take(RETAKEN, 0, chosen=False)
    assert "not accepted" in view.card.text
    shown.press(Qt.Key.Key_D)
    assert shown.grey_at(600, 600) == pytest.approx(EQUAL, abs=2)
    assert shown.grey_at(3, 3) < EQUAL - 5


def test_the_difference_to_the_slice_before_is_shown(shown: Shown) -> None:
    shown.look("S001", 2, 0)
    plain = shown.grey_at(500, 500)
    shown.press(Qt.Key.Key_D)
    # every slice is ten grey values brighter than the one before
    bright = shown.grey_at(500, 500)
    assert bright > EQUAL + 5
    assert bright == pytest.approx(shown.grey_at(300, 800), abs=2)
    shown.press(Qt.Key.Key_D)
    assert shown.grey_at(500, 500) == plain


def test_a_slice_without_one_before_says_that_there_is_nothing_to_compare(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.press(Qt.Key.Key_D)
    (hole,) = shown.view.desk.shown.holes
    assert hole.title == "Nothing to compare with"
    shown.look("S001", 2, 1)
    assert [hole.title for hole in shown.view.desk.shown.holes] == ["Nothing to compare with"]
    shown.press(Qt.Key.Key_D)
    assert shown.view.desk.shown.planes


def test_limits_of_grey_stay_until_they_are_asked_for_anew(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.press(Qt.Key.Key_A)
    fitted = shown.view.desk.contrast
    shown.press(Qt.Key.Key_PageDown)
    assert shown.view.desk.contrast == fitted
    shown.press(Qt.Key.Key_A)
    assert shown.view.desk.contrast != fitted


def test_the_stack_is_cut_along_a_row_and_a_column(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.press(Qt.Key.Key_R)
    desk = shown.view.desk
    shown.qtbot.waitUntil(
        lambda: all(desk.cuts.line(desk.looked, c, a) is not None for c in range(CYCLES) for a in Axis),
        timeout=SOON_MS,
    )
    for axis in Axis:
        assert shown.view.strips[axis].isVisible()
        first, third = desk.cuts.line(desk.looked, 0, axis), desk.cuts.line(desk.looked, 2, axis)
        assert first
        assert third
        change = third[0].values.astype(int) - first[0].values.astype(int)
        assert np.median(change) == 20
        assert desk.cuts.line(desk.looked, 3, axis) == ()
    shown.press(Qt.Key.Key_R)
    assert not shown.view.strips[Axis.XZ].isVisible()


def test_a_click_into_a_cut_goes_to_its_cycle(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.press(Qt.Key.Key_R)
    strip = shown.view.strips[Axis.XZ]
    shown.qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(50, strip.height() * 5 // 8))
    shown.settle()
    assert shown.view.looked.cycle == 2


def test_limits_of_grey_are_dragged(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    bar = shown.view.card.contrast
    shown.qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(2, 20))
    contrast = shown.view.desk.contrast
    assert contrast is not None
    assert contrast.low < 5
    assert contrast.high > 100
    shown.qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(2, 20))
    assert shown.view.desk.contrast != contrast


def test_a_tile_is_chosen_by_a_click_and_shown_alone_by_two(shown: Shown) -> None:
    shown.look("S001", 2)
    canvas = shown.view.canvas
    place = QPoint(*map(round, canvas.eye.to_screen((500.0, 0.0))))
    shown.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    assert shown.view.desk.told_tile() == 1
    assert "tile 2" in shown.view.card.text
    shown.qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    shown.settle()
    assert shown.view.looked.tile == 1


def test_the_pixel_under_the_cursor_is_told(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.view.canvas.look_from(replace(shown.view.canvas.eye, centre=(60.0, 70.0), zoom=4.0))
    shown.settle()
    for x, y in ((60, 70), (3, 2)):
        shown.view.canvas.hovered.emit((x + 0.5, y + 0.5))
        value = picture(PlaneKey(0, "S001", 0))[y, x]
        assert shown.view.foot.pixel.text() == f"x {x} y {y}: {value}"
    shown.view.canvas.hovered.emit((-5.0, 3.0))
    assert shown.view.foot.pixel.text() == ""


def test_the_film_runs_and_stops(shown: Shown) -> None:
    shown.look("S001", 0, 0)
    shown.qtbot.keyClick(shown.view.canvas, Qt.Key.Key_Space)
    shown.qtbot.waitUntil(lambda: shown.view.looked.cycle == 2, timeout=SOON_MS)
    shown.qtbot.waitUntil(lambda: shown.view.looked.cycle == 0, timeout=SOON_MS)
    shown.qtbot.keyClick(shown.view.canvas, Qt.Key.Key_Space)
    assert not shown.view.controls.play.isChecked()


@pytest.mark.parametrize("cut_off", [True, False])
def test_a_damaged_plane_is_said_to_be_damaged(qtbot: QtBot, plan: Plan, cut_off: bool) -> None:
    take = Take(PlaneKey(0, "S001", 0), 0, chosen=True)
    path = file_of(plan.folder.images(plan.project), take)
    data = path.read_bytes()
    path.write_bytes(data[:-500] if cut_off else data[:2000] + bytes(200) + data[2200:])
    shown = Shown(qtbot, plan)
    shown.look("S001", 0, 0)
    shown.view.look_closely()
    shown.qtbot.waitUntil(lambda: "differs from what was written" in shown.view.card.text, timeout=SOON_MS)
    if cut_off:
        shown.qtbot.waitUntil(lambda: bool(shown.view.desk.shown.holes), timeout=SOON_MS)
        assert path.name in shown.view.desk.shown.holes[0].why
    shown.press(Qt.Key.Key_PageDown)
    assert shown.view.desk.shown.planes
    shown.close()


def test_a_folder_that_vanishes_and_comes_back(shown: Shown, tmp_path: Path) -> None:
    shown.look("S001", 0, 0)
    root, away = shown.plan.folder.root, tmp_path / "away"
    root.rename(away)
    shown.view.desk.forget()
    shown.look("S001", 1, 0)
    (hole,) = shown.view.desk.shown.holes
    assert hole.title == "Cannot be shown"
    assert "journal" in hole.why
    shown.qtbot.waitUntil(lambda: shown.view.trouble.isVisible(), timeout=SOON_MS)
    away.rename(root)
    shown.qtbot.waitUntil(lambda: bool(shown.view.desk.shown.planes), timeout=SOON_MS)
    assert not shown.view.trouble.isVisible()


def test_new_slices_appear_while_another_process_writes_them(shown: Shown) -> None:
    shown.look("S001", 3, 0)
    assert shown.view.desk.shown.holes
    store = ImageStore.open(shown.plan.folder.images(shown.plan.project), DiskFiles())
    journal = Journal.open(shown.plan.folder.journal_file)
    journal.append(*cycle_records(shown.plan, store, 3, milled=False))
    journal.close()
    shown.qtbot.waitUntil(lambda: bool(shown.view.desk.shown.planes), timeout=SOON_MS)
    assert shown.view.foot.marks.marks[3] is PlaneMark.SHARP


def test_what_is_seen_can_be_kept(shown: Shown) -> None:
    shown.look("S001", 1, 0)
    kept = seen(shown.view.canvas)
    assert kept.name == "S001-cycle2-tile1"
    assert kept.as_png().startswith(b"\x89PNG")
    assert kept.grey.std() > 5
    assert kept.as_tiff()[:2] in (b"II", b"MM")


def test_a_run_that_was_really_acquired_is_shown(qtbot: QtBot, tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tiny_project(cycles=2, tiles=2))
    with run.start() as program:
        program.engine.run(None)
    shown = Shown(qtbot, run.plan)
    section = run.plan.wafer.sections[0].id
    for cycle in (0, 1):
        shown.look(section, cycle)
        assert len(shown.view.desk.shown.planes) == 2
        assert not shown.view.desk.shown.holes
    shown.close()


def test_a_wafer_without_sections_says_what_is_missing(qtbot: QtBot, plan: Plan) -> None:
    bare = replace(plan, wafer=replace(plan.wafer, sections=()))
    shown = Shown(qtbot, replace(bare, folder=replace(bare.folder, root=plan.folder.root.parent)))
    assert "no sections yet" in shown.view.desk.shown.empty
    shown.press(Qt.Key.Key_PageDown)
    shown.close()


def test_a_run_that_has_not_begun_says_so(qtbot: QtBot, plan: Plan) -> None:
    for path in plan.folder.root.glob("journal*"):
        path.unlink()
    shown = Shown(qtbot, plan)
    assert {hole.title for hole in shown.view.desk.shown.holes} == {"Not imaged yet"}
    shown.close()
