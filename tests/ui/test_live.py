"""The view Live on the twin: frames, live scans, focusing by hand, faults, and what a run has focused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt5 import sip
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent, QWheelEvent
from PyQt5.QtWidgets import QApplication, QLabel, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from hardware.simulator.faults import AfterCalls, Device, Fault, FaultDesk, FaultKind, FaultScript
from hardware.types import FrameSettings, Optics
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.journal.records import DoseBooked, FocusDone, FocusEnd, FocusIteration, PlaneKey, Purpose
from scopeacq.vision.looking import Levels
from tests.scenarios.harness import NoAberration, TinyRun
from tests.scopeacq.manual_bench import slow_run
from tests.ui.cut_texts import cut_texts
from tests.ui.live_bench import AT_LEISURE_MS, LiveBench, quick_run, tissue_run
from ui.hand import manual as hand
from ui.live import mount_live
from ui.live.canvas import FrameCanvas
from ui.live.feed import Past, RunFeed
from ui.live.picture import Hover
from ui.live.stage import HINT, Page, hover_text
from ui.messages.banner import Banner
from ui.parts.quantity import QuantityField
from ui.presenters.frame_shown import LevelMode
from ui.presenters.live import Preset
from ui.run.acquisition import Acquisition
from ui.tasks import Tasks
from ui.workspace import Workspace


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[LiveBench]:
    made = LiveBench.with_fakes(qtbot, quick_run(tmp_path))
    yield made
    made.close()


def grabbed(bench: LiveBench) -> None:
    with bench.qtbot.waitSignal(bench.control.shot, timeout=AT_LEISURE_MS):
        bench.page.action_bar.grab_button.click()
    bench.wait_idle()


def typed(bench: LiveBench, field: QuantityField, text: str) -> None:
    field.selectAll()
    bench.qtbot.keyClicks(field, text)


def strike(run: TinyRun, *faults: Fault) -> None:
    """Faults from now on."""
    with run.nature.lock:
        run.nature.faults = FaultDesk(FaultScript(faults), np.random.default_rng(0))


# -- frames --------------------------------------------------------------------------------


def test_without_an_instrument_the_view_says_what_will_be_there(bench: LiveBench) -> None:
    assert bench.page.stage.page is Page.EMPTY
    assert bench.page.stage.connect_button.isVisible()
    assert not bench.page.action_bar.grab_button.isVisible()
    assert not bench.page.focus.start.isEnabled()


def test_a_frame_is_shown_with_its_verdict_and_all_that_was_laid_down_there(bench: LiveBench) -> None:
    bench.connect()
    grabbed(bench)
    grabbed(bench)
    figures = bench.page.frame.figures
    assert bench.page.stage.page is Page.FRAME
    assert bench.page.stage.canvas.picture is not None
    assert bench.page.frame.verdict.word.text() == "Sharp"
    assert figures["score"].text() == "0.50 \N{MICRO SIGN}m"
    assert "here in all" in figures["dose"].text()
    booked = [r for r in bench.run.records() if isinstance(r, DoseBooked)]
    assert len(booked) == 2 and {r.purpose for r in booked} == {Purpose.MANUAL}
    in_all = sum(r.electron_dose_per_nm2 for r in booked)
    assert f"{in_all:.3g}" in figures["dose"].text()
    assert bench.blanked


def test_while_a_run_has_the_instrument_nobody_is_offered_it(bench: LiveBench) -> None:
    bench.control.note_run(True)
    assert not bench.page.action_bar.connect_button.isEnabled()
    assert not bench.page.stage.connect_button.isEnabled()
    assert "run has the instrument" in bench.page.action_bar.words.text()
    bench.control.note_run(False)
    assert bench.page.stage.connect_button.isEnabled()


def test_any_frame_can_be_asked_for_and_wrong_values_cannot(bench: LiveBench) -> None:
    bench.connect()
    bar = bench.page.frame_bar
    bar.use(Preset.SEARCH)
    assert bar.presets[Preset.SEARCH].isChecked() and bar.width_px.text() == "183"
    typed(bench, bar.pixel_nm, "12,5")
    assert bar.settings is not None and bar.settings.pixel_size_nm == 12.5
    assert not any(button.isChecked() for button in bar.presets.values())
    typed(bench, bar.width_px, "-3")
    assert bar.settings is None
    assert not bench.page.action_bar.grab_button.isEnabled()
    assert bench.page.action_bar.cost.text()


def test_a_live_scan_goes_on_until_it_is_stopped(bench: LiveBench) -> None:
    bench.connect()
    shots: list[object] = []
    bench.control.shot.connect(shots.append)
    bench.page.action_bar.live_button.click()
    bench.qtbot.waitUntil(lambda: len(shots) >= 3, timeout=AT_LEISURE_MS)
    assert "ends by itself" in bench.page.action_bar.words.text()
    bench.page.action_bar.stop_button.click()
    bench.wait_idle()
    seen = len(shots)
    bench.qtbot.wait(200)
    assert len(shots) == seen and bench.blanked


def test_a_live_scan_ends_by_itself(bench: LiveBench) -> None:
    bench.connect()
    bench.page.action_bar.duration.show_value(1.0)
    bench.page.action_bar.live_button.click()
    bench.wait_idle()
    assert bench.blanked and bench.page.action_bar.grab_button.isVisible()


def test_what_is_wanted_changes_a_live_scan_under_way(bench: LiveBench) -> None:
    bench.connect()
    widths: list[int] = []
    bench.control.shot.connect(lambda shot: widths.append(shot.seen.frame.image.shape[1]))
    bench.page.action_bar.live_button.click()
    bench.qtbot.waitUntil(lambda: len(widths) >= 1, timeout=AT_LEISURE_MS)
    typed(bench, bench.page.frame_bar.width_px, "96")
    bench.qtbot.waitUntil(lambda: 96 in widths, timeout=AT_LEISURE_MS)
    bench.control.stop()
    bench.wait_idle()


def test_an_instrument_that_is_let_go_ends_a_live_scan(bench: LiveBench) -> None:
    bench.connect()
    with bench.qtbot.waitSignal(bench.control.shot, timeout=AT_LEISURE_MS):
        bench.page.action_bar.live_button.click()
    bench.manual.release()
    bench.qtbot.waitUntil(lambda: not bench.control.view.connected, timeout=AT_LEISURE_MS)
    bench.wait_idle()
    assert bench.page.action_bar.connect_button.isVisible() and bench.blanked


def move(canvas: FrameCanvas, at: QPoint, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """Move the mouse; Qt's own test moves do not arrive while a button is held."""
    none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    place = QPointF(canvas.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), place, none, held or none, keys)
    QApplication.sendEvent(canvas, event)


# -- looking -------------------------------------------------------------------------------


def test_the_mouse_zooms_pans_and_reads_grey_values(bench: LiveBench) -> None:
    bench.connect()
    grabbed(bench)
    canvas, qtbot = bench.page.stage.canvas, bench.qtbot
    middle = canvas.rect().center()
    move(canvas, middle)
    assert "grey" in bench.page.stage.under.text()
    before = canvas.camera.um_per_px
    wheel = QWheelEvent(
        QPointF(middle),
        QPointF(canvas.mapToGlobal(middle)),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, wheel)
    assert canvas.camera.um_per_px < before
    centre = canvas.camera.centre_um
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    move(canvas, middle + QPoint(30, 15), Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(30, 15))
    assert canvas.camera.centre_um != centre
    qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
    assert canvas.camera.centre_um == (0.0, 0.0)


def test_levels_are_automatic_full_or_dragged(bench: LiveBench) -> None:
    bench.connect()
    grabbed(bench)
    frame, canvas = bench.page.frame, bench.page.stage.canvas
    automatic = canvas.levels
    frame.modes[LevelMode.FULL].click()
    assert canvas.levels == Levels(0.0, 255.0) != automatic
    view = frame.histogram
    bench.qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(view.width() // 3, 20))
    bench.qtbot.mouseRelease(view, Qt.MouseButton.LeftButton)
    assert frame.modes[LevelMode.MANUAL].isChecked()
    assert 60 < canvas.levels.low < 110 and canvas.levels.high == 255.0
    dragged = canvas.levels
    grabbed(bench)
    assert canvas.levels == dragged


def test_a_hint_that_has_no_room_under_its_frame_is_shortened(bench: LiveBench) -> None:
    bench.connect()
    grabbed(bench)
    split, foot = bench.page.findChild(QSplitter), bench.page.stage.under.parentWidget()
    assert split is not None and foot is not None
    split.setSizes([1, 4000])
    bench.qtbot.waitUntil(lambda: cut_texts(foot) == [])
    (hint,) = (each for each in foot.findChildren(QLabel) if each.text().startswith(HINT[:5]))
    assert hint.text().endswith("\N{HORIZONTAL ELLIPSIS}") and hint.toolTip() == HINT
    bench.page.resize(2000, 700)
    split.setSizes([4000, 1])
    bench.qtbot.waitUntil(lambda: hint.text() == HINT)


# -- focusing by hand ----------------------------------------------------------------------


def test_focusing_by_hand_with_the_networks(qtbot: QtBot, tmp_path: Path) -> None:
    bench = LiveBench(qtbot, tissue_run(tmp_path))
    page, control = bench.page, bench.control
    bench.connect()
    focused(bench)
    in_focus = bench.optics
    bench.shift_wd(8.0)
    focused(bench)
    assert page.focus.verdict.word.text() == "In focus"
    assert bench.optics.wd_um == pytest.approx(in_focus.wd_um, abs=1.0)
    assert page.stage.page is Page.PAIR and page.stage.pair.canvases[0].patches
    assert page.focus.trace.rowCount() >= 2
    page.focus.trace.selectRow(0)
    page.focus.revert.click()
    bench.wait_idle()
    assert bench.optics.wd_um == pytest.approx(in_focus.wd_um + 8.0, abs=0.5)
    assert not page.focus.revert.isEnabled()
    page.tabs.setCurrentWidget(page.series)
    page.series.images.show_value(7)
    with qtbot.waitSignal(control.swept, timeout=AT_LEISURE_MS):
        page.series.start.click()
    assert bench.optics.wd_um == pytest.approx(in_focus.wd_um + 8.0, abs=0.5)
    page.series.use.click()
    bench.wait_idle()
    assert bench.optics.wd_um == pytest.approx(in_focus.wd_um, abs=1.5)
    page.tabs.setCurrentWidget(page.compare)
    with qtbot.waitSignal(control.compared, timeout=AT_LEISURE_MS):
        page.compare.start.click()
    assert page.compare.table.rowCount() == 3
    assert not bench.told and bench.blanked
    bench.close()


def focused(bench: LiveBench) -> None:
    with bench.qtbot.waitSignal(bench.control.focused, timeout=AT_LEISURE_MS):
        bench.page.focus.start.click()
    bench.wait_idle()


def test_a_correction_that_is_kept_cannot_be_reverted(bench: LiveBench) -> None:
    bench.connect()
    focused(bench)
    assert bench.page.focus.revert.isEnabled()
    bench.page.focus.accept.click()
    assert not bench.page.focus.revert.isEnabled()


def test_a_correction_that_is_stopped_restores_the_optics(qtbot: QtBot, tmp_path: Path) -> None:
    class StopsIt(NoAberration):
        def estimate(
            self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
        ) -> AberrationEstimate:
            live.manual.halt()
            return AberrationEstimate(np.array([3.0, 0.0, 0.0]), 0.01 * np.eye(3))

    live = LiveBench.with_fakes(qtbot, quick_run(tmp_path), PairFocus(StopsIt()))
    live.connect()
    before = live.optics
    focused(live)
    assert live.optics == before and live.blanked
    assert live.page.focus.verdict.word.text() == "Stopped"
    assert not live.page.focus.revert.isEnabled() and not live.told
    live.close()


def test_a_series_that_is_stopped_restores_the_optics(bench: LiveBench) -> None:
    bench.connect()
    before = bench.optics
    bench.control.heard.connect(lambda _: bench.control.stop())
    bench.page.series.images.show_value(101)
    bench.page.series.start.click()
    bench.wait_idle()
    assert bench.optics == before and bench.blanked
    assert "not completed" in bench.page.series.said.text()


# -- faults --------------------------------------------------------------------------------


def test_a_device_that_dies_ends_a_correction_and_is_told(bench: LiveBench) -> None:
    bench.connect()
    strike(bench.run, Fault(Device.SCANNER, FaultKind.UNPLUGGED, AfterCalls(1)))
    focused(bench)
    assert bench.page.focus.verdict.word.text() == "The instrument failed"
    assert bench.told and bench.control.view.may_begin
    strike(bench.run)
    grabbed(bench)
    assert bench.page.stage.page is Page.FRAME


def test_a_device_that_dies_ends_a_live_scan(bench: LiveBench) -> None:
    bench.connect()
    strike(bench.run, Fault(Device.SCANNER, FaultKind.UNPLUGGED, AfterCalls(2)))
    bench.page.action_bar.live_button.click()
    bench.qtbot.waitUntil(lambda: bool(bench.told), timeout=AT_LEISURE_MS)
    bench.wait_idle()
    assert bench.blanked and bench.page.action_bar.grab_button.isEnabled()


def test_a_black_frame_is_shown_and_said_to_be_dark(bench: LiveBench) -> None:
    bench.connect()
    strike(bench.run, Fault(Device.SCANNER, FaultKind.BLACK_FRAME, AfterCalls(0)))
    grabbed(bench)
    assert bench.page.frame.verdict.word.text() == "Dark"
    assert "beam that does not arrive" in bench.page.frame.verdict.sentence.text()


def test_a_correction_that_outlives_its_view_is_told_to_nobody(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telling a view that is gone would end the program."""
    begun, gone = threading.Event(), threading.Event()

    class Waiting(NoAberration):
        def estimate(
            self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
        ) -> AberrationEstimate:
            begun.set()
            gone.wait(20)
            return super().estimate(plus, minus, condition)

    monkeypatch.setattr(hand, "FAREWELL_S", 0.1)
    bench = LiveBench.with_fakes(qtbot, quick_run(tmp_path), PairFocus(Waiting()))
    bench.connect()
    bench.control.focus(None)
    assert begun.wait(20)
    bench.close()
    sip.delete(bench.control)
    late = next(thread for thread in threading.enumerate() if thread.name == "manual control")
    gone.set()
    late.join(20)
    assert not late.is_alive()


# -- the run's past ------------------------------------------------------------------------


def past(*applied: bool) -> Past:
    optics = Optics(4500.0, 0.0, 0.0)
    iteration = FocusIteration("DeepFocus", optics, -3.0, 0.1, 0.2, 0.2, 0.05, 0.05)
    done = [
        FocusDone(
            PlaneKey(n, "S001", n % 2), ok, "it is so", optics, replace(optics, wd_um=4497.0), (iteration,),
            9.0, "", 1.0, FocusEnd.IN_FOCUS if ok else FocusEnd.UNCERTAIN,
        )
        for n, ok in enumerate(applied)
    ]  # fmt: skip
    return Past(tuple(sorted(done, key=lambda d: d.applied)), None)


def test_past_corrections_are_chosen_by_tile_and_cycle(bench: LiveBench) -> None:
    run = bench.page.run
    run.show_past(past(True, True, False, True))
    assert run.list.rowCount() == 4
    assert run.verdict.word.text() == "Too uncertain"
    run.tile.setCurrentIndex(run.tile.findData(2))
    run.tile.activated.emit(run.tile.currentIndex())
    assert run.list.rowCount() == 2
    run.show_past(past(True, True, False, True, True, True))
    assert run.list.rowCount() == 3 and run.tile.currentData() == 2
    assert {line.split(",")[0] for line in run.list.text().splitlines()} == {"S001"}


def test_the_feed_tells_what_a_run_has_focused_and_taken(qtbot: QtBot, tmp_path: Path) -> None:
    run = quick_run(tmp_path)
    with run.start() as program:
        program.engine.run(1)
    tasks, seen = Tasks(), list[object]()
    feed = RunFeed(run.plan, tasks)
    bench = LiveBench.with_fakes(qtbot, run)
    feed.past.connect(bench.page.show_past)
    feed.tile.connect(bench.page.show_run_tile)
    feed.tile.connect(seen.append)
    feed.wake(True)
    qtbot.waitUntil(lambda: bool(seen), timeout=AT_LEISURE_MS)
    assert bench.page.stage.canvas.caption.startswith("From the run: ")
    assert bench.page.run.list.rowCount() >= 1
    feed.stop()
    tasks.close()
    bench.close()


def test_what_lies_under_the_cursor_is_told_in_words(bench: LiveBench) -> None:
    bench.connect()
    grabbed(bench)
    canvas = bench.page.stage.canvas
    assert canvas.picture is not None
    told: list[Hover | None] = []
    canvas.hovered.connect(told.append)
    move(canvas, canvas.rect().center())
    move(canvas, QPoint(0, 0))
    assert told[0] is not None and abs(told[0].x_um) < 0.05
    assert told[0].value == canvas.picture.image[told[0].row, told[0].column]
    assert "from the middle" in hover_text(told[0])
    assert told[-1] is None


# -- in its workspace ----------------------------------------------------------------------


def test_a_tile_off_the_plane_is_pointed_at_and_a_frame_is_kept(qtbot: QtBot, tmp_path: Path) -> None:
    bench = LiveBench.with_fakes(qtbot, quick_run(tmp_path))
    workspace, tasks, banner = Workspace(bench.run.plan), Tasks(), Banner()
    for widget in (workspace, banner):
        qtbot.addWidget(widget)
    workspace.mount_panel("preflight", "Pre-flight", QWidget())  # the list of sections lies beside it
    page = mount_live(workspace, bench.manual, Acquisition(parent=workspace), tasks, banner)
    workspace.show()
    workspace.show_view("live")
    section = bench.run.plan.wafer.sections[0].id
    with qtbot.waitSignal(page.tile_chosen) as chosen:
        page.run.chosen.emit(section, 0)
    assert chosen.args == [section, 0]
    page.action_bar.connect_button.click()
    qtbot.waitUntil(page.action_bar.grab_button.isVisible, timeout=AT_LEISURE_MS)
    page.action_bar.grab_button.click()
    qtbot.waitUntil(page.action_bar.save_button.isEnabled, timeout=AT_LEISURE_MS)
    page.action_bar.save_button.click()
    folder = bench.run.plan.folder.root / "frames"
    qtbot.waitUntil(lambda: any("is kept as" in m.what for m in banner.messages), timeout=AT_LEISURE_MS)
    assert len(list(folder.glob("*.tif"))) == 1
    workspace.leave()
    bench.close()
    tasks.close()


def test_a_long_frame_of_a_live_scan_is_ended_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    bench = LiveBench.with_fakes(qtbot, slow_run(tmp_path))
    bench.connect()
    bench.control.live(FrameSettings(64, 64, 10.0, 300e9 / 64**2), 600.0)
    bench.qtbot.waitUntil(lambda: not bench.blanked, timeout=AT_LEISURE_MS)
    bench.control.stop()
    bench.wait_idle()
    assert bench.blanked and bench.manual.connected and not bench.told
    bench.close()
