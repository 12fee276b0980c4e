"""One owner at a time: whoever lets go of the instrument does so for good, and says what is not safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PyQt5 import sip
from pytestqt.qtbot import QtBot

from hardware.errors import Busy
from hardware.simulator.faults import Device, FaultKind
from scopeacq.journal.records import RunOpened
from scopeacq.manual import Manual
from scopeacq.plan.runfolder import Plan
from tests.scopeacq.manual_bench import held
from tests.ui.instrument_desk import Desk, desk, start_run, strike
from tests.ui.tiny_acquisition import tiny_run
from ui.hand import manual as hand
from ui.hand.manual import ManualControl
from ui.hand.manual_thread import ManualState, ManualThread, Now
from ui.panels.run_panel import RunPanel
from ui.run.acquisition import Acquisition


@pytest.fixture
def at_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    with desk(qtbot, tiny_run(tmp_path / "run"), tmp_path) as made:
        yield made


@contextmanager
def hanging(at_desk: Desk) -> Iterator[None]:
    """Something on the instrument's thread does not come to an end."""
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        begun.set()
        go_on.wait(30)

    at_desk.manual.submit(hang, doing="Hanging")
    assert begun.wait(10)
    try:
        yield
    finally:
        go_on.set()


def of_run(at_desk: Desk) -> str:
    """What is said of how the last run ended."""
    return at_desk.part(Acquisition).view.sentence


def still_held() -> bool:
    return "manual control" in {thread.name for thread in threading.enumerate()}


def test_a_device_that_hangs_does_not_hang_the_window(
    at_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "FAREWELL_S", 0.3)
    at_desk.connect()
    with hanging(at_desk):
        at_desk.run.nature.column.blanked = False
        began_s = time.monotonic()
        at_desk.window.show_start()
        assert time.monotonic() - began_s < 5.0
        assert hand.STILL_HELD in at_desk.window.banner.messages
        assert still_held()
    at_desk.until(lambda: not still_held())
    assert at_desk.run.nature.column.blanked


def test_a_run_does_not_wait_for_ever_and_takes_nothing_that_is_held(
    at_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "LONGEST_WAIT_S", 0.3)
    at_desk.connect()
    with hanging(at_desk):
        start_run(at_desk)
        at_desk.until(lambda: "has not let go" in of_run(at_desk))
    at_desk.until(lambda: at_desk.manual.state is ManualState.RELEASED)
    assert not [record for record in at_desk.run.records() if isinstance(record, RunOpened)]


def test_what_is_not_left_safe_is_told_although_the_run_is_closed(at_desk: Desk) -> None:
    at_desk.connect()
    strike(at_desk, Device.COLUMN, FaultKind.UNPLUGGED)
    at_desk.window.show_start()
    assert "electron column" in at_desk.said and "connection is gone" in at_desk.said
    at_desk.run.repair()


def test_a_stop_that_comes_late_does_not_reach_an_instrument_that_others_have(tmp_path: Path) -> None:
    run = tiny_run(tmp_path / "run")
    reached: list[Manual] = []
    released = threading.Event()

    def tell(said: object) -> None:
        if said == Now(ManualState.RELEASING):
            thread.at_once(reached.append)
        if said == Now(ManualState.RELEASED):
            released.set()

    thread = ManualThread(run.plan, lambda _: held(run), tell)
    thread.start()
    thread.leave()
    assert released.wait(20) and thread.join(20)
    assert reached == []


def test_a_run_goes_by_its_files_or_not_at_all(at_desk: Desk) -> None:
    plan = at_desk.workspace.plan
    text = plan.folder.project_file.read_text()
    start = at_desk.part(RunPanel).buttons.start
    at_desk.until(start.isVisible)
    plan.folder.project_file.write_text(text.replace(f"cycles = {plan.project.cycles}", "cycles = 77"))
    assert Plan.read(plan.folder.root).project.cycles == 77
    start_run(at_desk)
    at_desk.until(lambda: "changed by somebody else" in of_run(at_desk))
    assert not plan.folder.journal_file.exists()


def test_a_stop_that_outlives_its_window_is_told_to_nobody(qtbot: QtBot, tmp_path: Path) -> None:
    """Telling a window that is gone would end the program."""
    run = tiny_run(tmp_path / "run")
    control = ManualControl(run.plan, lambda _: held(run))
    begun, gone = threading.Event(), threading.Event()

    def stop(_: Manual) -> None:
        begun.set()
        gone.wait(20)
        raise Busy("stage", "it was let go meanwhile", "Connect it again.")

    control.connect_instrument()
    qtbot.waitUntil(lambda: control.connected, timeout=20_000)
    control.at_once(stop)
    assert begun.wait(20)
    control.release()
    qtbot.waitUntil(lambda: control.state is ManualState.RELEASED, timeout=20_000)
    control.close()
    sip.delete(control)
    late = next(thread for thread in threading.enumerate() if thread.name == "at once")
    gone.set()
    late.join(20)
    assert not late.is_alive()
