"""The step Sections: found on the overview, taught to the network, accepted into the plan."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QWidget

from scopeacq.telling.wording import counted
from ui import theme
from ui.parts.label import label
from ui.prepare.choice_form import ChoiceForm
from ui.prepare.preview import Preview
from ui.prepare.step_card import column_of, main_button, remark, side_button
from ui.presenters.prepare_settings import AcceptChoice, FindChoice, TrainChoice

ABOUT_TRAINING = (
    "The network learns from accepted sections and from labels that you draw on the map, and is then "
    "used here instead of the shipped one."
)


class SectionsStep(QWidget):
    """Signals: find_asked, accept_asked, review_asked, train_asked; the forms say how."""

    find_asked = pyqtSignal()
    accept_asked = pyqtSignal()
    review_asked = pyqtSignal()
    train_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.how, self.sure = ChoiceForm(FindChoice()), ChoiceForm(AcceptChoice())
        self.learning, self.preview = ChoiceForm(TrainChoice()), Preview()
        self.seek = main_button(
            "Find sections", "On the newest overview; what you have judged stays as it is"
        )
        self.accept = main_button("Accept", "Put these into the plan, one step to undo")
        self.review = side_button(
            "Review one by one", "The list of all that was found, doubtful ones first"
        )
        self.train = side_button(
            "Train the network", "On accepted sections and labels; stop whenever it is good enough"
        )
        self.seek.clicked.connect(lambda: self.find_asked.emit())
        self.accept.clicked.connect(lambda: self.accept_asked.emit())
        self.review.clicked.connect(lambda: self.review_asked.emit())
        self.train.clicked.connect(lambda: self.train_asked.emit())
        self._judging = _part(self.sure, self.accept, self.review)
        teaching = _part(
            label("Teach the network", "strong"), remark(ABOUT_TRAINING), self.learning, self.train
        )
        column_of(self.how, self.seek, self._judging, _line(), teaching, self.preview, within=self)
        self.show_counts(0, 0)

    def show_counts(self, found: int, acceptable: int) -> None:
        """How many candidates wait for a verdict, and how many of them would be accepted now."""
        self._judging.setVisible(found > 0)
        self.accept.setText(f"Accept {counted(acceptable, 'section')}")
        self.accept.setEnabled(acceptable > 0)


def _part(*widgets: QWidget) -> QWidget:
    made = QWidget()
    column_of(*widgets, within=made)
    return made


def _line() -> QFrame:
    made = QFrame()
    made.setFrameShape(QFrame.Shape.HLine)
    theme.set_role(made, "line")
    return made
