"""What all estimators make of one and the same pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.live.parts import Table, button, padded
from ui.parts.label import label
from ui.presenters.focus_trials import COMPARE_HEAD, OpinionRow, comparison_rows, comparison_sentence
from ui.presenters.live import LiveView

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Comparison

EMPTY = (
    "Each estimator is asked what it would add to the optics, from the same two images. Nothing changes. "
    "Where they disagree, none of them is to be trusted blindly."
)
TABLE_TIP = (
    "What each would add to working distance [\N{MICRO SIGN}m] and stigmators, with its spread, and how "
    "long it took. Choose one to see its patches."
)


class CompareTab(QWidget):
    """Signals:
    asked: take a pair and compare.
    row_chosen (OpinionRow): its patches are to be looked at.
    """

    asked = pyqtSignal()
    row_chosen = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[OpinionRow, ...] = ()
        self.start = button(
            "Compare here", "Take one pair and ask all estimators", self.asked.emit, "primary"
        )
        self.said, self.remarks = label(EMPTY), label(role="muted")
        self.table = Table(COMPARE_HEAD, TABLE_TIP)
        self.table.itemSelectionChanged.connect(self._choose)
        asking = QHBoxLayout()
        asking.addStretch(1)
        asking.addWidget(self.start)
        box = padded(QVBoxLayout(self))
        box.addLayout(asking)
        box.addWidget(self.said)
        box.addWidget(self.table, 1)
        box.addWidget(self.remarks)
        box.addStretch(0)
        self.table.hide()

    def show_view(self, view: LiveView) -> None:
        """Enable what may be done now."""
        self.start.setEnabled(view.may_begin)

    def show_comparison(self, comparison: Comparison) -> OpinionRow | None:
        """Show opinions; the first that can show patches is chosen."""
        self._rows = comparison_rows(comparison)
        self.table.show_rows([row.cells for row in self._rows])
        self.table.show()
        self.said.setText(comparison_sentence(comparison))
        self.remarks.setText("\n".join(f"{row.cells[0]}: {row.remark}" for row in self._rows if row.remark))
        return next((row for row in self._rows if row.patches), None)

    def _choose(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._rows):
            self.row_chosen.emit(self._rows[row])
