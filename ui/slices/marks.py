"""A slider over the cycles that shows what became of each slice."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPen
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

from scopeacq.journal.slice_book import PlaneMark, worst
from ui import theme
from ui.presenters.slices import TONES

HEIGHT_PX = 40
BAR_PX = 14
WIDEST_PX = 40.0
_HOLLOW = frozenset({PlaneMark.ACCEPTED, PlaneMark.WAIVED, PlaneMark.PENDING})
_LOW = frozenset({PlaneMark.OPEN, PlaneMark.LEFT_OUT})
_CROSSED = frozenset({PlaneMark.MISSING, PlaneMark.DROPPED})


class MarksSlider(QWidget):
    """One bar for each cycle, or for several where they do not fit; ``moved`` with the cycle wanted.

    Filled: sharp; with a dot: after a retake; hollow: accepted otherwise; low: not there yet; a cross:
    missing or dropped. The tooltip says it in words.
    """

    moved = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self._marks: tuple[PlaneMark, ...] = ()
        self._cycle = 0
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Cycles")

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(400, HEIGHT_PX)

    @property
    def marks(self) -> tuple[PlaneMark, ...]:
        return self._marks

    def show_marks(self, marks: tuple[PlaneMark, ...], cycle: int) -> None:
        """Show the state of every cycle, and which one is looked at."""
        self._marks, self._cycle = marks, cycle
        self.update()

    def cycle_at(self, x: float) -> int:
        """The cycle under a place of the widget."""
        return min(max(int((x - self._margin) / self._pitch), 0), max(len(self._marks) - 1, 0))

    @property
    def _margin(self) -> float:
        return float(theme.Space.S)

    @property
    def _pitch(self) -> float:
        return min((self.width() - 2 * self._margin) / max(len(self._marks), 1), WIDEST_PX)

    # -- painting -------------------------------------------------------------------------

    def paintEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        painter, shades = QPainter(self), theme.shades(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        per_bar = max(round(3 / self._pitch), 1) if self._pitch < 3 else 1
        for first in range(0, len(self._marks), per_bar):
            mark = worst(list(self._marks[first : first + per_bar]))
            left = self._margin + first * self._pitch
            width = min(self._pitch * per_bar, 28.0)
            middle = left + self._pitch * per_bar / 2
            self._paint_bar(painter, mark, QRectF(middle - width / 2, 8, width, BAR_PX), shades)
        if self._marks:
            self._paint_handle(painter, shades)
        painter.end()

    def _paint_bar(self, painter: QPainter, mark: PlaneMark, bar: QRectF, shades: theme.Shades) -> None:
        colour = shades.of(TONES[mark])
        gap = min(2.0, bar.width() * 0.15)
        bar = bar.adjusted(gap, 0, -gap, 0)
        if mark in _LOW:
            bar.setTop(bar.bottom() - 3)
            colour = QColor(shades.line)
        wide = bar.width() >= 8
        painter.setPen(QPen(colour, 1.6) if wide else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if wide and mark in _HOLLOW | _CROSSED else colour)
        painter.drawRoundedRect(bar, min(3, bar.width() / 3), min(3, bar.height() / 2))
        if wide and mark in _CROSSED:
            inner = QRectF(0, 0, 6, 6)
            inner.moveCenter(bar.center())
            painter.drawLine(inner.topLeft(), inner.bottomRight())
            painter.drawLine(inner.topRight(), inner.bottomLeft())
        if wide and mark is PlaneMark.RETAKEN:
            painter.setBrush(QColor(shades.panel))
            painter.drawEllipse(bar.center(), 2.5, 2.5)

    def _paint_handle(self, painter: QPainter, shades: theme.Shades) -> None:
        x = self._margin + (self._cycle + 0.5) * self._pitch
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(shades.accent))
        painter.drawPolygon(QPointF(x - 6, 34), QPointF(x + 6, 34), QPointF(x, 26))

    # -- hands ----------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None and self._marks:
            self.moved.emit(self.cycle_at(event.localPos().x()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        if event is not None and self._marks and event.buttons() & Qt.MouseButton.LeftButton:
            self.moved.emit(self.cycle_at(event.localPos().x()))

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and self._marks:
            cycle = self.cycle_at(event.pos().x())
            QToolTip.showText(event.globalPos(), f"Cycle {cycle + 1}: {self._marks[cycle].value}", self)
            return True
        return super().event(event)
