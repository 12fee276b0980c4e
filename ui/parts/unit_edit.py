"""A line of text that has a unit."""

from __future__ import annotations

from PyQt5.QtCore import QRect, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QLineEdit, QWidget

from ui import theme
from ui.presenters.quantities import unit_shown
from ui.presenters.tone import Tone


class UnitEdit(QLineEdit):
    """What stands in the field stays clear of the unit at its right end; without one it is plain text."""

    def __init__(self, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unit = unit
        self._unit_text = unit_shown(unit)
        self.setAccessibleDescription(self._unit_text)
        if unit:
            self.setTextMargins(0, 0, self.unit_px + theme.Space.S, 0)

    @property
    def unit_px(self) -> int:
        """How wide the unit is."""
        return self.fontMetrics().horizontalAdvance(self._unit_text)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().paintEvent(event)
        if not self._unit_text:
            return
        painter = QPainter(self)
        painter.setPen(theme.shades(self).of(Tone.QUIET))
        place = QRect(0, 0, self.width() - theme.Space.S - 1, self.height())
        painter.drawText(
            place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._unit_text
        )
        painter.end()
