"""Keeps what the window says, shows it again on a press of the bell, and calls an operator who is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QApplication, QDockWidget, QMainWindow

from ui.messages.message_panel import Bell, MessagePanel
from ui.parts.side_docks import side_dock
from ui.presenters.message_log import MessageLog
from ui.presenters.messages import Message


class MessageHistory(QObject):
    """The messages of ``window``, of all runs that it opens."""

    def __init__(self, window: QMainWindow, sounds: Callable[[], bool]) -> None:
        """``sounds``: whether what calls for somebody is to be heard, too."""
        super().__init__(window)
        self._window, self._sounds = window, sounds
        self.log = MessageLog()
        self.bell = Bell(self.log)
        self._panel: MessagePanel | None = None
        self._dock: QDockWidget | None = None
        self.bell.clicked.connect(lambda: self.show())

    def take(self, message: Message) -> None:
        """A message was said. One that calls for somebody marks the window in the task bar, and sounds."""
        self.log.take(message, datetime.now().astimezone())
        self.bell.refresh()
        if self._panel is not None and self._panel.isVisible():
            self._panel.refresh()
        if message.calls:
            QApplication.alert(self._window)
            if self._sounds():
                QApplication.beep()

    def show(self) -> None:
        """Show all messages; they count as read."""
        self.log.read()
        self.bell.refresh()
        if self._panel is None or self._dock is None:
            self._panel = MessagePanel(self.log)
            self._dock = side_dock(self._window, "messages", "Messages", self._panel, "messages")
        self._panel.refresh()
        self._dock.show()
        self._dock.raise_()
