"""A workspace on its way: its parts are loaded and made so that the window goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from ui.messages.banner import Banner
from ui.run.interpreter import loading
from ui.tasks import Tasks

if TYPE_CHECKING:  # brings shapely, which the first window does without
    from scopeacq.plan.runfolder import Plan
    from ui.workspace import Workspace

Furnish = Callable[["Workspace", Banner, Tasks], Iterator[None]]
"""Puts viewport and panels into a new workspace, one after the other: between them the window goes on."""


def with_its_parts(read: Callable[[], Plan]) -> Plan:
    """Read a run, and load what will show it where that does not hold up the window."""
    with loading():
        import_module("ui.furnishing")
    return read()


def furnished(workspace: Workspace, banner: Banner, tasks: Tasks) -> Iterator[None]:
    """Furnish a workspace with all that a run has."""
    from ui.furnishing import furnish

    return furnish(workspace, banner, tasks)


class Arrival(QObject):
    """Goes through ``furnishing``, a part in each turn of the event loop; then ``complete`` is told."""

    complete = pyqtSignal()

    def __init__(self, workspace: Workspace, furnishing: Iterator[None]) -> None:
        super().__init__(workspace)
        self.workspace, self._furnishing = workspace, furnishing
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def stop(self) -> None:
        """Make no more of it."""
        self._timer.stop()

    def _go_on(self) -> None:
        for _ in self._furnishing:
            self._timer.start()
            return
        self.complete.emit()
