"""A picture of a calibration, whole, with what was found in it."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QImage, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QWidget

from calibration.figures import Picture
from ui import theme
from ui.calibrate.charts import HEIGHT_PX
from ui.presenters.tone import Tone

MARK_PX = 6.0


class PictureCanvas(QWidget):
    """Paints a ``Picture`` as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.figure: Picture | None = None
        self._image = QImage()
        self.setFixedHeight(HEIGHT_PX)

    def show_figure(self, figure: Picture) -> None:
        """Show it in place of the one before."""
        self.figure = figure
        height, width = figure.grey.shape
        grey = QImage(figure.grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
        self._image = grey.copy()  # the bytes are Python's
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        if self.figure is None or self._image.isNull():
            return
        size = self._image.size()
        scale = min(self.width() / size.width(), self.height() / size.height())
        width, height = size.width() * scale, size.height() * scale
        left, top = (self.width() - width) / 2, (self.height() - height) / 2
        painter = QPainter(self)
        for hint in (QPainter.RenderHint.SmoothPixmapTransform, QPainter.RenderHint.Antialiasing):
            painter.setRenderHint(hint)
        painter.drawImage(QRectF(left, top, width, height), self._image)
        painter.setPen(QPen(theme.DARK.of(Tone.CAUTION), 1.5))  # on images, in either mode
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for column, row in self.figure.marks:
            centre = QPointF(left + (column + 0.5) * scale, top + (row + 0.5) * scale)
            painter.drawEllipse(centre, MARK_PX, MARK_PX)
        painter.end()
