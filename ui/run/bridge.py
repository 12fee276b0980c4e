"""Where what a run tells enters the GUI's thread: a timer drains its queue, never more than fits between
two frames."""

from __future__ import annotations

import time
from typing import Protocol

from PyQt5.QtCore import QObject, Qt, QTimer, pyqtSignal

from ui.presenters.notices import Notice

LOOK_MS = 40
"""Between two looks at the queue: what happens is seen at once, and the processor is not."""
AT_ONCE = 25
"""Notices taken in one go."""
BUDGET_S = 0.015
"""Time after which the rest waits for the next look."""


class Source(Protocol):
    """Something that tells notices, such as a run."""

    @property
    def over(self) -> bool:
        """Whether nothing more will be said."""

    def take(self, most: int = ...) -> list[Notice]:
        """What was said since the last call, in order."""


class Bridge(QObject):
    """Emits ``noticed`` with a list of notices, and ``looked`` at each look while somebody may speak."""

    noticed = pyqtSignal(list)
    looked = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def follows(self) -> bool:
        """Whether somebody may still say something."""
        return self._source is not None

    def follow(self, source: Source) -> None:
        """Tell what ``source`` says from now on, until it is over."""
        self._source = source
        self._timer.start()

    def _look(self) -> None:
        until_s = time.monotonic() + BUDGET_S
        source = self._source
        while source is not None and (notices := source.take(AT_ONCE)):
            self.noticed.emit(notices)
            if time.monotonic() > until_s:
                break
        self.looked.emit()
        if source is not None and source is self._source and source.over:
            self._source = None
            self._timer.stop()
