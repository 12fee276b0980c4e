"""The instrument in the window: nothing connects by itself, nothing moves unseen, nothing is left on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from hardware.claim import InstrumentLock
from hardware.simulator.faults import Device, FaultKind
from hardware.types import Frame
from scopeacq.journal.records import DoseBooked, RunOpened
from scopeacq.telling.explain import Explained
from tests.scopeacq.manual_bench import FRAME, SLOW_UM_PER_S, slow_run
from tests.ui.instrument_desk import SOON_MS, Desk, desk, start_run, strike
from tests.ui.tiny_acquisition import tiny_run
from ui.hand.go_to import NOT_CONNECTED
from ui.hand.instrument import RUN_HAS_IT
from ui.hand.manual import LET_GO, PROFILE_CHANGED, ManualState
from ui.presenters.edits import Document, Edit


@pytest.fixture
def at_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    with desk(qtbot, tiny_run(tmp_path / "run"), tmp_path) as made:
        yield made


@pytest.fixture
def slow(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """A stage that takes seconds for a millimetre."""
    with desk(qtbot, slow_run(tmp_path / "run"), tmp_path) as made:
        yield made


def test_nothing_connects_by_itself(at_desk: Desk) -> None:
    at_desk.qtbot.wait(1_200)
    assert at_desk.manual.state is ManualState.RELEASED
    assert at_desk.workspace.strip.view.badge.word == "Not connected"
    assert at_desk.row("Chamber", "Pressure").value.text() == "\N{EM DASH}"
    assert not at_desk.number("Electron beam", "Working distance").field.isEnabled()


def test_an_instrument_is_connected_read_and_let_go(at_desk: Desk) -> None:
    at_desk.connect()
    at_desk.until(lambda: at_desk.workspace.strip.view.badge.word == "Beams blanked")
    at_desk.until(lambda: at_desk.row("Electron beam", "EHT").value.text() == "on")
    assert at_desk.viewport.canvas.shown.stage_um is not None
    at_desk.click(at_desk.workspace.strip.button)
    at_desk.until(lambda: at_desk.manual.state is ManualState.RELEASED)
    at_desk.until(lambda: at_desk.workspace.strip.view.badge.word == "Not connected")
    assert at_desk.row("Electron beam", "EHT").value.text() == "\N{EM DASH}"
    assert at_desk.viewport.canvas.shown.stage_um is None
    assert at_desk.said == ""


def test_a_number_is_set_by_enter_and_reads_back_with_its_author(at_desk: Desk) -> None:
    at_desk.connect()
    row = at_desk.number("Electron beam", "Stigmator x")
    at_desk.until(row.field.isEnabled)
    at_desk.type(row.field, "1,25\r")
    at_desk.until(lambda: row.value.text() == "1.25")
    assert "Set by the operator" in row.value.toolTip()
    assert at_desk.run.nature.column.optics.stig_x == 1.25


def test_a_wrong_number_is_marked_while_typing_and_goes_nowhere(at_desk: Desk) -> None:
    at_desk.connect()
    row = at_desk.number("Electron beam", "Beam shift x")
    at_desk.until(row.field.isEnabled)
    at_desk.type(row.field, "99")
    assert "outside the limits" in row.field.problem
    at_desk.type(row.field, "\r")
    at_desk.idle()
    assert at_desk.run.nature.column.beam_shift_um == (0.0, 0.0)


def test_the_guns_high_voltage_goes_off_at_once_and_on_only_after_a_second_click(at_desk: Desk) -> None:
    at_desk.connect()
    row, gun = at_desk.switch("Ion gun", "High voltage"), at_desk.run.nature.gun
    at_desk.click(row.button)
    at_desk.until(lambda: not gun.hv_on and row.value.text() == "off")
    at_desk.click(row.button)
    question = at_desk.panel.question
    assert question.isVisible() and "blanker" in question.text.text()
    at_desk.click(question.no)
    at_desk.idle()
    assert not gun.hv_on and not question.isVisible()
    at_desk.click(row.button)
    at_desk.click(question.yes)
    at_desk.until(lambda: gun.hv_on and row.value.text() == "on")


def test_valve_detector_and_high_voltage_are_switched_from_the_panel(at_desk: Desk) -> None:
    at_desk.connect()
    for group, name in (
        ("Electron beam", "EHT"),
        ("Electron beam", "Column valve"),
        ("Detector", "High voltage"),
    ):
        row = at_desk.switch(group, name)
        before = row.value.text()
        at_desk.click(row.button)
        at_desk.until(lambda row=row, before=before: row.value.text() != before)  # type: ignore[misc]
    assert not at_desk.run.nature.column.eht_on and not at_desk.run.nature.column.valve_open
    assert not at_desk.run.nature.detector.hv_on


# -- sending the stage ---------------------------------------------------------------------


def test_without_an_instrument_a_wish_says_how_to_connect(at_desk: Desk) -> None:
    at_desk.wish(300.0, 200.0)
    assert NOT_CONNECTED in at_desk.window.banner.messages
    assert not at_desk.card.isVisible()


def test_the_stage_goes_only_where_it_was_shown_and_confirmed(at_desk: Desk) -> None:
    at_desk.connect()
    section = at_desk.run.plan.wafer.sections[0]
    at_desk.wish(*section.roi_centre_um)
    at_desk.until(lambda: at_desk.card.go.isEnabled() and at_desk.card.isVisible())
    assert section.id in at_desk.card.title.text() and "one move" in at_desk.card.summary.text()
    assert at_desk.run.nature.stage.reported(at_desk.run.nature.now_s).x_um == 0.0
    assert at_desk.viewport.canvas.way_end_um == section.roi_centre_um
    at_desk.click(at_desk.card.cancel)
    assert not at_desk.card.isVisible() and at_desk.viewport.canvas.way_end_um is None
    at_desk.wish(*section.roi_centre_um)
    at_desk.click(at_desk.card.go)
    at_desk.until(lambda: f"Stage at section {section.id}" in at_desk.sentence)
    at_desk.until(lambda: not at_desk.card.isVisible())
    there = pytest.approx(section.roi_centre_um, abs=2.0)
    at_desk.until(lambda: at_desk.viewport.canvas.shown.stage_um == there)
    assert at_desk.said == ""


def test_a_way_is_planned_from_the_panel_too(at_desk: Desk) -> None:
    at_desk.connect()
    panel = at_desk.panel
    at_desk.until(panel.x_um.isEnabled)
    at_desk.type(panel.x_um, "250")
    assert not panel.plan_way.isEnabled()
    at_desk.type(panel.y_um, "-100")
    at_desk.workspace.show_view("plan")
    panel.plan_way.click()
    at_desk.until(lambda: panel.card.isVisible() and panel.card.go.isEnabled())
    assert not at_desk.card.isVisible()
    panel.card.go.click()
    at_desk.until(lambda: at_desk.row("Stage", "x").value.text().startswith("250"))


def test_a_stage_on_its_way_is_stopped_where_it_is(slow: Desk) -> None:
    slow.connect()
    slow.wish(20 * SLOW_UM_PER_S, 0.0)
    slow.click(slow.card.go)
    slow.until(lambda: slow.card.title.text().startswith("On the way"))
    stage, nature = slow.run.nature.stage, slow.run.nature
    slow.until(lambda: stage.moving(nature.now_s))
    slow.click(slow.card.cancel)
    slow.until(lambda: not slow.card.isVisible() and not stage.moving(nature.now_s))
    x_um = stage.reported(nature.now_s).x_um
    assert x_um is not None and x_um < 19 * SLOW_UM_PER_S
    slow.idle()
    assert slow.said == ""


def test_the_stop_of_the_panel_ends_a_move_as_well(slow: Desk) -> None:
    slow.connect()
    slow.wish(20 * SLOW_UM_PER_S, 0.0)
    slow.click(slow.card.go)
    slow.until(lambda: slow.run.nature.stage.moving(slow.run.nature.now_s))
    slow.panel.head.stop.click()
    slow.until(lambda: not slow.run.nature.stage.moving(slow.run.nature.now_s))


def test_a_stage_that_refuses_is_told_and_stays(at_desk: Desk) -> None:
    at_desk.connect()
    at_desk.wish(300.0, 200.0)
    at_desk.until(at_desk.card.go.isEnabled)
    strike(at_desk, Device.STAGE, FaultKind.REFUSED)
    at_desk.card.go.click()
    at_desk.until(lambda: "refused" in at_desk.said)
    assert not at_desk.card.isVisible()
    at_desk.run.repair()
    at_desk.idle()


def test_a_place_out_of_reach_is_refused_before_anything_moves(at_desk: Desk) -> None:
    at_desk.connect()
    at_desk.wish(1e6, 0.0)
    at_desk.until(lambda: "x_um" in at_desk.said)
    assert not at_desk.card.isVisible()


# -- trouble -----------------------------------------------------------------------------


def test_a_device_that_dies_is_unknown_and_the_rest_goes_on(at_desk: Desk) -> None:
    at_desk.connect()
    strike(at_desk, Device.COLUMN, FaultKind.UNPLUGGED)
    at_desk.until(lambda: "connection is gone" in at_desk.panel.groups["Electron beam"].silent.text())
    assert "Electron beam UNKNOWN" in at_desk.sentence
    assert at_desk.workspace.strip.view.badge.word == "UNKNOWN"
    assert at_desk.row("Chamber", "Pressure").value.text() != "\N{EM DASH}"
    at_desk.run.repair()
    at_desk.until(lambda: "Electron beam blanked" in at_desk.sentence)


def test_an_instrument_that_somebody_else_holds_is_not_taken(at_desk: Desk) -> None:
    folder = at_desk.run.plan.instrument_folder
    folder.mkdir(parents=True, exist_ok=True)
    lock = InstrumentLock(folder / "instrument.lock")
    at_desk.click(at_desk.panel.head.button)
    at_desk.until(lambda: "in use by" in at_desk.said)
    at_desk.until(lambda: at_desk.manual.state is ManualState.RELEASED)
    lock.release()
    at_desk.connect()


def test_what_goes_wrong_in_a_job_is_told_and_the_next_one_is_done(at_desk: Desk) -> None:
    at_desk.connect()
    failed: list[Explained] = []
    frames: list[Frame] = []

    def broken(_: object) -> None:
        raise RuntimeError("nobody expected this")

    at_desk.manual.submit(broken, doing="Breaking", failed=failed.append)
    at_desk.manual.submit(lambda manual: manual.grab(FRAME), frames.append, "Grabbing")
    at_desk.until(lambda: bool(frames and failed))
    assert "please report it" in at_desk.said
    assert [type(r) for r in at_desk.run.records()] == [DoseBooked]


def test_a_run_that_is_closed_lets_go_of_its_instrument_and_says_so(at_desk: Desk) -> None:
    at_desk.connect()
    at_desk.window.show_start()
    assert LET_GO in at_desk.window.banner.messages
    assert at_desk.run.nature.column.blanked
    assert "manual control" not in {thread.name for thread in threading.enumerate()}


# -- beside a run ---------------------------------------------------------------------------


def test_a_run_takes_the_instrument_over_by_itself_and_shows_what_it_reads(at_desk: Desk) -> None:
    at_desk.connect()
    held_up, go_on = threading.Event(), threading.Event()

    def hold(records: tuple[object, ...]) -> None:
        if any(isinstance(record, RunOpened) for record in records):
            held_up.set()
            go_on.wait(20)

    at_desk.run.on_commit = hold
    start_run(at_desk)
    at_desk.until(held_up.is_set)
    assert at_desk.manual.state is ManualState.RELEASED
    at_desk.manual.connect_instrument()
    assert RUN_HAS_IT in at_desk.said
    at_desk.wish(100.0, 100.0)
    assert at_desk.manual.state is ManualState.RELEASED and not at_desk.card.isVisible()
    go_on.set()
    at_desk.until(lambda: "steered by the run" in at_desk.sentence)
    assert at_desk.row("Electron beam", "Working distance").value.text() != "\N{EM DASH}"
    assert not at_desk.number("Electron beam", "Working distance").field.isEnabled()
    at_desk.until(lambda: not at_desk.manual._objection())
    at_desk.until(lambda: at_desk.workspace.strip.view.badge.word == "Not connected")


def test_closing_the_window_stops_the_stage_and_lets_go(slow: Desk) -> None:
    slow.connect()
    slow.wish(50 * SLOW_UM_PER_S, 0.0)
    slow.click(slow.card.go)
    slow.until(lambda: slow.run.nature.stage.moving(slow.run.nature.now_s))
    slow.window.close()
    assert not slow.run.nature.stage.moving(slow.run.nature.now_s)
    assert "manual control" not in {thread.name for thread in threading.enumerate()}


def test_what_cannot_be_made_safe_on_connecting_is_told(at_desk: Desk) -> None:
    strike(at_desk, Device.COLUMN, FaultKind.UNPLUGGED)
    at_desk.click(at_desk.panel.head.button)
    at_desk.until(lambda: at_desk.manual.connected)
    at_desk.until(lambda: "connection is gone" in at_desk.said)
    at_desk.run.repair()
    at_desk.idle()


def test_a_saved_plan_keeps_the_instrument_connected_and_another_profile_lets_it_go(at_desk: Desk) -> None:
    at_desk.connect()
    at_desk.until(lambda: at_desk.viewport.editor is not None)
    _save(at_desk, lambda d: replace(d, project=d.project.model_copy(update={"name": "Renamed"})))
    assert at_desk.manual.connected
    names: list[str] = []
    at_desk.manual.submit(lambda manual: manual.plan.project.name, names.append)
    at_desk.until(lambda: names == ["Renamed"])
    stage = at_desk.workspace.plan.instrument.stage.model_copy(update={"settle_s": 0.5})
    _save(at_desk, lambda d: replace(d, instrument=d.instrument.model_copy(update={"stage": stage})))
    at_desk.until(lambda: at_desk.manual.state is ManualState.RELEASED)
    assert PROFILE_CHANGED in at_desk.window.banner.messages


def _save(at_desk: Desk, change: Callable[[Document], Document]) -> None:
    at_desk.viewport.propose(Edit("Change", change))
    with at_desk.qtbot.waitSignal(at_desk.workspace.plan_changed, timeout=SOON_MS):
        at_desk.viewport.save_requested.emit()
