"""A tiny run from the real widgets: started, paused, resumed, in trouble, aborted, finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from io import StringIO
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from rich.console import Console

from hardware.simulator.faults import AfterCalls, Device, Fault, FaultKind, FaultScript
from scopeacq.journal.records import (
    MillHeartbeat,
    PlaneChosen,
    PlaneDurable,
    PlaneExposing,
    PlaneJudged,
    Record,
    Requested,
    RunOpened,
    RunRequest,
)
from scopeacq.running import Terminal
from scopeacq.telling.exit_codes import ExitCode
from tests.scenarios.harness import TinyRun, tiny_project
from tests.ui.tiny_acquisition import Bench, Hold, conduct_tiny, tiny_run
from ui.presenters.checklist import Confirmation

AT_LEISURE_MS = 30_000
WITHIN_A_SECOND_MS = 1_000


@contextmanager
def opened(qtbot: QtBot, run: TinyRun) -> Iterator[Bench]:
    """The run's widgets, shown, its plan checked; the run has ended when this ends."""
    bench = Bench(run)
    for widget in (bench.panels.run, bench.panels.preflight, bench.panels.timeline, bench.panels.log):
        qtbot.addWidget(widget)
        widget.show()
    bench.acquisition.open(run.plan)
    qtbot.waitUntil(lambda: bench.acquisition.checklist.findings is not None, timeout=AT_LEISURE_MS)
    yield bench
    assert bench.acquisition.wait(AT_LEISURE_MS / 1e3)


def start(qtbot: QtBot, bench: Bench) -> None:
    """Confirm what is still to be confirmed, and press the button."""
    for what, box in bench.panels.preflight.boxes.items():
        if what not in bench.acquisition.checklist.confirmed:
            qtbot.mouseClick(box, Qt.MouseButton.LeftButton)
    press(qtbot, bench, "start")


def press(qtbot: QtBot, bench: Bench, button: str) -> None:
    widget = getattr(bench.panels.run.buttons, button)
    assert widget.isEnabled(), widget.toolTip()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def pause_after_tile(bench: Bench) -> None:
    menu = bench.panels.run.buttons.pause.menu()
    assert menu is not None
    next(action for action in menu.actions() if action.text() == "Pause after this tile").trigger()


def wait_for(qtbot: QtBot, bench: Bench, word: str, timeout_ms: int = AT_LEISURE_MS) -> None:
    """Until the panel says so."""

    def said() -> None:
        assert bench.panels.run.head.word.text() == word, bench.panels.run.head.sentence.text()

    qtbot.waitUntil(said, timeout=timeout_ms)


def said(bench: Bench) -> str:
    return bench.panels.run.head.sentence.text()


def abort_says(qtbot: QtBot, bench: Bench, word: str) -> str:
    """What the abort's card says once it says ``word``, within a second."""
    card = bench.panels.run.abort
    qtbot.waitUntil(lambda: card.isVisible() and card.word.text() == word, timeout=WITHIN_A_SECOND_MS)
    return card.text.text()


def test_start_waits_until_the_operator_has_confirmed_valve_and_gas(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, tiny_run(tmp_path)) as bench:
        button = bench.panels.run.buttons.start
        assert not button.isEnabled() and "valve" in button.toolTip() and "gas" in button.toolTip()
        qtbot.mouseClick(bench.panels.preflight.boxes[Confirmation.GAS], Qt.MouseButton.LeftButton)
        assert not button.isEnabled() and "gas" not in button.toolTip()
        start(qtbot, bench)
        wait_for(qtbot, bench, "Finished")
        assert not button.isEnabled() and "done" in button.toolTip()


def test_paused_after_a_tile_and_resumed_to_the_end(qtbot: QtBot, tmp_path: Path) -> None:
    hold = Hold(PlaneExposing)
    run = tiny_run(tmp_path, tiny_project(cycles=1, tiles=2))
    run.on_commit = hold
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        pause_after_tile(bench)
        qtbot.waitUntil(lambda: said(bench) == "Pausing after this tile.", timeout=AT_LEISURE_MS)
        hold.released.set()
        wait_for(qtbot, bench, "Paused")
        assert [r.request for r in run.records() if isinstance(r, Requested)] == [
            RunRequest.PAUSE_AFTER_TILE
        ]
        assert len([r for r in run.records() if isinstance(r, PlaneChosen)]) == 1
        qtbot.waitUntil(lambda: not bench.acquisition.active, timeout=AT_LEISURE_MS)
        assert bench.panels.run.buttons.start.text() == "Resume"
        start(qtbot, bench)
        wait_for(qtbot, bench, "Finished")
    assert len([r for r in run.records() if isinstance(r, PlaneChosen)]) == 2


def test_a_pause_can_be_taken_back(qtbot: QtBot, tmp_path: Path) -> None:
    hold = Hold(PlaneExposing)
    run = tiny_run(tmp_path, tiny_project(cycles=1, tiles=2))
    run.on_commit = hold
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        pause_after_tile(bench)
        qtbot.waitUntil(bench.panels.run.buttons.resume.isVisible, timeout=AT_LEISURE_MS)
        press(qtbot, bench, "resume")
        hold.released.set()
        wait_for(qtbot, bench, "Finished")
    assert not any(isinstance(r, Requested) for r in run.records())


def test_a_fault_is_explained_in_the_log_and_the_run_goes_on_after_it_is_mended(
    qtbot: QtBot, tmp_path: Path
) -> None:
    unplugged = Fault(Device.STAGE, FaultKind.UNPLUGGED, AfterCalls(12))
    run = tiny_run(tmp_path, script=FaultScript((unplugged,)))
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        wait_for(qtbot, bench, "Paused")
        log = bench.panels.log
        log.search.setText("stage")
        qtbot.waitUntil(lambda: any(e.means for e in log.listed), timeout=AT_LEISURE_MS)
        log.copy_entries()
        copied = QApplication.clipboard().text()
        assert "What it means:" in copied and "What to do:" in copied
        qtbot.waitUntil(lambda: not bench.acquisition.active, timeout=AT_LEISURE_MS)
        run.repair()
        start(qtbot, bench)
        wait_for(qtbot, bench, "Finished")


def test_an_abort_blanks_while_the_acquisition_is_stuck_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    hold = Hold(MillHeartbeat)
    run = tiny_run(tmp_path)
    run.on_commit = hold
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        assert run.nature.gun.open
        press(qtbot, bench, "abort")
        assert "read back" in abort_says(qtbot, bench, "Ion beam blanked")
        assert not run.nature.gun.open
        hold.released.set()
        wait_for(qtbot, bench, "Paused")
        assert "abort" in said(bench)


def test_an_abort_that_nobody_answers_says_unknown_and_what_to_do_by_hand(
    qtbot: QtBot, tmp_path: Path
) -> None:
    hold = Hold(MillHeartbeat)
    run = tiny_run(tmp_path)
    run.before_opening = lambda: hold((MillHeartbeat("", 0.0),))
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        press(qtbot, bench, "abort")
        assert "press gun off" in abort_says(qtbot, bench, "Ion beam UNKNOWN")
        hold.released.set()
        wait_for(qtbot, bench, "Paused")
        assert bench.panels.run.abort.word.text() == "Ion beam blanked"


def test_an_error_that_nobody_expected_leaves_the_window_alive(qtbot: QtBot, tmp_path: Path) -> None:
    run = tiny_run(tmp_path)

    def fail(_: object) -> object:
        raise RuntimeError("the sky fell")

    run.altered = fail  # type: ignore[assignment]
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        wait_for(qtbot, bench, "Failed")
        assert "please report it" in said(bench)


def test_a_plan_with_an_error_cannot_be_started(qtbot: QtBot, tmp_path: Path) -> None:
    run = TinyRun.make(tmp_path)  # two fiducials are too few
    with opened(qtbot, run) as bench:
        for box in bench.panels.preflight.boxes.values():
            qtbot.mouseClick(box, Qt.MouseButton.LeftButton)
        assert not bench.panels.run.buttons.start.isEnabled()
        assert "to mend" in bench.panels.preflight.word.text()


def test_the_same_decisions_as_the_command_line(qtbot: QtBot, tmp_path: Path) -> None:
    by_hand, by_window = (tiny_run(tmp_path / name, seed=5) for name in ("a", "b"))
    outcome = conduct_tiny(by_hand, by_hand.plan, None, Terminal(Console(file=StringIO())))
    assert outcome.code is ExitCode.FINISHED
    with opened(qtbot, by_window) as bench:
        start(qtbot, bench)
        wait_for(qtbot, bench, "Finished")
    assert decisions(by_window) == decisions(by_hand)
    assert pixels(by_window) == pixels(by_hand)


WRITTEN_MEANWHILE = (PlaneDurable, PlaneJudged, PlaneChosen)
"""By the pool, whenever it gets round to it."""
OF_THIS_START = {"at_s", "opening", "pid", "host", "version"}


def decisions(run: TinyRun) -> list[object]:
    return [_without_times(r) for r in run.records() if not isinstance(r, WRITTEN_MEANWHILE)]


def pixels(run: TinyRun) -> set[tuple[object, ...]]:
    return {(r.key, r.take, r.checksum) for r in run.records() if isinstance(r, PlaneDurable)}


def _without_times(record: Record) -> object:
    if isinstance(record, RunOpened):
        return RunOpened
    kept = (f.name for f in fields(record) if f.name not in OF_THIS_START)
    return type(record), {name: getattr(record, name) for name in kept}
