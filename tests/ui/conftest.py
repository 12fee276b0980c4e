"""Windows in tests: offscreen unless a platform is named, with settings of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.choosers import Choosers
from ui.memory import MemoryFile
from ui.window import MainWindow

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


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

    made = MainWindow(memory_file, tmp_path, Choosers(choose, choose), lambda *_: None)
    made.show()
    yield made
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    qtbot.wait(1)
