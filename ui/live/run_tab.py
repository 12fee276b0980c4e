"""Corrections of the run so far, the refused ones first, and tiles off the wafer's plane of focus."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from scopeacq.focus.correction import DepthOfFocus
from scopeacq.journal.focus_history import FocusedTile, WaferFocus
from scopeacq.journal.records import Correction, FocusDone, PlaneKey
from scopeacq.plan.project import FocusSettings
from ui import theme
from ui.live.charts import TraceChart
from ui.live.feed import Past
from ui.live.parts import Table, Verdict, chooser, padded
from ui.parts.label import label
from ui.presenters.focusing import past_ending, trace_view
from ui.presenters.past_focus import (
    NO_CORRECTION,
    PastFilter,
    PastRow,
    correction_row,
    no_correction_text,
    outlier_text,
    past_rows,
    wafer_sentence,
)

EMPTY = "When a run has corrected focus, each correction can be looked at here, the refused ones first."
SECTIONS, TILES, CYCLES = "Section", "Tile", "Cycle"
LIST_HEIGHT_PX = 190


class RunTab(QWidget):
    """``chosen`` (section, tile): an operator wants to see it on the wafer."""

    chosen = pyqtSignal(str, int)

    def __init__(self, focus: FocusSettings, depth: DepthOfFocus) -> None:
        super().__init__()
        self._focus, self._depth = focus, depth
        self._corrections: tuple[Correction, ...] = ()
        self._rows: tuple[PastRow, ...] = ()
        self._outliers: tuple[FocusedTile, ...] = ()
        self._sought: PlaneKey | None = None
        words = ("section", "tile", "cycle")
        self.section, self.tile, self.cycle = (chooser(f"Only corrections of this {w}") for w in words)
        self.list = Table(("Correction", "Came to"), "The refused ones first, then from the newest on")
        self.list.setMaximumHeight(LIST_HEIGHT_PX)
        self.verdict, self.chart = Verdict(EMPTY), TraceChart()
        self.outliers = Table(("Tile off the plane",), "Choose one to see it on the wafer")
        self.said = label(wafer_sentence(None))
        self.parts = QTabWidget()
        self.parts.addTab(self._corrections_part(), "Corrections")
        self.parts.addTab(self._plane_part(), "Plane of focus")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.parts)
        self.list.itemSelectionChanged.connect(self._choose)
        self.outliers.itemSelectionChanged.connect(self._choose_outlier)
        for field in (self.section, self.tile, self.cycle):
            field.activated.connect(lambda _: self._refresh())

    def take_settings(self, focus: FocusSettings, depth: DepthOfFocus) -> None:
        """Show traces against these limits."""
        self._focus, self._depth = focus, depth
        self._choose()

    def show_correction(self, plane: PlaneKey) -> None:
        """Show the correction before a plane; as soon as it is read."""
        self.parts.setCurrentIndex(0)
        self._sought = plane
        self._seek()

    def show_past(self, past: Past) -> None:
        """Show what a run has focused so far; what is chosen stays chosen."""
        self._corrections = past.corrections
        keys = [done.key for done in past.corrections if isinstance(done, FocusDone)]
        _offer(self.section, {key.section: key.section for key in keys})
        _offer(self.tile, {key.tile + 1: f"Tile {key.tile + 1}" for key in keys})
        _offer(self.cycle, {key.cycle + 1: f"Cycle {key.cycle + 1}" for key in keys})
        self._refresh()
        self._seek()
        self._show_wafer(past.wafer)

    def _show_wafer(self, focus: WaferFocus | None) -> None:
        self.said.setText(wafer_sentence(focus))
        self._outliers = focus.outliers if focus is not None else ()
        self.outliers.setVisible(bool(self._outliers))
        self.outliers.show_rows([[outlier_text(tile)] for tile in self._outliers])

    def _refresh(self) -> None:
        chosen = (
            self._rows[self.list.currentRow()].done
            if 0 <= self.list.currentRow() < len(self._rows)
            else None
        )
        wanted = PastFilter(
            self.section.currentData() or "", self.tile.currentData(), self.cycle.currentData()
        )
        self._rows = past_rows(self._corrections, wanted)
        for part in (self.list, self.chart):
            part.setVisible(bool(self._rows))
        self.list.blockSignals(True)
        self.list.show_rows([(row.text, row.detail) for row in self._rows])
        index = next((n for n, row in enumerate(self._rows) if row.done is chosen), 0)
        self.list.selectRow(index)
        self.list.blockSignals(False)
        self._choose()

    def _seek(self) -> None:
        """Go to what is sought among all corrections of its tile, or say that there is none."""
        plane = self._sought
        if plane is None or not self._corrections:
            return
        self._sought = None
        of_tile = past_rows(self._corrections, PastFilter(plane.section, plane.tile + 1))
        for field, value in (
            (self.section, plane.section),
            (self.tile, plane.tile + 1),
            (self.cycle, None),
        ):
            field.setCurrentIndex(max(field.findData(value), 0) if of_tile else 0)
        self._refresh()
        row = correction_row(self._rows, plane)
        if row is not None:
            self.list.selectRow(row)
        else:
            self.list.clearSelection()
            self.verdict.show_badge(NO_CORRECTION, no_correction_text(plane))

    def _choose(self) -> None:
        row = self.list.currentRow()
        if not 0 <= row < len(self._rows):
            self.verdict.show_nothing()
            return
        done = self._rows[row].done
        self.verdict.show_ending(past_ending(done))
        self.chart.show_trace(trace_view(done.iterations, self._focus, self._depth, done))

    def _choose_outlier(self) -> None:
        row = self.outliers.currentRow()
        if 0 <= row < len(self._outliers):
            self.chosen.emit(self._outliers[row].section, self._outliers[row].tile)

    def _corrections_part(self) -> QWidget:
        part, filters = QWidget(), QHBoxLayout()
        filters.setSpacing(theme.Space.S)
        for field, every in ((self.section, SECTIONS), (self.tile, TILES), (self.cycle, CYCLES)):
            field.addItem(every, None)
            filters.addWidget(field, 1)
        box = padded(QVBoxLayout(part))
        box.addLayout(filters)
        box.addWidget(self.list)
        box.addWidget(self.verdict)
        box.addWidget(self.chart, 1)
        box.addStretch(0)
        for each in (self.list, self.chart):
            each.hide()
        return part

    def _plane_part(self) -> QWidget:
        part = QWidget()
        box = padded(QVBoxLayout(part))
        box.addWidget(self.said)
        box.addWidget(self.outliers, 1)
        box.addStretch(1)
        return part


def _offer(field: QComboBox, named: dict[Any, str]) -> None:
    """Offer these below all of them; what is chosen stays chosen."""
    values = sorted(named)
    if [field.itemData(n) for n in range(1, field.count())] == values:
        return
    chosen, every = field.currentData(), field.itemText(0)
    field.clear()
    field.addItem(every, None)
    for value in values:
        field.addItem(named[value], value)
    field.setCurrentIndex(max(field.findData(chosen), 0) if chosen is not None else 0)
