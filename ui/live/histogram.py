"""The histogram of a frame, with the two levels that are shown as black and white."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QLineF, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QWidget

from scopeacq.vision.looking import Histogram, Levels
from ui import theme

HEIGHT_PX = 96
PAD_PX = 6.0


class HistogramView(QWidget):
    """``chosen`` (Levels): a level was dragged. Counts are on a logarithmic axis."""

    chosen = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setToolTip(
            "How often each grey value occurs, on a logarithmic axis. Drag a line to set a level."
        )
        self._histogram: Histogram | None = None
        self._levels = Levels(0, 255)
        self._drags_low: bool | None = None

    def show_histogram(self, histogram: Histogram | None, levels: Levels) -> None:
        """Show another frame's."""
        self._histogram, self._levels = histogram, levels
        self.update()

    def show_levels(self, levels: Levels) -> None:
        """Show other levels."""
        self._levels = levels
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(260, HEIGHT_PX)

    # -- dragging ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is None or self._histogram is None or event.button() != Qt.MouseButton.LeftButton:
            return
        x = event.localPos().x()
        self._drags_low = abs(x - self._x(self._levels.low)) <= abs(x - self._x(self._levels.high))
        self._drag(x)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None and self._drags_low is not None:
            self._drag(event.localPos().x())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        self._drags_low = None

    def _drag(self, x: float) -> None:
        assert self._histogram is not None
        full, levels = self._histogram.full, self._levels
        value = full.low + (x - PAD_PX) / self._width() * (full.high - full.low)
        if self._drags_low:
            wanted = Levels(min(value, levels.high - 1), levels.high)
        else:
            wanted = Levels(levels.low, max(value, levels.low + 1))
        self._levels = wanted.within(full)
        self.chosen.emit(self._levels)
        self.update()

    # -- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        painter, colours = QPainter(self), theme.shades(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        floor = self.height() - PAD_PX
        if self._histogram is not None:
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QLineF(PAD_PX, floor, self.width() - PAD_PX, floor))
            self._draw_counts(painter, self._histogram, floor, colours)
            self._draw_levels(painter, floor, colours)
        painter.end()

    def _draw_counts(
        self, painter: QPainter, histogram: Histogram, floor: float, colours: theme.Shades
    ) -> None:
        heights = np.log1p(histogram.counts)
        heights = heights / max(heights.max(), 1e-9) * (floor - 2 * PAD_PX)
        across = np.linspace(PAD_PX, PAD_PX + self._width(), len(heights))
        points = [QPointF(x, floor - h) for x, h in zip(across, heights, strict=True)]
        outline = QPolygonF([QPointF(PAD_PX, floor), *points, QPointF(PAD_PX + self._width(), floor)])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.mixed(QColor(colours.panel), QColor(colours.muted), 0.6))
        painter.drawPolygon(outline)

    def _draw_levels(self, painter: QPainter, floor: float, colours: theme.Shades) -> None:
        low, high = self._x(self._levels.low), self._x(self._levels.high)
        band = QColor(colours.accent)
        band.setAlphaF(0.10)
        painter.fillRect(QRectF(low, 0, high - low, floor), band)
        painter.setPen(QPen(QColor(colours.accent), 2))
        for x in (low, high):
            painter.drawLine(QLineF(x, 0, x, floor))

    def _width(self) -> float:
        return self.width() - 2 * PAD_PX

    def _x(self, value: float) -> float:
        assert self._histogram is not None
        full = self._histogram.full
        return PAD_PX + (value - full.low) / (full.high - full.low) * self._width()
