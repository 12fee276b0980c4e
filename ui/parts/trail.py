"""The names of a wizard's steps, of which one is marked."""

from __future__ import annotations

from enum import Enum

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QWidget

from ui import theme
from ui.presenters.tone import Tone


class Trail(QWidget):
    """Shows the members of an enum by their values, in their order."""

    def __init__(self, steps: type[Enum]) -> None:
        super().__init__()
        self._labels = {step: QLabel(f"{n}  {step.value}") for n, step in enumerate(steps, 1)}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.Space.M)
        for n, text in enumerate(self._labels.values()):
            text.setTextFormat(Qt.TextFormat.PlainText)
            if n:
                between = QLabel("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}")
                theme.set_tone(between, Tone.QUIET)
                row.addWidget(between)
            row.addWidget(text)
        row.addStretch(1)

    def show_step(self, now: Enum) -> None:
        """Mark the step it is at."""
        for step, text in self._labels.items():
            theme.set_role(text, "strong" if step is now else "muted")
            theme.set_tone(text, Tone.ACTIVE if step is now else Tone.QUIET)
