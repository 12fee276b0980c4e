"""A series through focus: how sharp it is at each working distance, and a click that goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hardware.types import Range
from scopeacq.focus.through_focus import SeriesPoint
from scopeacq.plan.project import FocusSettings
from ui import theme
from ui.live.charts import SeriesChart
from ui.live.parts import button, padded
from ui.parts.label import label
from ui.parts.quantity import QuantityField
from ui.presenters.focus_trials import SeriesView, series_view
from ui.presenters.live import Doing, LiveView

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Series

EMPTY = "Images at evenly spaced working distances show by score and contrast where the focus lies."
REACH_UM, IMAGES = Range(0.1, 500.0), Range(3, 101)
USUAL_IMAGES = 11
FIELD_PX = 76
USUAL_REACH = 2.0
"""In perturbations of the project: what its own pairs span, twice."""


class SeriesTab(QWidget):
    """Signals:
    asked (reach_um, images): take a series around the present working distance.
    chosen (wd_um): focus there.
    reverted: back to where it was.
    """

    asked = pyqtSignal(float, int)
    chosen = pyqtSignal(float)
    reverted = pyqtSignal()

    def __init__(self, focus: FocusSettings) -> None:
        super().__init__()
        self._points: tuple[SeriesPoint, ...] = ()
        self._view = SeriesView()
        self.reach, self.images = QuantityField("um", REACH_UM), QuantityField("", IMAGES, 0)
        self.reach.setToolTip("How far below and above the present working distance the series goes")
        self.images.setToolTip("How many images the series has; each lays down one dose")
        self.reach.show_value(USUAL_REACH * focus.perturbation_um)
        self.images.show_value(USUAL_IMAGES)
        for field in (self.reach, self.images):
            field.setMinimumWidth(FIELD_PX)
        self.start = button("Take", "Take the series; the optics are restored", self._ask, "primary")
        self.use = button("Use the best", "Focus where the series is sharpest", self._use)
        self.revert = button("Revert", "Back to the working distance of before", self.reverted.emit)
        self.chart, self.said = SeriesChart(), label(EMPTY)
        self.chart.chosen.connect(self._choose)
        self._may_begin = False
        for field in (self.reach, self.images):
            field.edited.connect(lambda _: self._allow())
            field.textChanged.connect(lambda _: self._allow())
        self._lay_out()

    def show_view(self, view: LiveView) -> None:
        """Enable what may be done now."""
        self._may_begin = view.may_begin
        self.revert.setEnabled(view.may_begin and view.may_revert)
        if view.doing is Doing.SERIES:
            self.said.setText(view.words)
        self._allow()

    def begin(self) -> None:
        """Forget the last series."""
        self._points = ()
        self._show(SeriesView())

    def hear(self, point: SeriesPoint) -> int:
        """One more image is there; how many there are."""
        self._points = (*self._points, point)
        self._show(SeriesView(self._points))
        return len(self._points)

    def show_series(self, series: Series) -> None:
        """It is complete."""
        self._show(series_view(series))

    def stopped(self) -> None:
        """It ended before; what there is stays."""
        self.said.setText("The series was not completed; the optics are as they were.")

    def _show(self, view: SeriesView) -> None:
        self._view = view
        self.chart.show_view(view)
        self.chart.setVisible(bool(view.points))
        self.said.setText(view.sentence or EMPTY)
        self._allow()

    def _allow(self) -> None:
        valid = self.reach.value is not None and self.images.value is not None
        self.start.setEnabled(self._may_begin and valid)
        self.use.setEnabled(self._may_begin and self._view.best_um is not None)

    def _ask(self) -> None:
        if self.reach.value is not None and self.images.value is not None:
            self.asked.emit(self.reach.value, round(self.images.value))

    def _use(self) -> None:
        if self._view.best_um is not None:
            self.chosen.emit(self._view.best_um)

    def _choose(self, wd_um: float) -> None:
        if self._may_begin:
            self.chosen.emit(wd_um)

    def _lay_out(self) -> None:
        asking, using = QHBoxLayout(), QHBoxLayout()
        for word, part in (("\N{PLUS-MINUS SIGN}", self.reach), ("Images", self.images)):
            asking.addWidget(label(word, "muted", wrap=False))
            asking.addWidget(part)
        asking.addStretch(1)
        asking.addWidget(self.start)
        using.addWidget(self.use)
        using.addWidget(self.revert)
        using.addStretch(1)
        box = padded(QVBoxLayout(self))
        for row in (asking, using):
            row.setSpacing(theme.Space.S)
        box.addLayout(asking)
        box.addWidget(self.said)
        box.addWidget(self.chart, 1)
        box.addLayout(using)
        box.addStretch(0)
        self.chart.hide()
