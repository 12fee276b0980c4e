"""Something to be done in a moment, once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QObject, QTimer


class Soon(QTimer):
    """Calls ``due`` some time after it was asked for; it goes with its owner."""

    def __init__(self, owner: QObject, after_ms: int, due: Callable[[], None]) -> None:
        super().__init__(owner)
        self.setSingleShot(True)
        self.setInterval(after_ms)
        self.timeout.connect(due)

    def ask(self) -> None:
        """In a moment; what is asked for meanwhile is done with it."""
        if not self.isActive():
            self.start()

    def put_off(self) -> None:
        """In a moment after the last time it was asked for, as when somebody types."""
        self.start()
