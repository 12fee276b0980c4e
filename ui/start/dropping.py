"""Opening a run by dragging its folder, or a file in it, onto the window."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QEvent, QMimeData, QObject, pyqtSignal
from PyQt5.QtGui import QDropEvent
from PyQt5.QtWidgets import QWidget

_DRAGS = QEvent.Type.DragEnter, QEvent.Type.Drop


class Drops(QObject):
    """Watches ``window``; ``dropped`` carries the folder."""

    dropped = pyqtSignal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        if not isinstance(event, QDropEvent) or event.type() not in _DRAGS:
            return False
        root = dropped_run(event.mimeData())
        if root is not None:
            event.acceptProposedAction()
            if event.type() == QEvent.Type.Drop:
                self.dropped.emit(root)
        return True


def dropped_run(data: QMimeData | None) -> Path | None:
    """The folder that was dragged onto the window, or that of a file in it; None for anything else."""
    for url in data.urls() if data is not None else ():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.exists():
            return path if path.is_dir() else path.parent
    return None
