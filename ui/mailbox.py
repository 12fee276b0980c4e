"""Where other threads leave what the GUI's thread is to do."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from PyQt5.QtCore import QObject, Qt, pyqtSignal


class Mailbox(QObject):
    """Brings news to the GUI's thread in order; those who leave them may live longer than the window."""

    _came = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed, self._telling = False, Lock()
        # queued from every thread: nothing is delivered while ``tell`` holds its lock
        self._came.connect(self._deliver, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]

    def tell(self, news: Callable[[], None]) -> None:
        """Have the GUI's thread call ``news``; nothing once closed. Any thread."""
        with self._telling:  # whoever closes may go at once, and a signal of what is gone is fatal
            if not self._closed:
                self._came.emit(news)

    def close(self) -> None:
        """Deliver nothing any more, what has come already neither; before the window's parts go."""
        with self._telling:
            self._closed = True

    def _deliver(self, news: Callable[[], None]) -> None:
        if not self._closed:
            news()
