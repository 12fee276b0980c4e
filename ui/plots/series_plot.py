"""One quantity over cycles or time: pyqtgraph in the window's colours, with no more points than pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QContextMenuEvent, QMouseEvent, QWheelEvent
from PyQt5.QtWidgets import QLabel

from scopeacq.journal.run_series import UNITS, Quantity
from ui import theme
from ui.plots.adoption import adopt_menu
from ui.plots.axes import colour_axis
from ui.presenters.curves import JOINED, WRITTEN, Across, Curve, Indices

HEIGHT_PX = 176
TITLE_PX = 24
AXIS_PX = 64
NEAR_PX = 40.0
DOT_PX, HIT_PX = 5.0, 10.0
COLUMN_PX = 2.5
"""Half a dot: closer ones would hide each other."""
ROOM = 0.08
"""Part of the height that is left free above and below."""


class SeriesPlot(pg.PlotWidget):  # type: ignore[misc]
    """Signals:

    hovered (Curve, int | None): the point nearest to the cursor.
    chosen (Curve, int): the point that was clicked.
    asked (Curve, int, QPoint): what can be done with a point; where on the screen.
    """

    hovered = pyqtSignal(object, object)
    chosen = pyqtSignal(object, int)
    asked = pyqtSignal(object, int, object)

    def __init__(self, quantity: Quantity, across: Across) -> None:
        axis = pg.DateAxisItem() if across is Across.TIME else _CycleAxis("bottom")
        super().__init__(axisItems={"bottom": axis}, enableMenu=False)
        adopt_menu(self, self.getPlotItem())
        self.quantity = quantity
        self.curve: Curve | None = None
        self._shown: Indices = np.empty(0, np.intp)
        self._pressed: QPointF | None = None
        self._line = pg.PlotCurveItem(antialias=True)
        self._dots = pg.ScatterPlotItem(size=DOT_PX, pxMode=True, useCache=True)
        self._hit = pg.ScatterPlotItem(size=HIT_PX, pxMode=True)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._title, self.empty = QLabel(self), QLabel(self)
        self._prepare()

    def show_curve(self, curve: Curve) -> None:
        """Show these numbers; what is in view stays."""
        self.curve = curve
        self.empty.setVisible(not len(curve.value))
        self._redraw()

    def end(self) -> None:
        """Let go of what pyqtgraph holds; the widget goes next."""
        self.curve = None
        self.setXLink(None)
        self.close()

    def extent(self) -> tuple[float, float] | None:
        """From the first to the last number; None where there are none."""
        if self.curve is None or not len(self.curve.x):
            return None
        return float(np.min(self.curve.x)), float(np.max(self.curve.x))

    def mark(self, x: float | None) -> None:
        """Draw a line through all plots at the same place."""
        self._cursor.setVisible(x is not None)
        if x is not None:
            self._cursor.setValue(x)
        else:
            self._hit.clear()

    # -- drawing ----------------------------------------------------------------------------

    def _redraw(self) -> None:
        if self.curve is None:
            return
        (left, right), _ = self.getViewBox().viewRange()
        columns = max(round((self.width() - AXIS_PX) / COLUMN_PX), 50)
        self._shown = self.curve.in_view(left, right, columns)
        x, y = self.curve.x[self._shown], self.curve.value[self._shown]
        self._dots.setData(x, y)
        joined = self.quantity in JOINED
        self._line.setData(x if joined else [], y if joined else [])
        if len(y):
            low, high = float(np.min(y)), float(np.max(y))
            room = ROOM * (high - low) or max(abs(high) * ROOM, 1e-9)
            self.setYRange(low - room, high + room, padding=0)

    def _prepare(self) -> None:
        self.setFixedHeight(HEIGHT_PX)
        self.setFrameShape(self.NoFrame)
        self.setMouseTracking(True)
        self.setToolTip(
            f"{WRITTEN[self.quantity]}\nCtrl and wheel: nearer; drag: along; click: its slice; right: more."
        )
        self.hideButtons()
        self.getAxis("left").setWidth(AXIS_PX)
        for item in (self._line, self._dots, self._hit, self._cursor):
            self.addItem(item, ignoreBounds=True)
        self._cursor.setVisible(False)
        self.setMouseEnabled(x=True, y=False)
        box = self.getViewBox()
        box.setDefaultPadding(0)
        box.disableAutoRange()
        box.sigXRangeChanged.connect(lambda *_: self._redraw())
        self.getPlotItem().layout.setContentsMargins(0, TITLE_PX, 0, 0)
        unit = UNITS[self.quantity]
        self._title.setText(f"{self.quantity.value.capitalize()}" + (f" [{unit}]" if unit else ""))
        theme.set_role(self._title, "small")
        self._title.move(AXIS_PX, 0)
        self.empty.setText(f"Nothing of this in the journal yet. {WRITTEN[self.quantity]}")
        theme.set_role(self.empty, "muted")
        self.empty.move(AXIS_PX + theme.Space.S, HEIGHT_PX // 2 - theme.Space.L)
        for label in (self._title, self.empty):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._colour()

    def _colour(self) -> None:
        shades = theme.shades(self)
        accent, soft = QColor(shades.accent), QColor(shades.accent)
        soft.setAlpha(170)
        self.setBackground(None)
        for name in ("left", "bottom"):
            colour_axis(self.getAxis(name), shades)
        self.showGrid(x=False, y=True, alpha=0.12)
        self._line.setPen(pg.mkPen(soft, width=1.5))
        self._dots.setBrush(pg.mkBrush(soft))
        self._dots.setPen(pg.mkPen(None))
        self._hit.setBrush(pg.mkBrush(None))
        self._hit.setPen(pg.mkPen(accent, width=2))
        self._cursor.setPen(pg.mkPen(shades.muted, style=Qt.PenStyle.DotLine))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_dots"):
            self._colour()

    def resizeEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        if hasattr(self, "curve"):
            self._redraw()

    # -- hands ------------------------------------------------------------------------------

    def under(self, at: QPointF) -> int | None:
        """The point near a place of the widget."""
        if self.curve is None or not len(self._shown):
            return None
        box = self.getViewBox()
        place, (per_x, per_y) = box.mapSceneToView(at), box.viewPixelSize()
        index = self.curve.nearest(place.x(), place.y(), per_x, per_y, self._shown)
        assert index is not None
        dx = (self.curve.x[index] - place.x()) / per_x
        dy = (self.curve.value[index] - place.y()) / per_y
        return index if np.hypot(dx, dy) < NEAR_PX else None

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().mouseMoveEvent(event)
        if event is None or self.curve is None or event.buttons():
            return
        index = self.under(event.localPos())
        if index is None:
            self._hit.clear()
        else:
            self._hit.setData([self.curve.x[index]], [self.curve.value[index]])
        self.hovered.emit(self.curve, index)

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Alone it scrolls the page, as everywhere; with Ctrl it comes nearer."""
        if event is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        elif event is not None:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().mousePressEvent(event)
        self._pressed = event.localPos() if event is not None else None

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if event is None or pressed is None or self.curve is None:
            return
        still = (event.localPos() - pressed).manhattanLength() < 4
        if still and (index := self.under(event.localPos())) is not None:
            self.chosen.emit(self.curve, index)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802 (Qt's name)
        """What can be done with the point near the cursor."""
        if event is not None and self.curve is not None:
            if (index := self.under(QPointF(event.pos()))) is not None:
                self.asked.emit(self.curve, index, event.globalPos())
            event.accept()

    def leaveEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        super().leaveEvent(event)
        self.hovered.emit(self.curve, None)


def linked(plots: Sequence[SeriesPlot]) -> None:
    """Let all plots show the same part of the x axis."""
    for plot in plots[1:]:
        plot.setXLink(plots[0])


class _CycleAxis(pg.AxisItem):  # type: ignore[misc]
    """Names whole cycles alone."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        return [f"{value:.0f}" if abs(value - round(value)) < 1e-6 else "" for value in values]
