"""The step Fiducials: the marks by which the wafer is found again after each mill."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from ui.forms.choice_form import ChoiceForm
from ui.prepare.step_card import column_of, main_button, remark, side_button
from ui.presenters.prepare_settings import FiducialChoice

ABOUT = "Places on the overview that look like no other, away from the sections and far apart."


class FiducialsStep(QWidget):
    """``propose_asked``: look for marks on the overview; ``set_asked``: put one on the map by hand."""

    propose_asked = pyqtSignal()
    set_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.form = ChoiceForm(FiducialChoice())
        self.propose = main_button(
            "Propose fiducials", "Looks on the overview; one step, which undo takes back"
        )
        self.set = side_button(
            "Set on the map", "Each click on the map sets a fiducial, until you press Esc"
        )
        self.propose.clicked.connect(lambda: self.propose_asked.emit())
        self.set.clicked.connect(lambda: self.set_asked.emit())
        column_of(remark(ABOUT), self.form, self.propose, self.set, within=self)
