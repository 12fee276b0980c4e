"""The bell and what it leads to: every message that was said in this window, with its time."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.messages.message_row import MessageRow
from ui.parts.copying import copy_text
from ui.parts.sign_button import SignButton
from ui.presenters.message_log import MessageLog, Told
from ui.presenters.tone import Sign, Tone

NOTHING = "Messages that were shown above the views are kept here, also when they were closed."


class Bell(SignButton):
    """Says how many messages were not read yet."""

    def __init__(self, log: MessageLog) -> None:
        super().__init__(Sign.BELL, "Messages of this window")
        self._log = log
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the menu leads there, too
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.refresh()

    def refresh(self) -> None:
        """Show how many are unread."""
        unread = self._log.unread
        self.setText(f" {unread}" if unread else "")
        self.setToolTip(f"{unread} new messages" if unread else "Messages of this window: none is new")
        self.show_tone(Tone.ALARM if self._log.calling else Tone.ACTIVE if unread else Tone.QUIET)


class MessagePanel(QWidget):
    """All messages, the newest on top."""

    def __init__(self, log: MessageLog) -> None:
        super().__init__()
        self._log = log
        copy = QPushButton("Copy all")
        copy.setToolTip("Copy all messages with their times")
        copy.clicked.connect(lambda: copy_text(log.as_text()))
        holder, area = QWidget(), QScrollArea()
        self._rows = QVBoxLayout(holder)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(1)
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, theme.Space.S, 0, 0)
        box.addWidget(copy, 0, Qt.AlignmentFlag.AlignRight)
        box.addWidget(area, 1)
        theme.set_role(copy, "quiet")

    def refresh(self) -> None:
        """Show what was said until now."""
        while (item := self._rows.takeAt(0)) is not None:
            if (row := item.widget()) is not None:
                row.hide()
                row.deleteLater()
        for told in self._log.newest_first():
            self._rows.addWidget(_row(told))
        if not self._log.told:
            self._rows.addWidget(_nothing())
        self._rows.addStretch(1)


def _row(told: Told) -> MessageRow:
    row = MessageRow(told.message, told.heading)
    row.close_button.hide()
    return row


def _nothing() -> QLabel:
    label = QLabel(NOTHING)
    label.setWordWrap(True)
    label.setContentsMargins(theme.Space.L, 0, theme.Space.L, 0)
    theme.set_role(label, "muted")
    return label
