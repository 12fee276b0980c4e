"""Long work of the guided page: told, stopped, failed, one at a time; an instrument that is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PyQt5 import sip
from pytestqt.qtbot import QtBot

from hardware.errors import Busy
from scopeacq.manual import Manual
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.telling.explain import Explained
from tests.ui.wafers import plan_of
from ui.hand.manual import ManualControl
from ui.hand.works import Teller, Works
from ui.presenters.prepare import Step
from ui.presenters.work import Work

SOON_MS = 30_000
"""Explaining an error loads all libraries whose errors it knows."""
FINDING = Work(Step.SECTIONS, "Finding sections")


@contextmanager
def taken(_: Plan) -> Iterator[Manual]:
    """An instrument that somebody else holds."""
    raise Busy("instrument", "it is held by another program", "Close that first.")
    yield


@pytest.fixture
def works(qtbot: QtBot, tmp_path: Path) -> Iterator[Works[Step]]:
    manual = ManualControl(plan_of(tmp_path), taken)
    made: Works[Step] = Works(manual)
    yield made
    made.close()
    manual.close()


def until(qtbot: QtBot, holds: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(holds()), timeout=SOON_MS)


def test_work_is_told_and_its_result_comes_back(qtbot: QtBot, works: Works[Step]) -> None:
    made: list[int] = []
    shown: list[object] = []
    seen: list[Work[Step] | None] = []
    works.changed.connect(seen.append)

    def work(tell: Teller) -> int:
        tell.show("a piece")
        tell(1.0, "3 of 3")
        return 7

    works.do(FINDING, work, made.append, shown.append)
    until(qtbot, lambda: made)
    assert made == [7] and shown == ["a piece"] and works.work is None
    told = [each for each in seen if each is not None and each.detail]
    assert [(each.share, each.detail) for each in told] == [(1.0, "3 of 3")]


def test_only_one_thing_is_done_at_a_time(qtbot: QtBot, works: Works[Step]) -> None:
    go_on = threading.Event()
    made: list[str] = []

    def work(_: Teller) -> str:
        go_on.wait(SOON_MS / 1000)
        return "first"

    works.do(FINDING, work, made.append)
    works.do(Work(Step.ROUTE, "Ordering"), lambda _: "second", made.append)
    assert works.work is not None and works.work.step is Step.SECTIONS
    go_on.set()
    until(qtbot, lambda: works.work is None)
    assert made == ["first"]


def test_what_is_stopped_ends_without_a_word(qtbot: QtBot, works: Works[Step]) -> None:
    begun, made, failed, halted = threading.Event(), list[int](), list[object](), list[Step]()
    works.failed.connect(lambda *trouble: failed.append(trouble))
    works.halted.connect(halted.append)

    def work(tell: Teller) -> int:
        begun.set()
        while True:
            tell(0.5)

    works.do(FINDING, work, made.append)
    until(qtbot, begun.is_set)
    works.stop()
    assert works.work is not None and works.work.ending
    until(qtbot, lambda: works.work is None)
    assert made == [] and failed == [] and halted == [Step.SECTIONS]


def test_work_that_keeps_what_it_has_hears_that_it_is_stopped(qtbot: QtBot, works: Works[Step]) -> None:
    begun, made = threading.Event(), list[str]()

    def work(tell: Teller) -> str:
        begun.set()
        while not tell.stopped:
            threading.Event().wait(0.01)
        return "the best so far"

    works.do(FINDING, work, made.append)
    until(qtbot, begun.is_set)
    works.stop()
    until(qtbot, lambda: made)
    assert made == ["the best so far"]


def test_what_fails_says_why(qtbot: QtBot, works: Works[Step], tmp_path: Path) -> None:
    failed: list[tuple[Step, Explained]] = []
    works.failed.connect(lambda step, error: failed.append((step, error)))

    def work(_: Teller) -> None:
        raise SettingsError(tmp_path, ["the picture is gone"], "Add it again.")

    works.do(FINDING, work, lambda _: None)
    until(qtbot, lambda: failed)
    ((step, error),) = failed
    assert step is Step.SECTIONS and "the picture is gone" in str(error)
    assert works.work is None


def test_an_instrument_that_cannot_be_had_is_told(qtbot: QtBot, works: Works[Step]) -> None:
    failed: list[tuple[Step, Explained]] = []
    works.failed.connect(lambda step, error: failed.append((step, error)))
    works.do_in_hand(Work(Step.OVERVIEW, "Acquiring"), lambda *_: 0, lambda _: None)
    assert works.work is not None and works.work.detail == "connecting the instrument"
    until(qtbot, lambda: failed)
    assert failed[0][0] is Step.OVERVIEW and "could not be connected" in str(failed[0][1])
    assert works.work is None


def test_work_that_outlives_its_page_shows_nothing_more(qtbot: QtBot, tmp_path: Path) -> None:
    """Showing it to a page that is gone would end the program."""
    manual = ManualControl(plan_of(tmp_path), taken)
    works: Works[Step] = Works(manual)
    gone, shown = threading.Event(), threading.Event()

    def work(tell: Teller) -> None:
        gone.wait(SOON_MS / 1000)
        tell.show("a piece")
        shown.set()

    works.do(FINDING, work, lambda _: None)
    works.close()
    sip.delete(works)
    gone.set()
    assert shown.wait(SOON_MS / 1000)
    manual.close()
