"""Accepting at once all that is sure enough: a slider, and a button that says how many these are."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QPushButton, QSlider, QWidget

from scopeacq.sections.candidates import Candidates
from ui.presenters.found import acceptable_above
from ui.theme import Space

MOST_PERCENT, FIRST_PERCENT = 100, 80


class AcceptRow(QWidget):
    """``asked`` (float): accept all that are at least this sure, 0 to 1."""

    asked = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self._candidates, self._may_edit = Candidates(), False
        self.slider, self.button = QSlider(Qt.Orientation.Horizontal), QPushButton()
        self.slider.setRange(0, MOST_PERCENT)
        self.slider.setValue(FIRST_PERCENT)
        self.slider.setPageStep(5)
        self.slider.setAccessibleName("Least confidence")
        self.slider.setToolTip(
            "How sure those are that are accepted at once; doubles and slivers never are"
        )
        self.slider.valueChanged.connect(lambda _: self._count())
        self.button.clicked.connect(lambda: self.asked.emit(self.confidence))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.slider, 1)
        row.addWidget(self.button)
        self._count()

    @property
    def confidence(self) -> float:
        """The least confidence, 0 to 1."""
        return self.slider.value() / MOST_PERCENT

    def show_candidates(self, candidates: Candidates, *, may_edit: bool) -> None:
        """Count in these."""
        self._candidates, self._may_edit = candidates, may_edit
        self._count()

    def _count(self) -> None:
        count = acceptable_above(self._candidates, self.confidence)
        self.button.setText(f"Accept {count} from {self.slider.value()} %")
        self.button.setEnabled(self._may_edit and count > 0)
