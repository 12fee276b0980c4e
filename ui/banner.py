"""Messages without modal dialogs: a bar that says what happened, what it means and what to do."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QPainter
from PyQt5.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui import theme
from ui.icons import SignLabel
from ui.presenters.messages import Message
from ui.presenters.tone import Tone

MOST_SHOWN = 3
"""Messages that are shown at once; older ones wait behind a count."""


class Banner(QWidget):
    """The messages, newest first. Nothing in it stops what runs."""

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
        row = _Row(message)
        row.close_button.clicked.connect(lambda: self.withdraw(message))
        return row


class _Row(QFrame):
    """One message on the tint of its tone."""

    def __init__(self, message: Message) -> None:
        super().__init__()
        self._tone = message.tone
        self.setAutoFillBackground(True)
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.M, theme.Space.S)
        box.setSpacing(theme.Space.M)
        box.addWidget(SignLabel(message.sign, message.tone, 20), 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(_texts(message), 1)
        copy = _quiet_button("Copy", "Copy the whole message")
        copy.clicked.connect(lambda: _to_clipboard(message.text))
        self.close_button = _quiet_button("Close", "Close this message; what it is about stays as it is")
        for button in (copy, self.close_button):
            box.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        colours = theme.shades(self)
        painter.fillRect(self.rect(), colours.tint(self._tone))
        painter.fillRect(0, 0, 3, self.height(), colours.of(self._tone))
        painter.end()


def _texts(message: Message) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(2)
    heading = _label(f"{message.word}: {message.what}", "strong")
    if message.tone is not Tone.QUIET:
        theme.set_tone(heading, message.tone)
    column.addWidget(heading)
    if explained := " ".join(part for part in (message.meaning, message.advice) if part):
        column.addWidget(_label(explained, "body"))
    return column


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    theme.set_role(label, role)
    return label


def _more(count: int) -> QLabel:
    label = QLabel(f"and {count} more")
    theme.set_role(label, "small")
    label.setContentsMargins(theme.Space.XL, theme.Space.XS, 0, theme.Space.XS)
    return label


def _quiet_button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    theme.set_role(button, "quiet")
    return button


def _to_clipboard(text: str) -> None:
    clipboard = QApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
