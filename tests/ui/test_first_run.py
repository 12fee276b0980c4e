"""An operator who never saw the window starts a simulated run: few clicks, little time, real networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from scopeacq.journal.records import RunRequest
from ui.memory import MemoryFile
from ui.panels.preflight_panel import PreflightPanel
from ui.panels.run_panel import RunPanel
from ui.run.acquisition import Acquisition
from ui.window import MainWindow

MOST_CLICKS, LONGEST_S = 3, 60.0
ENDING_MS = 120_000


@pytest.fixture
def simulated(qtbot: QtBot, memory_file: MemoryFile, tmp_path: Path) -> Iterator[MainWindow]:
    """The window as `make gui` shows it: a prepared wafer on the twin."""
    window = MainWindow(memory_file, tmp_path)
    window.show()
    window.simulate()
    yield window
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    qtbot.wait(1)


def test_a_run_is_started_with_three_clicks_within_a_minute(
    qtbot: QtBot, simulated: MainWindow, record_property: Callable[[str, object], None]
) -> None:
    began_s, clicks = time.monotonic(), 0
    patience_ms = int(LONGEST_S * 1e3)
    qtbot.waitUntil(lambda: simulated.workspace is not None, timeout=patience_ms)
    assert simulated.workspace is not None
    panel, preflight = (simulated.workspace.findChild(kind) for kind in (RunPanel, PreflightPanel))
    acquisition = simulated.workspace.findChild(Acquisition)
    for widget in (*preflight.boxes.values(), panel.buttons.start):
        _click(qtbot, widget, patience_ms)
        clicks += 1
    qtbot.waitUntil(lambda: panel.head.word.text() == "Running", timeout=patience_ms)
    took_s = time.monotonic() - began_s
    acquisition.request(RunRequest.ABORT)
    qtbot.waitUntil(lambda: not acquisition.active, timeout=ENDING_MS)
    record_property("seconds from the window to a running run", round(took_s, 1))
    assert clicks <= MOST_CLICKS
    assert took_s < LONGEST_S


def _click(qtbot: QtBot, widget: QWidget, patience_ms: int) -> None:
    qtbot.waitUntil(lambda: widget.isVisible() and widget.isEnabled(), timeout=patience_ms)
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)
