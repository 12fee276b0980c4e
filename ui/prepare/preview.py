"""A piece of the overview with what the network finds in it so far."""

from __future__ import annotations

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QImage, QPainter, QPaintEvent
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from ui import theme
from ui.parts.label import label
from ui.presenters.glimpse import Glimpse
from ui.presenters.tone import Tone

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
        self.setFixedHeight(HEIGHT_PX)

    def show_glimpse(self, glimpse: Glimpse) -> None:
        self._glimpse = glimpse
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        if self._glimpse is None:
            return
        accent = theme.shades(self).of(Tone.ACTIVE)
        rgb = self._glimpse.painted((accent.red(), accent.green(), accent.blue()))
        height, width, _ = rgb.shape
        image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        scale = min(self.width() / width, self.height() / height)
        left, top = (self.width() - width * scale) / 2, (self.height() - height * scale) / 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(left, top, width * scale, height * scale), image)
        painter.end()
