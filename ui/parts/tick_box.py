"""A check box that is seen in a dark room: a frame, and a drawn tick on the accent's colour."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QCheckBox

from ui import theme

BOX_PX = 18.0
_ROUND = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin


class TickBox(QCheckBox):
    """A ``QCheckBox`` painted by the theme."""

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        text = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text())
        return QSize(
            text.width() + round(BOX_PX) + 3 * theme.Space.S, max(text.height(), round(BOX_PX)) + 10
        )

    def hitButton(self, pos: object) -> bool:  # noqa: N802 (Qt's name)
        """All of it takes the click, not only the box."""
        return True

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        painter, colours = QPainter(self), theme.shades(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1.0, (self.height() - BOX_PX) / 2, BOX_PX, BOX_PX)
        framed = self.hasFocus() or self.underMouse() or self.isChecked()
        painter.setPen(QPen(QColor(colours.accent if framed else colours.muted), 1.4))
        painter.setBrush(QColor(colours.accent if self.isChecked() else colours.raised))
        painter.drawRoundedRect(box, 4, 4)
        if self.isChecked():
            painter.setPen(QPen(QColor(colours.on_accent), 2.2, Qt.PenStyle.SolidLine, *_ROUND))
            points = ((0.25, 0.52), (0.43, 0.70), (0.76, 0.32))
            tick = [QPointF(box.left() + x * BOX_PX, box.top() + y * BOX_PX) for x, y in points]
            painter.drawLine(tick[0], tick[1])
            painter.drawLine(tick[1], tick[2])
        painter.setPen(QColor(colours.text if self.isEnabled() else colours.muted))
        words = QRectF(self.rect()).adjusted(BOX_PX + theme.Space.M, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()
