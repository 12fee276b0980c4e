"""Windows in tests: offscreen unless a platform is named, with settings of their own."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QEvent
from PyQt5.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ui.memory import MemoryFile
from ui.start.choosers import Choosers
from ui.window import MainWindow

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

LONGEST_ENDING_S = 30.0
"""A check of a plan that nobody waits for any more goes on until its networks are loaded."""


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """After every test its windows are gone, and its threads have ended or are about to."""
    threads, widgets = set(threading.enumerate()), set(_top_level())
    yield
    end_s = time.monotonic() + LONGEST_ENDING_S
    while left := {t.name for t in threading.enumerate() if t not in threads}:
        assert time.monotonic() < end_s, f"threads that go on: {left}"
        time.sleep(0.01)
    for collect in (lambda: 0, gc.collect):
        collect()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if not (shown := [w for w in _top_level() if w not in widgets]):
            return
    raise AssertionError(f"widgets that nobody owns: {shown}")


def _top_level() -> list[QWidget]:
    return QApplication.topLevelWidgets() if QApplication.instance() is not None else []


@pytest.fixture
def memory_file(tmp_path: Path) -> MemoryFile:
    return MemoryFile(tmp_path / "config" / "window.toml")


@pytest.fixture
def chosen() -> list[Path]:
    """What the operator will choose, one folder for each question."""
    return []


@pytest.fixture
def window(
    qtbot: QtBot, memory_file: MemoryFile, tmp_path: Path, chosen: list[Path]
) -> Iterator[MainWindow]:
    """The main window as it starts, without the panels of a run; nothing of it is left behind."""

    def choose(_: object) -> Path | None:
        return chosen.pop() if chosen else None

    made = MainWindow(memory_file, tmp_path, Choosers(choose, choose), lambda *_: iter(()))
    made.show()
    yield made
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    qtbot.wait(1)
