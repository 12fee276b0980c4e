"""A piece of the overview with what the network finds in it so far."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ui import theme
from ui.parts.label import label
from ui.presenters.glimpse import Glimpse

HEIGHT_PX = 170


class Preview(QWidget):
    """Shows a ``Glimpse``, or nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.canvas = label(role="small"), _Canvas()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.Space.XS)
        column.addWidget(self.canvas)
        column.addWidget(self.words)
        self.hide()

    def show_glimpse(self, glimpse: Glimpse | None) -> None:
        """Show it; None hides the preview."""
        self.setVisible(glimpse is not None)
        if glimpse is not None:
            self.words.setText(glimpse.words)
            self.canvas.show_glimpse(glimpse)


class _Canvas(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._glimpse: Glimpse | None = None
        self._image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(HEIGHT_PX, HEIGHT_PX)

    def show_glimpse(self, glimpse: Glimpse) -> None:
        height, width = glimpse.picture.shape
        data = glimpse.picture.tobytes()
        self._image = QImage(data, width, height, width, QImage.Format.Format_Grayscale8).copy()
        self._glimpse = glimpse
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        if self._glimpse is None:
            return
        painter = QPainter(self)
        for hint in (QPainter.RenderHint.Antialiasing, QPainter.RenderHint.SmoothPixmapTransform):
            painter.setRenderHint(hint)
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        size = self._image.width() * scale, self._image.height() * scale
        left, top = (self.width() - size[0]) / 2, (self.height() - size[1]) / 2
        painter.drawImage(QRectF(left, top, *size), self._image)
        painter.setPen(QPen(QColor(theme.shades(self).accent), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for outline in self._glimpse.outlines_px:
            corners = [QPointF(left + (x + 0.5) * scale, top + (y + 0.5) * scale) for x, y in outline]
            painter.drawPolygon(QPolygonF(corners))
        painter.end()
