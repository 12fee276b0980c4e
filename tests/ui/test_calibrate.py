"""The page Calibrate by mouse: begun, paused, gone on with, broken, decided, undone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from calibration.folders import last_unfinished
from calibration.procedure import Need
from hardware.errors import BadFrame
from scopeacq.engine.events import FocusDriftNoticed
from scopeacq.journal.records import FocusDrifted, FocusTrait
from scopeacq.plan.calibrations import CalibrationKind
from tests.ui.calibrate_bench import AT_LEISURE_MS, CalibrateBench, at_the_page, core_with
from tests.ui.calibrations import Pretended
from tests.ui.cut_texts import cut_texts
from tests.ui.story import at_work, run_on_disk
from ui.calibrate.view import CalibrateView
from ui.messages.message_row import MessageRow
from ui.presenters.calibration import CONFIRM_IONS, PAUSED, UNSAVED, Decision, WizardStep
from ui.presenters.edits import move
from ui.run.run_docks import message_of


def until(bench: CalibrateBench, holds: object) -> None:
    bench.qtbot.waitUntil(holds, timeout=AT_LEISURE_MS)


class Gate:
    """Holds a measurement up at one place until it is let go on."""

    def __init__(self, at: int) -> None:
        self._at, self.reached, self.open = at, threading.Event(), threading.Event()

    def __call__(self, place: int) -> None:
        if place == self._at:
            self.reached.set()
            self.open.wait(AT_LEISURE_MS / 1000)


def test_a_calibration_ends_with_residuals_a_comparison_a_verdict_and_undo(
    qtbot: QtBot, tmp_path: Path
) -> None:
    pretended = Pretended()
    with at_the_page(qtbot, tmp_path, pretended) as bench:
        before = bench.on_disk
        bench.word("Never measured")
        bench.choose()
        prepare, result = bench.view.wizard.prepare, bench.view.wizard.result
        assert "6 frames" in prepare.estimate.text() and "Backlash" in prepare.estimate.text()
        bench.begin()
        bench.at(WizardStep.RESULT)
        assert [card.title.text() for card in result.figures.cards.values()] == [
            "Residuals over the wafer", "Repeatability", "Mill rate", "Marks",
        ]  # fmt: skip
        assert len(bench.view.wizard.measure.figures.cards) == 2
        assert result.verdict.text() == "May be used" and "0.21 µm" in result.reasons.text()
        assert bench.on_disk == before, "nothing goes by it before it is accepted"
        bench.word("Decide")
        bench.click(result.accept)
        bench.word("Fits")
        assert bench.on_disk.stage.speed_x_um_per_s == pytest.approx(1989.8)
        assert result.decision.text() == Decision.ACCEPTED.value
        assert "Speed along x 1989.8 \N{PLUS-MINUS SIGN} 4" in bench.card().sentence.text()
        bench.click(bench.card().undo)
        bench.word("Never measured")
        assert bench.on_disk == before


def test_the_estimate_follows_the_form(qtbot: QtBot, tmp_path: Path) -> None:
    with at_the_page(qtbot, tmp_path, Pretended()) as bench:
        bench.choose()
        prepare = bench.view.wizard.prepare
        assert prepare.form is not None
        places = prepare.form.rows[("places",)].input
        places.selectAll()
        qtbot.keyClicks(places, "50")
        until(bench, lambda: "50 frames" in prepare.estimate.text())


def test_what_is_paused_goes_on_where_it_was(qtbot: QtBot, tmp_path: Path) -> None:
    gate = Gate(3)
    pretended = Pretended(at_place=gate)
    with at_the_page(qtbot, tmp_path, pretended) as bench:
        bench.choose()
        bench.begin()
        until(bench, gate.reached.is_set)
        measure = bench.view.wizard.measure
        until(bench, lambda: "Place 4 of 6" in measure.sentence.text())
        bench.click(measure.pause)
        gate.open.set()
        bench.rests()
        bench.word("Unfinished")
        assert bench.read, "what the instrument reads is told between measurements"
        assert bench.view.wizard.step is WizardStep.MEASURE and measure.sentence.text() == PAUSED
        bench.click(measure.go_on)
        bench.at(WizardStep.RESULT)
    assert pretended.measured == [0, 1, 2, 3, 4, 5], "nothing is measured twice"


def test_what_is_stopped_waits_in_the_list_and_can_begin_anew(qtbot: QtBot, tmp_path: Path) -> None:
    gate = Gate(2)
    pretended = Pretended(at_place=gate)
    with at_the_page(qtbot, tmp_path, pretended) as bench:
        bench.choose()
        bench.begin()
        until(bench, gate.reached.is_set)
        bench.click(bench.view.wizard.measure.stop)
        gate.open.set()
        bench.at(WizardStep.PREPARE)
        prepare = bench.view.wizard.prepare
        until(bench, lambda: prepare.begin.text() == "Go on" and prepare.anew.isVisible())
        assert "not finished" in prepare.unfinished.text()
        pretended.measured.clear()
        bench.click(prepare.anew)
        bench.at(WizardStep.RESULT)
    assert pretended.measured == [0, 1, 2, 3, 4, 5]


def test_other_settings_cannot_go_on_with_what_was_begun(qtbot: QtBot, tmp_path: Path) -> None:
    gate = Gate(2)
    with at_the_page(qtbot, tmp_path, Pretended(at_place=gate)) as bench:
        bench.choose()
        bench.begin()
        until(bench, gate.reached.is_set)
        bench.click(bench.view.wizard.measure.stop)
        gate.open.set()
        prepare = bench.view.wizard.prepare
        until(bench, lambda: prepare.begin.text() == "Go on" and prepare.form is not None)
        assert prepare.form is not None
        prepare.form.choose("places", 4)
        bench.desk.edit(prepare.form.chosen)
        assert prepare.begin.text() == "Begin" and "other settings" in prepare.unfinished.text()


def test_an_instrument_that_fails_in_the_middle_says_so_and_the_sitting_goes_on(
    qtbot: QtBot, tmp_path: Path
) -> None:
    broken = [True]

    def at_place(n: int) -> None:
        if n == 2 and broken:
            raise BadFrame("scanner", "it is black", "Look at the beam.")

    pretended = Pretended(at_place=at_place)
    with at_the_page(qtbot, tmp_path, pretended) as bench:
        before = bench.on_disk
        bench.choose()
        bench.begin()
        wizard = bench.view.wizard
        until(bench, lambda: "it is black" in wizard.trouble.text() and wizard.measure.go_on.isEnabled())
        assert any("it is black" in message.text for message in bench.told)
        assert wizard.step is WizardStep.MEASURE and bench.on_disk == before
        broken.clear()
        bench.click(wizard.measure.go_on)
        bench.at(WizardStep.RESULT)
        assert not wizard.trouble.isVisible()
    assert pretended.measured == [0, 1, 2, 3, 4, 5]


def test_a_window_that_closes_ends_it_and_the_next_one_goes_on(qtbot: QtBot, tmp_path: Path) -> None:
    gate = Gate(3)
    pretended = Pretended(at_place=gate)
    with at_the_page(qtbot, tmp_path, pretended) as bench:
        run = bench.run
        bench.choose()
        bench.begin()
        until(bench, gate.reached.is_set)
        threading.Timer(0.3, gate.open.set).start()
    assert last_unfinished(run.plan.folder, pretended.kind) is not None
    assert not run.nature.column.on_wafer
    pretended.at_place = lambda _: None
    with at_the_page(qtbot, tmp_path, pretended, run) as bench:
        bench.choose()
        until(bench, lambda: bench.view.wizard.prepare.begin.text() == "Go on")
        bench.begin()
        bench.at(WizardStep.RESULT)
    assert pretended.measured == [0, 1, 2, 3, 4, 5]


def test_a_bad_verdict_keeps_what_is_in_use(qtbot: QtBot, tmp_path: Path) -> None:
    with at_the_page(qtbot, tmp_path, Pretended(good=False)) as bench:
        before = bench.on_disk
        bench.choose()
        bench.begin()
        bench.at(WizardStep.RESULT)
        result = bench.view.wizard.result
        assert result.verdict.text() == "Not to be used" and "a guess" in result.reasons.text()
        assert result.keep.property("role") == "primary" and result.accept.property("role") == ""
        assert result.accept.text() == "Use it all the same"
        bench.click(result.keep)
        assert result.decision.text() == Decision.KEPT.value and not result.accept.isVisible()
        assert bench.on_disk == before
        bench.click(result.again)
        bench.at(WizardStep.PREPARE)


def test_the_ion_beam_is_opened_only_for_who_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    with at_the_page(qtbot, tmp_path, Pretended(needs=frozenset({Need.IONS}))) as bench:
        bench.choose()
        prepare = bench.view.wizard.prepare
        assert prepare.confirm.text() == CONFIRM_IONS and prepare.warning.isVisible()
        assert not prepare.begin.isEnabled()
        bench.click(prepare.confirm)
        assert prepare.begin.isEnabled()


def test_nothing_begins_while_the_plan_is_edited_or_a_run_is_active(qtbot: QtBot, tmp_path: Path) -> None:
    with at_the_page(qtbot, tmp_path, Pretended()) as bench:
        bench.choose()
        prepare = bench.view.wizard.prepare
        bench.desk.note_edits(True)
        assert not prepare.begin.isEnabled() and prepare.held_back.text() == UNSAVED
        bench.desk.note_edits(False)
        bench.desk.note_run(True)
        assert not prepare.begin.isEnabled() and "A run has the instrument" in prepare.held_back.text()
        bench.desk.begin()
        assert bench.desk.works.work is None
        bench.desk.note_run(False)
        assert prepare.begin.isEnabled()


def test_a_calibration_calls_somebody_to_the_instrument(qtbot: QtBot, tmp_path: Path) -> None:
    with at_the_page(qtbot, tmp_path, Pretended(calls="Switch the beam off.")) as bench:
        bench.choose()
        bench.begin()
        bench.at(WizardStep.RESULT)
        (call,) = (message for message in bench.told if message.urgent)
        assert call.what == "Switch the beam off."


def test_what_works_on_files_needs_no_instrument(qtbot: QtBot, tmp_path: Path) -> None:
    with at_the_page(qtbot, tmp_path, Pretended(needs=frozenset())) as bench:
        bench.choose()
        bench.begin()
        bench.at(WizardStep.RESULT)
        assert not bench.manual.connected


def test_nothing_is_cut_in_any_step_however_narrow(qtbot: QtBot, tmp_path: Path) -> None:
    pretended = Pretended(needs=frozenset(Need))
    with at_the_page(qtbot, tmp_path, pretended) as bench:
        bench.choose()

        def cut() -> list[str]:
            found = []
            for width_px in (1000, 402):
                bench.view.resize(width_px, 560)
                qtbot.wait(50)
                found += cut_texts(bench.view)
            return found

        bench.word("Never measured")
        assert not cut()
        bench.click(bench.view.wizard.prepare.confirm)
        bench.begin()
        bench.at(WizardStep.RESULT)
        assert not cut()


def test_a_message_of_the_sentinel_leads_to_the_wizard_of_deepfocus(qtbot: QtBot, tmp_path: Path) -> None:
    drift = FocusDrifted("DeepFocus", FocusTrait.PAIRS, 1.1, 3.0, 2, "S001", 12)
    noticed = FocusDriftNoticed(drift, "DeepFocus needs more pairs.", "Look at the images first.", True)
    message = message_of(noticed)
    assert message is not None and message.advice == "Look at the images first."
    pretended = Pretended(kind=CalibrationKind.DEEPFOCUS)
    with at_work(qtbot, tmp_path, run_on_disk(tmp_path), core_with(pretended)) as operator:
        operator.open()
        operator.window.banner.say(message)
        (row,) = operator.window.banner.findChildren(MessageRow)
        operator.click(row.follow_button)
        assert operator.workspace.shown_view == "calibrate"
        view = operator.workspace.view("calibrate")
        assert isinstance(view, CalibrateView)
        qtbot.waitUntil(lambda: view.wizard.prepare.begin.isEnabled(), timeout=AT_LEISURE_MS)
        assert view.entries.cards[CalibrationKind.DEEPFOCUS].property("chosen") == "true"


def test_in_the_window_a_calibration_waits_for_edits_and_changes_the_plan(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with at_work(qtbot, tmp_path, run_on_disk(tmp_path), core_with(Pretended())) as operator:
        operator.open()
        qtbot.waitUntil(lambda: operator.viewport.editor is not None, timeout=AT_LEISURE_MS)
        section = operator.workspace.plan.wafer.sections[0]
        operator.viewport.propose(move([section.id], 5.0, 0.0))
        operator.look_at("calibrate")
        view = operator.workspace.view("calibrate")
        assert isinstance(view, CalibrateView)
        prepare, result = view.wizard.prepare, view.wizard.result
        qtbot.mouseClick(view.entries.cards[CalibrationKind.STAGE], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: prepare.form is not None, timeout=AT_LEISURE_MS)
        assert prepare.held_back.text() == UNSAVED and not prepare.begin.isEnabled()
        operator.viewport.undo()
        operator.click(prepare.begin)
        operator.click(result.accept)
        speed = lambda: operator.workspace.plan.instrument.stage.speed_x_um_per_s  # noqa: E731
        qtbot.waitUntil(lambda: speed() == pytest.approx(1989.8), timeout=AT_LEISURE_MS)
        qtbot.waitUntil(lambda: operator.viewport.editor is not None, timeout=AT_LEISURE_MS)
        assert operator.viewport.editor.plan.instrument == operator.workspace.plan.instrument
        assert operator.window.workspace is operator.workspace, "nothing was opened anew"
