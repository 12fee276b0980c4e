"""The step Sections: found on the overview, taught to the network, accepted into the plan."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QWidget

from scopeacq.sections.candidates import Candidates, Verdict
from ui import theme
from ui.forms.choice_form import ChoiceForm
from ui.panels.accept_row import AcceptRow
from ui.parts.label import label
from ui.prepare.exchange import Exchange
from ui.prepare.preview import Preview
from ui.prepare.step_card import column_of, main_button, remark, side_button
from ui.presenters.prepare_settings import FindChoice, TrainChoice

ABOUT_TRAINING = (
    "The network learns from accepted sections and from labels that you draw on the map, and is then "
    "used here instead of the shipped one."
)


class SectionsStep(QWidget):
    """Signals: find_asked, review_asked, train_asked: as the forms say; accept_asked (least confidence)."""

    find_asked = pyqtSignal()
    accept_asked = pyqtSignal(float)
    review_asked = pyqtSignal()
    train_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.how, self.accept = ChoiceForm(FindChoice()), AcceptRow()
        self.learning, self.preview = ChoiceForm(TrainChoice()), Preview()
        self.exchange = Exchange()
        self.seek = main_button(
            "Find sections", "On the newest overview; what you have judged stays as it is"
        )
        self.review = side_button(
            "Review one by one", "The list of all that was found, doubtful ones first"
        )
        self.train = side_button(
            "Train the network", "On accepted sections and labels; stop whenever it is good enough"
        )
        self.seek.clicked.connect(lambda: self.find_asked.emit())
        self.accept.asked.connect(self.accept_asked)
        self.review.clicked.connect(lambda: self.review_asked.emit())
        self.train.clicked.connect(lambda: self.train_asked.emit())
        theme.set_role(self.accept.button, "primary")
        self._judging = _part(self.accept, self.review)
        teaching = _part(
            label("Teach the network", "strong"), remark(ABOUT_TRAINING), self.learning, self.train
        )
        found = self.how, self.seek, self._judging, self.exchange
        column_of(*found, _line(), teaching, self.preview, within=self)
        self._judging.hide()

    def show_candidates(self, candidates: Candidates, *, may_edit: bool) -> None:
        """Offer to judge those that wait for it."""
        waits = any(c.verdict is Verdict.OPEN for c in candidates.sections)
        if not waits and self._judging.isAncestorOf(self.focusWidget()):
            self.seek.setFocus()  # or the page would scroll to whatever comes next
        self._judging.setVisible(waits)
        theme.set_role(self.seek, "" if waits else "primary")  # one button is the next thing to do
        self.accept.show_candidates(candidates, may_edit=may_edit)


def _part(*widgets: QWidget) -> QWidget:
    made = QWidget()
    column_of(*widgets, within=made)
    return made


def _line() -> QFrame:
    made = QFrame()
    made.setFrameShape(QFrame.Shape.HLine)
    theme.set_role(made, "line")
    return made
