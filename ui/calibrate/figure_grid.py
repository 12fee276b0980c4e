"""Figures beside and below each other, as many in a row as there is room for."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from calibration.figures import Arrows, Figure, HeatMap, Picture, Plot
from ui import theme
from ui.calibrate.charts import ArrowsChart, HeatChart, PlotChart
from ui.calibrate.picture import PictureCanvas
from ui.parts.label import label
from ui.presenters.calibration_figures import labelled, named, note_of

LEAST_PX = 296
"""How narrow a figure may become beside another one."""

Drawing = PlotChart | ArrowsChart | HeatChart | PictureCanvas


class FigureGrid(QWidget):
    """Shows figures by their keys, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, FigureCard] = {}
        self._columns = 1
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.Space.M)
        self.setMinimumWidth(1)

    def show_figures(self, figures: Mapping[str, Figure]) -> None:
        """Show these and no others; a figure that is shown already is left alone."""
        for key in [k for k, card in self.cards.items() if not card.takes(figures.get(k))]:
            self._drop(self.cards.pop(key))
        for key, figure in figures.items():
            if key not in self.cards:
                self.cards[key] = FigureCard(figure)
            self.cards[key].show_figure(figure)
        if list(self.cards) != list(figures):
            self.cards = {key: self.cards[key] for key in figures}
        self._arrange()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        columns = max((self.width() + theme.Space.M) // (LEAST_PX + theme.Space.M), 1)
        if columns != self._columns:
            self._columns = columns
            self._arrange()

    def _arrange(self) -> None:
        columns = max(min(self._columns, len(self.cards)), 1)
        wanted = {card: divmod(n, columns) for n, card in enumerate(self.cards.values())}
        for card, (row, column) in wanted.items():
            self._grid.addWidget(card, row, column)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, int(column < columns))

    def _drop(self, card: FigureCard) -> None:
        self._grid.removeWidget(card)
        card.end()
        card.deleteLater()


class FigureCard(QFrame):
    """One figure with its title, the names of its series, and what must be known to read it."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.title, self.note, self.drawing = label(role="strong"), label(role="small"), _drawing_of(figure)
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        theme.set_role(self.legend, "small")
        self._given: Figure | None = None
        self._figure: Figure | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.Space.M, theme.Space.S, theme.Space.M, theme.Space.S)
        column.setSpacing(theme.Space.XS)
        for part in (self.title, self.legend, self.drawing, self.note):
            column.addWidget(part)
        column.addStretch(1)

    def takes(self, figure: Figure | None) -> bool:
        """Whether a figure can be shown in place of this one: it is of the same kind."""
        return type(figure) is type(self._figure)

    def show_figure(self, figure: Figure) -> None:
        """Show it, if it is another one."""
        if figure is self._given:
            return
        self._given = figure
        self._figure = figure = labelled(figure)
        self.title.setText(figure.title)
        self.note.setText(note_of(figure))
        self.note.setVisible(bool(self.note.text()))
        self._tell_series()
        self.drawing.show_figure(figure)  # type: ignore[arg-type]  # of one kind, see _drawing_of

    def end(self) -> None:
        """Let go of what pyqtgraph holds; the widget goes next."""
        self.hide()
        self.drawing.close()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_figure"):
            self._tell_series()

    def _tell_series(self) -> None:
        figure = self._figure
        shown = isinstance(figure, Plot) and named(figure)
        self.legend.setVisible(shown)
        if isinstance(figure, Plot) and shown:
            names = {series.label: series.colour for series in figure.series if series.label}
            self.legend.setText("&nbsp; ".join(self._entry(*each) for each in names.items()))

    def _entry(self, name: str, colour: int) -> str:
        shade = theme.series_colour(self, colour).name()
        return f'<span style="color:{shade}">\N{BLACK CIRCLE}</span> {escape(name)}'


def _drawing_of(figure: Figure) -> Drawing:
    match figure:
        case Plot():
            return PlotChart()
        case Arrows():
            return ArrowsChart()
        case HeatMap():
            return HeatChart()
        case Picture():
            return PictureCanvas()
