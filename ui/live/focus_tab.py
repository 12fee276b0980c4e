"""Autofocus tried by hand: its trace, what it came to and why, and whether it is kept."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from scopeacq.focus.correction import DepthOfFocus
from scopeacq.journal.records import FocusIteration
from scopeacq.plan.project import FocusSettings
from ui import theme
from ui.live.charts import TraceChart
from ui.live.control import PairSeen
from ui.live.parts import Table, Verdict, button, padded
from ui.parts.combo_box import CalmComboBox
from ui.parts.label import label
from ui.presenters.focusing import TRACE_HEAD, change_text, ending, methods_by_hand, trace_view
from ui.presenters.live import LiveView

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Trial

EMPTY = (
    "Autofocus takes pairs of images at this place, corrects working distance and stigmators, and says "
    "here what it came to and why."
)
TRACE_TIP = (
    "One row for each pair: what is to be added to working distance [\N{MICRO SIGN}m] and stigmators, with "
    "its spread, and how many patches carry the answer. Choose one to see its pair."
)
TRACE_HEIGHT_PX = 110


class FocusTab(QWidget):
    """Signals:
    asked (EstimatorName or None): focus here, with one method or all of the project's.
    accepted, reverted: what becomes of the correction.
    pair_chosen (PairSeen): this pair is to be looked at.
    """

    asked = pyqtSignal(object)
    accepted = pyqtSignal()
    reverted = pyqtSignal()
    pair_chosen = pyqtSignal(object)

    def __init__(self, focus: FocusSettings, depth: DepthOfFocus) -> None:
        super().__init__()
        self._focus, self._depth = focus, depth
        self._iterations: list[FocusIteration] = []
        self._pairs: list[PairSeen | None] = []
        self._fresh: PairSeen | None = None
        self.method = CalmComboBox()
        self.method.setToolTip(
            "As in a run: each of the project's methods in turn until one finds the focus."
        )
        self._offer_methods()
        self.start = button(
            "Focus here", "Correct focus and stigmators at this place", self._ask, "primary"
        )
        self.accept = button("Keep", "Keep the optics as they were corrected", self.accepted.emit)
        self.revert = button("Revert", "Back to the optics of before", self.reverted.emit)
        self.verdict, self.change = Verdict(EMPTY), label(role="strong")
        self.chart = TraceChart()
        self.trace = Table(TRACE_HEAD, TRACE_TIP)
        self.trace.setMaximumHeight(TRACE_HEIGHT_PX)
        self.trace.itemSelectionChanged.connect(self._choose)
        self._lay_out()

    def take_settings(self, focus: FocusSettings, depth: DepthOfFocus) -> None:
        """Go on with these, from the next correction on."""
        self._focus, self._depth = focus, depth
        self._offer_methods()

    def _offer_methods(self) -> None:
        chosen = self.method.currentData()
        self.method.clear()
        for name, value in methods_by_hand(self._focus):
            self.method.addItem(name, value)
        self.method.setCurrentIndex(max(self.method.findData(chosen), 0))

    # -- what is shown ----------------------------------------------------------------------

    def show_view(self, view: LiveView) -> None:
        """Enable what may be done now."""
        self.start.setEnabled(view.may_begin)
        for each in (self.accept, self.revert):
            each.setEnabled(view.may_begin and view.may_revert)

    def begin(self) -> None:
        """Forget the last correction."""
        self._iterations, self._pairs, self._fresh = [], [], None
        self.verdict.show_nothing()
        self.change.setText("")
        self._show_trace(None)

    def hear_pair(self, seen: PairSeen) -> None:
        """A pair was taken and read; its entry in the trace follows."""
        self._fresh = seen

    def hear(self, iteration: FocusIteration) -> None:
        """The trace has one more entry."""
        self._iterations.append(iteration)
        self._pairs.append(self._fresh)
        self._fresh = None
        self._show_trace(None)

    def show_trial(self, trial: Trial) -> None:
        """It came to an end."""
        outcome, self._depth = trial.outcome, trial.depth
        self._iterations = list(outcome.iterations)
        self.verdict.show_ending(ending(outcome))
        changed = change_text(astuple(outcome.before), astuple(outcome.after)) if outcome.applied else ""
        self.change.setText(changed)
        self._show_trace(trial)

    def _show_trace(self, trial: Trial | None) -> None:
        outcome = trial.outcome if trial is not None else None
        view = trace_view(self._iterations, self._focus, self._depth, outcome)
        self.chart.show_trace(view)
        self.trace.show_rows(view.rows)
        self._show_parts()

    def _show_parts(self) -> None:
        """Neither axes nor a table before there is something in them."""
        for part in (self.chart, self.trace):
            part.setVisible(bool(self._iterations))

    # -- what an operator wants --------------------------------------------------------------

    def _ask(self) -> None:
        self.asked.emit(self.method.currentData())

    def _choose(self) -> None:
        row = self.trace.currentRow()
        pair = self._pairs[row] if 0 <= row < len(self._pairs) else None
        if pair is not None:
            self.pair_chosen.emit(pair)

    def _lay_out(self) -> None:
        asking, keeping = QHBoxLayout(), QHBoxLayout()
        asking.addWidget(self.method, 1)
        asking.addWidget(self.start)
        keeping.addWidget(self.change, 1)
        keeping.addWidget(self.accept)
        keeping.addWidget(self.revert)
        box = padded(QVBoxLayout(self))
        for row in (asking, keeping):
            row.setSpacing(theme.Space.S)
        box.addLayout(asking)
        box.addWidget(self.verdict)
        box.addLayout(keeping)
        box.addWidget(self.chart, 1)
        box.addWidget(self.trace)
        box.addStretch(0)
        self._show_parts()
