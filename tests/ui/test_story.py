"""The whole story in the real window: open, place a grid, focus, start, pause, resume, fault, recover,
finish, view slices."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from scopeacq.journal.records import (
    DoseBooked,
    Incident,
    PlaneChosen,
    PlaneExposing,
    Purpose,
    Requested,
    RunRequest,
)
from scopeacq.plan.runfolder import Plan
from tests.scenarios.harness import tiny_project
from tests.ui.story import AT_LEISURE_MS, Operator, at_work, run_on_disk
from tests.ui.tiny_acquisition import Hold
from ui.presenters.sections import TileState

CTRL = Qt.KeyboardModifier.ControlModifier


def test_the_whole_story(qtbot: QtBot, tmp_path: Path) -> None:
    run = run_on_disk(tmp_path, tiny_project(cycles=2, tiles=2))
    hold = Hold(PlaneExposing)
    run.on_commit = hold
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        place_a_grid(operator)
        focus_by_hand(operator)
        operator.confirm()
        operator.start()
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        operator.press(Qt.Key.Key_P, CTRL)
        hold.released.set()
        operator.reads("Paused")
        stage_fails(operator)
        run.repair()
        operator.press(Qt.Key.Key_Return, CTRL)
        operator.reads("Finished")
        sees_all_done(operator)
        views_slices(operator)
    requests = [r.request for r in run.records() if isinstance(r, Requested)]
    assert requests == [RunRequest.PAUSE_NOW]
    chosen = [r.key for r in run.records() if isinstance(r, PlaneChosen)]
    assert len(set(chosen)) == len(chosen) == 2 * 2 * 2


def place_a_grid(operator: Operator) -> None:
    """Draw the second section where it lies, and save."""
    spec = operator.run.nature.specimen.sections[1]
    operator.qtbot.waitUntil(lambda: operator.viewport.editor is not None, timeout=AT_LEISURE_MS)
    operator.viewport.canvas.setFocus()
    for key in (Qt.Key.Key_Minus, Qt.Key.Key_Minus, Qt.Key.Key_Minus, Qt.Key.Key_D):
        operator.press(key)
    u, v = 150.0, 80.0
    operator.drag((spec.x_um - u, spec.y_um - v), (spec.x_um + u, spec.y_um + v))
    with operator.qtbot.waitSignal(operator.workspace.plan_changed, timeout=AT_LEISURE_MS):
        operator.press(Qt.Key.Key_S, CTRL)
    _, added = Plan.read(operator.run.plan.folder.root).wafer.sections
    assert abs(added.roi_centre_um[0] - spec.x_um) < 20 and abs(added.roi_centre_um[1] - spec.y_um) < 20


def focus_by_hand(operator: Operator) -> None:
    """Take the instrument in hand and let the autofocus correct; the run takes it over by itself."""
    operator.look_at("live")
    operator.click(operator.live.stage.connect_button)
    operator.click(operator.live.action_bar.grab_button)
    operator.live.tabs.setCurrentWidget(operator.live.focus)
    operator.click(operator.live.focus.start)
    operator.click(operator.live.focus.accept)
    frames = [r for r in operator.run.records() if isinstance(r, DoseBooked)]
    assert {r.purpose for r in frames} == {Purpose.MANUAL}
    operator.look_at("wafer")


def stage_fails(operator: Operator) -> None:
    """After Resume the stage does not answer: the run pauses and the window says what to do."""
    operator.breaks(FaultScript((Fault(Device.STAGE, FaultKind.UNPLUGGED, AfterCalls(12)),)))
    operator.start()
    operator.recorded(Incident)
    operator.reads("Paused")
    (message,) = operator.window.banner.messages
    assert "stage" in message.what and message.advice
    operator.log.search.setText("stage")
    operator.qtbot.waitUntil(lambda: any(e.advice for e in operator.log.listed), timeout=AT_LEISURE_MS)


def sees_all_done(operator: Operator) -> None:
    """Panel, map, check-list and timeline agree."""
    panel = operator.panel
    assert panel.planes.bar.value() == panel.planes.bar.maximum() == 8
    assert panel.passes.bar.value() == panel.passes.bar.maximum() == 4
    assert not panel.buttons.start.isEnabled()
    assert operator.preflight.word.text() == "Nothing left to start"
    operator.qtbot.waitUntil(lambda: operator.viewport.canvas.shown.finished, timeout=AT_LEISURE_MS)
    tiles = [tile.state for s in operator.viewport.canvas.shown.sections for tile in s.tiles]
    assert tiles == [TileState.SHARP] * 4


def views_slices(operator: Operator) -> None:
    """Page forth to the last slice and back to the first."""
    operator.look_at("slices")
    desk = operator.slices.desk

    def sees(cycle: int) -> None:
        operator.qtbot.waitUntil(
            lambda: desk.whole and desk.shown.looked == desk.looked and desk.looked.cycle == cycle,
            timeout=AT_LEISURE_MS,
        )

    operator.slices.canvas.setFocus()
    operator.press(Qt.Key.Key_Right)
    sees(1)
    operator.press(Qt.Key.Key_Left)
    sees(0)
