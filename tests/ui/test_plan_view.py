"""The plan's editor in its workspace: fields, estimates, undo, saving, and what a run forbids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from hardware.types import FrameSettings
from scopeacq.journal import records as r
from scopeacq.journal.journal import Journal
from scopeacq.journal.records import ErrorKind, PlaneKey, Policy
from scopeacq.plan.demo import make_demo
from scopeacq.plan.night import UNATTENDED
from scopeacq.plan.project import Project
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import DiskFiles
from ui.messages.banner import Banner
from ui.plan.plan_editing import UNSAVED, PlanEditing
from ui.plan.plan_mount import mount_plan
from ui.plan.plan_view import Page, PlanView
from ui.presenters.edits import move
from ui.presenters.policies import night_view
from ui.tasks import Tasks
from ui.viewport.widget import WaferViewport
from ui.workspace import Workspace

SOON_MS = 20_000
DWELL, OVERLAP, WIDTH = ("imaging", "dwell_ns"), ("imaging", "overlap_px"), ("imaging", "tile_width_px")


class Desk:
    """A workspace with the plan's editor and the map, and nothing else."""

    def __init__(self, qtbot: QtBot, plan: Plan) -> None:
        self.plan, self.banner, self.tasks = plan, Banner(), Tasks()
        self.workspace = Workspace(plan)
        self.editing = PlanEditing(plan, self.tasks, self.banner, self.workspace)
        self.map = WaferViewport()
        self.workspace.mount_view("wafer", "Wafer", *_SIGN, self.map)
        self.editing.edit_in(self.map)
        self.view: PlanView = mount_plan(self.workspace, self.editing, self.banner)
        self.saved: list[bool] = []
        self.editing.saved.connect(lambda: self.saved.append(True))
        self.workspace.before_closing(self.editing.stop)
        self.workspace.before_closing(self.map.close_pictures)
        self.editing.allow()
        self.workspace.resize(1100, 800)
        self.workspace.show_view("plan")
        self.workspace.show()
        qtbot.waitUntil(lambda: self.editor is not None, timeout=SOON_MS)
        qtbot.waitUntil(lambda: self.costs is not None, timeout=SOON_MS)

    @property
    def plan_page(self):  # type: ignore[no-untyped-def]
        return self.view.page(Page.PLAN)

    @property
    def editor(self):  # type: ignore[no-untyped-def]
        return self.view.forms.editor

    @property
    def costs(self):  # type: ignore[no-untyped-def]
        return self.view.costs._view

    def field(self, path: tuple[str, ...]) -> QWidget:
        return self.plan_page.row(path).input

    def type_into(self, qtbot: QtBot, path: tuple[str, ...], text: str) -> QLineEdit:
        field = self.field(path)
        assert isinstance(field, QLineEdit)
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, text)
        return field

    def close(self, qtbot: QtBot) -> None:
        self.workspace.leave()
        for widget in (self.workspace, self.banner):
            widget.deleteLater()
        self.tasks.close()
        QApplication.sendPostedEvents(None, 52)  # deferred deletes
        qtbot.wait(1)


def _sign() -> tuple[object, str]:
    from ui.presenters.tone import Sign

    return Sign.WAFER, "The wafer"


_SIGN = _sign()


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_demo(tmp_path / "made")


@pytest.fixture
def desk(qtbot: QtBot, plan: Plan) -> Iterator[Desk]:
    made = Desk(qtbot, plan)
    yield made
    made.close(qtbot)


def project_of(desk: Desk) -> Project:
    return desk.editor.document.project  # type: ignore[no-any-return]


def test_an_edit_changes_the_estimate_is_undone_and_saved(qtbot: QtBot, desk: Desk) -> None:
    before = desk.costs
    desk.type_into(qtbot, DWELL, "0,4 us")
    assert project_of(desk).imaging.dwell_ns == 400.0
    qtbot.waitUntil(lambda: desk.costs != before, timeout=SOON_MS)
    assert [f.value for f in desk.costs.figures] != [f.value for f in before.figures]
    assert "not saved" in desk.view._state.text()

    desk.view._undo.trigger()
    assert project_of(desk) == desk.plan.project, "what was typed in one go is one step"
    field = desk.field(DWELL)
    assert isinstance(field, QLineEdit)
    assert field.text() == "200"
    desk.view._redo.trigger()
    assert field.text() == "400"

    desk.view._save_action.trigger()
    qtbot.waitUntil(lambda: bool(desk.saved), timeout=SOON_MS)
    assert Plan.read(desk.plan.folder.root).project.imaging.dwell_ns == 400.0
    assert UNSAVED not in desk.banner.messages


def test_the_keys_for_undo_take_back_the_plan_s_step_and_not_a_letter(qtbot: QtBot, desk: Desk) -> None:
    qtbot.waitUntil(desk.workspace.isActiveWindow, timeout=SOON_MS)
    field = desk.type_into(qtbot, DWELL, "350")
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == "200"
    qtbot.keyClick(field, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == "350"
    qtbot.keyClick(field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(desk.saved), timeout=SOON_MS)
    assert Plan.read(desk.plan.folder.root).project.imaging.dwell_ns == 350.0


def test_a_wrong_value_is_marked_while_typing_and_keeps_the_plan_from_being_saved(
    qtbot: QtBot, desk: Desk
) -> None:
    field = desk.type_into(qtbot, OVERLAP, "900")
    row = desk.plan_page.row(OVERLAP)
    assert field.property("wrong") == "true"
    assert row._problem.text() == "Overlap must be smaller than half a tile."
    assert field.text() == "900"
    assert project_of(desk) == desk.plan.project, "its beginnings, 9 and 90, were not meant"
    desk.view._save()
    assert any("Overlap" in m.what for m in desk.banner.messages)
    assert desk.workspace.objection() is not None
    assert not desk.saved
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.property("wrong") == "false"
    assert field.text() == str(project_of(desk).imaging.overlap_px)


def test_what_is_no_number_says_so_where_it_stands(qtbot: QtBot, desk: Desk) -> None:
    desk.type_into(qtbot, DWELL, "fast")
    row = desk.plan_page.row(DWELL)
    assert "not a number" in row._problem.text()
    assert project_of(desk) == desk.plan.project


def test_the_beginning_of_what_is_no_number_stays_out_of_the_plan(qtbot: QtBot, desk: Desk) -> None:
    desk.type_into(qtbot, DWELL, "400")
    qtbot.keyClick(desk.field(DWELL), Qt.Key.Key_Return)
    field = desk.type_into(qtbot, DWELL, "2000x")
    assert project_of(desk).imaging.dwell_ns == 400.0
    assert field.text() == "2000x"
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "400"
    desk.view._undo.trigger()
    assert project_of(desk) == desk.plan.project


def test_values_that_were_changed_offer_what_they_were(qtbot: QtBot, desk: Desk) -> None:
    desk.type_into(qtbot, ("cycles",), "7")
    row = desk.plan_page.row(("cycles",))
    button = row._others.itemAt(0).widget()
    assert button.text() == "was 5"
    button.click()
    assert project_of(desk).cycles == 5
    assert not desk.editor.unsaved


def test_the_map_and_the_forms_share_one_plan_and_one_undo(qtbot: QtBot, desk: Desk) -> None:
    desk.type_into(qtbot, ("imaging", "grid_rows"), "3")
    assert {s.grid.rows for s in desk.map.canvas.shown.sections} == {3}
    first = desk.plan.wafer.sections[0].id
    desk.map.propose(move([first], 5.0, 0.0))
    assert desk.editor.to_undo == f"Move {first}"
    desk.view._undo.trigger()
    assert desk.editor.document.wafer == desk.plan.wafer
    desk.view._undo.trigger()
    assert not desk.editor.unsaved


def test_the_basic_settings_are_few_and_any_setting_is_found(qtbot: QtBot, desk: Desk) -> None:
    deep = desk.plan_page.row(("focus", "limit_stig"))
    assert not deep.isVisible()
    assert desk.plan_page.row(DWELL).isVisible()
    desk.view.search.setText("stigmator correction")
    assert deep.isVisible()
    assert not desk.plan_page.row(DWELL).isVisible()
    desk.view.search.setText("no such thing")
    assert desk.plan_page._nothing.isVisible()
    desk.view.search.clear()
    desk.view._everything.trigger()
    assert deep.isVisible()


def test_policies_say_their_consequence_and_a_preset_is_one_step(qtbot: QtBot, desk: Desk) -> None:
    desk.view.show_page(Page.ERRORS)
    page = desk.view.page(Page.ERRORS)
    rows = {row.kind: row for row in night_view(desk.plan.project).rows}
    choice = page.choice(rows[ErrorKind.FOCUS_REFUSED])
    index = [o.policy for o in rows[ErrorKind.FOCUS_REFUSED].options].index(Policy.SKIP_SECTION)
    choice.setCurrentIndex(index)
    choice.activated.emit(index)
    assert project_of(desk).policies.focus_refused is Policy.SKIP_SECTION
    assert "left out of this cycle" in page._lines["FOCUS_REFUSED"].words.text()
    next(b for b in page._preset_buttons.buttons() if b.text() == "Unattended").click()
    assert project_of(desk).policies == UNATTENDED.policies
    desk.view._undo.trigger()
    assert project_of(desk).policies.focus_refused is Policy.SKIP_SECTION
    page.numbers[("imaging", "retakes")].input.setFocus()
    field = page.numbers[("imaging", "retakes")].input
    assert isinstance(field, QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, "0")
    assert "unsharp: the mill gate" in page._sentences.text()


def test_the_instrument_is_saved_like_the_plan_and_measured_values_are_locked(
    qtbot: QtBot, desk: Desk
) -> None:
    desk.view.show_page(Page.INSTRUMENT)
    page = desk.view.page(Page.INSTRUMENT)
    measured, chosen = page.row(("electron", "convergence_mrad")), page.row(("electron", "eht_kv"))
    assert not measured.editable
    assert "calibration" in measured._problem.text()
    desk.view._measured.trigger()
    assert measured.editable
    assert isinstance(chosen.input, QLineEdit)
    chosen.input.selectAll()
    qtbot.keyClicks(chosen.input, "2,5")
    desk.view._save_action.trigger()
    qtbot.waitUntil(lambda: bool(desk.saved), timeout=SOON_MS)
    assert Plan.read(desk.plan.folder.root).instrument.electron.eht_kv == 2.5


def test_files_that_somebody_else_changed_are_not_overwritten(qtbot: QtBot, desk: Desk) -> None:
    desk.type_into(qtbot, DWELL, "100")
    file = desk.plan.folder.instrument_file
    file.write_text(file.read_text().replace("eht_kv = 1.5", "eht_kv = 3.0"))
    desk.view._save_action.trigger()
    qtbot.waitUntil(lambda: bool(desk.banner.messages), timeout=SOON_MS)
    assert "changed by somebody else" in desk.banner.messages[0].what
    assert not desk.saved
    assert Plan.read(desk.plan.folder.root).project == desk.plan.project


def test_while_a_run_is_active_the_plan_is_only_shown(qtbot: QtBot, desk: Desk) -> None:
    desk.editing.forbid()
    assert not desk.plan_page.row(DWELL).editable
    assert "run is active" in desk.view._state.text()
    assert not desk.view._save_action.isEnabled()
    desk.editing.allow()
    qtbot.waitUntil(lambda: desk.plan_page.row(DWELL).editable, timeout=SOON_MS)


def test_pre_flight_speaks_of_the_plan_as_edited(qtbot: QtBot, desk: Desk) -> None:
    desk.type_into(qtbot, ("milling", "depth_nm"), "500")
    qtbot.waitUntil(
        lambda: any("500.0 nm, more than section" in i.text for i in desk.view.costs._items or ()),
        timeout=SOON_MS,
    )
    assert "mended" in desk.view.costs._verdict.text()


def test_what_a_begun_run_needs_is_locked_with_the_reason(qtbot: QtBot, plan: Plan) -> None:
    journal = Journal.create(plan.folder.journal_file, DiskFiles())
    imaging = plan.project.imaging
    frame = FrameSettings(imaging.tile_width_px, imaging.tile_height_px, 10.0, 200.0)
    journal.append(r.RunOpened("0", "host", 1))
    journal.append(r.PlaneExposing(PlaneKey(0, plan.wafer.sections[0].id, 3), 0, frame, 20.0))
    journal.close()
    desk = Desk(qtbot, plan)
    row = desk.plan_page.row(WIDTH)
    assert not row.editable
    assert "Fixed" in row._problem.text()
    assert desk.plan_page.row(DWELL).editable
    desk.type_into(qtbot, ("imaging", "grid_rows"), "1")
    assert "no longer imaged" in desk.plan_page.row(("imaging", "grid_rows"))._problem.text()
    assert project_of(desk) == plan.project
    desk.close(qtbot)
