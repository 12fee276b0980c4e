"""The card beside the cursor: what lies there in words, and its curve over the cycles."""

from __future__ import annotations

import math

from PyQt5.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QWidget

from ui.presenters.hover import Card, CurveShown
from ui.theme import FontPt, Shades, Space, font, shades
from ui.viewport.overlays import draw_card

TEXT_PX = 300
CURVE_PX = 84
BESIDE_PX = 18
"""How far from the cursor it stands."""
DOTS_UP_TO = 40
"""Curves of so many points show each of them."""
WRAPPED = int(Qt.TextFlag.TextWordWrap)


class HoverCard(QWidget):
    """Stands over the map and lets clicks through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.card: Card | None = None
        self.hide()

    def show_card(self, card: Card, at: QPoint) -> None:
        """Show this beside a point of the parent, where there is room for it."""
        self.card = card
        self.setAccessibleName(card.title)
        self.setAccessibleDescription(card.text)
        self.resize(self.sizeHint())
        self.move(self._place(at))
        self.show()
        self.raise_()
        self.update()

    def show_curve(self, card: Card) -> None:
        """The same card with its curve, where it stands."""
        if self.isVisible():
            corner = self.pos()
            self.show_card(card, corner)
            parent = self.parentWidget()
            assert parent is not None
            y = min(corner.y(), parent.height() - self.height() - Space.S)
            self.move(corner.x(), max(y, Space.S))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        if self.card is None:
            return QSize(0, 0)
        height = self._title_px() + sum(self._line_px(line) for line in self.card.lines)
        if self.card.curve is not None:
            height += CURVE_PX + 2 * Space.L + Space.S
        return QSize(TEXT_PX + 2 * Space.M, math.ceil(height + 2 * Space.M))

    def _place(self, at: QPoint) -> QPoint:
        parent = self.parentWidget()
        assert parent is not None
        left, top = at.x() + BESIDE_PX, at.y() + BESIDE_PX
        if left + self.width() > parent.width():
            left = at.x() - BESIDE_PX - self.width()
        if top + self.height() > parent.height():
            top = at.y() - BESIDE_PX - self.height()
        return QPoint(max(left, Space.S), max(top, Space.S))

    def _title_px(self) -> float:
        return QFontMetricsF(font(FontPt.BODY, QFont.DemiBold)).height() + Space.XS

    def _line_px(self, line: str) -> float:
        room = QRectF(0, 0, TEXT_PX, 10_000)
        return QFontMetricsF(font(FontPt.SMALL)).boundingRect(room, WRAPPED, line).height() + 2

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        if self.card is None:
            return
        painter, colours = QPainter(self), shades(self)
        draw_card(painter, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), colours)
        y = float(Space.M)
        painter.setPen(QColor(colours.text))
        painter.setFont(font(FontPt.BODY, QFont.DemiBold))
        painter.drawText(QRectF(Space.M, y, TEXT_PX, self._title_px()), 0, self.card.title)
        y += self._title_px()
        painter.setFont(font(FontPt.SMALL))
        for line in self.card.lines:
            painter.drawText(QRectF(Space.M, y, TEXT_PX, self._line_px(line)), WRAPPED, line)
            y += self._line_px(line)
        if self.card.curve is not None:
            area = QRect(Space.M, math.ceil(y) + Space.S + Space.L, TEXT_PX, CURVE_PX)
            draw_curve(painter, QRectF(area), self.card.curve, colours)
        painter.end()


def draw_curve(painter: QPainter, area: QRectF, curve: CurveShown, colours: Shades) -> None:
    """A line with its title above, its range at the left and its cycles below."""
    painter.setFont(font(FontPt.SMALL))
    painter.setPen(QColor(colours.muted))
    painter.drawText(area.topLeft() - QPointF(0, 6), curve.title)
    metrics = QFontMetricsF(painter.font())
    room = max(metrics.horizontalAdvance(text) for text in (curve.low, curve.high)) + Space.S
    plot = area.adjusted(room, Space.XS, -Space.XS, -Space.XS)
    right = int(Qt.AlignmentFlag.AlignRight)
    for text, y in ((curve.high, plot.top()), (curve.low, plot.bottom())):
        painter.drawText(QRectF(area.left(), y - 8, room - Space.S, 16), right, text)
    painter.drawText(QRectF(plot.left(), plot.bottom() + 4, plot.width(), 18), right, curve.span)
    painter.setPen(QPen(QColor(colours.line), 1.0))
    painter.drawLine(plot.bottomLeft(), plot.bottomRight())
    line = QPolygonF(_places(curve, plot))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colours.accent), 1.6))
    painter.drawPolyline(line)
    if len(curve.points) <= DOTS_UP_TO:
        painter.setBrush(QColor(colours.accent))
        for point in line:
            painter.drawEllipse(point, 2, 2)
    painter.restore()


def _places(curve: CurveShown, plot: QRectF) -> list[QPointF]:
    values = [value for _, value in curve.points]
    low, span = min(values), max(values) - min(values)
    first, cycles = curve.points[0][0], max(curve.points[-1][0] - curve.points[0][0], 1)
    return [
        QPointF(
            plot.left() + (cycle - first) / cycles * plot.width(),
            plot.bottom() - ((value - low) / span if span > 0 else 0.5) * plot.height(),
        )
        for cycle, value in curve.points
    ]
