"""The view of plots: groups of quantities over cycles or time, with one x axis for all."""

from __future__ import annotations

from functools import partial

from PyQt5.QtCore import QPoint, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import (
    QAction,
    QActionGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from scopeacq.journal.run_series import Quantity, RunSeries
from ui import theme
from ui.parts.combo_box import CalmComboBox
from ui.parts.copying import copy_text
from ui.parts.trouble_line import TroubleLine
from ui.plots.series_plot import SeriesPlot, linked
from ui.presenters.curves import GROUPS, Across, Curve, Group, curve_of, told
from ui.presenters.wafer_map import Hit
from ui.viewport.actions import action, bar, choice
from ui.viewport.menu import Entry, menu_of

EVERY_MS = 500
ZOOM_STEP = 1.6
ALL = "All sections"
HINT = "Ctrl and wheel for nearer, drag to go along, click a point to see its slice, right button for more."


class PlotsView(QWidget):
    """Signals:

    plane_wanted (PlaneKey): show this plane.
    place_wanted (Hit): show this section or tile on the wafer.
    csv_wanted, png_wanted, report_wanted: keep the numbers, the picture, the report.
    """

    plane_wanted = pyqtSignal(object)
    place_wanted = pyqtSignal(object)
    csv_wanted = pyqtSignal()
    png_wanted = pyqtSignal()
    report_wanted = pyqtSignal()

    def __init__(self, series: RunSeries) -> None:
        super().__init__()
        self.series, self._seen = series, -1
        self.group, self.across = GROUPS[0], Across.CYCLES
        self.section: str | None = None
        self.plots: list[SeriesPlot] = []
        self._counts: dict[Quantity, int] = {}
        self.hint, self.trouble = QLabel(HINT), TroubleLine()
        self.sections = CalmComboBox()
        self._column = QVBoxLayout()
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setInterval(EVERY_MS)
        self._due.timeout.connect(self._refresh)
        self._make_actions()
        self._lay_out()

    # -- what is shown ----------------------------------------------------------------------

    def refresh(self) -> None:
        """There is more; much that comes in a moment is shown together."""
        if not self._due.isActive():
            self._due.start()

    def show_group(self, group: Group) -> None:
        """Plot these quantities."""
        self.group = group
        self._groups[group.name].setChecked(True)
        self._make_plots()

    def show_across(self, across: Across) -> None:
        """Plot over cycles or over time."""
        self.across = across
        self._axes[across].setChecked(True)
        self._make_plots()

    def show_section(self, section: str | None) -> None:
        """Plot one section, or all of them."""
        self.section = section
        self.sections.setCurrentIndex(0 if section is None else self.sections.findText(section))
        self._fill_anew()

    def show_trouble(self, text: str) -> None:
        """Say why nothing new comes; empty: all is well."""
        self.trouble.show_trouble(text)

    def fit(self) -> None:
        """Show the whole run."""
        found = [extent for plot in self.plots if (extent := plot.extent()) is not None]
        if not found:
            return
        left, right = min(low for low, _ in found), max(high for _, high in found)
        room = 0.02 * (right - left) or 0.5
        self.plots[0].setXRange(left - room, right + room, padding=0)

    def zoom(self, factor: float) -> None:
        """Come nearer by a factor."""
        (left, right), _ = self.plots[0].getViewBox().viewRange()
        middle, half = (left + right) / 2, (right - left) / 2 / factor
        self.plots[0].setXRange(middle - half, middle + half, padding=0)

    @property
    def curves(self) -> list[Curve]:
        """The numbers of the plots, in their order."""
        return [plot.curve for plot in self.plots if plot.curve is not None]

    def picture(self) -> QPixmap:
        """All plots of the group, as they are seen."""
        return self._sheet.grab()

    # -- numbers ----------------------------------------------------------------------------

    def showEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        self._scroll.setFocus()
        if not self.plots:
            self._make_plots()
        self._refresh()

    def _refresh(self) -> None:
        if self.isVisible() and self._seen != self.series.version:
            empty = not any(len(curve.value) for curve in self.curves)
            self._fill()
            if empty:
                self.fit()

    def _fill(self) -> None:
        self._seen = self.series.version
        names = [self.sections.itemText(n) for n in range(1, self.sections.count())]
        self.sections.addItems([name for name in self.series.sections if name not in names])
        for plot in self.plots:
            if self.series.count(plot.quantity) != self._counts.get(plot.quantity):
                plot.show_curve(curve_of(self.series, plot.quantity, self.across, self.section))
        self._counts = {plot.quantity: self.series.count(plot.quantity) for plot in self.plots}

    def _fill_anew(self) -> None:
        self._counts = {}
        self._fill()

    def _make_plots(self) -> None:
        """New plots for another group or another axis."""
        for old in self.plots:
            self._column.removeWidget(old)
            old.end()
            old.deleteLater()
        self.plots = [SeriesPlot(quantity, self.across) for quantity in self.group.quantities]
        for n, plot in enumerate(self.plots):
            self._column.insertWidget(n, plot)
            plot.hovered.connect(self._hovered)
            plot.chosen.connect(self._chosen)
            plot.asked.connect(self._show_menu)
        linked(self.plots)
        self._fill_anew()
        self.fit()

    def _hovered(self, curve: Curve | None, index: int | None) -> None:
        text, x = HINT, None
        if curve is not None and index is not None:
            text, x = told(self.series, curve, index), float(curve.x[index])
        self.hint.setText(text)
        for plot in self.plots:
            plot.mark(x)

    def _chosen(self, curve: Curve, index: int) -> None:
        plane = self.series.plane(curve.points, index)
        if plane is not None:
            self.plane_wanted.emit(plane)

    def menu_of(self, curve: Curve, index: int) -> QMenu:
        """What can be done with a point."""
        plane = self.series.plane(curve.points, index)
        ways: list[Entry] = []
        if plane is not None:
            tile = plane.tile if int(curve.points.tile[index]) >= 0 else None
            ways = [
                ("Show its slice", partial(self.plane_wanted.emit, plane)),
                ("Show it on the wafer", partial(self.place_wanted.emit, Hit(plane.section, tile))),
            ]
        return menu_of(self, ways, [("Copy", partial(copy_text, told(self.series, curve, index)))])

    def _show_menu(self, curve: Curve, index: int, at: QPoint) -> None:
        menu = self.menu_of(curve, index)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    # -- the parts --------------------------------------------------------------------------

    def _make_actions(self) -> None:
        groups, axes = QActionGroup(self), QActionGroup(self)
        self._groups = {
            group.name: choice(self, groups, group.name, str(n), group.tip, partial(self.show_group, group))
            for n, group in enumerate(GROUPS, 1)
        }
        self._axes = {
            across: choice(
                self,
                axes,
                across.value,
                key,
                "What the x axis counts",
                partial(self.show_across, across),
            )
            for across, key in ((Across.CYCLES, "C"), (Across.TIME, "T"))
        }
        self._groups[self.group.name].setChecked(True)
        self._axes[self.across].setChecked(True)
        keep = (
            ("Fit", "F", "Show the whole run", self.fit),
            ("CSV", "Ctrl+E", "Keep the numbers of these plots as a table", self.csv_wanted.emit),
            ("PNG", "Ctrl+Shift+E", "Keep these plots as a picture", self.png_wanted.emit),
        )
        self._keep: list[QAction] = []
        for text, key, tip, do in keep:
            made = action(self, text, key, do)
            made.setToolTip(f"{tip} ({key})")
            self._keep.append(made)
        self.report = QAction("Report", self)
        self.report.setToolTip("Write the report of the run, and open it (Ctrl+R)")
        self.report.triggered.connect(lambda: self.report_wanted.emit())
        self._keep.append(self.report)
        action(self, "Nearer", "+", partial(self.zoom, ZOOM_STEP), "=")
        action(self, "Farther", "-", partial(self.zoom, 1 / ZOOM_STEP))
        action(self, "Copy", "Ctrl+C", lambda: copy_text(self.hint.text()))

    def _lay_out(self) -> None:
        tools = bar([*self._groups.values()], [*self._axes.values(), *self._keep])
        row = tools.layout()
        assert isinstance(row, QHBoxLayout)
        self.sections.addItem(ALL)
        self.sections.setToolTip("Plot one section, or all of them")
        self.sections.activated.connect(
            lambda n: self.show_section(None if n == 0 else self.sections.itemText(n))
        )
        row.insertWidget(len(self._groups) + 1, self.sections)
        self._sheet = QWidget()
        self._column.setContentsMargins(theme.Space.M, theme.Space.M, theme.Space.M, theme.Space.M)
        self._column.setSpacing(theme.Space.M)
        self._column.addStretch(1)
        self._sheet.setLayout(self._column)
        self._scroll = scroll = QScrollArea()
        scroll.setWidget(self._sheet)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for widget in (tools, self.trouble):
            whole.addWidget(widget)
        whole.addWidget(scroll, 1)
        whole.addWidget(self._foot())

    def _foot(self) -> QFrame:
        foot = QFrame()
        row = QHBoxLayout(foot)
        row.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.S)
        theme.set_role(self.hint, "small")
        self.hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hint.setToolTip("The number under the cursor; Ctrl+C copies it")
        row.addWidget(self.hint)
        row.addStretch(1)
        return foot
