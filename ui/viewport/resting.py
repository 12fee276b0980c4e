"""Tells when the cursor comes to rest over a widget."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QPoint, QTimer, pyqtSignal

RESTED_MS = 350
"""The cursor rests when it has not moved for so long."""


class Resting(QObject):
    """``rested``: the cursor lies still over this point of the widget (QPoint), or None: it moves again."""

    rested = pyqtSignal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._at, self._timer = QPoint(), QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RESTED_MS)
        self._timer.timeout.connect(lambda: self.rested.emit(self._at))

    def stir(self) -> None:
        """It does not rest any more."""
        self._timer.stop()
        self.rested.emit(None)

    def watch(self, at: QPoint) -> None:
        """It has moved there and may come to rest."""
        self._at = at
        self._timer.start()
