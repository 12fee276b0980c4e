"""The program with a window: Qt's application, and what the first window opens."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QStandardPaths, Qt, QTimer
from PyQt5.QtWidgets import QApplication

from ui.memory import MemoryFile
from ui.window import MainWindow


@dataclass(frozen=True, slots=True)
class Opening:
    """What the window begins with: a run, a simulated one, or the start page."""

    project: Path | None = None
    simulate: bool = False


def run(opening: Opening) -> int:
    """Show the window until the operator closes it; the process's exit code."""
    app = make_application()
    window = make_window(opening)
    window.show()
    return int(app.exec())


def make_application() -> QApplication:
    """Qt's application, sharp on every screen."""
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("scopeacq")
    app.setApplicationDisplayName("")
    return app


def make_window(opening: Opening) -> MainWindow:
    """The window, which opens what it is told to as soon as it is shown."""
    window = MainWindow(MemoryFile(settings_file()), simulations_folder())
    if opening.project is not None:
        QTimer.singleShot(0, lambda: window.open_run(opening.project))
    elif opening.simulate:
        QTimer.singleShot(0, window.simulate)
    else:
        QTimer.singleShot(0, window.show_start)
    return window


def settings_file() -> Path:
    """Where the window's settings lie on this system."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / "scopeacq" / "window.toml"


def simulations_folder() -> Path:
    """Where simulated runs are made: here, or in the home folder where nothing can be written here."""
    here = Path.cwd()
    return here if os.access(here, os.W_OK) else Path.home()
