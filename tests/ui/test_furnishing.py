"""A run in its workspace: the map follows the journal, edits are kept or asked about, nothing stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hardware.types import FrameSettings
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import PlaneKey, Verdict
from scopeacq.plan.demo import make_demo
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from ui.furnishing import furnish
from ui.live.page import LivePage
from ui.memory import MemoryFile
from ui.panels.preflight_panel import PreflightPanel
from ui.panels.run_panel import RunPanel
from ui.plan.plan_editing import UNSAVED
from ui.plan.plan_view import Page, PlanView
from ui.presenters.edits import Edit, move
from ui.presenters.sections import TileState
from ui.presenters.wafer_map import Selection
from ui.slices.view import SlicesView
from ui.viewport.widget import WaferViewport
from ui.window import MainWindow
from ui.workspace import Workspace

SOON_MS = 20_000


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_demo(tmp_path / "made")


@pytest.fixture
def window(qtbot: QtBot, memory_file: MemoryFile, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(memory_file, tmp_path, furnish=furnish)
    made.show()
    yield made
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    qtbot.wait(1)


def opened(qtbot: QtBot, window: MainWindow, root: Path) -> Workspace:
    with qtbot.waitSignal(window.opened, timeout=SOON_MS):
        window.open_run(root)
    assert window.workspace is not None
    return window.workspace


def viewport_of(workspace: Workspace) -> WaferViewport:
    viewport = workspace.findChild(WaferViewport)
    assert isinstance(viewport, WaferViewport)
    return viewport


def test_the_map_follows_the_journal_whoever_writes_it(
    qtbot: QtBot, window: MainWindow, plan: Plan
) -> None:
    viewport = viewport_of(opened(qtbot, window, plan.folder.root))
    first = plan.wafer.sections[0].id

    def state() -> TileState:
        section = viewport.canvas.shown.section(first)
        assert section is not None
        return section.tiles[0].state

    assert state() is TileState.OPEN
    journal = Journal.create(plan.folder.journal_file, DiskFiles())
    key = PlaneKey(0, first, 0)
    journal.append(r.RunOpened("0", "host", 1))
    journal.append(r.PlaneExposing(key, 0, FrameSettings(64, 64, 10.0, 200.0), 20.0))
    qtbot.waitUntil(lambda: state() is TileState.SCANNING, timeout=SOON_MS)
    journal.append(r.PlaneJudged(key, 0, Verdict.SHARP, 0.4, 100.0, 30.0, 0.0))
    journal.append(r.PlaneChosen(key, 0))
    qtbot.waitUntil(lambda: state() is TileState.SHARP, timeout=SOON_MS)
    journal.close()


def test_edits_are_asked_about_and_saved_edits_are_in_the_files(
    qtbot: QtBot, window: MainWindow, plan: Plan
) -> None:
    workspace = opened(qtbot, window, plan.folder.root)
    viewport, first = viewport_of(workspace), plan.wafer.sections[0]
    qtbot.waitUntil(lambda: viewport._editor is not None, timeout=SOON_MS)
    viewport.propose(move([first.id], 5.0, 0.0))
    window.show_start()
    assert window.workspace is workspace
    assert UNSAVED in window.banner.messages
    with qtbot.waitSignal(workspace.plan_changed, timeout=SOON_MS):
        viewport.save_requested.emit()
    assert UNSAVED not in window.banner.messages
    moved = Plan.read(plan.folder.root).wafer.sections[0]
    assert moved.roi_centre_um[0] == pytest.approx(first.roi_centre_um[0] + 5.0)
    window.show_start()
    assert window.workspace is None


def test_a_plan_that_is_not_saved_is_not_started(qtbot: QtBot, window: MainWindow, plan: Plan) -> None:
    workspace = opened(qtbot, window, plan.folder.root)
    viewport, panel = viewport_of(workspace), workspace.findChild(RunPanel)
    preflight = workspace.findChild(PreflightPanel)
    for box in preflight.boxes.values():
        box.click()
    qtbot.waitUntil(panel.buttons.start.isEnabled, timeout=SOON_MS)
    viewport.propose(move([plan.wafer.sections[0].id], 5.0, 0.0))
    assert not panel.buttons.start.isEnabled()
    assert "Save the edited plan" in panel.head.sentence.text()
    with qtbot.waitSignal(workspace.plan_changed, timeout=SOON_MS):
        viewport.save_requested.emit()
    qtbot.waitUntil(panel.buttons.start.isEnabled, timeout=SOON_MS)


def test_the_strip_claims_nothing_without_an_instrument(
    qtbot: QtBot, window: MainWindow, plan: Plan
) -> None:
    workspace = opened(qtbot, window, plan.folder.root)
    assert workspace.strip.view.badge.word == "Not connected"
    assert workspace.strip.view.simulated


def test_a_run_opens_and_closes_again_and_again(qtbot: QtBot, window: MainWindow, plan: Plan) -> None:
    for _ in range(3):
        opened(qtbot, window, plan.folder.root)
        window.show_start()
    QApplication.sendPostedEvents(None, 52)
    qtbot.waitUntil(lambda: not window.findChildren(WaferViewport), timeout=SOON_MS)


def test_saving_the_plan_keeps_the_workspace_as_it_is(qtbot: QtBot, window: MainWindow, plan: Plan) -> None:
    workspace = opened(qtbot, window, plan.folder.root)
    viewport, first = viewport_of(workspace), plan.wafer.sections[0]
    qtbot.waitUntil(lambda: viewport.editor is not None, timeout=SOON_MS)
    workspace.show_view("plan")
    viewport.canvas.select(Selection(frozenset({first.id})))
    viewport.canvas.look_at(frozenset({first.id}))
    page = workspace.findChild(PlanView).page(Page.PLAN)
    bar = page.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    looked_from, scrolled = viewport.canvas.camera, bar.value()
    viewport.propose(move([first.id], 5.0, 0.0))
    with qtbot.waitSignal(workspace.plan_changed, timeout=SOON_MS):
        viewport.save_requested.emit()
    assert window.workspace is workspace and workspace.shown_view == "plan"
    assert scrolled and bar.value() == scrolled
    assert viewport.selection.sections == {first.id}
    assert viewport.canvas.camera == looked_from
    assert viewport.editor is not None and not viewport.editor.unsaved
    viewport.undo()
    assert viewport.editor.unsaved, "what was saved can be undone, and saved again"
    viewport.redo()


def test_whoever_shows_the_plan_follows_what_was_saved(
    qtbot: QtBot, window: MainWindow, plan: Plan
) -> None:
    workspace = opened(qtbot, window, plan.folder.root)
    viewport, live = viewport_of(workspace), workspace.findChild(LivePage)
    slices = workspace.findChild(SlicesView)
    qtbot.waitUntil(lambda: viewport.editor is not None, timeout=SOON_MS)
    assert viewport.editor is not None
    project, cycles = viewport.editor.document.project, plan.project.cycles + 5
    longer = project.model_copy(
        update={
            "name": "Renamed",
            "cycles": cycles,
            "focus": project.focus.model_copy(update={"dwell_ns": 700.0}),
        }
    )
    viewport.propose(Edit("Change", lambda document: replace(document, project=longer)))
    with qtbot.waitSignal(workspace.plan_changed, timeout=SOON_MS):
        viewport.save_requested.emit()
    assert workspace.plan.project == longer
    assert window.windowTitle().startswith("Renamed")
    assert live.frame_bar.settings is not None and live.frame_bar.settings.dwell_ns == 700.0
    assert slices.desk.book.cycles == cycles


def test_another_driver_opens_the_run_anew(qtbot: QtBot, window: MainWindow, plan: Plan) -> None:
    workspace = opened(qtbot, window, plan.folder.root)
    viewport = viewport_of(workspace)
    qtbot.waitUntil(lambda: viewport.editor is not None, timeout=SOON_MS)
    assert viewport.editor is not None
    profile = viewport.editor.document.instrument
    driver = profile.driver.model_copy(update={"folder": str(plan.folder.root.parent / "elsewhere")})
    other = profile.model_copy(update={"driver": driver})
    viewport.propose(Edit("Change", lambda document: replace(document, instrument=other)))
    with qtbot.waitSignal(window.opened, timeout=SOON_MS):
        viewport.save_requested.emit()
    assert window.workspace is not workspace
