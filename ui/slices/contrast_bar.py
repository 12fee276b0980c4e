"""How often each grey value comes, with the limits that are shown as black and white: drag them."""

from __future__ import annotations

import math

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QMouseEvent, QPainter, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.presenters.contrast import Contrast, Histogram

HEIGHT_PX = 72


class ContrastBar(QWidget):
    """``changed`` (Contrast): the operator dragged a limit. Double-click: what suits the slice."""

    changed = pyqtSignal(object)
    fit_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._histogram: Histogram | None = None
        self._contrast = Contrast()
        self._low_held = False
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Grey values of this slice. Drag the limits that are shown as black and white;\n"
            "they stay for all slices. Double-click for limits that suit this slice (A)."
        )

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, HEIGHT_PX)

    def show_values(self, histogram: Histogram | None, contrast: Contrast) -> None:
        self._histogram, self._contrast = histogram, contrast
        self.update()

    def _x(self, value: float) -> float:
        top = self._histogram.top if self._histogram else 255.0
        return value / top * self.width()

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter, shades = QPainter(self), theme.shades(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low, high = self._x(self._contrast.low), self._x(self._contrast.high)
        painter.fillRect(QRectF(low, 0, high - low, self.height()), QColor(shades.raised))
        if self._histogram is not None:
            self._paint_counts(painter, self._histogram, QColor(shades.muted))
        painter.setPen(QPen(QColor(shades.accent), 2))
        for x in (low, high):
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.end()

    def _paint_counts(self, painter: QPainter, histogram: Histogram, colour: QColor) -> None:
        most = math.sqrt(max(*histogram.counts, 1))
        step = self.width() / len(histogram.counts)
        points = [QPointF(0, self.height())]
        for n, count in enumerate(histogram.counts):
            points.append(QPointF((n + 0.5) * step, self.height() * (1 - 0.92 * math.sqrt(count) / most)))
        points.append(QPointF(self.width(), self.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF(points))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None:
            x = event.localPos().x()
            self._low_held = abs(x - self._x(self._contrast.low)) < abs(x - self._x(self._contrast.high))
            self._drag(x)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event.localPos().x())

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        self.fit_wanted.emit()

    def _drag(self, x: float) -> None:
        top = self._histogram.top if self._histogram else 255.0
        value = min(max(x / max(self.width(), 1), 0.0), 1.0) * top
        low, high = self._contrast.low, self._contrast.high
        if self._low_held:
            self._contrast = Contrast(min(value, high - 1), high)
        else:
            self._contrast = Contrast(low, max(value, low + 1))
        self.update()
        self.changed.emit(self._contrast)
