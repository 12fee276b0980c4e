"""The step Route: the order in which sections are imaged."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from ui.forms.choice_form import ChoiceForm
from ui.prepare.step_card import column_of, main_button, remark
from ui.presenters.prepare_settings import RouteChoice

ABOUT = "The stage drives this way in every cycle; how long it takes follows from its speed and settling."


class RouteStep(QWidget):
    """``order_asked``: look for the shortest way."""

    order_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.form = ChoiceForm(RouteChoice())
        self.order = main_button("Order sections", "The way of before stays on the map beside the new one")
        self.order.clicked.connect(lambda: self.order_asked.emit())
        column_of(remark(ABOUT), self.form, self.order, within=self)
