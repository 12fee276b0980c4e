"""What happens next is changed by its operator: in a run under way and in one that is paused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PyQt5.QtWidgets import QAction
from pytestqt.qtbot import QtBot

from scopeacq.journal.records import (
    FocusDone,
    PlaneChosen,
    PlaneExposing,
    Record,
    RunRequest,
    Wish,
    WishKind,
)
from tests.scenarios.harness import TinyRun, tiny_project
from tests.ui.test_acquisition import AT_LEISURE_MS, opened, press, start, wait_for
from tests.ui.tiny_acquisition import Bench, Hold, tiny_run
from ui.run.acquisition import STILL_WRITING


def change(bench: Bench, text: str) -> QAction:
    """The action in the menu of the first row that can be changed."""
    rows = (row for row in bench.panels.timeline._rows if not row.isHidden())
    menu = next(row.change.menu() for row in rows if not row.change.isHidden())
    assert menu is not None
    return next(action for action in menu.actions() if action.text() == text)


def wishes(run: TinyRun) -> list[WishKind]:
    return [record.kind for record in run.records() if isinstance(record, Wish)]


def listed(bench: Bench, word: str) -> list[str]:
    return [e.text for e in bench.acquisition.log.matching("", True) if e.badge.word == word]


@contextmanager
def paused_at(qtbot: QtBot, tmp_path: Path, record: type[Record]) -> Iterator[tuple[Bench, TinyRun]]:
    """A run of two tiles that was asked to pause when it had journalled its first such record, and has."""
    hold = Hold(record)
    run = tiny_run(tmp_path, tiny_project(cycles=1, tiles=2))
    run.on_commit = hold
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        bench.acquisition.request(RunRequest.PAUSE_AFTER_TILE)
        hold.released.set()
        wait_for(qtbot, bench, "Paused")
        qtbot.waitUntil(lambda: not bench.acquisition.active, timeout=AT_LEISURE_MS)
        yield bench, run


def test_a_run_that_was_not_begun_offers_no_changes(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, tiny_run(tmp_path)) as bench:
        assert bench.panels.timeline._rows
        assert all(row.change.isHidden() for row in bench.panels.timeline._rows)


def test_a_section_is_focused_again_in_a_run_under_way(qtbot: QtBot, tmp_path: Path) -> None:
    hold = Hold(PlaneExposing)
    run = tiny_run(tmp_path, tiny_project(cycles=1, tiles=2))
    run.on_commit = hold
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        qtbot.waitUntil(lambda: change(bench, "Focus again, next").isEnabled(), timeout=AT_LEISURE_MS)
        change(bench, "Focus again, next").trigger()
        hold.released.set()
        wait_for(qtbot, bench, "Finished")
        assert listed(bench, "You asked") == ["Section S001 of cycle 1: focus again, next."]
    assert wishes(run) == [WishKind.FOCUS_NEXT]
    assert sum(isinstance(record, FocusDone) for record in run.records()) == 2


def test_a_paused_run_is_changed_on_the_disk_and_keeps_to_it(qtbot: QtBot, tmp_path: Path) -> None:
    with paused_at(qtbot, tmp_path, PlaneExposing) as (bench, run):
        change(bench, "Leave out of this cycle").trigger()
        qtbot.waitUntil(lambda: wishes(run) == [WishKind.LEAVE_OUT], timeout=AT_LEISURE_MS)
        press(qtbot, bench, "start")
        wait_for(qtbot, bench, "Waits for you")
        assert "left out" in bench.panels.run.gate.text.text()
        qtbot.waitUntil(lambda: not bench.acquisition.active, timeout=AT_LEISURE_MS)
        change(bench, "Image after all").trigger()
        qtbot.waitUntil(lambda: len(wishes(run)) == 2, timeout=AT_LEISURE_MS)
        press(qtbot, bench, "start")
        wait_for(qtbot, bench, "Finished")


def test_what_is_refused_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tiny_project(cycles=1))
    with opened(qtbot, run) as bench:
        start(qtbot, bench)
        wait_for(qtbot, bench, "Finished")
        qtbot.waitUntil(lambda: not bench.acquisition.active, timeout=AT_LEISURE_MS)
        for _ in range(2):  # the second at a time when the first is still being answered
            bench.acquisition.wish(Wish(WishKind.LEAVE_OUT, 0, "S001"))
        refused = [STILL_WRITING, "Cycle 1 is over."]
        qtbot.waitUntil(lambda: listed(bench, "Refused") == refused, timeout=AT_LEISURE_MS)


def test_a_tile_is_taken_again_before_the_mill_gate(qtbot: QtBot, tmp_path: Path) -> None:
    with paused_at(qtbot, tmp_path, PlaneChosen) as (bench, run):
        bench.acquisition.wish(Wish(WishKind.RETAKE, 0, "S001", 0))
        qtbot.waitUntil(lambda: wishes(run) == [WishKind.RETAKE], timeout=AT_LEISURE_MS)
        assert "Section S001, tile 1 of cycle 1: take a tile again." in listed(bench, "You asked")
        press(qtbot, bench, "start")
        wait_for(qtbot, bench, "Finished")
    takes = [r.take for r in run.records() if isinstance(r, PlaneChosen) and r.key.tile == 0]
    assert takes == [0, 1]
