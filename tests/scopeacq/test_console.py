"""A run in a terminal: progress, signals that pause and then abort, errors that come through."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from hardware.types import Blanker
from scopeacq.engine.events import (
    AbortAnswered,
    IncidentHappened,
    Progressed,
    Publisher,
    RunState,
    StateChanged,
    StepStarted,
)
from scopeacq.engine.time_left import TimeLeft
from scopeacq.journal.records import ErrorKind, Incident, Policy, RunEnd, RunRequest
from scopeacq.running import what_now
from scopeacq.telling.console import supervise
from scopeacq.telling.exit_codes import ExitCode

PROGRESS = Progressed(1, 5, 20, 80, 6, 30, 100.0)


@dataclass
class FakeEngine:
    """Does what it is given on the acquisition thread and remembers what it was asked."""

    work: Callable[[FakeEngine], RunEnd]
    events: Publisher = field(default_factory=Publisher)
    requests: list[RunRequest] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    thread: str = ""

    def run(self, cycles: int | None = None) -> RunEnd:
        self.thread = threading.current_thread().name
        return self.work(self)

    def request(self, request: RunRequest) -> None:
        self.requests.append(request)
        self.asked.set()


def watch(work: Callable[[FakeEngine], RunEnd]) -> tuple[FakeEngine, RunEnd, str]:
    engine, text = FakeEngine(work), io.StringIO()
    console = Console(file=text, force_terminal=True, width=120, color_system=None)
    end = supervise(engine, None, console, TimeLeft(1.0, 1.0))
    return engine, end, text.getvalue()


def test_what_the_engine_says_is_shown() -> None:
    def work(engine: FakeEngine) -> RunEnd:
        engine.events.publish(StateChanged(RunState.RUNNING, ""))
        engine.events.publish(StepStarted("Imaging section [bold]A"))
        engine.events.publish(PROGRESS)
        incident = Incident(ErrorKind.STAGE, "stage", "it [red]stuck.", "Look.", "s", Policy.RETRY)
        engine.events.publish(IncidentHappened(incident))
        engine.events.publish(StateChanged(RunState.FINISHED, "all done"))
        return RunEnd.FINISHED

    engine, end, text = watch(work)
    assert end is RunEnd.FINISHED
    assert engine.thread.startswith("acquisition")
    for part in (
        "Running.",
        "20/80",
        "6/30",
        "cycle 2 of 5",
        "stage: it [red]stuck. Look.",
        "Finished: all done.",
    ):
        assert part in text, text
    assert "Imaging section [bold]A" in text


@pytest.mark.parametrize("ions", [Blanker.BLANKED, Blanker.UNKNOWN])
def test_what_the_guard_answers_to_an_abort_is_said(ions: Blanker) -> None:
    def work(engine: FakeEngine) -> RunEnd:
        engine.events.publish(AbortAnswered(ions, "The line reads back so.", 0.001, 0.02))
        return RunEnd.ABORTED

    assert "The line reads back so." in watch(work)[2]


def test_ctrl_c_pauses_and_a_second_one_aborts() -> None:
    def work(engine: FakeEngine) -> RunEnd:
        for _ in range(2):
            engine.asked.clear()
            os.kill(os.getpid(), signal.SIGINT)
            assert engine.asked.wait(10)
        return RunEnd.ABORTED

    before = signal.getsignal(signal.SIGINT)
    engine, end, text = watch(work)
    assert engine.requests == [RunRequest.PAUSE_NOW, RunRequest.ABORT]
    assert end is RunEnd.ABORTED
    assert "Press Ctrl-C again to abort" in text
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "name",
    ["SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX"))],
)
def test_a_polite_kill_and_a_lost_terminal_pause(name: str) -> None:
    def work(engine: FakeEngine) -> RunEnd:
        os.kill(os.getpid(), number)
        assert engine.asked.wait(10)
        return RunEnd.PAUSED

    # whoever started the tests may have asked to be left alone by a lost terminal
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_DFL)
    try:
        engine, end, _ = watch(work)
    finally:
        signal.signal(number, before)
    assert (engine.requests, end) == ([RunRequest.PAUSE_NOW], RunEnd.PAUSED)


@pytest.mark.parametrize(
    ("device", "text", "advice", "reason"),
    [
        ("", "The disk is full.", "", "The disk is full."),
        ("stage", "it is stuck", "Look at it.", "stage: it is stuck. Look at it."),
        ("stage", "it is stuck. Look at it.", "Look at it.", "stage: it is stuck. Look at it."),
    ],
)
def test_trouble_is_told_in_whole_sentences_and_once(
    device: str, text: str, advice: str, reason: str
) -> None:
    def work(engine: FakeEngine) -> RunEnd:
        incident = Incident(ErrorKind.STAGE, device, text, advice, "s", Policy.PAUSE)
        engine.events.publish(IncidentHappened(incident))
        engine.events.publish(StateChanged(RunState.PAUSED, reason))
        return RunEnd.PAUSED

    _, _, shown = watch(work)
    assert f"{reason} Decided: pause." in shown
    assert shown.count(reason) == 1
    assert "Paused." in shown
    assert not re.search(r"^\W*: ", shown, re.MULTILINE)


def test_a_run_that_did_not_finish_says_how_to_go_on() -> None:
    folder = Path("my runs/a.scopeacq")
    assert "scopeacq run 'my runs/a.scopeacq'" in what_now(ExitCode.PAUSED, folder)
    assert "gate.accept_sections" in what_now(ExitCode.WAITING, folder)
    assert what_now(ExitCode.FINISHED, folder) == ""


def test_an_error_of_the_engine_comes_through() -> None:
    def work(_: FakeEngine) -> RunEnd:
        raise OSError(5, "the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        watch(work)


def test_time_left_learns_each_kind_of_work_by_itself() -> None:
    left = TimeLeft(plane_guess_s=10.0, pass_guess_s=100.0)
    assert left.seconds() is None
    left.update(Progressed(0, 2, 0, 20, 0, 4, 0.0), now_s=0.0)
    assert left.seconds() == pytest.approx(20 * 10 + 4 * 100)
    left.update(Progressed(0, 2, 4, 20, 0, 4, 0.0), now_s=8.0)
    assert left.seconds() == pytest.approx(16 * 2 + 4 * 100)
    # a step that finishes nothing belongs to what is finished next
    left.update(Progressed(0, 2, 4, 20, 0, 4, 0.0), now_s=12.0)
    left.update(Progressed(0, 2, 4, 20, 2, 4, 0.0), now_s=18.0)
    assert left.seconds() == pytest.approx(16 * 2 + 2 * 5)


def test_time_left_of_a_virtual_clock_is_unknown_until_it_was_measured() -> None:
    left = TimeLeft(plane_guess_s=0.0, pass_guess_s=0.0)
    left.update(Progressed(0, 2, 0, 20, 0, 4, 0.0), now_s=0.0)
    left.update(Progressed(0, 2, 10, 20, 0, 4, 0.0), now_s=5.0)
    assert left.seconds() is None
    left.update(Progressed(0, 2, 10, 20, 2, 4, 0.0), now_s=6.0)
    assert left.seconds() == pytest.approx(10 * 0.5 + 2 * 0.5)
