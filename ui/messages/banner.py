"""Messages without modal dialogs: a bar that says what happened, what it means and what to do."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QLabel, QVBoxLayout, QWidget

from ui import theme
from ui.messages.message_row import MessageRow
from ui.presenters.messages import Message

MOST_SHOWN = 3
"""Messages that are shown at once; older ones wait behind a count."""


class Banner(QWidget):
    """The messages, newest first; ``said`` carries each one. Nothing in it stops what runs.

    ``followed`` (Offer): the operator goes where a message leads.
    """

    said = pyqtSignal(object)
    followed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[Message] = []
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(1)
        self.setVisible(False)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What has been said and not been closed, newest first."""
        return tuple(self._messages)

    def say(self, message: Message) -> None:
        """Show a message; the same again moves to the top instead of filling the window."""
        self.said.emit(message)
        self._messages = [message, *(m for m in self._messages if m != message)]
        self._refresh()

    def withdraw(self, message: Message) -> None:
        """Take a message away; one that is gone already is no error."""
        self._messages = [m for m in self._messages if m != message]
        self._refresh()

    def _refresh(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (row := item.widget()) is not None:
                row.hide()
                row.deleteLater()
        for message in self._messages[:MOST_SHOWN]:
            self._rows.addWidget(self._row(message))
        if (more := len(self._messages) - MOST_SHOWN) > 0:
            self._rows.addWidget(_more(more))
        self.setVisible(bool(self._messages))

    def _row(self, message: Message) -> QWidget:
        row = MessageRow(message)
        row.follow_button.setVisible(message.offer is not None)
        row.follow_button.clicked.connect(lambda: self.followed.emit(message.offer))
        row.close_button.clicked.connect(lambda: self.withdraw(message))
        return row


def _more(count: int) -> QLabel:
    label = QLabel(f"and {count} more")
    theme.set_role(label, "small")
    label.setContentsMargins(theme.Space.XL, theme.Space.XS, 0, theme.Space.XS)
    return label
