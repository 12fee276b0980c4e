"""Plots, arrows and maps of calibrations, with pyqtgraph in the window's colours."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import QEvent, QRectF, Qt
from PyQt5.QtGui import QWheelEvent

from calibration.figures import Arrows, HeatMap, Plot
from scopeacq.telling.svg import Mark, Series
from ui import theme
from ui.plots.adoption import adopt_menu
from ui.plots.axes import colour_axis
from ui.presenters.calibration_figures import as_points, drawn, finite, spans, to_scale
from ui.presenters.quantities import unit_shown
from ui.presenters.tone import Tone

F = TypeVar("F")

HEIGHT_PX, AXIS_PX, BAR_PX = 230, 58, 14
LINE_PX, DOT_PX = 2.0, 6.0
MANY, SMALL_DOT_PX, SEEN_THROUGH = 200, 3.0, 110
"""So many dots of a series are small and let the lines be seen that were fitted to them."""
ROOM = 0.06


class Chart(pg.PlotWidget, Generic[F]):  # type: ignore[misc]
    """Shows one kind of figure; it is drawn anew when the window turns dark or light."""

    def __init__(self) -> None:
        self.figure: F | None = None  # Qt tells of the palette while it is made
        super().__init__(enableMenu=False)
        adopt_menu(self, self.getPlotItem())
        self.hideButtons()
        self.setFixedHeight(HEIGHT_PX)
        self.setFrameShape(self.NoFrame)
        self.setMouseEnabled(x=False, y=False)
        self.getViewBox().setDefaultPadding(ROOM)
        self.getAxis("left").setWidth(AXIS_PX)

    def show_figure(self, figure: F) -> None:
        """Show it in place of the one before."""
        self.figure = figure
        self.draw()

    def draw(self) -> None:
        """Draw all of it, in the colours that hold now."""
        if self.figure is None:
            return
        colours = theme.shades(self)
        self.setBackground(colours.panel)
        self.clear()
        for name in ("left", "bottom"):
            colour_axis(self.getAxis(name), colours)
        self.fill(self.figure, colours)

    def fill(self, figure: F, colours: theme.Shades) -> None:
        """Put in what is shown."""
        raise NotImplementedError

    def label_axes(self, x_label: str, y_label: str, colours: theme.Shades) -> None:
        """Say what is shown along both axes."""
        name_axis(self.getAxis("bottom"), x_label, colours)
        name_axis(self.getAxis("left"), y_label, colours)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self.draw()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 (Qt's name)
        """The wheel scrolls the page, as everywhere."""
        if event is not None:
            event.ignore()


class PlotChart(Chart[Plot]):
    """Lines and dots over two axes, with a line worth comparing with."""

    def fill(self, figure: Plot, colours: theme.Shades) -> None:
        self.label_axes(figure.axes.x_label, figure.axes.y_label, colours)
        self.showGrid(x=False, y=True, alpha=0.12)
        for number, series in enumerate(figure.series):
            self._add(series, as_points(figure, number))
        if figure.axes.limit is not None:
            pen = pg.mkPen(colours.caution, width=1.5, style=Qt.PenStyle.DashLine)
            self.addItem(pg.InfiniteLine(figure.axes.limit, angle=0, pen=pen))
        self.enableAutoRange()

    def _add(self, series: Series, points: np.ndarray) -> None:
        colour = theme.series_colour(self, series.colour)
        if series.mark is Mark.LINE:
            self.plot(points, connect="finite", pen=pg.mkPen(colour, width=LINE_PX))
            return
        size_px = DOT_PX
        if len(points) > MANY:
            size_px = SMALL_DOT_PX
            colour.setAlpha(SEEN_THROUGH)
        self.plot(points, pen=None, symbol="o", symbolSize=size_px, symbolBrush=colour, symbolPen=None)


class ArrowsChart(Chart[Arrows]):
    """Deviations at places, to scale."""

    def __init__(self) -> None:
        super().__init__()
        self.setAspectLocked(True)

    def fill(self, figure: Arrows, colours: theme.Shades) -> None:
        unit = unit_shown(figure.unit)
        self.label_axes(f"x [{unit}]", f"y [{unit}]", colours)
        arrows = drawn(figure)
        for strokes, tone in ((arrows.left_out, Tone.CAUTION), (arrows.fitted, Tone.ACTIVE)):
            pen = pg.mkPen(colours.of(tone), width=LINE_PX)
            self.addItem(pg.PlotCurveItem(strokes.x, strokes.y, connect="pairs", pen=pen, antialias=True))
        feet = finite(arrows.at)
        self.plot(feet, pen=None, symbol="o", symbolSize=4, symbolBrush=colours.muted, symbolPen=None)
        self.enableAutoRange()


class HeatChart(Chart[HeatMap]):
    """Values on a grid, with a bar that says what the colours mean."""

    def __init__(self) -> None:
        super().__init__()
        self._image = pg.ImageItem(axisOrder="row-major")
        self._bar = pg.ColorBarItem(
            width=BAR_PX, colorMap=pg.colormap.get("viridis"), interactive=False, colorMapMenu=False
        )
        adopt_menu(self, self._bar)
        self._bar.setImageItem(self._image, insert_in=self.getPlotItem())

    def fill(self, figure: HeatMap, colours: theme.Shades) -> None:
        self.label_axes(figure.x_label, figure.y_label, colours)
        self.setAspectLocked(to_scale(figure))
        left, top, right, bottom = figure.borders
        self.invertY(bottom > top)
        colour_axis(self._bar.axis, colours)
        name_axis(self._bar.axis, figure.value_label, colours)
        if (levels := spans(figure)) is None:
            return
        self._image.setImage(figure.values, autoLevels=False)
        self._image.setRect(QRectF(left, top, right - left, bottom - top))
        self._bar.setLevels(levels)
        self.addItem(self._image)
        self.enableAutoRange()


def name_axis(axis: pg.AxisItem, label: str, colours: theme.Shades) -> None:
    """Say what is shown along an axis, which already says its unit: numbers stay as they are."""
    axis.enableAutoSIPrefix(False)
    axis.setLabel(label, siPrefixEnableRanges=(), color=colours.muted)
    axis.updateAutoSIPrefix()
