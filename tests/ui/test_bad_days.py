"""Bad input and dying things: the window stays alive and says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from scopeacq.journal.records import PlaneExposing
from tests.scenarios.harness import TinyRun, tiny_project
from tests.ui.story import AT_LEISURE_MS, Operator, at_work, run_on_disk
from tests.ui.tiny_acquisition import Hold

DAMAGE = b"\x00 no run wrote this"


@pytest.fixture
def run(tmp_path: Path) -> TinyRun:
    return run_on_disk(tmp_path, tiny_project(cycles=1, tiles=2))


def still_alive(operator: Operator) -> None:
    """The window answers: its views can be shown, and the run can be left."""
    for key in operator.workspace.views:
        operator.workspace.show_view(key)
        operator.qtbot.wait(20)
    operator.window.show_start()
    assert operator.window.workspace is None


def told(operator: Operator) -> str:
    """All that the run panel and the banner say."""
    messages = " ".join(message.text for message in operator.window.banner.messages)
    return f"{operator.panel.head.sentence.text()} {messages}"


def check_finds(operator: Operator, what: str) -> None:
    """Check again until the list names it."""
    operator.click(operator.preflight.again)

    def named() -> None:
        assert any(what in text for text in operator.findings()), operator.findings()

    operator.qtbot.waitUntil(named, timeout=AT_LEISURE_MS)


def test_a_run_folder_that_vanishes_is_missed(qtbot: QtBot, tmp_path: Path, run: TinyRun) -> None:
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        root = run.plan.folder.root
        root.rename(root.with_name("elsewhere"))
        check_finds(operator, str(root))
        assert not operator.panel.buttons.start.isEnabled()
        still_alive(operator)


def test_a_run_folder_that_vanishes_during_the_run_ends_it(
    qtbot: QtBot, tmp_path: Path, run: TinyRun
) -> None:
    hold = Hold(PlaneExposing)
    run.on_commit = hold
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        operator.confirm()
        operator.start()
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        root = run.plan.folder.root
        root.rename(root.with_name("elsewhere"))
        hold.released.set()
        operator.reads("Failed")
        assert "cannot be read" in told(operator)
        still_alive(operator)


def test_a_full_disk_is_waited_for(qtbot: QtBot, tmp_path: Path, run: TinyRun) -> None:
    hold = Hold(PlaneExposing)
    run.on_commit = hold
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        operator.confirm()
        operator.start()
        qtbot.waitUntil(hold.reached.is_set, timeout=AT_LEISURE_MS)
        run.disk.fill(10_000)
        hold.released.set()
        operator.reads("Waits for you")
        assert "full" in told(operator)
        run.disk.fill(0)
        operator.reads("Finished")


def test_a_damaged_journal_is_named_and_nothing_starts(qtbot: QtBot, tmp_path: Path, run: TinyRun) -> None:
    run.plan.folder.journal_file.write_bytes(DAMAGE)
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        check_finds(operator, "journal")
        assert not operator.panel.buttons.start.isEnabled()
        still_alive(operator)


@pytest.mark.parametrize("name", ["project.toml", "wafer.geojson", "instrument.toml"])
def test_a_damaged_file_is_named_and_the_window_stays(
    qtbot: QtBot, tmp_path: Path, run: TinyRun, name: str
) -> None:
    (run.plan.folder.root / name).write_bytes(DAMAGE)
    with at_work(qtbot, tmp_path, run) as operator:
        operator.window.open_run(run.plan.folder.root)
        qtbot.waitUntil(lambda: bool(operator.window.banner.messages), timeout=AT_LEISURE_MS)
        (message,) = operator.window.banner.messages
        assert name in message.text and "copy" in message.text
        assert operator.window.start_page.isEnabled()


def test_a_folder_that_cannot_be_written_refuses_the_start(
    qtbot: QtBot, tmp_path: Path, run: TinyRun
) -> None:
    def read_only(_: object) -> object:
        raise OSError(errno.EROFS, "Read-only file system", str(run.plan.folder.journal_file))

    run.altered = read_only  # type: ignore[assignment]
    with at_work(qtbot, tmp_path, run) as operator:
        operator.open()
        operator.confirm()
        operator.start()
        operator.reads("Failed")
        assert "Read-only" in told(operator)
        still_alive(operator)
