"""Plots of the focus cockpit, with pyqtgraph in the window's colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import QEvent, Qt, pyqtSignal
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QWidget

from scopeacq.journal.focus_history import FocusedTile, WaferFocus
from ui import theme
from ui.plots.adoption import adopt_menu
from ui.plots.axes import colour_axis
from ui.presenters.focus_trials import SeriesView
from ui.presenters.focusing import Curve, TraceView
from ui.presenters.tone import Tone

LINE_PX = 2.0
NAME_PX, AXIS_PX = 44, 36
MICRO = "\N{MICRO SIGN}"


class Charts(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Plots that are drawn anew when the window turns dark or light: subclasses draw into ``plots``.

    There are none until they are first seen: each takes 10 ms to make, and most runs are opened without
    a look at them.
    """

    def __init__(self, rows: int, parent: QWidget | None = None) -> None:
        self.plots: list[pg.PlotItem] = []  # Qt tells of the palette before there is any
        super().__init__(parent)
        self._rows = rows
        self.ci.setContentsMargins(0, 0, 0, 0)
        self.setFrameShape(self.NoFrame)

    def showEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        if not self.plots:
            self._make_plots()
            self.prepare()
            self.draw()

    def _make_plots(self) -> None:
        rows = range(self._rows)
        self.names = [self.addLabel("", row=row, col=0, justify="left") for row in rows]
        self.plots = [self.addPlot(row=row, col=1, enableMenu=False) for row in rows]
        for plot in self.plots:
            adopt_menu(self, plot)
            plot.hideButtons()
            plot.setMouseEnabled(x=False, y=False)
            plot.getAxis("left").setWidth(AXIS_PX)
        for plot in self.plots[:-1]:
            plot.getAxis("bottom").setStyle(showValues=False)
            plot.setXLink(self.plots[-1])
        self.ci.layout.setColumnFixedWidth(0, NAME_PX)

    def prepare(self) -> None:
        """Say once how the plots behave."""

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self.draw()

    def draw(self) -> None:
        """Draw all of it, in the colours that hold now; nothing before it is first seen."""
        if not self.plots:
            return
        colours = theme.shades(self)
        self.setBackground(None)
        for plot in self.plots:
            plot.clear()
            for name in ("left", "bottom"):
                axis = plot.getAxis(name)
                colour_axis(axis, colours)
                axis.enableAutoSIPrefix(False)
        self.fill(colours)

    def name(self, row: int, text: str, colours: theme.Shades) -> None:
        """Say at the left of a plot what it shows."""
        self.names[row].setText(text, color=colours.muted, size=f"{theme.FontPt.SMALL:g}pt")

    def fill(self, colours: theme.Shades) -> None:
        """Put in what is shown."""
        raise NotImplementedError


class TraceChart(Charts):
    """Where working distance and stigmators stood at each pair, where estimates lead, and the limits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(3, parent)
        self._trace = TraceView()
        self.setToolTip(
            "Differences from where it began, pair by pair. Filled: where it stood. Open, with bars: where "
            "the estimate leads and its spread. Band: depth of focus. Dashed: limits of a correction."
        )

    def show_trace(self, trace: TraceView) -> None:
        """Show a trace, or as much of it as there is."""
        self._trace = trace
        self.draw()

    def fill(self, colours: theme.Shades) -> None:
        for row, curve in enumerate(self._trace.curves):
            self.name(row, f"{curve.title}<br>[{curve.unit}]" if curve.unit else curve.title, colours)
            _draw_curve(self.plots[row], curve, colours)
        for plot in self.plots:
            plot.getAxis("bottom").setTicks([[(n, str(n)) for n in range(1, self._most() + 1)]])
            plot.setXRange(0.7, max(self._most(), 3) + 0.3, padding=0)

    def _most(self) -> int:
        return max((len(c.steps) + (c.end is not None) for c in self._trace.curves), default=1)


def _draw_curve(plot: pg.PlotItem, curve: Curve, colours: theme.Shades) -> None:
    numbers = np.arange(1, len(curve.steps) + 1)
    at = np.array([step.at for step in curve.steps])
    leads_to = np.array([step.leads_to for step in curve.steps])
    sd = np.nan_to_num(np.array([step.sd for step in curve.steps]), nan=0.0)
    if curve.goal is not None:
        band = QColor(colours.good)
        band.setAlphaF(0.16)
        low, high = curve.goal - curve.depth, curve.goal + curve.depth
        plot.addItem(_band(low, high, band), ignoreBounds=True)
    for limit in (-curve.limit, curve.limit):
        pen = pg.mkPen(colours.caution, width=1.5, style=Qt.PenStyle.DashLine)
        plot.addItem(pg.InfiniteLine(limit, angle=0, pen=pen), ignoreBounds=True)
    y = at if curve.end is None else np.append(at, curve.end)
    x = np.arange(1, len(y) + 1)
    accent, muted = colours.accent, colours.muted
    plot.addItem(
        pg.ErrorBarItem(x=numbers + 0.12, y=leads_to, height=2 * sd, beam=0.08, pen=pg.mkPen(muted))
    )
    plot.plot(
        numbers + 0.12,
        leads_to,
        pen=None,
        symbol="o",
        symbolSize=7,
        symbolBrush=None,
        symbolPen=pg.mkPen(muted),
    )
    plot.plot(
        x,
        y,
        pen=pg.mkPen(accent, width=LINE_PX),
        symbol="o",
        symbolSize=8,
        symbolBrush=accent,
        symbolPen=None,
    )
    plot.setYRange(*_with_room([*y, *(leads_to - sd), *(leads_to + sd)], curve.depth), padding=0)


def _with_room(values: Sequence[float], least: float) -> tuple[float, float]:
    finite = [v for v in values if np.isfinite(v)] or [0.0]
    low, high = min(finite), max(finite)
    room = max(0.12 * (high - low), 1.3 * least)
    return low - room, high + room


def _band(low: float, high: float, colour: QColor, orientation: str = "horizontal") -> pg.LinearRegionItem:
    region = pg.LinearRegionItem((low, high), orientation, brush=colour, pen=pg.mkPen(None), movable=False)
    region.setZValue(-10)
    return region


class SeriesChart(Charts):
    """Score and contrast over the working distance. ``chosen`` (um): a working distance was clicked."""

    chosen = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(2, parent)
        self._view = SeriesView()
        self.setToolTip("Blur as scored, and contrast, at each working distance. A click sets it there.")
        self.scene().sigMouseClicked.connect(self._clicked)

    def show_view(self, view: SeriesView) -> None:
        """Show a series, or as much of it as there is."""
        self._view = view
        self.draw()

    def fill(self, colours: theme.Shades) -> None:
        view, (scores, contrast) = self._view, self.plots
        self.name(0, f"score<br>[{MICRO}m]", colours)
        self.name(1, "SD of<br>grey", colours)
        contrast.setLabel("bottom", f"working distance [{MICRO}m]", color=colours.muted)
        if not view.points:
            return
        points = sorted(view.points, key=lambda p: p.wd_um)
        wd = np.array([p.wd_um for p in points])
        rows = (
            (scores, [p.score_um for p in points], colours.accent),
            (contrast, [p.sd for p in points], colours.muted),
        )
        for plot, values, colour in rows:
            plot.plot(
                wd, np.array(values), connect="finite", pen=pg.mkPen(colour, width=LINE_PX), symbol="o",
                symbolSize=7, symbolBrush=colour, symbolPen=None,
            )  # fmt: skip
            for at, tone, style in (
                (view.begun_at_um, Tone.QUIET, Qt.PenStyle.DotLine),
                (view.best_um, Tone.GOOD, Qt.PenStyle.SolidLine),
            ):
                if at is not None:
                    pen = pg.mkPen(colours.of(tone), width=LINE_PX, style=style)
                    plot.addItem(pg.InfiniteLine(at, angle=90, pen=pen))
        for plot in self.plots:
            plot.enableAutoRange()

    def _clicked(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        for plot in self.plots:
            if plot.sceneBoundingRect().contains(event.scenePos()) and self._view.points:
                self.choose(plot.vb.mapSceneToView(event.scenePos()).x())

    def choose(self, wd_um: float) -> None:
        """Choose the best focus where the click was near it, else the working distance under the click."""
        wds = [p.wd_um for p in self._view.points]
        if not min(wds) <= wd_um <= max(wds):
            return
        best, near = self._view.best_um, (max(wds) - min(wds)) / 40
        self.chosen.emit(best if best is not None and abs(best - wd_um) < near else wd_um)


class WaferChart(Charts):
    """Tiles on the wafer by how far they are off the plane of focus. ``chosen`` (section, tile)."""

    chosen = pyqtSignal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(1, parent)
        self._focus: WaferFocus | None = None
        self.setToolTip(
            "Each tile that was focused, where it lies on the wafer; larger ones are farther off the plane,"
            " diamonds are outliers. A click shows the tile on the wafer."
        )

    def prepare(self) -> None:
        self.plots[0].setAspectLocked(True)
        self.plots[0].setMouseEnabled(x=True, y=True)

    def show_focus(self, focus: WaferFocus | None) -> None:
        """Show the tiles of a cycle."""
        self._focus = focus
        self.draw()

    def fill(self, colours: theme.Shades) -> None:
        plot = self.plots[0]
        self.name(0, "y [mm]", colours)
        plot.setLabel("bottom", "x [mm]", color=colours.muted)
        if self._focus is None:
            return
        spots = [self._spot(tile, self._focus.limit_um, colours) for tile in self._focus.tiles]
        scatter = pg.ScatterPlotItem(spots=spots, hoverable=True, tip=_tip)
        scatter.sigClicked.connect(self._clicked)
        plot.addItem(scatter)

    def _spot(self, tile: FocusedTile, limit_um: float, colours: theme.Shades) -> dict[str, object]:
        colour = QColor(colours.alarm if tile.outlier else colours.accent)
        share = min(abs(tile.residual_um) / limit_um, 2.0)
        colour.setAlphaF(0.85 if tile.outlier else 0.6 + 0.25 * min(share, 1.0))
        return {
            "pos": (1e-3 * tile.place_um[0], 1e-3 * tile.place_um[1]),
            "size": 6 + 8 * share,
            "symbol": "d" if tile.outlier else "o",
            "brush": colour,
            "pen": None,
            "data": tile,
        }

    def _clicked(self, _: object, spots: Sequence[pg.SpotItem], *__: object) -> None:
        if len(spots):
            tile = spots[0].data()
            self.chosen.emit(tile.section, tile.tile)


def _tip(x: float, y: float, data: FocusedTile) -> str:
    off = f"wd {data.wd_um:.2f} {MICRO}m, {data.residual_um:+.2f} {MICRO}m off"
    return f"{data.section}, tile {data.tile + 1}\n{off}"
