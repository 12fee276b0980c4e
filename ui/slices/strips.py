"""The stack cut beside its slices: rows are cycles (below), columns are cycles (at the right)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.presenters.contrast import Contrast, as_shown
from ui.presenters.slice_scene import Eye
from ui.presenters.slice_source import Axis, Line
from ui.slices.canvas import hatching
from ui.slices.desk import SliceDesk

DEPTH_PX = 132


class CutStrip(QWidget):
    """One cut, with the zoom of the picture beside it; ``moved`` with the cycle that was clicked."""

    moved = pyqtSignal(int)

    def __init__(self, desk: SliceDesk, axis: Axis) -> None:
        super().__init__()
        self._desk, self._axis, self._eye = desk, axis, Eye()
        flat, fill = QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding
        if axis is Axis.XZ:
            self.setFixedHeight(DEPTH_PX)
            self.setSizePolicy(fill, flat)
        else:
            self.setFixedWidth(DEPTH_PX)
            self.setSizePolicy(flat, fill)
        self.setToolTip(
            "The stack cut along the dashed line, one line of pixels for each cycle, the first one "
            f"{'on top' if axis is Axis.XZ else 'at the left'}. Click to go to a cycle."
        )
        self.setVisible(False)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(DEPTH_PX, DEPTH_PX)

    def look_from(self, eye: Eye) -> None:
        """Show the same part of the scene as the picture."""
        self._eye = eye
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter, shades = QPainter(self), theme.shades(self)
        painter.fillRect(self.rect(), QColor(shades.panel))
        painter.fillRect(self.rect(), hatching(shades))
        if self._axis is Axis.YZ:
            # one way of painting for both: across is the second axis
            painter.rotate(90)
            painter.scale(1, -1)
        long, deep = self._extent()
        cycles = self._desk.book.cycles
        for cycle in range(cycles):
            line = self._desk.cuts.line(self._desk.looked, cycle, self._axis)
            top, bottom = (round(deep * n / cycles) for n in (cycle, cycle + 1))
            self._paint_line(painter, line or (), QRectF(0, top, long, bottom - top))
        middle = deep * (self._desk.looked.cycle + 0.5) / max(cycles, 1)
        painter.setPen(QPen(QColor(shades.accent), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(0, middle), QPointF(long, middle))
        painter.end()

    def _extent(self) -> tuple[int, int]:
        sides = self.width(), self.height()
        return sides if self._axis is Axis.XZ else (sides[1], sides[0])

    def _paint_line(self, painter: QPainter, line: Line, strip: QRectF) -> None:
        contrast = self._desk.contrast or Contrast()
        for piece in line:
            start, width = self._screen(piece.start), len(piece.values) * piece.step * self._eye.zoom
            grey = as_shown(np.asarray(piece.values), contrast)
            picture = _picture(grey)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(start, strip.top(), width, strip.height()), picture)

    def _screen(self, at: float) -> float:
        x, y = self._eye.to_screen((at, at))
        return x if self._axis is Axis.XZ else y

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is None:
            return
        at = event.localPos()
        across = at.y() / self.height() if self._axis is Axis.XZ else at.x() / self.width()
        self.moved.emit(min(max(int(across * self._desk.book.cycles), 0), self._desk.book.cycles - 1))


def _picture(grey: NDArray[np.uint8]) -> QImage:
    """A line of grey values as an image of one row, of its own memory."""
    return QImage(grey.tobytes(), len(grey), 1, len(grey), QImage.Format.Format_Grayscale8).copy()
