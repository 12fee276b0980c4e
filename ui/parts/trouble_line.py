"""A line in a view that says why nothing new comes, for as long as that is so."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel

from ui import theme
from ui.presenters.tone import Tone


class TroubleLine(QLabel):
    """Hidden while all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setContentsMargins(theme.Space.L, theme.Space.S, theme.Space.L, theme.Space.S)
        self.setVisible(False)
        theme.set_tone(self, Tone.CAUTION)

    def show_trouble(self, text: str) -> None:
        """Say what is wrong; empty: nothing is."""
        self.setText(text)
        self.setVisible(bool(text))
