"""A list of choices that is seen in a dark room and does not change under a scrolling wheel."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPen, QWheelEvent
from PyQt5.QtWidgets import QComboBox

from ui import theme

ARROW_PX = 4.0


class CalmComboBox(QComboBox):
    """A list that the wheel changes only where it has the focus; else the page scrolls."""

    def __init__(self) -> None:
        super().__init__()
        theme.set_role(self, "calm")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None and not self.hasFocus():
            event.ignore()
            return
        super().wheelEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().paintEvent(event)
        painter, shades = QPainter(self), theme.shades(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(shades.muted if self.isEnabled() else shades.line), 1.6))
        x, y = self.width() - 14.0, self.height() / 2
        below = QPointF(x, y + ARROW_PX / 2)
        painter.drawLine(QPointF(x - ARROW_PX, y - ARROW_PX / 2), below)
        painter.drawLine(below, QPointF(x + ARROW_PX, y - ARROW_PX / 2))
        painter.end()
