"""The line under the map: what a drag does now, and where the cursor is."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from ui.theme import Space, set_role


class Foot(QFrame):
    """A hint and coordinates; the latter can be selected and copied."""

    def __init__(self) -> None:
        super().__init__()
        self._hint, self._coordinates = QLabel(), QLabel()
        self._coordinates.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._coordinates.setToolTip("Where the cursor is, in the frame of the stage; right-click to copy")
        self._hint.setWordWrap(True)
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.XS, Space.M, Space.XS)
        for label, stretch in ((self._hint, 1), (self._coordinates, 0)):
            set_role(label, "small")
            row.addWidget(label, stretch)

    def hint(self, text: str) -> None:
        """What a drag does now."""
        self._hint.setText(text)
        self._hint.setToolTip(text)

    def coordinates(self, text: str) -> None:
        """Where the cursor is; empty while it is elsewhere."""
        self._coordinates.setText(text)
