"""Texts that are read and copied."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel

from ui import theme


def label(text: str = "", role: str = "", tip: str = "", wrap: bool = True) -> QLabel:
    """A text that can be selected and copied, shown to the letter: what a run's files say is no markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setToolTip(tip)
    if role:
        theme.set_role(made, role)
    return made
