"""A message as a row: its sign, what happened, what it means and what to do, to be copied and closed."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QPainter
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from ui import theme
from ui.icons import SignLabel
from ui.parts.copying import copy_text
from ui.parts.label import label
from ui.presenters.messages import Message
from ui.presenters.tone import Tone


class MessageRow(QFrame):
    """One message on the tint of its tone; ``when`` stands above it where that matters."""

    def __init__(self, message: Message, when: str = "") -> None:
        super().__init__()
        self._tone = message.tone
        self.setAutoFillBackground(True)
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.M, theme.Space.S)
        box.setSpacing(theme.Space.M)
        box.addWidget(SignLabel(message.sign, message.tone, 20), 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(_texts(message, when), 1)
        self.follow_button = QPushButton(message.offer.text if message.offer is not None else "")
        self.follow_button.hide()  # until somebody is there who knows the way
        copy = _quiet_button("Copy", "Copy the whole message")
        copy.clicked.connect(lambda: copy_text(message.text))
        self.close_button = _quiet_button("Close", "Close this message; what it is about stays as it is")
        for button in (self.follow_button, copy, self.close_button):
            box.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        colours = theme.shades(self)
        painter.fillRect(self.rect(), colours.tint(self._tone))
        painter.fillRect(0, 0, 3, self.height(), colours.of(self._tone))
        painter.end()


def _texts(message: Message, when: str) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(2)
    if when:
        column.addWidget(label(when, "small"))
    heading = label(f"{message.word}: {message.what}", "strong")
    if message.tone is not Tone.QUIET:
        theme.set_tone(heading, message.tone)
    column.addWidget(heading)
    if explained := " ".join(part for part in (message.meaning, message.advice) if part):
        column.addWidget(label(explained, "body"))
    return column


def _quiet_button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    theme.set_role(button, "quiet")
    return button
